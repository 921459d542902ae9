/* loop_host.h - a host with the fixture driver Loop in it. */
#ifndef LOOP_HOST_H
#define LOOP_HOST_H

#include "unit.h"

#include "halsim/host.h"

/* Sets LOOP_SHAPE and LOOP_FAULT (NULL: none), makes a virtual host, loads Loop. */
struct halsim_host *loop_host(const char *shape, const char *fault);
struct halsim_host *loop_host_with(const struct halsim_host_config *config, const char *shape,
                                   const char *fault);
/* The same, but loading may fail: NULL and the error. */
struct halsim_host *loop_host_try(const char *shape, const char *fault, struct halsim_error *error);

/* A client of device 0 that plays the counter and, when `check` is given, checks what it hears. */
uint32_t loop_client(struct halsim_host *host, struct halsim_check *check);

/* The notices that came since the last call of loop_host(). */
uint32_t loop_notices(enum halsim_notice_kind kind);
const char *loop_last_warning(void);

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct halsim_error error_ = {0};                                                          \
        struct halsim_error *error = &error_;                                                      \
        if (!(call)) {                                                                             \
            fail_msg("%s: %s", #call, error_.message);                                             \
        }                                                                                          \
    } while (0)

#endif
