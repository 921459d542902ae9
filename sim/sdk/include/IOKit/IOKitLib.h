/* IOKit/IOKitLib.h - so that a driver which asks the I/O registry compiles and takes its "there is
 * nothing" path.
 *
 * There is no registry here: no service matches, every call fails with kIOReturnUnsupported, and
 * every object that a call would return is IO_OBJECT_NULL (NULL).
 */
#ifndef IOKIT_IOKITLIB_H
#define IOKIT_IOKITLIB_H

#include <CoreFoundation/CoreFoundation.h>
#include <IOKit/IOTypes.h>
#include <os/base.h>

__BEGIN_DECLS

#define kIOMasterPortDefault ((mach_port_t)MACH_PORT_NULL)
#define kIOMainPortDefault   ((mach_port_t)MACH_PORT_NULL)

OS_EXPORT kern_return_t IOMasterPort(mach_port_t bootstrap, mach_port_t *main_port);
OS_EXPORT CFMutableDictionaryRef IOServiceMatching(const char *name);
OS_EXPORT kern_return_t IOServiceGetMatchingServices(mach_port_t main_port,
                                                     CFDictionaryRef matching,
                                                     io_iterator_t *existing);
OS_EXPORT io_object_t IOIteratorNext(io_iterator_t iterator);
OS_EXPORT kern_return_t IORegistryEntryCreateCFProperties(io_registry_entry_t entry,
                                                          CFMutableDictionaryRef *properties,
                                                          CFAllocatorRef allocator,
                                                          IOOptionBits options);
OS_EXPORT kern_return_t IOObjectRelease(io_object_t object);

__END_DECLS

#endif
