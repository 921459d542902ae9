/* service_restart.c - a helper that died is started again, as launchd does with its jobs: at once,
 * but not more often than the throttle allows. What comes back is new: other numbers, no clients.
 */
#include "service_internal.h"
#include <time.h>

/* The next one that is due by `now_ns`, which is so no more; *earliest is when another is. */
static struct helper *take_due(struct service *service, uint64_t now_ns, uint64_t *earliest) {
    struct helper *found = NULL;
    *earliest = UINT64_MAX;
    for (uint32_t i = 0; i < service->count; i++) {
        struct helper *helper = service->helpers[i];
        if (helper->due_ns == 0) {
            continue;
        }
        if (found == NULL && helper->due_ns <= now_ns) {
            found = helper;
        } else if (helper->due_ns < *earliest) {
            *earliest = helper->due_ns;
        }
    }
    if (found != NULL) {
        found->due_ns = 0;
    }
    return found;
}

static void restart(struct service *service, const struct helper *before) {
    struct rpc_failure failure = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *plugin = NULL;
    if (service_start(service, before->path, before, doc, &plugin, &failure) == NULL &&
        failure.error.os_status != SERVICE_BAD_OBJECT) { /* if it died, that was told */
        pthread_mutex_lock(&service->lock);
        service_tell_restart(service, before, NULL, failure.error.message);
        pthread_mutex_unlock(&service->lock);
    }
    yyjson_mut_doc_free(doc);
}

uint64_t service_next_due_ns(struct service *service) {
    uint64_t earliest = UINT64_MAX;
    pthread_mutex_lock(&service->lock);
    for (uint32_t i = 0; i < service->count; i++) {
        uint64_t due = service->helpers[i]->due_ns;
        earliest = due > 0 && due < earliest ? due : earliest;
    }
    pthread_mutex_unlock(&service->lock);
    return earliest;
}

void service_start_due(struct service *service) {
    for (;;) {
        uint64_t earliest;
        pthread_mutex_lock(&service->lock);
        struct helper *due = take_due(service, service_now_ns(service), &earliest);
        pthread_mutex_unlock(&service->lock);
        if (due == NULL) {
            return;
        }
        restart(service, due);
    }
}

/* ---- real time ----------------------------------------------------------------------------- */

#define WAIT_NS UINT64_C(1000000000)

static void *starter_main(void *argument) {
    struct service *service = argument;
    pthread_mutex_lock(&service->lock);
    while (!atomic_load(&service->stops)) {
        uint64_t earliest, now = service_now_ns(service);
        struct helper *due = take_due(service, now, &earliest);
        if (due != NULL) {
            pthread_mutex_unlock(&service->lock);
            restart(service, due);
            pthread_mutex_lock(&service->lock);
        } else if (earliest == UINT64_MAX) {
            pthread_cond_wait(&service->changed, &service->lock);
        } else {
            struct timespec until;
            /* Not for long at a time: the wall clock that the wait goes by may be set back. */
            uint64_t wait = earliest - now < WAIT_NS ? earliest - now : WAIT_NS;
            clock_gettime(CLOCK_REALTIME, &until);
            uint64_t ns = (uint64_t)until.tv_nsec + wait;
            until.tv_sec += (time_t)(ns / 1000000000);
            until.tv_nsec = (long)(ns % 1000000000);
            (void)pthread_cond_timedwait(&service->changed, &service->lock, &until);
        }
    }
    pthread_mutex_unlock(&service->lock);
    return NULL;
}

bool service_starter_start(struct service *service) {
    service->has_starter = pthread_create(&service->starter, NULL, starter_main, service) == 0;
    return service->has_starter;
}

void service_starter_stop(struct service *service) {
    pthread_mutex_lock(&service->lock);
    pthread_cond_broadcast(&service->changed);
    pthread_mutex_unlock(&service->lock);
    if (service->has_starter) {
        pthread_join(service->starter, NULL);
        service->has_starter = false;
    }
}
