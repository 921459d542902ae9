/* status.h - how libhalsim says what went wrong.
 *
 * A function that can fail returns false and fills a struct halsim_error: a class of failure for
 * programs, one line for people ("what, where, what to do"). Passing NULL for the error is allowed.
 */
#ifndef HALSIM_STATUS_H
#define HALSIM_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HALSIM_EXPORT __attribute__((visibility("default")))

enum halsim_status {
    HALSIM_OK = 0,
    HALSIM_ERROR_ARGUMENT = 1,    /* the caller asked for something that makes no sense */
    HALSIM_ERROR_NOT_FOUND = 2,   /* no such file, device, client, property */
    HALSIM_ERROR_BUNDLE = 3,      /* the bundle on disk is broken: Info.plist, UUIDs, executable */
    HALSIM_ERROR_LOAD = 4,        /* the executable does not load or lacks the factory symbol */
    HALSIM_ERROR_FACTORY = 5,     /* the factory, QueryInterface or Initialize refused */
    HALSIM_ERROR_DRIVER = 6,      /* the driver answered a call with an error code */
    HALSIM_ERROR_CONTRACT = 7,    /* the driver broke a rule of the interface */
    HALSIM_ERROR_UNSUPPORTED = 8, /* valid, but neither driver nor host can do it */
    HALSIM_ERROR_STATE = 9,       /* not now: IO runs, or does not run */
    HALSIM_ERROR_SYSTEM = 10,     /* the operating system refused (errno in the text) */
    HALSIM_ERROR_TIMEOUT = 11,
};

#define HALSIM_MESSAGE_MAX 768

struct halsim_error {
    enum halsim_status status;
    int32_t os_status; /* the driver's OSStatus, 0 when there is none */
    char message[HALSIM_MESSAGE_MAX];
};

/* "argument", "not-found", ...: stable words for programs and reports. */
HALSIM_EXPORT const char *halsim_status_name(enum halsim_status status);

/* Writes an OSStatus or a selector as people know it: 'who?' when all four bytes print, else
 * decimal. `text` holds at least 16 bytes; returned for convenience. */
HALSIM_EXPORT const char *halsim_fourcc_text(uint32_t code, char text[16]);

#endif
