/* clock.c - exact zero time stamps, read without waiting for who changes them. */
#include "haldrv/clock.h"
#include <assert.h>
#include <math.h>
#include <stddef.h>

struct line {
    uint64_t anchor;
    uint64_t seed;
    uint64_t ticks;
    uint64_t frames;
    uint64_t running;
};

static uint64_t load(const _Atomic uint64_t *field) {
    return atomic_load_explicit(field, memory_order_acquire);
}

static void store(_Atomic uint64_t *field, uint64_t value) {
    atomic_store_explicit(field, value, memory_order_release);
}

/* Fills the line that is not in force and then puts it in force, so that one of the two is always
 * whole. All stores are releases and the reader's loads acquires: a reader that has seen one field
 * of the line after the next also sees the count that put the next one in force. */
static void write_line(struct haldrv_clock *clock, const struct line *line) {
    uint64_t count = load(&clock->count);
    struct haldrv_clock_line *next = &clock->lines[(count + 1) % 2];
    store(&next->anchor, line->anchor);
    store(&next->seed, line->seed);
    store(&next->ticks, line->ticks);
    store(&next->frames, line->frames);
    store(&next->running, line->running);
    store(&clock->count, count + 1);
}

/* Once more only when another line has come into force meanwhile: somebody gets on at each turn. */
static struct line read_line(const struct haldrv_clock *clock) {
    for (;;) {
        uint64_t count = load(&clock->count);
        const struct haldrv_clock_line *now = &clock->lines[count % 2];
        struct line line = {
            .anchor = load(&now->anchor),
            .seed = load(&now->seed),
            .ticks = load(&now->ticks),
            .frames = load(&now->frames),
            .running = load(&now->running),
        };
        if (load(&clock->count) == count) {
            return line;
        }
    }
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* ticks per frame = (1e9 * denom / numer) / rate */
static void set_ratio(const struct haldrv_clock *clock, struct line *line, uint32_t rate) {
    uint64_t ticks = UINT64_C(1000000000) * clock->timebase_denom;
    uint64_t frames = (uint64_t)rate * clock->timebase_numer;
    uint64_t common = greatest_common_divisor(ticks, frames);
    line->ticks = ticks / common;
    line->frames = frames / common;
}

void haldrv_clock_init(struct haldrv_clock *clock, uint32_t rate, uint32_t period_frames,
                       uint32_t timebase_numer, uint32_t timebase_denom) {
    assert(rate != 0 && period_frames != 0 && timebase_numer != 0 && timebase_denom != 0);
    clock->period_frames = period_frames;
    clock->timebase_numer = timebase_numer;
    clock->timebase_denom = timebase_denom;
    struct line line = {.anchor = 0};
    set_ratio(clock, &line, rate);
    write_line(clock, &line);
}

void haldrv_clock_start(struct haldrv_clock *clock, uint64_t now) {
    struct line line = read_line(clock);
    line.anchor = now;
    line.seed++;
    line.running = 1;
    write_line(clock, &line);
}

void haldrv_clock_stop(struct haldrv_clock *clock) {
    struct line line = read_line(clock);
    line.running = 0;
    write_line(clock, &line);
}

void haldrv_clock_set_rate(struct haldrv_clock *clock, uint32_t rate, uint64_t now) {
    assert(rate != 0);
    struct line line = read_line(clock);
    set_ratio(clock, &line, rate);
    if (line.running != 0) {
        line.anchor = now;
        line.seed++;
    }
    write_line(clock, &line);
}

/* Whole ticks from the anchor to `frame`. Split so that nothing overflows: both products stay below
 * the square of a number of 32 bits. */
static uint64_t ticks_at(const struct line *line, uint64_t frame) {
    return frame / line->frames * line->ticks + frame % line->frames * line->ticks / line->frames;
}

/* How many periods fit into `elapsed` ticks. */
static uint64_t periods_in(const struct line *line, uint64_t elapsed, uint32_t period_frames) {
    double period_ticks = (double)line->ticks * (double)period_frames / (double)line->frames;
    double periods = (double)elapsed / period_ticks;
    uint64_t whole = (uint64_t)periods;
    /* A double is good to 1e-15 of the value. Only where that could reach the next whole number the
     * exact count has to decide. */
    double fraction = periods - (double)whole;
    if (fraction < 1e-4) {
        while (whole > 0 && ticks_at(line, whole * period_frames) > elapsed) {
            whole--;
        }
    } else if (fraction > 1 - 1e-4) {
        while (ticks_at(line, (whole + 1) * period_frames) <= elapsed) {
            whole++;
        }
    }
    return whole;
}

bool haldrv_clock_read(const struct haldrv_clock *clock, uint64_t now,
                       struct haldrv_zero_time *zero) {
    struct line line = read_line(clock);
    if (line.running == 0) {
        return false;
    }
    uint64_t elapsed = now > line.anchor ? now - line.anchor : 0;
    uint64_t sample = periods_in(&line, elapsed, clock->period_frames) * clock->period_frames;
    zero->sample_time = (double)sample;
    zero->host_time = line.anchor + ticks_at(&line, sample);
    zero->seed = line.seed;
    return true;
}
