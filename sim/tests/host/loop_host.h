/* loop_host.h - a host with the fixture driver Loop in it. */
#ifndef LOOP_HOST_H
#define LOOP_HOST_H

#include "unit.h"

#include "halsim/host.h"

/* What hosts are by default, with this clock. */
struct halsim_host_config loop_config(enum halsim_clock_kind clock);

/* Stereo, 48 kHz, packed; Loop's streams have it beside Float32. */
extern const AudioStreamBasicDescription loop_int16;

/* Sets LOOP_SHAPE and LOOP_FAULT (NULL: none), makes a virtual host, loads Loop. */
struct halsim_host *loop_host(const char *shape, const char *fault);
struct halsim_host *loop_host_with(const struct halsim_host_config *config, const char *shape,
                                   const char *fault);
/* The same, but loading may fail: NULL and the error. */
struct halsim_host *loop_host_try(const char *shape, const char *fault, struct halsim_error *error);

/* A client of device 0 that plays the counter and, when `check` is given, checks what it hears. */
uint32_t loop_client(struct halsim_host *host, struct halsim_check *check);
/* The same, and its IO is started. */
uint32_t loop_started_client(struct halsim_host *host, struct halsim_check *check);

/* The notices that came since the last call of loop_host(). */
uint32_t loop_notices(enum halsim_notice_kind kind);
const char *loop_last_warning(void);
const char *loop_last_text(enum halsim_notice_kind kind);

/* ---- what Loop was asked -------------------------------------------------------------------- */

/* One call, as fixtures/loop_record.c writes it. */
struct loop_call {
    char entry_point[40];
    unsigned object;
    unsigned client;      /* of a property: the client's process */
    char code[5];         /* selector or operation, "----" when there is none */
    unsigned long thread; /* on which it was called */
    char more[64];
};

/* From now on the hosts that are made have their drivers' calls recorded. */
void loop_record_begin(void);
/* Reads all calls since then; they stay until the next reading. */
size_t loop_calls(const struct loop_call **calls);
void loop_record_end(void);
/* Among those read: the place of the n-th (from 0) call of an entry point with this code (NULL:
 * any), or -1. */
long loop_find_call(const char *entry_point, const char *code, size_t n);

#define assert_ok(call)                                                                            \
    do {                                                                                           \
        struct halsim_error error_ = {0};                                                          \
        struct halsim_error *error = &error_;                                                      \
        if (!(call)) {                                                                             \
            fail_msg("%s: %s", #call, error_.message);                                             \
        }                                                                                          \
    } while (0)

#endif
