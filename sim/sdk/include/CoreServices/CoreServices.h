/* CoreServices.h - CoreFoundation, plus the error numbers that audio sources take from Carbon. */
#ifndef HALSDK_CORESERVICES_H
#define HALSDK_CORESERVICES_H

#include <CoreFoundation/CoreFoundation.h>
#include <MacTypes.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    unimpErr = -4,     /* not implemented */
    ioErr = -36,       /* input or output failed */
    eofErr = -39,      /* end of file */
    tmfoErr = -42,     /* too many files open */
    fnfErr = -43,      /* no such file */
    paramErr = -50,    /* bad argument */
    permErr = -54,     /* not allowed */
    memFullErr = -108, /* out of memory */
};

#ifdef __cplusplus
}
#endif
#endif
