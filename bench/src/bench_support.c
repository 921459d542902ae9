/* bench_support.c - see bench_support.h. */
#define _GNU_SOURCE /* processor affinity */
#include "bench_support.h"
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

uint64_t bench_now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#ifdef __linux__
unsigned bench_pin(unsigned n) {
    /* As it was at the start: a second call, or a child, must not choose from the first one's
     * choice. */
    static cpu_set_t allowed;
    if (CPU_COUNT(&allowed) == 0 && sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
        return 1;
    }
    unsigned count = (unsigned)CPU_COUNT(&allowed);
    unsigned wanted = n % count;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && wanted-- == 0) {
            cpu_set_t only;
            CPU_ZERO(&only);
            CPU_SET(cpu, &only);
            /* A refusal leaves the scheduler to choose, which costs accuracy only. */
            (void)sched_setaffinity(0, sizeof only, &only);
            break;
        }
    }
    return count;
}
#else
unsigned bench_pin(unsigned n) {
    (void)n;
    return 2;
}
#endif

static uint32_t parse_number(const char *name, const char *text, uint32_t lowest,
                             uint32_t highest) {
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < lowest || value > highest) {
        fprintf(stderr, "--%s: '%s' is no number from %u to %u\n", name, text, lowest, highest);
        exit(2);
    }
    return (uint32_t)value;
}

struct bench_options bench_options_parse(int argc, char **argv) {
    static const struct option known[] = {
        {"frames", required_argument, NULL, 'f'},
        {"ring-frames", required_argument, NULL, 'g'},
        {"blocks", required_argument, NULL, 'b'},
        {"rounds", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    struct bench_options options = {
        .frames = 480, .ring_frames = 16384, .blocks = 2000, .rounds = 100};
    int letter;
    while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (letter) {
        case 'f':
            options.frames = parse_number("frames", optarg, 1, 8192);
            break;
        case 'g':
            options.ring_frames = parse_number("ring-frames", optarg, 256, 1u << 22);
            break;
        case 'b':
            options.blocks = parse_number("blocks", optarg, 1, 100000000);
            break;
        case 'r':
            options.rounds = parse_number("rounds", optarg, 1, 10000);
            break;
        default:
            exit(2);
        }
    }
    if (optind != argc) {
        fprintf(stderr, "unknown argument '%s'\n", argv[optind]);
        exit(2);
    }
    if ((options.ring_frames & (options.ring_frames - 1)) != 0 ||
        options.ring_frames < 2 * options.frames) {
        fprintf(stderr, "--ring-frames: a power of two, at least two blocks\n");
        exit(2);
    }
    return options;
}

void bench_fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

void *bench_shared_memory(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        bench_fail("no %zu bytes of shared memory: %s", size, strerror(errno));
    }
    memset(memory, 0, size);
    return memory;
}

void bench_print_rounds(const char *name, const double *ns_per_block, uint32_t count) {
    printf("\"%s\": [", name);
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%.3f", i == 0 ? "" : ", ", ns_per_block[i]);
    }
    printf("]");
}
