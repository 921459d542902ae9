/* call.h - around every call into a driver: who is inside which entry point, since when.
 *
 * A crash handler reads it on the same thread; the watchdog reads it from another.
 */
#ifndef HALSIM_CALL_H
#define HALSIM_CALL_H

#include "covered.h"
#include "halsim/call_around.h"
#include "halsim/call_watch.h"
#include "halsim/host.h"
#include "halsim/last_calls.h"
#include "observe.h"
#include "pool.h"
#include "stopwatch.h"
#include <assert.h>
#include <stdatomic.h>

enum halsim_call_outcome {
    HALSIM_CALL_UNDER_WAY = 0,
    HALSIM_CALL_RETURNED = 1, /* without a status */
    HALSIM_CALL_ANSWERED = 2,
};

/* One of the last calls of a thread. Only that thread writes it; anybody reads it. */
struct halsim_kept_call {
    atomic_ullong tag; /* number << 2 | outcome; 0: being written, or never used */
    _Atomic(const char *) entry_point;
    atomic_uint object, client, code;
    atomic_int status;
};

/* One per thread that ever called a driver; never freed while the process lives, reused by later
 * threads. */
struct halsim_call_slot {
    _Atomic(const char *) entry_point; /* NULL: in no driver */
    atomic_uint plugin, object, client, code;
    atomic_ullong serial; /* +1 each call: the watchdog sees progress */
    atomic_bool taken;
    halsim_pool pool;             /* of the call under way */
    uint64_t watched_since;       /* halsim_stopwatch(); when somebody watches */
    struct halsim_call_info seen; /* for halsim_call_current() */
    bool is_answered;
    int32_t status;                   /* when it is */
    struct halsim_kept_call *keeping; /* the call under way among the last ones; NULL: it is not */
    uint64_t kept_number;             /* of the last one */
    uint32_t kept_next;
    struct halsim_kept_call kept[HALSIM_LAST_CALLS_MAX];  /* a ring */
    _Atomic(struct halsim_covered_table *) covered_table; /* NULL: calls were never counted */
    struct halsim_covered *covered;      /* where the call under way is counted; NULL: it is not */
    struct halsim_covered *covered_last; /* the one before, while it may still be said no to */
    struct halsim_call_slot *next;
};

struct halsim_call_info halsim_call_read(struct halsim_call_slot *slot);
/* All slots that there are, by `next`. */
struct halsim_call_slot *halsim_call_slots(void);

extern _Thread_local struct halsim_call_slot *halsim_call_thread_slot;

struct halsim_call_slot *halsim_call_slot_take(void);

static inline struct halsim_call_slot *halsim_call_slot_mine(void) {
    struct halsim_call_slot *slot = halsim_call_thread_slot;
    return slot != NULL ? slot : halsim_call_slot_take();
}

/* Who looks on; NULL: nobody. */
extern _Atomic(const struct halsim_call_watch *) halsim_call_watch_now;
void halsim_call_watch_begin(struct halsim_call_slot *slot, const char *entry_point, uint32_t code);
void halsim_call_watch_end(struct halsim_call_slot *slot);

/* ---- the last calls (last_calls.c) ---- */

extern atomic_bool halsim_last_calls_kept;
/* For their order. Threads that begin a call at the same moment may draw the same number. */
extern atomic_ullong halsim_last_calls_drawn;

/* Ten times in a cycle: no function, and no instruction that locks. Who sees one of the new values
 * sees that the tag was taken away before. */
static inline void halsim_call_keep(struct halsim_call_slot *slot, const char *entry_point,
                                    uint32_t object, uint32_t client, uint32_t code) {
    struct halsim_kept_call *kept = &slot->kept[slot->kept_next];
    slot->kept_next = slot->kept_next + 1 < HALSIM_LAST_CALLS_MAX ? slot->kept_next + 1 : 0;
    /* Another thread's number may be lost between these two, never one of this thread's. */
    uint64_t drawn = atomic_load_explicit(&halsim_last_calls_drawn, memory_order_relaxed);
    uint64_t number = (drawn > slot->kept_number ? drawn : slot->kept_number) + 1;
    slot->kept_number = number;
    atomic_store_explicit(&halsim_last_calls_drawn, number, memory_order_relaxed);
    atomic_store_explicit(&kept->tag, 0, memory_order_relaxed);
    atomic_store_explicit(&kept->entry_point, entry_point, memory_order_release);
    atomic_store_explicit(&kept->object, object, memory_order_release);
    atomic_store_explicit(&kept->client, client, memory_order_release);
    atomic_store_explicit(&kept->code, code, memory_order_release);
    atomic_store_explicit(&kept->tag, number << 2 | HALSIM_CALL_UNDER_WAY, memory_order_release);
    slot->keeping = kept;
}

