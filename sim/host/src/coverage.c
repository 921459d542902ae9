/* Each thread counts its own calls, without a lock; who asks puts them together. */
#include "call.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(HALSIM_COVERAGE_CALLS_MAX == HALSIM_COVERED_PLACES / 4 * 3, "room for a free place");

/* These belong to the process, as the threads that call do. */
atomic_bool halsim_coverage_now;
static atomic_ullong lost_without_table;

void halsim_coverage_prepare(struct halsim_call_slot *slot) {
    if (atomic_load(&slot->covered_table) != NULL) {
        return;
    }
    struct halsim_covered_table *table = calloc(1, sizeof *table);
    struct halsim_covered_table *none = NULL;
    if (!atomic_compare_exchange_strong(&slot->covered_table, &none, table)) {
        free(table); /* the thread itself and who begins may meet here */
    }
}

bool halsim_coverage_begin(void) {
    /* First: a thread that takes a slot meanwhile sees it, or is in the list below. */
    atomic_store(&halsim_coverage_now, true);
    struct halsim_call_slot *slot = halsim_call_slots();
    for (; slot != NULL; slot = slot->next) {
        halsim_coverage_prepare(slot);
        if (atomic_load(&slot->covered_table) == NULL) {
            atomic_store(&halsim_coverage_now, false);
            return false;
        }
    }
    return true;
}

void halsim_coverage_end(void) {
    atomic_store(&halsim_coverage_now, false);
}

bool halsim_coverage_is_on(void) {
    return atomic_load(&halsim_coverage_now);
}

/* ---- counting, on the thread that calls ---------------------------------------------------- */

#define GET(field)        atomic_load_explicit(&(field), memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

static uint32_t place_of(const char *entry_point, uint32_t plugin, uint32_t object, uint32_t code) {
    uint64_t mixed = (uint64_t)(uintptr_t)entry_point * UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ ((uint64_t)code << 32 | object)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 31 ^ plugin) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)(mixed >> 40) & (HALSIM_COVERED_PLACES - 1);
}

/* The place of that call, a new one if need be; NULL when all are taken. */
static struct halsim_covered *find(struct halsim_covered_table *table, const char *entry_point,
                                   uint32_t plugin, uint32_t object, uint32_t code) {
    for (uint32_t i = place_of(entry_point, plugin, object, code);;
         i = (i + 1) & (HALSIM_COVERED_PLACES - 1)) {
        struct halsim_covered *place = &table->places[i];
        const char *name = GET(place->entry_point);
        if (name == entry_point && GET(place->object) == object && GET(place->code) == code &&
            GET(place->plugin) == plugin) {
            return place;
        }
        if (name == NULL) {
            if (table->used == HALSIM_COVERAGE_CALLS_MAX) {
                return NULL;
            }
            table->used++;
            place->no_is_zero = strcmp(entry_point, "HasProperty") == 0;
            PUT(place->plugin, plugin);
            PUT(place->object, object);
            PUT(place->code, code);
            atomic_store_explicit(&place->entry_point, entry_point, memory_order_release);
            return place;
        }
    }
}

/* Of what only this thread writes: no instruction that locks. */
static void add_one(atomic_ullong *count) {
    PUT(*count, GET(*count) + 1);
}

void halsim_coverage_enter(struct halsim_call_slot *slot, const char *entry_point, uint32_t plugin,
                           uint32_t object, uint32_t code) {
    struct halsim_covered_table *table =
        atomic_load_explicit(&slot->covered_table, memory_order_acquire);
    struct halsim_covered *place =
        table != NULL ? find(table, entry_point, plugin, object, code) : NULL;
    slot->covered = place;
    slot->covered_last = NULL;
    if (place != NULL) {
        add_one(&place->calls);
    } else if (table != NULL) {
        add_one(&table->lost);
    } else {
        atomic_fetch_add(&lost_without_table, 1);
    }
}

void halsim_coverage_leave(struct halsim_call_slot *slot) {
    struct halsim_covered *place = slot->covered;
    slot->covered = NULL;
    slot->covered_last = place;
    if (slot->is_answered) {
        if ((slot->status == 0) == place->no_is_zero) {
            add_one(&place->refused);
        }
    }
}

void halsim_coverage_said_no(void) {
    struct halsim_call_slot *slot = halsim_call_thread_slot;
    if (slot != NULL && slot->covered_last != NULL) {
        add_one(&slot->covered_last->refused);
        slot->covered_last = NULL;
    }
}

/* ---- reading, on any thread ---------------------------------------------------------------- */

static int in_order(const void *left, const void *right) {
    const struct halsim_covered_call *a = left, *b = right;
    int names = strcmp(a->entry_point, b->entry_point);
    return a->plugin != b->plugin   ? (a->plugin < b->plugin ? -1 : 1)
           : names != 0             ? names
           : a->object != b->object ? (a->object < b->object ? -1 : 1)
           : a->code != b->code     ? (a->code < b->code ? -1 : 1)
                                    : 0;
}

/* Those that are one call become one row; returns how many are left. */
static size_t put_together(struct halsim_covered_call *rows, size_t count) {
    qsort(rows, count, sizeof *rows, in_order);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && in_order(&rows[kept - 1], &rows[i]) == 0) {
            rows[kept - 1].calls += rows[i].calls;
            rows[kept - 1].refused += rows[i].refused;
        } else {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

static size_t copy_table(const struct halsim_covered_table *table,
                         struct halsim_covered_call *rows) {
    size_t count = 0;
    for (size_t i = 0; i < HALSIM_COVERED_PLACES; i++) {
        const struct halsim_covered *place = &table->places[i];
        const char *name = atomic_load_explicit(&place->entry_point, memory_order_acquire);
        if (name != NULL && count < HALSIM_COVERAGE_CALLS_MAX) {
            rows[count++] = (struct halsim_covered_call){
                .entry_point = name,
                .plugin = GET(place->plugin),
                .object = GET(place->object),
                .code = GET(place->code),
                .calls = GET(place->calls),
                .refused = GET(place->refused),
            };
        }
    }
    return count;
}

struct halsim_covered_call *halsim_coverage_read(size_t *count, uint64_t *lost) {
    struct halsim_call_slot *first = halsim_call_slots();
    size_t room = 1, used = 0; /* not 0: malloc() may answer that with NULL */
    for (struct halsim_call_slot *slot = first; slot != NULL; slot = slot->next) {
        room += HALSIM_COVERAGE_CALLS_MAX; /* whether it has a table may change meanwhile */
    }
    struct halsim_covered_call *rows = malloc(room * sizeof *rows);
    if (rows == NULL) {
        return NULL;
    }
    *lost = atomic_load(&lost_without_table);
    for (struct halsim_call_slot *slot = first; slot != NULL; slot = slot->next) {
        struct halsim_covered_table *table = atomic_load(&slot->covered_table);
        if (table != NULL) {
            used += copy_table(table, rows + used);
            *lost += GET(table->lost);
        }
    }
    *count = put_together(rows, used);
    return rows;
}
