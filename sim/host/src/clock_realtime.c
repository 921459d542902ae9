#include "halsim/clock.h"
#include "stopwatch.h"
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#ifdef __APPLE__
#include <mach/mach_time.h>
#endif

/* Measured on a shared two-core virtual machine (bench/test_wake_up.py repeats it): a plain
 * absolute sleep wakes 20 to 50 us late, one that ends 500 us early and then spins 0.1 us late, for
 * 5 % of a core. */
struct realtime_clock {
    struct halsim_clock clock;
    enum halsim_wait wait;
    uint64_t spin_ns;
};

static uint64_t realtime_now_ns(struct halsim_clock *clock) {
    (void)clock;
#ifdef __APPLE__
    return clock_gettime_nsec_np(CLOCK_UPTIME_RAW); /* mach_absolute_time() in nanoseconds */
#else
    return halsim_monotonic_ns();
#endif
}

static void sleep_until_ns(uint64_t deadline_ns) {
#ifdef __APPLE__
    mach_timebase_info_data_t base;
    (void)mach_timebase_info(&base);
    (void)mach_wait_until((uint64_t)((unsigned __int128)deadline_ns * base.denom / base.numer));
#else
    struct timespec until = {
        .tv_sec = (time_t)(deadline_ns / 1000000000u),
        .tv_nsec = (long)(deadline_ns % 1000000000u),
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
#endif
}

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t realtime_wait_until_ns(struct halsim_clock *clock, uint64_t deadline_ns) {
    struct realtime_clock *self = (struct realtime_clock *)clock;
    uint64_t now = realtime_now_ns(clock);
    if (now >= deadline_ns) {
        return now;
    }
    if (self->wait == HALSIM_WAIT_SLEEP) {
        sleep_until_ns(deadline_ns);
        return realtime_now_ns(clock);
    }
    if (deadline_ns - now > self->spin_ns) {
        sleep_until_ns(deadline_ns - self->spin_ns);
    }
    while ((now = realtime_now_ns(clock)) < deadline_ns) {
        relax();
    }
    return now;
}

static void realtime_destroy(struct halsim_clock *clock) {
    free(clock);
}

static const struct halsim_clock_ops realtime_ops = {
    .now_ns = realtime_now_ns,
    .wait_until_ns = realtime_wait_until_ns,
    .destroy = realtime_destroy,
};

struct halsim_clock *halsim_clock_create_realtime(enum halsim_wait wait, uint64_t spin_ns) {
    struct realtime_clock *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->clock = (struct halsim_clock){.ops = &realtime_ops, .kind = HALSIM_CLOCK_REALTIME};
    self->wait = wait;
    self->spin_ns = spin_ns;
    return &self->clock;
}

void halsim_clock_destroy(struct halsim_clock *clock) {
    if (clock != NULL) {
        clock->ops->destroy(clock);
    }
}
