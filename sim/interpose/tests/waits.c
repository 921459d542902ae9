#define _GNU_SOURCE
#include "waits.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define S_NS  UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

static uint64_t time_of(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * S_NS + (uint64_t)now.tv_nsec;
}

uint64_t waits_now_ns(void) {
    return time_of(CLOCK_MONOTONIC);
}

void waits_sleep_ms(uint64_t ms) {
    const struct timespec length = {.tv_sec = (time_t)(ms / 1000),
                                    .tv_nsec = (long)(ms % 1000 * MS_NS)};
    nanosleep(&length, NULL);
}

static struct timespec after_ms(clockid_t clock, uint64_t ms) {
    uint64_t ns = time_of(clock) + ms * MS_NS;
    return (struct timespec){.tv_sec = (time_t)(ns / S_NS), .tv_nsec = (long)(ns % S_NS)};
}

/* ---- a barrier ---------------------------------------------------------------------------------
 */

static struct {
    pthread_barrier_t barrier;
    int serial;
    uint64_t after_ns[3][2];
} meeting;

static void *meet(void *argument) {
    uintptr_t number = (uintptr_t)argument;
    for (int round = 0; round < 2; round++) {
        waits_sleep_ms(10 * (number + 1));
        meeting.serial += pthread_barrier_wait(&meeting.barrier) == PTHREAD_BARRIER_SERIAL_THREAD;
        meeting.after_ns[number][round] = waits_now_ns();
    }
    return NULL;
}

bool waits_at_a_barrier(void) {
    pthread_t threads[3];
    uint64_t began = waits_now_ns();
    meeting.serial = 0;
    pthread_barrier_init(&meeting.barrier, NULL, 3);
    for (uintptr_t i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, meet, (void *)i);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&meeting.barrier);
    bool together = meeting.serial == 2;
    for (int i = 0; i < 3; i++) {
        for (unsigned round = 0; round < 2; round++) {
            together = together && meeting.after_ns[i][round] - began == 30 * MS_NS * (round + 1);
        }
    }
    return together;
}

/* ---- read-write locks --------------------------------------------------------------------------
 */

static pthread_rwlock_t written = PTHREAD_RWLOCK_INITIALIZER;

static void *try_until(void *argument) {
    uint64_t *passed = argument;
    uint64_t began = waits_now_ns();
    const struct timespec wall[2] = {after_ms(CLOCK_REALTIME, 1000),
                                     after_ms(CLOCK_REALTIME, 2000)};
    const struct timespec up[2] = {after_ms(CLOCK_MONOTONIC, 3000),
                                   after_ms(CLOCK_MONOTONIC, 4000)};
    bool all = pthread_rwlock_timedrdlock(&written, &wall[0]) == ETIMEDOUT &&
               waits_now_ns() - began == 1 * S_NS &&
               pthread_rwlock_timedwrlock(&written, &wall[1]) == ETIMEDOUT &&
               waits_now_ns() - began == 2 * S_NS &&
               pthread_rwlock_clockrdlock(&written, CLOCK_MONOTONIC, &up[0]) == ETIMEDOUT &&
               waits_now_ns() - began == 3 * S_NS &&
               pthread_rwlock_clockwrlock(&written, CLOCK_MONOTONIC, &up[1]) == ETIMEDOUT;
    *passed = all ? waits_now_ns() - began : 0;
    return NULL;
}

bool waits_for_rwlocks_until(void) {
    pthread_t thread;
    uint64_t passed;
    pthread_rwlock_wrlock(&written);
    pthread_create(&thread, NULL, try_until, &passed);
    pthread_join(thread, NULL);
    pthread_rwlock_unlock(&written);
    return passed == 4 * S_NS;
}

/* ---- the end of a thread -----------------------------------------------------------------------
 */

static void *sleep_10_s(void *argument) {
    waits_sleep_ms(10000);
    return argument;
}

bool waits_for_ends_until(void) {
    pthread_t thread;
    void *value = NULL;
    uint64_t began = waits_now_ns();
    pthread_create(&thread, NULL, sleep_10_s, &written);
    const struct timespec soon = after_ms(CLOCK_REALTIME, 1000);
    const struct timespec later = after_ms(CLOCK_MONOTONIC, 20000);
    return pthread_timedjoin_np(thread, NULL, &soon) == ETIMEDOUT &&
           waits_now_ns() - began == 1 * S_NS && pthread_tryjoin_np(thread, NULL) == EBUSY &&
           pthread_clockjoin_np(thread, &value, CLOCK_MONOTONIC, &later) == 0 &&
           value == &written && waits_now_ns() - began == 10 * S_NS;
}

/* ---- a spin lock -------------------------------------------------------------------------------
 */

static pthread_spinlock_t spun;

static void *spin(void *argument) {
    pthread_spin_lock(&spun);
    *(uint64_t *)argument = waits_now_ns();
    pthread_spin_unlock(&spun);
    return NULL;
}

