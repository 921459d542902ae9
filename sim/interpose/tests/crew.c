#define _GNU_SOURCE
#include "crew.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void sleep_ns(uint64_t ns) {
    const struct timespec length = {.tv_sec = (time_t)(ns / 1000000000u),
                                    .tv_nsec = (long)(ns % 1000000000u)};
    nanosleep(&length, NULL);
}

void crew_sleep(uint64_t ns, uint64_t *before_ns, uint64_t *after_ns) {
    *before_ns = now_ns();
    sleep_ns(ns);
    *after_ns = now_ns();
}

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned side, hands, rounds;
} ball = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *player(void *argument) {
    unsigned side = (unsigned)(uintptr_t)argument;
    pthread_mutex_lock(&ball.lock);
    for (unsigned i = 0; i < ball.rounds; i++) {
        while (ball.side != side) {
            pthread_cond_wait(&ball.changed, &ball.lock);
        }
        ball.side = 1 - side;
        ball.hands++;
        pthread_cond_signal(&ball.changed);
    }
    pthread_mutex_unlock(&ball.lock);
    return NULL;
}

unsigned crew_ping_pong(unsigned rounds) {
    ball.side = 0;
    ball.hands = 0;
    ball.rounds = rounds;
    pthread_t players[2];
    for (uintptr_t i = 0; i < 2; i++) {
        pthread_create(&players[i], NULL, player, (void *)i);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(players[i], NULL);
    }
    return ball.hands;
}

static struct {
    pthread_mutex_t lock;
    unsigned sum, times;
} racy = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *adder(void *argument) {
    (void)argument;
    for (unsigned i = 0; i < racy.times; i++) {
        pthread_mutex_lock(&racy.lock);
        unsigned seen = racy.sum;
        pthread_mutex_unlock(&racy.lock);
        pthread_mutex_lock(&racy.lock);
        racy.sum = seen + 1;
        pthread_mutex_unlock(&racy.lock);
    }
    return NULL;
}

unsigned crew_racy_sum(unsigned threads, unsigned times) {
    pthread_t adders[16];
    racy.sum = 0;
    racy.times = times;
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&adders[i], NULL, adder, NULL);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(adders[i], NULL);
    }
    return racy.sum;
}

static char *sleepers_order;
static unsigned sleepers_awake;

static void *sleeper(void *argument) {
    uintptr_t number = (uintptr_t)argument;
    /* 0 sleeps longest, every third as long as another */
    sleep_ns((10 - number / 3) * 1000000);
    sleepers_order[sleepers_awake++] = (char)('a' + number);
    return NULL;
}

void crew_race_of_sleepers(char *order, unsigned threads) {
    pthread_t all[16];
    sleepers_order = order;
    sleepers_awake = 0;
    for (uintptr_t i = 0; i < threads; i++) {
        pthread_create(&all[i], NULL, sleeper, (void *)i);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(all[i], NULL);
    }
    order[sleepers_awake] = '\0';
}

static pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER, second = PTHREAD_MUTEX_INITIALIZER;

static void *inverter(void *argument) {
    pthread_mutex_t *locks[2] = {argument == NULL ? &first : &second,
                                 argument == NULL ? &second : &first};
    pthread_mutex_lock(locks[0]);
    sleep_ns(1000000);
    pthread_mutex_lock(locks[1]);
    pthread_mutex_unlock(locks[1]);
    pthread_mutex_unlock(locks[0]);
    return NULL;
}

void crew_lock_inversion(void) {
    pthread_t both[2];
    pthread_create(&both[0], NULL, inverter, NULL);
    pthread_create(&both[1], NULL, inverter, &first);
    pthread_join(both[0], NULL);
    pthread_join(both[1], NULL);
}

int crew_timed_out(uint64_t ns, bool monotonic) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t never;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME);
    pthread_cond_init(&never, &attributes);
    struct timespec until;
    clock_gettime(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(ns / 1000000000u);
    pthread_mutex_lock(&lock);
    int error = pthread_cond_timedwait(&never, &lock, &until);
    pthread_mutex_unlock(&lock);
    pthread_cond_destroy(&never);
    pthread_condattr_destroy(&attributes);
    return error;
}

static struct {
    sem_t semaphore;
    pthread_rwlock_t lock;
    bool taken, written;
} mixed = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static void *taker(void *argument) {
    (void)argument;
    while (sem_wait(&mixed.semaphore) != 0 && errno == EINTR) {
    }
    mixed.taken = true;
    return NULL;
}

static void *writer(void *argument) {
    (void)argument;
    pthread_rwlock_wrlock(&mixed.lock);
    mixed.written = true;
    pthread_rwlock_unlock(&mixed.lock);
    return NULL;
}

bool crew_semaphore_and_rwlock(void) {
    pthread_t both[2];
    sem_init(&mixed.semaphore, 0, 0);
    mixed.taken = mixed.written = false;
    pthread_rwlock_rdlock(&mixed.lock);
    pthread_create(&both[0], NULL, taker, NULL);
    pthread_create(&both[1], NULL, writer, NULL);
    sleep_ns(1000000);
    bool early = mixed.taken || mixed.written;
    pthread_rwlock_unlock(&mixed.lock);
    sem_post(&mixed.semaphore);
    pthread_join(both[0], NULL);
    pthread_join(both[1], NULL);
    sem_destroy(&mixed.semaphore);
    return !early && mixed.taken && mixed.written;
}

