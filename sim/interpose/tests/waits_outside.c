#define _GNU_SOURCE
#include "waits.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define S_NS  UINT64_C(1000000000)
#define MS_NS UINT64_C(1000000)

static void *write_later(void *pipe_end) {
    const struct timespec length = {.tv_sec = 5, .tv_nsec = 300};
    nanosleep(&length, NULL);
    return write(*(int *)pipe_end, "x", 1) == 1 ? pipe_end : NULL;
}

bool waits_for_descriptors_until(void) {
    pthread_t thread;
    void *value;
    int pipes[2];
    if (pipe(pipes) != 0) {
        return false;
    }
    const struct timespec moment = {.tv_sec = 10};
    struct timeval moment_too = {.tv_sec = 10};
    struct pollfd look = {.fd = pipes[0], .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN}, got;
    int set = epoll_create1(0);
    epoll_ctl(set, EPOLL_CTL_ADD, pipes[0], &event);
    fd_set reads;
    uint64_t began = waits_now_ns();
    FD_ZERO(&reads);
    FD_SET(pipes[0], &reads);
    bool all = ppoll(&look, 1, &moment, NULL) == 0 && waits_now_ns() - began == 10 * S_NS &&
               pselect(pipes[0] + 1, &reads, NULL, NULL, &moment, NULL) == 0 &&
               waits_now_ns() - began == 20 * S_NS;
    FD_SET(pipes[0], &reads);
    all = all && select(pipes[0] + 1, &reads, NULL, NULL, &moment_too) == 0 &&
          epoll_wait(set, &got, 1, 10000) == 0 && epoll_pwait(set, &got, 1, 1, NULL) == 0 &&
          waits_now_ns() - began == 40 * S_NS + MS_NS;
    /* What another thread writes is seen at that very moment. */
    began = waits_now_ns();
    pthread_create(&thread, NULL, write_later, &pipes[1]);
    all = all && epoll_wait(set, &got, 1, 3600000) == 1 && waits_now_ns() - began == 5 * S_NS + 300;
    pthread_join(thread, &value);
    all = all && value == &pipes[1] && epoll_wait(set, &got, 1, -1) == 1 &&
          ppoll(&look, 1, NULL, NULL) == 1;
    close(set);
    close(pipes[0]);
    close(pipes[1]);
    return all;
}

/* ---- timers ------------------------------------------------------------------------------------
 */

static const struct itimerspec every_100_ms = {.it_value = {.tv_nsec = 250000000},
                                               .it_interval = {.tv_nsec = 100000000}};

bool waits_for_a_timer(void) {
    int fd = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t began = waits_now_ns(), times = 0;
    struct itimerspec left;
    bool all = fd >= 0 && timerfd_settime(fd, 0, &every_100_ms, NULL) == 0;
    waits_sleep_ms(100);
    all = all && timerfd_gettime(fd, &left) == 0 && left.it_value.tv_nsec == 150000000 &&
          read(fd, &times, sizeof times) == sizeof times && times == 1 &&
          waits_now_ns() - began == 250 * MS_NS && read(fd, &times, sizeof times) > 0 &&
          times == 1 && waits_now_ns() - began == 350 * MS_NS;
    waits_sleep_ms(1000);
    all = all && read(fd, &times, sizeof times) > 0 && times == 10 &&
          waits_now_ns() - began == 1350 * MS_NS;
    close(fd);
    return all;
}

bool waits_for_a_timer_among_descriptors(void) {
    int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN}, got;
    struct pollfd look = {.fd = timer, .events = POLLIN};
    struct timespec wall;
    uint64_t times;
    int set = epoll_create1(EPOLL_CLOEXEC);
    bool all = epoll_ctl(set, EPOLL_CTL_ADD, timer, &event) == 0;
    uint64_t began = waits_now_ns();
    clock_gettime(CLOCK_REALTIME, &wall);
    const struct itimerspec in_an_hour = {
        .it_value = {.tv_sec = wall.tv_sec + 3600, .tv_nsec = wall.tv_nsec}};
    all = all && timerfd_settime(timer, TFD_TIMER_ABSTIME, &in_an_hour, NULL) == 0 &&
          read(timer, &times, sizeof times) == -1 && errno == EAGAIN &&
          epoll_wait(set, &got, 1, -1) == 1 && waits_now_ns() - began == 3600 * S_NS &&
          poll(&look, 1, -1) == 1 && read(timer, &times, sizeof times) > 0 && times == 1;
    close(set);
    close(timer);
    return all;
}

