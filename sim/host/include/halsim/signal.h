/* signal.h - what clients play and record, and the check of self-numbering PCM.
 *
 * A source fills a block of interleaved Float32; a sink takes one. Both run on the IO thread: they
 * neither allocate, lock, nor make system calls. Positions are the client's own frame count, from
 * 0.
 *
 * Self-numbering PCM ("counter"): interleaved sample k of the stream (k = frame * channels +
 * channel) is the code c = k mod M, M = floor(2^24 / channels) * channels, as the Float32 (c -
 * 2^23) / 2^23, which is exact. Every sample says which frame and channel it is.
 */
#ifndef HALSIM_SIGNAL_H
#define HALSIM_SIGNAL_H

#include "halsim/status.h"

/* ---- sources ----------------------------------------------------------------------------- */

struct halsim_source {
    void (*render)(struct halsim_source *source, float *block, uint32_t frames, uint32_t channels,
                   uint64_t position);
    void (*destroy)(struct halsim_source *source);
};

HALSIM_EXPORT struct halsim_source *halsim_source_create_silence(void);
/* `start_frame` shifts the numbering. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_counter(uint64_t start_frame);
/* The same sine on every channel, phase 0 at position 0. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_sine(double hz, double amplitude,
                                                              double sample_rate);
/* Logarithmic sweep from_hz to to_hz in `frames`, then silence. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_sweep(double from_hz, double to_hz,
                                                               uint64_t frames, double amplitude,
                                                               double sample_rate);
/* White noise in [-amplitude, amplitude); each sample depends on (seed, frame, channel) only. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_noise(uint64_t seed, double amplitude);
/* Raw interleaved Float32 file, mapped and touched beforehand; silence after its end, or from the
 * start again when `loop`. `file_channels` other than the stream's: channel i takes file channel i
 * mod file_channels. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_file(const char *path,
                                                              uint32_t file_channels, bool loop,
                                                              struct halsim_error *error);
/* Only channel `channel` of `inner` is heard; the others are zero. Takes ownership of `inner`. */
HALSIM_EXPORT struct halsim_source *halsim_source_create_channel(struct halsim_source *inner,
                                                                 uint32_t channel);
HALSIM_EXPORT void halsim_source_destroy(struct halsim_source *source);

/* ---- sinks ------------------------------------------------------------------------------- */

struct halsim_sink {
    void (*take)(struct halsim_sink *sink, const float *block, uint32_t frames, uint32_t channels,
                 uint64_t position);
    void (*destroy)(struct halsim_sink *sink);
};

/* Records to a raw Float32 file of at most `capacity_frames`, mapped beforehand and cut to what was
 * written when destroyed; frames beyond, and blocks of another number of channels, are dropped. The
 * file is a new one: a regular file of that name is replaced, at once, and stays where it is on a
 * failure; whoever has it open keeps it. Anything that is no regular file is refused. */
HALSIM_EXPORT struct halsim_sink *halsim_sink_create_file(const char *path,
                                                          uint64_t capacity_frames,
                                                          uint32_t channels,
                                                          struct halsim_error *error);
struct halsim_check;
/* Checks self-numbering PCM; `check` outlives the sink, and begins anew when the number of channels
 * changes. */
HALSIM_EXPORT struct halsim_sink *halsim_sink_create_check(struct halsim_check *check);
HALSIM_EXPORT void halsim_sink_destroy(struct halsim_sink *sink);

/* ---- the check ---------------------------------------------------------------------------
 *
 * The stream is read frame by frame against the highest frame number seen so far ("high"):
 *   f == high   correct
 *   f >  high   frames [high, f) are lost, until they come after all
 *   f <  high   reordered when it had been counted as lost (or comes before the first frame), else
 * duplicated Lost, duplicated and reordered are exact: no threshold is involved. Jumps of up to a
 * quarter of the number space (M / channels / 2 frames, 87 s of stereo at 48 kHz) either way are
 * told apart.
 */

enum halsim_event_kind {
    HALSIM_EVENT_LOST = 1,      /* `frames` frames were skipped */
    HALSIM_EVENT_DUPLICATE = 2, /* `frames` frames came again */
    HALSIM_EVENT_REORDER = 3,   /* `frames` frames came after a later one */
    HALSIM_EVENT_SILENCE = 4,   /* `frames` frames of zeros where numbers were due */
    HALSIM_EVENT_CORRUPT = 5,   /* `frames` frames that carry no number */
    HALSIM_EVENT_CHANNELS = 6,  /* `frames` frames with their numbers on the wrong channels */
};

struct halsim_event {
    enum halsim_event_kind kind;
    uint64_t position; /* frame of the received stream at which it begins */
    int64_t expected;  /* frame number that was due */
    int64_t found;     /* frame number that came, -1 when none */
    uint64_t frames;
};

#define HALSIM_CHECK_EVENTS_MAX  256
#define HALSIM_CHECK_MISSING_MAX 256

struct halsim_check {
    uint32_t channels;
    bool locked;         /* a first frame has been recognised */
    int64_t first_frame; /* frame number of the first recognised frame */
    int64_t next_frame;  /* "high": one more than the highest frame number seen (unwrapped) */
    int64_t cursor;      /* one more than the frame number seen last */
    uint64_t received;   /* frames looked at */
    uint64_t correct;    /* frames that were new and in order */
    uint64_t lost;       /* frames, as are the next six */
    uint64_t duplicated;
    uint64_t reordered;
    uint64_t silent;          /* zeros after the lock */
    uint64_t leading_silence; /* zeros before the lock */
    uint64_t corrupt;
    uint64_t swapped;
    uint32_t event_count; /* all events; the first HALSIM_CHECK_EVENTS_MAX are kept */
    struct halsim_event events[HALSIM_CHECK_EVENTS_MAX];
    uint32_t missing_count; /* ranges counted as lost that may still come: the latest ones */
    struct {
        int64_t from, to;
    } missing[HALSIM_CHECK_MISSING_MAX];
};

HALSIM_EXPORT void halsim_check_init(struct halsim_check *check, uint32_t channels);
HALSIM_EXPORT void halsim_check_block(struct halsim_check *check, const float *block,
                                      uint32_t frames);
/* True when it has locked and every frame from then on was correct. */
HALSIM_EXPORT bool halsim_check_is_clean(const struct halsim_check *check);

#endif
