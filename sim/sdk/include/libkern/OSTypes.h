/* libkern/OSTypes.h - the scalar types are those of MacTypes.h. */
#ifndef LIBKERN_OSTYPES_H
#define LIBKERN_OSTYPES_H

#include <MacTypes.h>

#endif
