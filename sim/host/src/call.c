#include "call.h"
#include "stopwatch.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

_Thread_local struct halsim_call_slot *halsim_call_thread_slot;

/* Slots outlive their threads: the watchdog walks this list without a lock. It is the one piece of
 * state that belongs to the process and not to a host, as threads do. */
static _Atomic(struct halsim_call_slot *) slot_list;
static pthread_key_t slot_key;
static pthread_once_t slot_key_once = PTHREAD_ONCE_INIT;

static void slot_release(void *pointer) {
    struct halsim_call_slot *slot = pointer;
    atomic_store(&slot->entry_point, NULL);
    atomic_store(&slot->taken, false);
}

static void slot_key_create(void) {
    (void)pthread_key_create(&slot_key, slot_release);
}

struct halsim_call_slot *halsim_call_slot_take(void) {
    pthread_once(&slot_key_once, slot_key_create);
    struct halsim_call_slot *slot = atomic_load(&slot_list);
    for (; slot != NULL; slot = slot->next) {
        bool expected = false;
        if (atomic_compare_exchange_strong(&slot->taken, &expected, true)) {
            break;
        }
    }
    if (slot == NULL) {
        slot = calloc(1, sizeof *slot);
        if (slot == NULL) {
            abort(); /* four kilobytes: nothing else would work either */
        }
        atomic_store(&slot->taken, true);
        slot->next = atomic_load(&slot_list);
        while (!atomic_compare_exchange_weak(&slot_list, &slot->next, slot)) {
        }
    }
    if (atomic_load(&halsim_coverage_now)) {
        halsim_coverage_prepare(slot);
    }
    halsim_call_thread_slot = slot;
    (void)pthread_setspecific(slot_key, slot);
    return slot;
}

struct halsim_call_slot *halsim_call_slots(void) {
    return atomic_load(&slot_list);
}

struct halsim_call_info halsim_call_read(struct halsim_call_slot *slot) {
    return (struct halsim_call_info){
        .entry_point = atomic_load_explicit(&slot->entry_point, memory_order_acquire),
        .plugin = atomic_load_explicit(&slot->plugin, memory_order_relaxed),
        .object = atomic_load_explicit(&slot->object, memory_order_relaxed),
        .client = atomic_load_explicit(&slot->client, memory_order_relaxed),
        .code = atomic_load_explicit(&slot->code, memory_order_relaxed),
    };
}

const struct halsim_call_info *halsim_call_current(void) {
    struct halsim_call_slot *slot = halsim_call_thread_slot;
    if (slot == NULL) {
        return NULL;
    }
    slot->seen = halsim_call_read(slot);
    return slot->seen.entry_point == NULL ? NULL : &slot->seen;
}

uint64_t halsim_call_number(void) {
    const struct halsim_call_slot *slot = halsim_call_thread_slot;
    bool is_inside = slot != NULL && atomic_load(&slot->entry_point) != NULL;
    return is_inside ? atomic_load(&slot->serial) : 0;
}

const struct halsim_call_info *halsim_call_any(void) {
    const struct halsim_call_info *found = NULL;
    for (struct halsim_call_slot *slot = atomic_load(&slot_list); slot != NULL; slot = slot->next) {
        slot->seen = halsim_call_read(slot);
        found = slot->seen.entry_point != NULL ? &slot->seen : found; /* the newest come first */
    }
    return found;
}

/* ---- watching ------------------------------------------------------------------------------ */

_Atomic(const struct halsim_call_watch *) halsim_call_watch_now;

void halsim_call_set_watch(const struct halsim_call_watch *watch) {
    atomic_store(&halsim_call_watch_now, watch);
}

void halsim_call_watch_begin(struct halsim_call_slot *slot, const char *entry_point,
                             uint32_t code) {
    const struct halsim_call_watch *watch = atomic_load(&halsim_call_watch_now);
    if (watch != NULL) {
        watch->begin(entry_point, code, watch->context);
        slot->watched_since = halsim_stopwatch();
    }
}

