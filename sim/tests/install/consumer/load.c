/* load <executable of a driver> <factory>: what a host does first, and what it must not find. */
#include <CoreFoundation/CoreFoundation.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define AUDIO_SERVER_PLUGIN_TYPE                                                                   \
    CFUUIDGetConstantUUIDWithBytes(NULL, 0x44, 0x3A, 0xBA, 0xB8, 0xE7, 0xB3, 0x49, 0x1A, 0xB9,     \
                                   0x85, 0xBE, 0xB9, 0x18, 0x70, 0x30, 0xDB)

typedef void *(*factory_function)(CFAllocatorRef, CFUUIDRef);

int main(int count, char **arguments) {
    static const char *const hidden[] = {"tiny_internal", "_ZN4tiny5namesEv"};
    CFUUIDRef other;
    factory_function factory;
    void *library, *symbol;

    if (count != 3)
        return 2;
    library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    symbol = dlsym(library, arguments[2]);
    if (!symbol) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    memcpy(&factory, &symbol, sizeof factory);
    other = CFUUIDCreate(NULL);
    if (factory(NULL, other) || !factory(NULL, AUDIO_SERVER_PLUGIN_TYPE)) {
        fprintf(stderr, "the factory answers wrongly\n");
        return 1;
    }
    CFRelease(other);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (dlsym(library, hidden[i])) {
            fprintf(stderr, "%s can be seen\n", hidden[i]);
            return 1;
        }
    }
    return 0;
}
