/* farend_none.c - far ends of a build without the drivers: none can be opened. */
#include "farend.h"
#ifndef HAL_LAB_HAVE_GECKO_READER
#include <stdio.h>
#include <string.h>

struct farend *farend_open(struct halsim_host *host, const struct farend_config *config,
                           struct halsim_error *error) {
    (void)host;
    *error = (struct halsim_error){.status = HALSIM_ERROR_UNSUPPORTED};
    snprintf(error->message, sizeof error->message,
             "far end \"%s\": this build has no reader for Gecko's shared memory", config->name);
    return NULL;
}

void farend_stall(struct farend *farend, uint64_t cycles) {
    (void)farend;
    (void)cycles;
}

void farend_detach(struct farend *farend) {
    (void)farend;
}

void farend_attach(struct farend *farend, bool from_oldest) {
    (void)farend;
    (void)from_oldest;
}

void farend_slow(struct farend *farend, uint64_t cycles, uint32_t percent) {
    (void)farend;
    (void)cycles;
    (void)percent;
}

uint32_t farend_half_open(struct farend *farend, uint32_t count) {
    (void)farend;
    (void)count;
    return 0;
}

bool farend_damage(struct farend *farend, enum farend_damage kind, uint64_t frames,
                   uint32_t block) {
    (void)farend;
    (void)kind;
    (void)frames;
    (void)block;
    return true;
}

void farend_hold(struct farend *farend, uint64_t cycles) {
    (void)farend;
    (void)cycles;
}

void farend_read_stats(struct farend *farend, uint64_t wait_ns, struct farend_stats *stats) {
    (void)farend;
    (void)wait_ns;
    memset(stats, 0, sizeof *stats);
}

void farend_close(struct farend *farend, struct halsim_host *host) {
    (void)farend;
    (void)host;
}

#else
typedef int farend_none_is_not_empty; /* ISO C wants something in each file */
#endif
