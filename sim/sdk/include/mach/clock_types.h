/* mach/clock_types.h - relative times of the Mach calls. */
#ifndef MACH_CLOCK_TYPES_H
#define MACH_CLOCK_TYPES_H

typedef int clock_res_t;
typedef int clock_id_t;

typedef struct mach_timespec {
    unsigned int tv_sec;
    clock_res_t tv_nsec;
} mach_timespec_t;

#define SYSTEM_CLOCK   0
#define CALENDAR_CLOCK 1

#if !defined(NSEC_PER_USEC)
#define NSEC_PER_USEC 1000ull
#endif
#if !defined(USEC_PER_SEC)
#define USEC_PER_SEC 1000000ull
#endif
#if !defined(NSEC_PER_SEC)
#define NSEC_PER_SEC 1000000000ull
#endif
#if !defined(NSEC_PER_MSEC)
#define NSEC_PER_MSEC 1000000ull
#endif

#endif
