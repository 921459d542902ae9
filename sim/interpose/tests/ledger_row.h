/* ledger_row.h - what the tests of the ledger share: the row that they use. */
#ifndef LEDGER_ROW_H
#define LEDGER_ROW_H

#include "halinterpose/ledger.h"
#include <string.h>

static struct halledger_row row;

static inline void clear(uint32_t budget) {
    memset(&row, 0, sizeof row);
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        row.budget[kind] = budget;
    }
}

/* The machine faults and switches when it likes. */
static inline void clear_but_sampled(uint32_t budget) {
    clear(budget);
    row.budget[HALLEDGER_PAGE_FAULT] = row.budget[HALLEDGER_CONTEXT_SWITCH] = HALLEDGER_UNLIMITED;
}

static inline uint64_t count_of(enum halledger_kind kind) {
    return atomic_load(&row.counts[kind]);
}

#endif
