// The same in C++17, with what the language makes of the macros.
#include <CoreAudio/AudioServerPlugIn.h>
#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>
#include <libkern/OSAtomic.h>
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <os/lock.h>
#include <os/log.h>
#include <pthread.h>
#include <sys/syslog.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tiny {

class Lock {
  public:
    void lock() {
        os_unfair_lock_lock(&word_);
    }
    void unlock() {
        os_unfair_lock_unlock(&word_);
    }

  private:
    os_unfair_lock word_ = OS_UNFAIR_LOCK_INIT;
};

std::vector<std::string> &names() {
    static std::vector<std::string> all;
    return all;
}

} // namespace tiny

namespace {

AudioServerPlugInDriverInterface interface {};
AudioServerPlugInDriverInterface *driver = &interface;
tiny::Lock lock;

} // namespace

extern "C" void *TinyCxx_Create(CFAllocatorRef, CFUUIDRef requested_type) {
    if (!CFEqual(requested_type, kAudioServerPlugInTypeUUID))
        return nullptr;

    dispatch_queue_t queue = dispatch_queue_create("tiny", DISPATCH_QUEUE_CONCURRENT);
    dispatch_sync_f(queue, nullptr, [](void *) {
        std::lock_guard<tiny::Lock> guard(lock);
        tiny::names().emplace_back("inside");
    });
    dispatch_object_t object = queue; // any dispatch object, without a cast
    dispatch_release(object);

    std::uint64_t id = 0;
    std::thread([&id] {
        pthread_setname_np("tiny");
        pthread_threadid_np(nullptr, &id);
    }).join();

    semaphore_t semaphore = SEMAPHORE_NULL;
    semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 1);
    const bool signalled = semaphore_wait(semaphore) == KERN_SUCCESS;
    semaphore_destroy(mach_task_self(), semaphore);

    volatile int32_t count = 0;
    OSAtomicIncrement32Barrier(&count);

    os_log_with_type(OS_LOG_DEFAULT, OS_LOG_TYPE_INFO, "created at %llu: %{public}s",
                     static_cast<unsigned long long>(mach_absolute_time()),
                     tiny::names().front().c_str());
    ::syslog(LOG_NOTICE, "created");
    return id != 0 && signalled && count == 1 ? static_cast<void *>(&driver) : nullptr;
}
