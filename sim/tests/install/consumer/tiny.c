/* The smallest thing with a factory: no vtable, but a word from every part of the SDK. */
#include <CoreAudio/AudioServerPlugIn.h>
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <mach/mach_time.h>
#include <os/log.h>
#include <pthread.h>
#include <sys/syslog.h>

void *Tiny_Create(CFAllocatorRef allocator, CFUUIDRef requested_type);
int tiny_internal(void);

#if defined(CALL_SOMETHING_UNKNOWN)
int there_is_no_such_function(void);
#endif

static AudioServerPlugInDriverInterface interface;
static AudioServerPlugInDriverInterface *driver = &interface;

/* Not static, and yet it must not be seen from outside. */
int tiny_internal(void) {
#if defined(CALL_SOMETHING_UNKNOWN)
    return there_is_no_such_function();
#else
    return 1;
#endif
}

static void count(void *context) {
    *(int *)context += tiny_internal();
}

void *Tiny_Create(CFAllocatorRef allocator, CFUUIDRef requested_type) {
    dispatch_queue_t queue;
    int calls = 0;

    (void)allocator;
    if (!CFEqual(requested_type, kAudioServerPlugInTypeUUID))
        return NULL;
    queue = dispatch_queue_create("tiny", DISPATCH_QUEUE_SERIAL);
    dispatch_sync_f(queue, &calls, count);
    dispatch_release(queue);
    pthread_setname_np("tiny");
    os_log(OS_LOG_DEFAULT, "created at %llu, %{public}s", (unsigned long long)mach_absolute_time(),
           "public");
    syslog(LOG_NOTICE, "created");
    return calls == 1 ? &driver : NULL;
}
