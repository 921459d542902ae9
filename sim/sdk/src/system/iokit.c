/* iokit.c - an I/O registry with nothing in it. The contract is in IOKit/IOKitLib.h. */
#include <IOKit/IOKitLib.h>

kern_return_t IOMasterPort(mach_port_t bootstrap, mach_port_t *main_port) {
    (void)bootstrap;
    if (main_port)
        *main_port = MACH_PORT_NULL;
    return kIOReturnUnsupported;
}

CFMutableDictionaryRef IOServiceMatching(const char *name) {
    (void)name;
    return NULL;
}

/* On a Mac this call consumes `matching`. */
kern_return_t IOServiceGetMatchingServices(mach_port_t main_port, CFDictionaryRef matching,
                                           io_iterator_t *existing) {
    (void)main_port;
    if (matching)
        CFRelease(matching);
    if (existing)
        *existing = IO_OBJECT_NULL;
    return kIOReturnUnsupported;
}

io_object_t IOIteratorNext(io_iterator_t iterator) {
    (void)iterator;
    return IO_OBJECT_NULL;
}

kern_return_t IORegistryEntryCreateCFProperties(io_registry_entry_t entry,
                                                CFMutableDictionaryRef *properties,
                                                CFAllocatorRef allocator, IOOptionBits options) {
    (void)entry;
    (void)allocator;
    (void)options;
    if (properties)
        *properties = NULL;
    return kIOReturnUnsupported;
}

kern_return_t IOObjectRelease(io_object_t object) {
    (void)object;
    return kIOReturnUnsupported;
}
