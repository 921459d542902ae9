/* IOKit/IOReturn.h - results of IOKit calls. */
#ifndef IOKIT_IORETURN_H
#define IOKIT_IORETURN_H

#include <mach/error.h>

typedef kern_return_t IOReturn;

#define sys_iokit               err_system(0x38)
#define sub_iokit_common        err_sub(0)
#define iokit_common_err(code_) (sys_iokit | sub_iokit_common | (code_))

#define kIOReturnSuccess        KERN_SUCCESS
#define kIOReturnError          iokit_common_err(0x2bc)
#define kIOReturnNoMemory       iokit_common_err(0x2bd)
#define kIOReturnNoResources    iokit_common_err(0x2be)
#define kIOReturnNoDevice       iokit_common_err(0x2c0)
#define kIOReturnBadArgument    iokit_common_err(0x2c2)
#define kIOReturnUnsupported    iokit_common_err(0x2c7)
#define kIOReturnNotFound       iokit_common_err(0x2f0)

#endif