/* ---- pipes and sockets -------------------------------------------------------------------------
 */

#define MUCH (1024 * 1024)

static int full[2];

static void *drain(void *argument) {
    static char some[65536];
    size_t sum = 0;
    waits_sleep_ms(1000);
    while (sum < MUCH) {
        ssize_t got = read(full[0], some, sizeof some);
        if (got <= 0) {
            break;
        }
        sum += (size_t)got;
    }
    return sum == MUCH ? argument : NULL;
}

bool waits_for_a_full_pipe(void) {
    static char much[MUCH];
    pthread_t thread;
    void *value;
    bool all = pipe(full) == 0;
    pthread_create(&thread, NULL, drain, full);
    all = all && write(full[1], much, MUCH / 2) == MUCH / 2;
    for (int i = 0; i < MUCH / 2 / 1024; i++) {
        all = all && write(full[1], much, 1024) == 1024;
    }
    pthread_join(thread, &value);
    close(full[0]);
    close(full[1]);
    return all && value == full;
}

static int listener;

static void *serve(void *argument) {
    static char much[MUCH];
    waits_sleep_ms(1000);
    close(accept(listener, NULL, NULL));
    int fd = accept(listener, NULL, NULL);
    bool sent = send(fd, much, sizeof much, 0) == MUCH;
    close(fd);
    return sent ? argument : NULL;
}

bool waits_for_a_connection(void) {
    struct sockaddr_un name = {.sun_family = AF_UNIX}; /* abstract: no file */
    int length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "hal-lab-%d", (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    pthread_t thread;
    void *value;
    char some[4096];
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    bool all = bind(listener, (struct sockaddr *)&name, size) == 0 && listen(listener, 0) == 0;
    pthread_create(&thread, NULL, serve, &listener);
    int first = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_UNIX, SOCK_STREAM, 0);
    all = all && connect(first, (struct sockaddr *)&name, size) == 0 &&
          connect(fd, (struct sockaddr *)&name, size) == 0; /* waits until the first is accepted */
    size_t sum = 0;
    for (ssize_t got; (got = recv(fd, some, sizeof some, 0)) > 0;) {
        sum += (size_t)got;
    }
    pthread_join(thread, &value);
    close(fd);
    close(first);
    close(listener);
    return all && sum == MUCH && value == &listener;
}

static void *sleep_a_millisecond(void *woke) {
    waits_sleep_ms(1);
    *(volatile bool *)woke = true;
    return NULL;
}

static bool would_block(ssize_t result) {
    bool would = result == -1 && errno == EAGAIN;
    errno = 0;
    return would;
}

/* What finds nothing and was asked not to wait takes no time, in whichever way it was asked. */
bool waits_not_when_asked_not_to(void) {
    static volatile bool woke;
    char byte;
    struct iovec part = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int length =
        snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "hal-lab-n%d", (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
    int pair[2], quiet[2];
    pthread_t thread;
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    bool all = socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 &&
               socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, quiet) == 0 &&
               bind(door, (struct sockaddr *)&name, size) == 0 && listen(door, 1) == 0;
    woke = false;
    pthread_create(&thread, NULL, sleep_a_millisecond, (void *)(uintptr_t)&woke);
    uint64_t began = waits_now_ns();
    for (int i = 0; i < 100; i++) {
        all = all && would_block(recv(pair[0], &byte, 1, MSG_DONTWAIT)) &&
              would_block(recvfrom(pair[0], &byte, 1, MSG_DONTWAIT, NULL, NULL)) &&
              would_block(recvmsg(pair[0], &message, MSG_DONTWAIT)) &&
              would_block(recv(quiet[0], &byte, 1, 0)) && would_block(read(quiet[0], &byte, 1)) &&
              would_block(readv(quiet[0], &part, 1)) && would_block(accept(door, NULL, NULL)) &&
              would_block(accept4(door, NULL, NULL, SOCK_CLOEXEC));
    }
    all = all && waits_now_ns() == began && !woke;
    /* And what is there is read. */
    all = all && write(quiet[1], "x", 1) == 1 && recv(quiet[0], &byte, 1, 0) == 1 && byte == 'x';
    pthread_join(thread, NULL);
    close(door);
    for (int i = 0; i < 2; i++) {
        close(pair[i]);
        close(quiet[i]);
    }
    return all && woke;
}

