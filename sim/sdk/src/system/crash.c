#include "system/crash.h"

#include "system/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void halsdk_crash(const char *format, ...) {
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    halsdk_log_emit("fault", "", "", line);
    if (halsdk_log_has_sink())
        fprintf(stderr, "%s\n", line);
    abort();
}

void *halsdk_allocate(size_t size) {
    void *memory = calloc(1, size);
    if (!memory)
        halsdk_crash("hal-lab: out of memory (%zu bytes)", size);
    return memory;
}
