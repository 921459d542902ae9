/* A ring that every thread writes and a signal handler reads, without a lock. Whoever begins a call
 * draws a number, which is its place; the place holds that number as long as nobody has drawn one
 * that is HALSIM_LAST_CALLS_MAX higher. */
#include "call.h"

struct place {
    atomic_ullong number; /* 0: being written, or never used */
    _Atomic(const char *) entry_point;
    atomic_uint plugin, object, client, code;
    atomic_int status;
    atomic_uint outcome; /* enum halsim_call_outcome */
};

/* Belongs to the process, as the threads that call do. */
static struct place ring[HALSIM_LAST_CALLS_MAX];
static atomic_ullong drawn;
atomic_bool halsim_last_calls_kept;

void halsim_last_calls_keep(void) {
    atomic_store(&halsim_last_calls_kept, true);
}

#define PUT(field, value) atomic_store_explicit(&place->field, (value), memory_order_relaxed)
#define GET(field)        atomic_load_explicit(&place->field, memory_order_relaxed)

uint64_t halsim_last_calls_begin(const char *entry_point, uint32_t plugin, uint32_t object,
                                 uint32_t client, uint32_t code) {
    uint64_t number = atomic_fetch_add_explicit(&drawn, 1, memory_order_relaxed) + 1;
    struct place *place = &ring[number % HALSIM_LAST_CALLS_MAX];
    PUT(number, 0);
    atomic_thread_fence(memory_order_release);
    PUT(entry_point, entry_point);
    PUT(plugin, plugin);
    PUT(object, object);
    PUT(client, client);
    PUT(code, code);
    PUT(outcome, HALSIM_CALL_UNDER_WAY);
    atomic_store_explicit(&place->number, number, memory_order_release);
    return number;
}

void halsim_last_calls_end(uint64_t number, enum halsim_call_outcome outcome, int32_t status) {
    struct place *place = &ring[number % HALSIM_LAST_CALLS_MAX];
    if (GET(number) == number) {
        PUT(status, status);
        PUT(outcome, outcome);
    }
}

size_t halsim_last_calls(struct halsim_last_call *calls, size_t most) {
    uint64_t last = atomic_load(&drawn);
    uint64_t wanted = most < HALSIM_LAST_CALLS_MAX ? most : HALSIM_LAST_CALLS_MAX;
    size_t count = 0;
    for (uint64_t number = last > wanted ? last - wanted + 1 : 1; number <= last; number++) {
        struct place *place = &ring[number % HALSIM_LAST_CALLS_MAX];
        if (atomic_load_explicit(&place->number, memory_order_acquire) != number) {
            continue;
        }
        unsigned outcome = GET(outcome);
        calls[count] = (struct halsim_last_call){
            .number = number,
            .entry_point = GET(entry_point),
            .plugin = GET(plugin),
            .object = GET(object),
            .client = GET(client),
            .code = GET(code),
            .status = outcome == HALSIM_CALL_ANSWERED ? GET(status) : 0,
            .has_returned = outcome != HALSIM_CALL_UNDER_WAY,
            .has_status = outcome == HALSIM_CALL_ANSWERED,
        };
        atomic_thread_fence(memory_order_acquire);
        count += GET(number) == number; /* else somebody wrote while it was read */
    }
    return count;
}

/* ---- calls of others ----------------------------------------------------------------------- */

uint64_t halsim_call_begin(const struct halsim_call_info *about) {
    halsim_call_enter(halsim_call_slot_mine(), about->entry_point, about->plugin, about->object,
                      about->client, about->code);
    return halsim_stopwatch();
}

uint64_t halsim_call_end(uint64_t began, const int32_t *status) {
    uint64_t ticks = halsim_stopwatch() - began;
    struct halsim_call_slot *slot = halsim_call_slot_mine();
    if (status != NULL) {
        halsim_call_answer(slot, *status);
    }
    halsim_call_leave(slot);
    return halsim_stopwatch_ns(halsim_stopwatch_scale(), ticks);
}

void halsim_call_begin_inspection(const struct halsim_call_info *about) {
    halsim_call_enter_again(halsim_call_slot_mine(), about->entry_point, about->plugin,
                            about->object, about->client, about->code);
}

void halsim_call_end_inspection(void) {
    halsim_call_leave(halsim_call_slot_mine());
}
