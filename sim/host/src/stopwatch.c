#include "stopwatch.h"
#include <pthread.h>

/* A property of the machine, so it may belong to the process. */
static uint64_t scale;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void measure(void) {
#if defined(__aarch64__)
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    scale = (uint64_t)(((unsigned __int128)1000000000u << 32) / hz);
#elif defined(__x86_64__)
    /* Two milliseconds give the rate to about 1 part in 10^4: plenty for durations, which are all
     * that it is used for. */
    uint64_t ns_before = halsim_monotonic_ns();
    uint64_t ticks_before = halsim_stopwatch();
    uint64_t ns_after;
    do {
        ns_after = halsim_monotonic_ns();
    } while (ns_after - ns_before < 2000000u);
    uint64_t ticks = halsim_stopwatch() - ticks_before;
    scale = ticks == 0 ? (uint64_t)1 << 32
                       : (uint64_t)(((unsigned __int128)(ns_after - ns_before) << 32) / ticks);
#else
    scale = (uint64_t)1 << 32;
#endif
}

uint64_t halsim_stopwatch_scale(void) {
    (void)pthread_once(&once, measure);
    return scale;
}
