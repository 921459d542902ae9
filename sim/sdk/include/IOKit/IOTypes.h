/* IOKit/IOTypes.h - names of IOKit objects. */
#ifndef IOKIT_IOTYPES_H
#define IOKIT_IOTYPES_H

#include <IOKit/IOReturn.h>
#include <mach/mach_types.h>
#include <stdint.h>

typedef uint32_t IOOptionBits;
typedef uint64_t IOByteCount;

typedef mach_port_t io_object_t;
typedef io_object_t io_connect_t;
typedef io_object_t io_iterator_t;
typedef io_object_t io_registry_entry_t;
typedef io_object_t io_service_t;

#define IO_OBJECT_NULL ((io_object_t)0)

#endif
