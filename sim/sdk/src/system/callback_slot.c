#include "system/callback_slot.h"

#include "system/crash.h"
#include <pthread.h>
#include <stddef.h>

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;

void callback_slot_set(struct callback_slot *slot, void (*function)(void), void *context) {
    struct callback *record = NULL;

    if (function) {
        pthread_mutex_lock(&slots_lock);
        for (record = slot->all; record; record = record->next) {
            if (record->function == function && record->context == context)
                break;
        }
        if (!record) {
            record = halsdk_allocate(sizeof *record);
            record->function = function;
            record->context = context;
            record->next = slot->all;
            slot->all = record;
        }
        pthread_mutex_unlock(&slots_lock);
    }
    atomic_store_explicit(&slot->current, record, memory_order_release);
}
