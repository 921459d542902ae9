/* sysctl.c - system facts by name. */
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysctl.h>
#include <unistd.h>

#define DEFAULT_MACOS_VERSION "15.0"

static const char *macos_version(void) {
    const char *version = getenv("HALSDK_MACOS_VERSION");
    return version && *version ? version : DEFAULT_MACOS_VERSION;
}

/* Darwin's major number follows that of macOS: 10.x is x + 4, 11 to 15 are 20 to 24, 26 and later
 * are one less. The minor number of macOS is close to Darwin's from 11 on. */
static void darwin_release(char *text, size_t size) {
    int major = 0, minor = 0;

    sscanf(macos_version(), "%d.%d", &major, &minor);
    if (major == 10)
        snprintf(text, size, "%d.0.0", minor + 4);
    else
        snprintf(text, size, "%d.%d.0", major >= 26 ? major - 1 : major + 9, minor);
}

static int give(const void *value, size_t value_size, void *old, size_t *old_size) {
    size_t room = old_size ? *old_size : 0;

    if (old_size)
        *old_size = value_size;
    if (!old)
        return 0;
    if (room < value_size) {
        memcpy(old, value, room);
        if (old_size)
            *old_size = room;
        errno = ENOMEM;
        return -1;
    }
    memcpy(old, value, value_size);
    return 0;
}

static int give_string(const char *value, void *old, size_t *old_size) {
    return give(value, strlen(value) + 1, old, old_size);
}

int sysctlbyname(const char *name, void *old, size_t *old_size, void *new_value, size_t new_size) {
    static const char *const processors[] = {"hw.ncpu", "hw.activecpu", "hw.logicalcpu",
                                             "hw.physicalcpu"};
    char text[256];

    if (new_value || new_size > 0) {
        errno = EPERM;
        return -1;
    }
    for (size_t i = 0; i < sizeof processors / sizeof processors[0]; i++) {
        if (strcmp(name, processors[i]) == 0) {
            int count = (int)sysconf(_SC_NPROCESSORS_ONLN);
            return give(&count, sizeof count, old, old_size);
        }
    }
    if (strcmp(name, "hw.memsize") == 0) {
        uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
        return give(&bytes, sizeof bytes, old, old_size);
    }
    if (strcmp(name, "hw.pagesize") == 0) {
        uint64_t bytes = (uint64_t)sysconf(_SC_PAGESIZE);
        return give(&bytes, sizeof bytes, old, old_size);
    }
    if (strcmp(name, "kern.ostype") == 0)
        return give_string("Darwin", old, old_size);
    if (strcmp(name, "kern.osproductversion") == 0)
        return give_string(macos_version(), old, old_size);
    if (strcmp(name, "kern.osrelease") == 0) {
        darwin_release(text, sizeof text);
        return give_string(text, old, old_size);
    }
    if (strcmp(name, "kern.hostname") == 0 && gethostname(text, sizeof text) == 0) {
        text[sizeof text - 1] = '\0';
        return give_string(text, old, old_size);
    }
    errno = ENOENT;
    return -1;
}
