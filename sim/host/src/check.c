#include "counter.h"
#include "halsim/signal.h"
#include <assert.h>
#include <string.h>

void halsim_check_init(struct halsim_check *check, uint32_t channels) {
    assert(channels > 0 && channels <= HALSIM_COUNTER_CODES);
    memset(check, 0, sizeof *check);
    check->channels = channels;
}

bool halsim_check_is_clean(const struct halsim_check *check) {
    return check->locked && check->lost == 0 &&
           check->correct + check->leading_silence == check->received;
}

static int64_t numbers(const struct halsim_check *check) {
    return halsim_counter_codes(check->channels) / check->channels;
}

/* The code that a sample carries, or -1. */
static int32_t code_of(float sample) {
    float scaled = sample * (float)HALSIM_COUNTER_CENTRE; /* exact: a power of two */
    if (!(scaled >= -(float)HALSIM_COUNTER_CENTRE && scaled < (float)HALSIM_COUNTER_CENTRE)) {
        return -1;
    }
    int32_t code = (int32_t)scaled;
    return (float)code == scaled ? code + HALSIM_COUNTER_CENTRE : -1;
}

enum frame_kind {
    FRAME_NUMBER,
    FRAME_SWAPPED,
    FRAME_SILENCE,
    FRAME_CORRUPT,
};

static enum frame_kind read_frame(const struct halsim_check *check, const float *frame,
                                  int64_t *number) {
    uint32_t channels = check->channels;
    bool zeros = true;
    bool in_place = true;
    uint64_t seen = 0; /* channels met, the first 64 */
    *number = -1;
    for (uint32_t channel = 0; channel < channels; channel++) {
        zeros = zeros && frame[channel] == 0.0f;
        int32_t code = code_of(frame[channel]);
        if (code < 0 || code >= (int32_t)halsim_counter_codes(channels)) {
            in_place = false;
            seen = 0;
            *number = -1;
            break;
        }
        int64_t this_number = code / (int32_t)channels;
        uint32_t this_channel = (uint32_t)code % channels;
        if (channel > 0 && this_number != *number) {
            *number = -1;
            in_place = false;
            break;
        }
        *number = this_number;
        in_place = in_place && this_channel == channel;
        seen |= UINT64_C(1) << (this_channel & 63u);
    }
    /* In mono a zero is also a number: the one in the middle. It counts as that where it is due. */
    bool is_silent =
        channels == 1 && zeros && !(check->locked && check->next_frame % numbers(check) == *number);
    if (*number >= 0 && in_place && !is_silent) {
        return FRAME_NUMBER;
    }
    for (uint32_t channel = 0; channel < channels && zeros; channel++) {
        zeros = frame[channel] == 0.0f;
    }
    if (zeros) {
        return FRAME_SILENCE;
    }
    uint64_t all = channels >= 64 ? UINT64_MAX : (UINT64_C(1) << channels) - 1;
    return *number >= 0 && seen == all ? FRAME_SWAPPED : FRAME_CORRUPT;
}

static void note(struct halsim_check *check, enum halsim_event_kind kind, bool extend,
                 int64_t expected, int64_t found, uint64_t frames) {
    if (extend && check->event_count > 0 && check->event_count <= HALSIM_CHECK_EVENTS_MAX) {
        struct halsim_event *last = &check->events[check->event_count - 1];
        if (last->kind == kind && last->position + last->frames == check->received) {
            last->frames += frames;
            return;
        }
    } else if (extend && check->event_count > HALSIM_CHECK_EVENTS_MAX) {
        return; /* part of an event that is counted but not kept */
    }
    if (check->event_count < HALSIM_CHECK_EVENTS_MAX) {
        check->events[check->event_count] = (struct halsim_event){
            .kind = kind,
            .position = check->received,
            .expected = expected,
            .found = found,
            .frames = frames,
        };
    }
    check->event_count++;
}

static void add_missing(struct halsim_check *check, int64_t from, int64_t to) {
    if (check->missing_count == HALSIM_CHECK_MISSING_MAX) {
        memmove(&check->missing[0], &check->missing[1],
                (HALSIM_CHECK_MISSING_MAX - 1) * sizeof check->missing[0]);
        check->missing_count--;
    }
    check->missing[check->missing_count].from = from;
    check->missing[check->missing_count].to = to;
    check->missing_count++;
}

