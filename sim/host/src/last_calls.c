/* Each thread keeps its own last calls, without a lock; who asks puts them together. */
#include "call.h"

/* These belong to the process, as the threads that call do. */
atomic_bool halsim_last_calls_kept;
atomic_ullong halsim_last_calls_drawn;

void halsim_last_calls_keep(void) {
    atomic_store(&halsim_last_calls_kept, true);
}

#define GET(field) atomic_load_explicit(&kept->field, memory_order_acquire)

/* False for one that is not there, or is written all the time. */
static bool read_one(struct halsim_kept_call *kept, struct halsim_last_call *call) {
    for (int attempt = 0; attempt < 4; attempt++) {
        uint64_t tag = GET(tag);
        unsigned outcome = tag & 3;
        *call = (struct halsim_last_call){
            .number = tag >> 2,
            .entry_point = GET(entry_point),
            .object = GET(object),
            .client = GET(client),
            .code = GET(code),
            .status = outcome == HALSIM_CALL_ANSWERED ? GET(status) : 0,
            .has_returned = outcome != HALSIM_CALL_UNDER_WAY,
            .has_status = outcome == HALSIM_CALL_ANSWERED,
        };
        if (GET(tag) == tag) {
            return tag != 0;
        }
    }
    return false;
}

/* Into the list, which is in order, the oldest first; a full one loses its oldest. */
static size_t insert(struct halsim_last_call *calls, size_t count, size_t most,
                     const struct halsim_last_call *call) {
    size_t place = count;
    while (place > 0 && calls[place - 1].number > call->number) {
        place--;
    }
    if (count == most) {
        if (place == 0) {
            return count;
        }
        place--;
        for (size_t i = 0; i < place; i++) {
            calls[i] = calls[i + 1];
        }
    } else {
        for (size_t i = count; i > place; i--) {
            calls[i] = calls[i - 1];
        }
        count++;
    }
    calls[place] = *call;
    return count;
}

size_t halsim_last_calls(struct halsim_last_call *calls, size_t most) {
    size_t wanted = most < HALSIM_LAST_CALLS_MAX ? most : HALSIM_LAST_CALLS_MAX;
    size_t count = 0;
    for (struct halsim_call_slot *slot = halsim_call_slots(); slot != NULL && wanted > 0;
         slot = slot->next) {
        for (size_t i = 0; i < HALSIM_LAST_CALLS_MAX; i++) {
            struct halsim_last_call call;
            if (read_one(&slot->kept[i], &call)) {
                count = insert(calls, count, wanted, &call);
            }
        }
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
