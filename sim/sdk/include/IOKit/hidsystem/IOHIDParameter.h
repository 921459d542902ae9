/* IOKit/hidsystem/IOHIDParameter.h - property names of input devices. */
#ifndef IOKIT_HIDSYSTEM_IOHIDPARAMETER_H
#define IOKIT_HIDSYSTEM_IOHIDPARAMETER_H

#define kIOHIDIdleTimeKey "HIDIdleTime" /* nanoseconds since the last input */

#endif
