/* rpc_ledger.h - the real-time ledger, which only a program that stands before the C library has.
 *
 * It counts what drivers do in each entry point, in each IO operation apart: allocations, locks,
 * system calls (halinterpose/ledger.h). The dispatcher offers it as ledger.* once the program has
 * handed it over.
 */
#ifndef HALSIM_RPC_LEDGER_H
#define HALSIM_RPC_LEDGER_H

#include "halinterpose/ledger.h"
#include "halsim/rpc.h"

/* What a call may do. */
struct halsim_ledger_budget {
    const char *entry_point;
    uint32_t operation; /* of an IO operation, as a four-character code; 0: any */
    uint32_t limits[HALLEDGER_KIND_COUNT];
};

struct halsim_ledger_row {
    const char *entry_point;
    uint32_t operation; /* 0: it has none */
    const struct halledger_row *counted;
};

struct halsim_ledger {
    /* Counts from now on, from zero. Of several budgets that fit a row the first counts; they are
     * copied. False: out of memory. Not while drivers are being called. */
    bool (*begin)(const struct halsim_ledger_budget *budgets, size_t count);
    void (*end)(void);
    /* The rows that were called, one after the other; false when there are no more. */
    bool (*read)(size_t index, struct halsim_ledger_row *row);
    void (*fail_allocation)(uint64_t nth);
    uint64_t (*failed_allocations)(void);
    const char *(*kind_name)(enum halledger_kind kind);
    bool (*sees)(enum halledger_kind kind);
    size_t (*describe)(const struct halledger_evidence *evidence, char *buffer, size_t size);
};

/* `ledger` stays the caller's, and stays. */
HALSIM_EXPORT void halsim_rpc_set_ledger(struct halsim_rpc *rpc,
                                         const struct halsim_ledger *ledger);

#endif
