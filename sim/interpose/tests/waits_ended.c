#define _GNU_SOURCE
#include "waits.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define S_NS  UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

/* ---- cancelling --------------------------------------------------------------------------------
 */

static int never[2]; /* a pipe into which nobody writes */
static pthread_t sleeping;
static bool cleaned_up;

static void in_cond_wait(void) {
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&lock);
    for (;;) {
        pthread_cond_wait(&cond, &lock);
    }
}

static void in_sem_wait(void) {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    sem_wait(&semaphore);
}

static void in_join(void) {
    pthread_join(sleeping, NULL);
}

static void in_nanosleep(void) {
    waits_sleep_ms(UINT64_C(3600000));
}

static void in_read(void) {
    char byte;
    (void)!read(never[0], &byte, 1);
}

static void in_poll(void) {
    struct pollfd look = {.fd = never[0], .events = POLLIN};
    poll(&look, 1, 3600000);
}

static void in_sigtimedwait(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    const struct timespec length = {.tv_sec = 3600};
    sigtimedwait(&set, NULL, &length);
}

static void (*const cancelled_waits[])(void) = {
    in_cond_wait, in_sem_wait, in_join, in_nanosleep, in_read, in_poll, in_sigtimedwait};

/* Waits, too: it belongs to the simulation until its last moment. */
static void clean_up(void *argument) {
    waits_sleep_ms(1);
    *(bool *)argument = true;
}

static void *wait_to_be_cancelled(void *argument) {
    pthread_cleanup_push(clean_up, &cleaned_up);
    (*(void (*const *)(void))argument)();
    pthread_cleanup_pop(0);
    return NULL;
}

static void *sleep_10_s(void *argument) {
    waits_sleep_ms(10000);
    return argument;
}

bool cancels_at_every_wait(void) {
    bool all = pipe(never) == 0;
    pthread_create(&sleeping, NULL, sleep_10_s, NULL);
    for (size_t i = 0; i < sizeof cancelled_waits / sizeof cancelled_waits[0]; i++) {
        pthread_t thread;
        void *value = NULL;
        cleaned_up = false;
        pthread_create(&thread, NULL, wait_to_be_cancelled, (void *)(uintptr_t)&cancelled_waits[i]);
        waits_sleep_ms(100);
        pthread_cancel(thread);
        pthread_join(thread, &value);
        all = all && cleaned_up && value == PTHREAD_CANCELED;
    }
    pthread_join(sleeping, NULL);
    close(never[0]);
    close(never[1]);
    return all;
}

static void *sleep_through(void *argument) {
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    uint64_t began = waits_now_ns();
    waits_sleep_ms(1000);
    *(uint64_t *)argument = waits_now_ns() - began;
    pthread_setcancelstate(state, NULL);
    waits_sleep_ms(1000);
    *(uint64_t *)argument = 0; /* never comes here */
    return NULL;
}

bool cancels_not_while_disabled(void) {
    pthread_t thread;
    void *value;
    uint64_t slept = 0;
    pthread_create(&thread, NULL, sleep_through, &slept);
    waits_sleep_ms(100);
    pthread_cancel(thread);
    pthread_join(thread, &value);
    return slept == 1 * S_NS && value == PTHREAD_CANCELED;
}

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *lock_then_sleep(void *argument) {
    pthread_mutex_lock(&held);
    *(uint64_t *)argument = waits_now_ns();
    pthread_mutex_unlock(&held);
    waits_sleep_ms(3600000);
    return NULL;
}

bool cancels_not_in_a_lock(void) {
    pthread_t thread;
    void *value;
    uint64_t got = 0;
    uint64_t began = waits_now_ns();
    pthread_mutex_lock(&held);
    pthread_create(&thread, NULL, lock_then_sleep, &got);
    waits_sleep_ms(100);
    pthread_cancel(thread);
    waits_sleep_ms(100);
    pthread_mutex_unlock(&held);
    pthread_join(thread, &value);
    return got - began == 200 * MS_NS && value == PTHREAD_CANCELED &&
           waits_now_ns() - began == 200 * MS_NS;
}

/* ---- signals -----------------------------------------------------------------------------------
 */

static sem_t told;
static uint64_t handled_ns;

static void on_signal(int number) {
    (void)number;
    handled_ns = waits_now_ns();
    sem_post(&told);
}

static void *sleep_and_tell_the_rest(void *argument) {
    const struct timespec length = {.tv_sec = 10};
    struct timespec left = {0};
    bool interrupted =
        nanosleep(&length, &left) == -1 && errno == EINTR && left.tv_sec == 9 && left.tv_nsec == 0;
    return interrupted ? argument : NULL;
}

static void handle(int number, void (*handler)(int)) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    sigaction(number, &action, NULL);
}

bool sends_signals_to_waiting_threads(void) {
    pthread_t thread;
    void *value = NULL;
    handle(SIGUSR1, on_signal);
    sem_init(&told, 0, 0);
    uint64_t began = waits_now_ns();
    pthread_create(&thread, NULL, sleep_and_tell_the_rest, &told);
    waits_sleep_ms(1000);
    pthread_kill(thread, SIGUSR1);
    sem_wait(&told);
    pthread_join(thread, &value);
    sem_destroy(&told);
    handle(SIGUSR1, SIG_DFL);
    return value == &told && handled_ns - began == 1 * S_NS && waits_now_ns() == handled_ns;
}

static void block(int number, int how) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(how, &set, NULL);
}

static void *await_signal(void *argument) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigwait(&set, argument);
    return NULL;
}

bool waits_for_a_signal(void) {
    pthread_t thread;
    int number = 0;
    block(SIGUSR2, SIG_BLOCK); /* the thread inherits it */
    pthread_create(&thread, NULL, await_signal, &number);
    waits_sleep_ms(1000);
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, NULL);
    block(SIGUSR2, SIG_UNBLOCK);
    return number == SIGUSR2;
}

static void *await_signal_until(void *argument) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    const struct timespec length = {.tv_sec = 10};
    uint64_t began = waits_now_ns();
    bool got = sigtimedwait(&set, NULL, &length) == SIGUSR2 && waits_now_ns() - began == 1 * S_NS;
    bool late = sigtimedwait(&set, NULL, &length) == -1 && errno == EAGAIN &&
                waits_now_ns() - began == 11 * S_NS;
    return got && late ? argument : NULL;
}

bool waits_for_a_signal_until(void) {
    pthread_t thread;
    void *value;
    block(SIGUSR2, SIG_BLOCK);
    pthread_create(&thread, NULL, await_signal_until, &told);
    waits_sleep_ms(1000);
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, &value);
    block(SIGUSR2, SIG_UNBLOCK);
    return value == &told;
}

void uses_an_alarm(void) {
    alarm(1000);
    alarm(0);
}