bool waits_for_a_spin_lock(void) {
    pthread_t thread;
    uint64_t got;
    uint64_t began = waits_now_ns();
    pthread_spin_init(&spun, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spun);
    pthread_create(&thread, NULL, spin, &got);
    waits_sleep_ms(1000);
    bool held = pthread_spin_trylock(&spun) == EBUSY;
    pthread_spin_unlock(&spun);
    pthread_join(thread, NULL);
    pthread_spin_destroy(&spun);
    return held && got - began == 1 * S_NS;
}

/* ---- <threads.h> -------------------------------------------------------------------------------
 */

static struct {
    mtx_t lock;
    cnd_t changed;
    once_flag once;
    int onces;
    bool asked;
} c11;

static void run_once(void) {
    thrd_yield();
    c11.onces++;
}

static int answer(void *argument) {
    call_once(&c11.once, run_once);
    mtx_lock(&c11.lock);
    while (!c11.asked) {
        cnd_wait(&c11.changed, &c11.lock);
    }
    mtx_unlock(&c11.lock);
    const struct timespec shorter = {.tv_sec = 1}, longer = {.tv_sec = 5};
    mtx_lock(&c11.lock);
    thrd_sleep(&shorter, NULL); /* one after the other */
    mtx_unlock(&c11.lock);
    thrd_sleep(&longer, NULL);
    return *(int *)argument;
}

bool waits_by_c11(void) {
    thrd_t threads[2];
    int values[2] = {17, -4}, results[2];
    c11.asked = false;
    c11.onces = 0;
    c11.once = (once_flag)ONCE_FLAG_INIT;
    mtx_init(&c11.lock, mtx_timed);
    cnd_init(&c11.changed);
    uint64_t began = waits_now_ns();
    for (int i = 0; i < 2; i++) {
        thrd_create(&threads[i], answer, &values[i]);
    }
    mtx_lock(&c11.lock);
    struct timespec until = after_ms(CLOCK_REALTIME, 3000);
    int status;
    while ((status = cnd_timedwait(&c11.changed, &c11.lock, &until)) == thrd_success) {
    }
    c11.asked = true;
    cnd_broadcast(&c11.changed);
    mtx_unlock(&c11.lock);
    waits_sleep_ms(500);
    mtx_lock(&c11.lock); /* one of them has it */
    mtx_unlock(&c11.lock);
    for (int i = 0; i < 2; i++) {
        thrd_join(threads[i], &results[i]);
    }
    mtx_destroy(&c11.lock);
    cnd_destroy(&c11.changed);
    return status == thrd_timedout && c11.onces == 1 && results[0] == 17 && results[1] == -4 &&
           waits_now_ns() - began == 10 * S_NS;
}

bool asks_for_the_time_by_c11(void) {
    struct timespec before, after;
    timespec_get(&before, TIME_UTC);
    waits_sleep_ms(86400000);
    timespec_get(&after, TIME_UTC);
    return after.tv_sec - before.tv_sec == 86400;
}

/* ---- semaphores --------------------------------------------------------------------------------
 */

bool waits_for_semaphores_until(void) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    uint64_t began = waits_now_ns();
    const struct timespec until = after_ms(CLOCK_MONOTONIC, 3600000);
    bool late = sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until) == -1 && errno == ETIMEDOUT;
    sem_destroy(&semaphore);
    return late && waits_now_ns() - began == 3600 * S_NS;
}

static void *post_later(void *semaphore) {
    waits_sleep_ms(1000);
    sem_post(semaphore);
    return NULL;
}

bool waits_for_a_named_semaphore(void) {
    char name[64];
    snprintf(name, sizeof name, "/hal-lab-waits-%d", (int)getpid());
    sem_t *semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
    if (semaphore == SEM_FAILED) {
        return false;
    }
    sem_unlink(name);
    pthread_t thread;
    pthread_create(&thread, NULL, post_later, semaphore);
    bool got = sem_wait(semaphore) == 0;
    pthread_join(thread, NULL);
    const struct timespec until = after_ms(CLOCK_REALTIME, 60000);
    bool late = sem_timedwait(semaphore, &until) == -1 && errno == ETIMEDOUT;
    sem_close(semaphore);
    return got && late;
}

/* ---- what a thread does when it ends -----------------------------------------------------------
 */

static struct {
    pthread_key_t key;
    pthread_mutex_t lock;
    uint64_t done_ns;
} destroyed = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void destroy(void *value) {
    waits_sleep_ms(1000);
    pthread_mutex_lock(&destroyed.lock);
    *(uint64_t *)value = waits_now_ns();
    pthread_mutex_unlock(&destroyed.lock);
}

static void *end_early(void *value) {
    pthread_setspecific(destroyed.key, value);
    pthread_exit(&destroyed);
}

bool waits_in_destructors(void) {
    pthread_t thread;
    void *value = NULL;
    pthread_key_create(&destroyed.key, destroy);
    uint64_t began = waits_now_ns();
    pthread_create(&thread, NULL, end_early, &destroyed.done_ns);
    pthread_join(thread, &value);
    pthread_key_delete(destroyed.key);
    return value == &destroyed && destroyed.done_ns - began == 1 * S_NS &&
           waits_now_ns() == destroyed.done_ns;
}
