/* gecko_process.c */
#include "gecko_process.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

static bool exists(uint32_t pid) {
    return pid != 0 && pid <= INT32_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

#ifdef __linux__

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* *over: it has ended, and only its entry is left. */
static uint64_t look_up(uint32_t pid, bool *over) {
    char path[32], text[1024];
    *over = false;
    snprintf(path, sizeof path, "/proc/%" PRIu32 "/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    /* The second field is the name in parentheses, which may hold anything. */
    const char *behind = strrchr(text, ')');
    char status = 0;
    uint64_t started = 0;
    if (behind == NULL || sscanf(behind + 1,
                                 " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
                                 "%*s %*s %*s %" SCNu64,
                                 &status, &started) != 2) {
        return 0;
    }
    *over = status == 'Z' || status == 'X';
    return started;
}

#elif defined(__APPLE__)

#include <libproc.h>

static uint64_t look_up(uint32_t pid, bool *over) {
    struct proc_bsdinfo info;
    int size = proc_pidinfo((int)pid, PROC_PIDTBSDINFO, 0, &info, (int)sizeof info);
    *over = size <= 0 && errno == ESRCH; /* also one that only waits to be waited for */
    if (size < (int)sizeof info) {
        return 0;
    }
    return info.pbi_start_tvsec * 1000000u + info.pbi_start_tvusec;
}

#else

static uint64_t look_up(uint32_t pid, bool *over) {
    (void)pid;
    *over = false;
    return 0;
}

#endif

uint64_t gecko_process_started(uint32_t pid) {
    bool over;
    return pid != 0 && pid <= INT32_MAX ? look_up(pid, &over) : 0;
}

enum gecko_life gecko_process_life(uint32_t pid, uint64_t started) {
    if (!exists(pid)) {
        return GECKO_LIFE_OVER;
    }
    bool over;
    uint64_t found = look_up(pid, &over);
    if (over || (started != 0 && found != 0 && found != started)) {
        return GECKO_LIFE_OVER;
    }
    return started != 0 && found == started ? GECKO_LIFE_SURE : GECKO_LIFE_LIKELY;
}
