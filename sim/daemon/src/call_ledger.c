/* call_ledger.c - which row a call goes to. */
#include "call_ledger.h"

#ifdef HAL_LAB_INTERPOSE
#include "halsim/call_watch.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* The slots of the interface, those around loading, and three for each of ten IO operations. */
#define ROWS_MAX  96
#define SLOTS_MAX 512

struct row {
    const char *entry_point;
    uint32_t operation;
    struct halledger_row counted;
};

/* Where the row of an entry point stands. Names are constants: the same pointer is the same name,
 * though a name may have several. */
struct slot {
    _Atomic(const char *) entry_point;
    uint32_t operation;
    struct row *row;
};

/* Belongs to the process, as the calls do: one is counted at a time. */
static struct {
    pthread_mutex_t lock;
    struct row *rows;
    atomic_size_t row_count;
    struct slot slots[SLOTS_MAX];
    struct halsim_ledger_budget *budgets;
    size_t budget_count;
} ledger = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- rows ---------------------------------------------------------------------------------- */

static void set_budget(struct row *row) {
    for (int kind = 0; kind < HALLEDGER_KIND_COUNT; kind++) {
        row->counted.budget[kind] = HALLEDGER_UNLIMITED;
    }
    for (size_t i = 0; i < ledger.budget_count; i++) {
        const struct halsim_ledger_budget *budget = &ledger.budgets[i];
        if (strcmp(budget->entry_point, row->entry_point) == 0 &&
            (budget->operation == 0 || budget->operation == row->operation)) {
            memcpy(row->counted.budget, budget->limits, sizeof row->counted.budget);
            return;
        }
    }
}

static struct row *find_row_locked(const char *entry_point, uint32_t operation) {
    size_t count = atomic_load(&ledger.row_count);
    for (size_t i = 0; i < count; i++) {
        struct row *row = &ledger.rows[i];
        if (row->operation == operation && strcmp(row->entry_point, entry_point) == 0) {
            return row;
        }
    }
    if (count == ROWS_MAX) {
        return NULL;
    }
    struct row *row = &ledger.rows[count];
    row->entry_point = entry_point;
    row->operation = operation;
    row->counted.shared = true; /* several devices, several threads of control */
    set_budget(row);
    atomic_store(&ledger.row_count, count + 1);
    return row;
}

static size_t place_of(const char *entry_point, uint32_t operation) {
    uint64_t mixed = ((uintptr_t)entry_point + operation) * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(mixed >> 55);
}

static struct row *add_slot(const char *entry_point, uint32_t operation) {
    pthread_mutex_lock(&ledger.lock);
    struct row *row = find_row_locked(entry_point, operation);
    for (size_t i = 0; row != NULL && i < SLOTS_MAX; i++) {
        struct slot *slot = &ledger.slots[(place_of(entry_point, operation) + i) % SLOTS_MAX];
        if (atomic_load(&slot->entry_point) == NULL) {
            slot->operation = operation;
            slot->row = row;
            atomic_store_explicit(&slot->entry_point, entry_point, memory_order_release);
            break;
        }
    }
    pthread_mutex_unlock(&ledger.lock);
    return row;
}

static struct row *row_of(const char *entry_point, uint32_t operation) {
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        const struct slot *slot = &ledger.slots[(place_of(entry_point, operation) + i) % SLOTS_MAX];
        const char *found = atomic_load_explicit(&slot->entry_point, memory_order_acquire);
        if (found == NULL) {
            break;
        }
        if (found == entry_point && slot->operation == operation) {
            return slot->row;
        }
    }
    return add_slot(entry_point, operation);
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Begin, Do and End of an operation have a deadline; what is asked about it before has none. */
static bool is_io(const char *entry_point) {
    return strstr(entry_point, "IOOperation") != NULL && entry_point[0] != 'W';
}

static void on_begin(const char *entry_point, uint32_t code, void *context) {
    (void)context;
    struct row *row = row_of(entry_point, is_io(entry_point) ? code : 0);
    if (row != NULL) {
        halledger_begin(&row->counted);
    }
}

static void on_end(uint64_t elapsed_ns, void *context) {
    (void)context;
    halledger_end(elapsed_ns);
}

/* ---- what the dispatcher sees -------------------------------------------------------------- */

static void forget(void) {
    halsim_call_set_watch(NULL);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        atomic_store(&ledger.slots[i].entry_point, NULL);
    }
    atomic_store(&ledger.row_count, 0);
    for (size_t i = 0; i < ledger.budget_count; i++) {
        free((char *)(uintptr_t)ledger.budgets[i].entry_point);
    }
    free(ledger.budgets);
    ledger.budgets = NULL;
    ledger.budget_count = 0;
}

static bool copy_budgets(const struct halsim_ledger_budget *budgets, size_t count) {
    ledger.budgets = calloc(count + 1, sizeof *budgets);
    for (size_t i = 0; ledger.budgets != NULL && i < count; i++) {
        ledger.budgets[i] = budgets[i];
        ledger.budgets[i].entry_point = strdup(budgets[i].entry_point);
        ledger.budget_count = i + 1;
        if (ledger.budgets[i].entry_point == NULL) {
            return false;
        }
    }
    return ledger.budgets != NULL;
}

static bool begin(const struct halsim_ledger_budget *budgets, size_t count) {
    static const struct halsim_call_watch watch = {.begin = on_begin, .end = on_end};
    forget();
    if (ledger.rows == NULL) {
        ledger.rows = malloc(ROWS_MAX * sizeof *ledger.rows);
    }
    if (ledger.rows == NULL || !copy_budgets(budgets, count)) {
        forget();
        return false;
    }
    memset(ledger.rows, 0, ROWS_MAX * sizeof *ledger.rows);
    halsim_call_set_watch(&watch);
    return true;
}

static void end(void) {
    halledger_fail_allocation(0);
    halsim_call_set_watch(NULL); /* what was counted can still be read */
}

static bool read_row(size_t index, struct halsim_ledger_row *row) {
    if (index >= atomic_load(&ledger.row_count)) {
        return false;
    }
    *row = (struct halsim_ledger_row){
        .entry_point = ledger.rows[index].entry_point,
        .operation = ledger.rows[index].operation,
        .counted = &ledger.rows[index].counted,
    };
    return true;
}

const struct halsim_ledger *call_ledger(void) {
    static const struct halsim_ledger offered = {
        .begin = begin,
        .end = end,
        .read = read_row,
        .fail_allocation = halledger_fail_allocation,
        .failed_allocations = halledger_failed_allocations,
        .kind_name = halledger_kind_name,
        .sees = halledger_sees,
        .describe = halledger_describe,
    };
    return &offered;
}

#else

const struct halsim_ledger *call_ledger(void) {
    return NULL;
}

#endif