/* ---- locked files ------------------------------------------------------------------------------
 */

static int opened[2]; /* one file, opened twice */
static bool by_flock;

static int lock_opened(int fd) {
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return by_flock ? flock(fd, LOCK_EX) : fcntl(fd, F_OFD_SETLKW, &all);
}

static int unlock_opened(int fd) {
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    return by_flock ? flock(fd, LOCK_UN) : fcntl(fd, F_OFD_SETLK, &all);
}

static void *lock_second(void *argument) {
    bool got = lock_opened(opened[1]) == 0 && unlock_opened(opened[1]) == 0;
    return got ? argument : NULL;
}

bool waits_for_locked_files(void) {
    char name[] = "/tmp/hal-lab-waits-XXXXXX";
    opened[0] = mkstemp(name);
    opened[1] = open(name, O_RDWR);
    unlink(name);
    bool all = opened[0] >= 0 && opened[1] >= 0;
    for (int i = 0; i < 2; i++) {
        pthread_t thread;
        void *value;
        by_flock = i == 0;
        all = all && lock_opened(opened[0]) == 0;
        pthread_create(&thread, NULL, lock_second, opened);
        waits_sleep_ms(1000);
        all = all && unlock_opened(opened[0]) == 0;
        pthread_join(thread, &value);
        all = all && value == opened;
    }
    close(opened[0]);
    close(opened[1]);
    return all;
}

/* ---- processes ---------------------------------------------------------------------------------
 */

static struct {
    bool over;
    unsigned seconds;
} counting;

static void *count_seconds(void *argument) {
    (void)argument;
    while (!counting.over && counting.seconds < 1000000000) {
        waits_sleep_ms(1000);
        counting.seconds++;
    }
    return NULL;
}

/* Others go on, while a real child takes its real time. */
bool waits_for_a_child(void) {
    pthread_t thread;
    int status = 0;
    counting.over = false;
    counting.seconds = 0;
    pthread_create(&thread, NULL, count_seconds, NULL);
    pid_t child = fork();
    if (child == 0) {
        waits_sleep_ms(50);
        _exit(7);
    }
    bool ended = waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7;
    unsigned seconds = counting.seconds;
    int said = system("sleep 0.05; exit 3");
    counting.over = true;
    pthread_join(thread, NULL);
    return ended && WEXITSTATUS(said) == 3 && seconds > 100 && counting.seconds - seconds > 100;
}

/* The parent's thread counts in virtual time; the child has it not, and its sleeps are real. */
bool forks_a_child_with_real_time(void) {
    int status = 0;
    uint64_t before = waits_now_ns();
    pthread_t thread;
    counting.over = false;
    counting.seconds = 0;
    pthread_create(&thread, NULL, count_seconds, NULL);
    pid_t child = fork();
    if (child == 0) {
        pthread_t own;
        bool real = waits_now_ns() != before;
        counting.over = true;
        pthread_create(&own, NULL, count_seconds, NULL);
        pthread_join(own, NULL);
        _exit(real ? 0 : 1);
    }
    waitpid(child, &status, 0);
    counting.over = true;
    pthread_join(thread, NULL);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

/* Threads share one, which no child inherits. */
bool leaves_all_processors_to_children(void) {
    pthread_t thread;
    int status = 0, before = processors();
    counting.over = false;
    counting.seconds = 0;
    pthread_create(&thread, NULL, count_seconds, NULL);
    waits_sleep_ms(10000);
    bool shared = processors() == 1;
    pid_t child = fork();
    if (child == 0) {
        _exit(processors() == before ? 0 : 1);
    }
    waitpid(child, &status, 0);
    counting.over = true;
    pthread_join(thread, NULL);
    return shared && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