/* True when the frame had been counted as lost; it no longer is. */
static bool take_missing(struct halsim_check *check, int64_t frame) {
    for (uint32_t i = 0; i < check->missing_count; i++) {
        int64_t from = check->missing[i].from;
        int64_t to = check->missing[i].to;
        if (frame < from || frame >= to) {
            continue;
        }
        if (frame == from && frame + 1 == to) {
            check->missing_count--;
            memmove(&check->missing[i], &check->missing[i + 1],
                    (check->missing_count - i) * sizeof check->missing[0]);
        } else if (frame == from) {
            check->missing[i].from = frame + 1;
        } else {
            check->missing[i].to = frame;
            if (frame + 1 < to) {
                add_missing(check, frame + 1, to);
            }
        }
        return true;
    }
    return false;
}

static void take_number(struct halsim_check *check, int64_t wrapped) {
    if (!check->locked) {
        check->locked = true;
        check->first_frame = wrapped;
        check->next_frame = wrapped;
        check->cursor = wrapped;
    }
    int64_t space = numbers(check);
    int64_t delta = (wrapped - check->next_frame) % space;
    if (delta < 0) {
        delta += space;
    }
    if (delta >= space / 2) {
        delta -= space;
    }
    int64_t frame = check->next_frame + delta;
    bool follows = frame == check->cursor;
    if (delta >= 0) {
        if (delta > 0) {
            note(check, HALSIM_EVENT_LOST, false, check->next_frame, frame, (uint64_t)delta);
            add_missing(check, check->next_frame, frame);
            check->lost += (uint64_t)delta;
        }
        check->correct++;
        check->next_frame = frame + 1;
    } else if (take_missing(check, frame)) {
        check->lost--;
        check->reordered++;
        note(check, HALSIM_EVENT_REORDER, follows, check->cursor, frame, 1);
    } else if (frame < check->first_frame) {
        check->reordered++;
        note(check, HALSIM_EVENT_REORDER, follows, check->cursor, frame, 1);
    } else {
        check->duplicated++;
        note(check, HALSIM_EVENT_DUPLICATE, follows, check->cursor, frame, 1);
    }
    check->cursor = frame + 1;
}

static void take_frame(struct halsim_check *check, const float *frame) {
    int64_t number;
    switch (read_frame(check, frame, &number)) {
    case FRAME_NUMBER:
        take_number(check, number);
        break;
    case FRAME_SWAPPED:
        check->swapped++;
        note(check, HALSIM_EVENT_CHANNELS, true, check->next_frame, number, 1);
        break;
    case FRAME_SILENCE:
        if (!check->locked) {
            check->leading_silence++;
        } else {
            check->silent++;
            note(check, HALSIM_EVENT_SILENCE, true, check->next_frame, -1, 1);
        }
        break;
    case FRAME_CORRUPT:
        check->corrupt++;
        note(check, HALSIM_EVENT_CORRUPT, true, check->next_frame, -1, 1);
        break;
    }
    check->received++;
}

/* True when the whole block is what is due. Written so that it vectorises: the usual case, and most
 * of the work of a simulated day. */
static bool block_is_due(const struct halsim_check *check, const float *block, uint32_t frames) {
    int64_t space = numbers(check);
    int64_t wrapped = check->next_frame % space;
    uint64_t due = (uint64_t)(wrapped < 0 ? wrapped + space : wrapped);
    struct halsim_counter_run run =
        halsim_counter_from(due * check->channels, check->channels, frames * check->channels);
    while (halsim_counter_next(&run)) {
        const float *from = block + run.at;
        uint32_t wrong = 0;
        for (uint32_t i = 0; i < run.samples; i++) {
            wrong |= from[i] != halsim_counter_sample(run.code + i);
        }
        if (wrong != 0) {
            return false;
        }
    }
    return true;
}

void halsim_check_block(struct halsim_check *check, const float *block, uint32_t frames) {
    if (check->locked && check->cursor == check->next_frame && block_is_due(check, block, frames)) {
        check->received += frames;
        check->correct += frames;
        check->next_frame += frames;
        check->cursor += frames;
        return;
    }
    for (uint32_t i = 0; i < frames; i++) {
        take_frame(check, block + (size_t)i * check->channels);
    }
}
