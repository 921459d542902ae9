/* IOKit/hidsystem/IOHIDShared.h - the name of the class of input devices. */
#ifndef IOKIT_HIDSYSTEM_IOHIDSHARED_H
#define IOKIT_HIDSYSTEM_IOHIDSHARED_H

#define kIOHIDSystemClass "IOHIDSystem"

#endif