uint64_t crew_spin_on_the_clock(uint64_t ns) {
    uint64_t until = now_ns() + ns;
    uint64_t asked = 0;
    while (now_ns() < until) {
        asked++;
    }
    return asked;
}

static bool cleaned_up;

static void clean_up(void *argument) {
    (void)argument;
    cleaned_up = true;
}

static void *hour_sleeper(void *argument) {
    (void)argument;
    pthread_cleanup_push(clean_up, NULL);
    sleep_ns(UINT64_C(3600000000000));
    pthread_cleanup_pop(0);
    return NULL;
}

bool crew_cancel(void) {
    pthread_t thread;
    void *value = NULL;
    cleaned_up = false;
    pthread_create(&thread, NULL, hour_sleeper, NULL);
    sleep_ns(1000);
    pthread_cancel(thread);
    pthread_join(thread, &value);
    return cleaned_up && value == PTHREAD_CANCELED;
}

static int once_runs;
static pthread_once_t once_control;

static void run_once(void) {
    sleep_ns(1000000);
    once_runs++;
}

static void *once_caller(void *argument) {
    (void)argument;
    pthread_once(&once_control, run_once);
    return once_runs == 1 ? argument : NULL;
}

int crew_once(void) {
    pthread_t all[4];
    once_control = PTHREAD_ONCE_INIT;
    once_runs = 0;
    int saw = 0;
    for (int i = 0; i < 4; i++) {
        pthread_create(&all[i], NULL, once_caller, &once_runs);
    }
    for (int i = 0; i < 4; i++) {
        void *value;
        pthread_join(all[i], &value);
        saw += value == &once_runs;
    }
    return saw == 4 ? once_runs : -1;
}

static struct {
    unsigned seconds;
    bool over;
} counting;

static void *second_counter(void *argument) {
    (void)argument;
    while (!counting.over && counting.seconds < 1000000) {
        sleep_ns(1000000000);
        counting.seconds++;
    }
    return NULL;
}

int crew_read(int fd, unsigned *seconds) {
    pthread_t counter;
    unsigned char byte = 0;
    counting.seconds = 0;
    counting.over = false;
    pthread_create(&counter, NULL, second_counter, NULL);
    ssize_t got = read(fd, &byte, 1);
    counting.over = true;
    pthread_join(counter, NULL);
    *seconds = counting.seconds;
    return got == 1 ? byte : -1;
}

int crew_poll(int fd, int timeout_ms) {
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, timeout_ms);
}

static void *spinner(void *argument) {
    volatile unsigned *forever = argument;
    while (*forever != 0) {
    }
    return NULL;
}

void crew_spin_for_ever(void) {
    static volatile unsigned forever = 1;
    pthread_t thread;
    pthread_create(&thread, NULL, spinner, (void *)(uintptr_t)&forever);
    pthread_join(thread, NULL);
}

static void *yielder(void *argument) {
    for (;;) {
        sched_yield();
    }
    return argument;
}

void crew_yield_for_ever(void) {
    pthread_t both[2];
    pthread_create(&both[0], NULL, yielder, NULL);
    pthread_create(&both[1], NULL, yielder, NULL);
    pthread_join(both[0], NULL);
}

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, answer;
    bool over, asked;
    uint64_t count;
} helper = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .wake = PTHREAD_COND_INITIALIZER,
            .answer = PTHREAD_COND_INITIALIZER};

static void *ticker(void *argument) {
    (void)argument;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    while (!__atomic_load_n(&helper.over, __ATOMIC_SEQ_CST)) {
        next.tv_nsec += 10000000;
        if (next.tv_nsec >= 1000000000) {
            next.tv_nsec -= 1000000000;
            next.tv_sec++;
        }
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        helper.count++;
    }
    return NULL;
}

void crew_start_ticker(void) {
    helper.over = false;
    helper.count = 0;
    pthread_create(&helper.thread, NULL, ticker, NULL);
}

uint64_t crew_stop_ticker(void) {
    __atomic_store_n(&helper.over, true, __ATOMIC_SEQ_CST);
    pthread_join(helper.thread, NULL);
    return helper.count;
}

static void *echo(void *argument) {
    (void)argument;
    pthread_mutex_lock(&helper.lock);
    for (;;) {
        while (!helper.asked && !helper.over) {
            pthread_cond_wait(&helper.wake, &helper.lock);
        }
        if (helper.over) {
            break;
        }
        helper.asked = false;
        helper.count++;
        pthread_cond_signal(&helper.answer);
    }
    pthread_mutex_unlock(&helper.lock);
    return NULL;
}

void crew_start_echo(void) {
    helper.over = helper.asked = false;
    helper.count = 0;
    pthread_create(&helper.thread, NULL, echo, NULL);
}

void crew_echo(void) {
    pthread_mutex_lock(&helper.lock);
    helper.asked = true;
    pthread_cond_signal(&helper.wake);
    while (helper.asked) {
        pthread_cond_wait(&helper.answer, &helper.lock);
    }
    pthread_mutex_unlock(&helper.lock);
}

void crew_stop_echo(void) {
    pthread_mutex_lock(&helper.lock);
    helper.over = true;
    pthread_cond_signal(&helper.wake);
    pthread_mutex_unlock(&helper.lock);
    pthread_join(helper.thread, NULL);
}