static inline void halsim_call_keep_outcome(struct halsim_call_slot *slot) {
    struct halsim_kept_call *kept = slot->keeping;
    uint64_t tag = atomic_load_explicit(&kept->tag, memory_order_relaxed);
    atomic_store_explicit(&kept->status, slot->status, memory_order_relaxed);
    atomic_store_explicit(&kept->tag,
                          tag | (slot->is_answered ? HALSIM_CALL_ANSWERED : HALSIM_CALL_RETURNED),
                          memory_order_release);
    slot->keeping = NULL;
}

/* What the driver answered to the call under way. */
static inline void halsim_call_answer(struct halsim_call_slot *slot, int32_t status) {
    slot->is_answered = true;
    slot->status = status;
}

/* Calls do not nest: what a driver asks the host for is done after its call. This one is not kept:
 * it looks into what a call that is over has given. */
static inline void halsim_call_enter_again(struct halsim_call_slot *slot, const char *entry_point,
                                           uint32_t plugin, AudioObjectID object, uint32_t client,
                                           uint32_t code) {
    assert(atomic_load_explicit(&slot->entry_point, memory_order_relaxed) == NULL);
    slot->pool = halsim_pool_push();
    slot->is_answered = false;
    atomic_store_explicit(&slot->plugin, plugin, memory_order_relaxed);
    atomic_store_explicit(&slot->object, object, memory_order_relaxed);
    atomic_store_explicit(&slot->client, client, memory_order_relaxed);
    atomic_store_explicit(&slot->code, code, memory_order_relaxed);
    atomic_store_explicit(&slot->serial,
                          atomic_load_explicit(&slot->serial, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&slot->entry_point, entry_point, memory_order_release);
    if (atomic_load_explicit(&halsim_call_watch_now, memory_order_relaxed) != NULL) {
        halsim_call_watch_begin(slot, entry_point, code);
    }
}

static inline void halsim_call_enter(struct halsim_call_slot *slot, const char *entry_point,
                                     uint32_t plugin, AudioObjectID object, uint32_t client,
                                     uint32_t code) {
    if (atomic_load_explicit(&halsim_last_calls_kept, memory_order_relaxed)) {
        halsim_call_keep(slot, entry_point, object, client, code);
    }
    if (__builtin_expect(atomic_load_explicit(&halsim_coverage_now, memory_order_relaxed), 0)) {
        halsim_coverage_enter(slot, entry_point, plugin, object, code);
    }
    halsim_call_enter_again(slot, entry_point, plugin, object, client, code);
}

static inline void halsim_call_leave(struct halsim_call_slot *slot) {
    if (atomic_load_explicit(&halsim_call_watch_now, memory_order_relaxed) != NULL) {
        halsim_call_watch_end(slot);
    }
    halsim_pool_pop(slot->pool); /* an object too many released here is the driver's doing */
    if (slot->keeping != NULL) {
        halsim_call_keep_outcome(slot);
    }
    if (__builtin_expect(slot->covered != NULL, 0)) {
        halsim_coverage_leave(slot);
    }
    atomic_store_explicit(&slot->entry_point, NULL, memory_order_release);
}

/* HALSIM_CALL(result = , plugin, object, client, code, StartIO, object, client)
 *
 * What came back is observed before the call counts as over: a reference that is no object is the
 * driver's crash also when the fingerprint is the first to look at it. */
#define HALSIM_CALL(assign, plugin_, object_, client_, code_, entry_, ...)                         \
    do {                                                                                           \
        struct halsim_call_slot *slot_ = halsim_call_slot_mine();                                  \
        halsim_call_enter(slot_, #entry_, (plugin_)->index, (object_), (client_), (code_));        \
        __auto_type result_ = (*(plugin_)->driver)->entry_((plugin_)->driver, ##__VA_ARGS__);      \
        struct halsim_fingerprint *fingerprint_ = halsim_fingerprint_of(plugin_);                  \
        if (__builtin_expect(fingerprint_ != NULL, 0)) {                                           \
            struct halsim_observation seen_ = {                                                    \
                .kind = HALSIM_OBSERVED_##entry_,                                                  \
                .plugin = (uint16_t)(plugin_)->index,                                              \
                .object = (object_),                                                               \
                .client = (client_),                                                               \
                .code = (code_),                                                                   \
                .status = (int32_t)result_,                                                        \
            };                                                                                     \
            halsim_observe_##entry_(fingerprint_, &seen_, ##__VA_ARGS__);                          \
            halsim_observe(fingerprint_, &seen_);                                                  \
        }                                                                                          \
        halsim_call_answer(slot_, (int32_t)result_);                                               \
        assign result_;                                                                            \
        halsim_call_leave(slot_);                                                                  \
    } while (0)

struct halsim_watchdog;
struct halsim_watchdog *halsim_watchdog_start(uint32_t limit_ms, halsim_hang_callback callback,
                                              void *context);
void halsim_watchdog_stop(struct halsim_watchdog *watchdog);

#endif