void halsim_call_watch_end(struct halsim_call_slot *slot) {
    const struct halsim_call_watch *watch = atomic_load(&halsim_call_watch_now);
    if (watch != NULL) {
        uint64_t ticks = halsim_stopwatch() - slot->watched_since;
        watch->end(halsim_stopwatch_ns(halsim_stopwatch_scale(), ticks), watch->context);
    }
}

/* ---- watchdog ---------------------------------------------------------------------------- */

#define WATCHED_SLOTS 256

struct watched {
    struct halsim_call_slot *slot;
    uint64_t serial;
    uint64_t since_ns;
    bool told;
};

struct halsim_watchdog {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
    uint64_t limit_ns;
    halsim_hang_callback callback;
    void *context;
    struct watched watched[WATCHED_SLOTS];
    size_t count;
};

static struct watched *watch_slot(struct halsim_watchdog *dog, struct halsim_call_slot *slot) {
    for (size_t i = 0; i < dog->count; i++) {
        if (dog->watched[i].slot == slot) {
            return &dog->watched[i];
        }
    }
    if (dog->count == WATCHED_SLOTS) {
        return NULL;
    }
    struct watched *watched = &dog->watched[dog->count++];
    *watched = (struct watched){.slot = slot};
    return watched;
}

static void look_once(struct halsim_watchdog *dog) {
    uint64_t now = halsim_monotonic_ns();
    for (struct halsim_call_slot *slot = atomic_load(&slot_list); slot != NULL; slot = slot->next) {
        struct watched *watched = watch_slot(dog, slot);
        if (watched == NULL) {
            return;
        }
        uint64_t serial = atomic_load(&slot->serial);
        bool inside = atomic_load_explicit(&slot->entry_point, memory_order_acquire) != NULL;
        if (!inside || serial != watched->serial) {
            *watched = (struct watched){.slot = slot, .serial = serial, .since_ns = now};
        } else if (!watched->told && now - watched->since_ns >= dog->limit_ns) {
            watched->told = true;
            /* The call has not moved for seconds: its description stands still while it is read. */
            struct halsim_call_info info = halsim_call_read(slot);
            info.started_ns = watched->since_ns;
            if (info.entry_point != NULL) {
                dog->callback(&info, now - watched->since_ns, dog->context);
            }
        }
    }
}

static void *watchdog_main(void *argument) {
    struct halsim_watchdog *dog = argument;
    pthread_mutex_lock(&dog->lock);
    while (!dog->stop) {
        uint64_t step_ns = dog->limit_ns / 10 < 100000000u ? dog->limit_ns / 10 : 100000000u;
        struct timespec until = halsim_wall_time_in(step_ns);
        (void)pthread_cond_timedwait(&dog->wake, &dog->lock, &until);
        if (!dog->stop) {
            pthread_mutex_unlock(&dog->lock);
            look_once(dog);
            pthread_mutex_lock(&dog->lock);
        }
    }
    pthread_mutex_unlock(&dog->lock);
    return NULL;
}

struct halsim_watchdog *halsim_watchdog_start(uint32_t limit_ms, halsim_hang_callback callback,
                                              void *context) {
    struct halsim_watchdog *dog = calloc(1, sizeof *dog);
    if (dog == NULL) {
        return NULL;
    }
    dog->limit_ns = (uint64_t)limit_ms * 1000000u;
    dog->callback = callback;
    dog->context = context;
    pthread_mutex_init(&dog->lock, NULL);
    pthread_cond_init(&dog->wake, NULL);
    if (pthread_create(&dog->thread, NULL, watchdog_main, dog) != 0) {
        pthread_cond_destroy(&dog->wake);
        pthread_mutex_destroy(&dog->lock);
        free(dog);
        return NULL;
    }
    return dog;
}

void halsim_watchdog_stop(struct halsim_watchdog *dog) {
    if (dog == NULL) {
        return;
    }
    pthread_mutex_lock(&dog->lock);
    dog->stop = true;
    pthread_cond_signal(&dog->wake);
    pthread_mutex_unlock(&dog->lock);
    pthread_join(dog->thread, NULL);
    pthread_cond_destroy(&dog->wake);
    pthread_mutex_destroy(&dog->lock);
    free(dog);
}
