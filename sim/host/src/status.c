#include "halsim/status.h"
#include "host_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *halsim_status_name(enum halsim_status status) {
    switch (status) {
    case HALSIM_OK:
        return "ok";
    case HALSIM_ERROR_ARGUMENT:
        return "argument";
    case HALSIM_ERROR_NOT_FOUND:
        return "not-found";
    case HALSIM_ERROR_BUNDLE:
        return "bundle";
    case HALSIM_ERROR_LOAD:
        return "load";
    case HALSIM_ERROR_FACTORY:
        return "factory";
    case HALSIM_ERROR_DRIVER:
        return "driver";
    case HALSIM_ERROR_CONTRACT:
        return "contract";
    case HALSIM_ERROR_UNSUPPORTED:
        return "unsupported";
    case HALSIM_ERROR_STATE:
        return "state";
    case HALSIM_ERROR_SYSTEM:
        return "system";
    case HALSIM_ERROR_TIMEOUT:
        return "timeout";
    }
    return "unknown";
}

const char *halsim_fourcc_text(uint32_t code, char text[16]) {
    char letters[4];
    bool printable = true;
    for (unsigned i = 0; i < 4; i++) {
        unsigned char letter = (unsigned char)(code >> (24 - 8 * i));
        letters[i] = (char)letter;
        printable = printable && letter >= 0x20 && letter < 0x7f;
    }
    if (printable) {
        (void)snprintf(text, 16, "'%.4s'", letters);
    } else {
        (void)snprintf(text, 16, "%d", (int)code);
    }
    return text;
}

bool halsim_fail(struct halsim_error *error, enum halsim_status status, const char *format, ...) {
    if (error != NULL) {
        error->status = status;
        error->os_status = 0;
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return false;
}

bool halsim_fail_driver(struct halsim_error *error, OSStatus answer, const char *format, ...) {
    if (error != NULL) {
        error->status = HALSIM_ERROR_DRIVER;
        error->os_status = answer;
        char text[16];
        char what[HALSIM_MESSAGE_MAX - 64];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(what, sizeof what, format, arguments);
        va_end(arguments);
        (void)snprintf(error->message, sizeof error->message, "%s answered %s (%d)", what,
                       halsim_fourcc_text((uint32_t)answer, text), (int)answer);
    }
    return false;
}
