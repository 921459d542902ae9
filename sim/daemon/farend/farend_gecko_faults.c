/* farend_gecko_faults.c - readers that stay away, are slow, come, go, or only seem to be there. */
#ifdef HAL_LAB_HAVE_GECKO_READER
#include "farend_private.h"

void farend_stall(struct farend *farend, uint64_t cycles) {
    farend->stall_from = farend->live.cycles;
    farend->stall_to = farend->live.cycles + cycles;
}

void farend_slow(struct farend *farend, uint64_t cycles, uint32_t percent) {
    farend->slow_to = farend->live.cycles + cycles;
    farend->slow_percent = percent;
    farend->slow_credit = 0;
}

void farend_detach(struct farend *farend) {
    gecko_reader_close(farend->reader);
    farend->reader = NULL;
    farend->detached = true;
    farend_way_forget(farend);
}

void farend_attach(struct farend *farend, bool from_oldest) {
    farend_detach(farend);
    farend->detached = false;
    farend->slow_to = 0;
    farend->from_oldest = from_oldest;
    farend->live.closed = false;
    farend->live.failed = false;
    if (farend->live.channels > 0) {
        halsim_check_init(&farend->live.check, farend->live.channels);
    }
    farend_open_late(farend);
}

uint32_t farend_half_open(struct farend *farend, uint32_t count) {
    uint32_t made = 0;
    struct farend_stats *live = &farend->live;
    for (; made < count && live->half_open < FAREND_HALF_OPEN_MAX; made++) {
        struct gecko_reader *reader;
        if (!gecko_reader_open(farend->name, NULL, &reader, NULL)) {
            break;
        }
        farend->half_open[live->half_open++] = reader;
    }
    return made;
}

#else
typedef int farend_gecko_faults_is_not_empty; /* ISO C wants something in each file */
#endif
