/* probe_storm.c */
#include "probe_storm.h"
#include <stdlib.h>

struct storm {
    AudioServerPlugInDriverRef driver;
    struct probe_host *host;
    const struct probe_call *calls;
    size_t count;
    uint32_t times;
    pthread_mutex_t lock; /* over the gate and the results */
    pthread_cond_t open;
    bool is_open, is_off;
    bool lacked_memory;
    struct probe_storm_result *results;
};

struct worker {
    struct storm *storm;
    uint32_t number;
    pthread_t thread;
};

static bool wait_at_gate(struct storm *storm) {
    pthread_mutex_lock(&storm->lock);
    while (!storm->is_open) {
        pthread_cond_wait(&storm->open, &storm->lock);
    }
    bool goes = !storm->is_off;
    pthread_mutex_unlock(&storm->lock);
    return goes;
}

static void note(struct storm *storm, size_t index, const struct probe_call *call,
                 const struct probe_outcome *outcome) {
    pthread_mutex_lock(&storm->lock);
    if (outcome->has_memory) {
        probe_tally_add(&storm->results[index].tally, outcome->status, 1);
        probe_violations_look(&storm->results[index].violations, call, outcome);
        probe_values_look(&storm->results[index].values, call, outcome);
    } else {
        storm->lacked_memory = true;
    }
    pthread_mutex_unlock(&storm->lock);
}

static void *work(void *argument) {
    const struct worker *worker = argument;
    struct storm *storm = worker->storm;
    if (!wait_at_gate(storm)) {
        return NULL;
    }
    for (uint32_t round = 0; round < storm->times; round++) {
        for (size_t i = 0; i < storm->count; i++) {
            size_t index = (worker->number + i) % storm->count;
            const struct probe_call *call = &storm->calls[index];
            struct probe_outcome outcome;
            probe_call_perform(storm->driver, storm->host, call, &outcome);
            note(storm, index, call, &outcome);
            probe_outcome_free(call, &outcome);
        }
    }
    return NULL;
}

bool probe_storm(AudioServerPlugInDriverRef driver, struct probe_host *host,
                 const struct probe_call *calls, size_t count, uint32_t threads, uint32_t times,
                 struct probe_storm_result *results) {
    struct storm storm = {
        .driver = driver,
        .host = host,
        .calls = calls,
        .count = count,
        .times = times,
        .results = results,
    };
    struct worker workers[PROBE_STORM_THREADS_MAX];
    pthread_mutex_init(&storm.lock, NULL);
    pthread_cond_init(&storm.open, NULL);
    uint32_t begun = 0;
    while (begun < threads) {
        workers[begun] = (struct worker){.storm = &storm, .number = begun};
        if (pthread_create(&workers[begun].thread, NULL, work, &workers[begun]) != 0) {
            break;
        }
        begun++;
    }
    pthread_mutex_lock(&storm.lock);
    storm.is_off = begun < threads;
    storm.is_open = true;
    pthread_cond_broadcast(&storm.open);
    pthread_mutex_unlock(&storm.lock);
    for (uint32_t i = 0; i < begun; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pthread_cond_destroy(&storm.open);
    pthread_mutex_destroy(&storm.lock);
    return begun == threads && !storm.lacked_memory;
}
