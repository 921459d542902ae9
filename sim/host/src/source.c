#include "counter.h"
#include "halsim/signal.h"
#include "host_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void plain_destroy(struct halsim_source *source) {
    free(source);
}

void halsim_source_destroy(struct halsim_source *source) {
    if (source != NULL) {
        source->destroy(source);
    }
}

/* ---- silence ----------------------------------------------------------------------------- */

static void silence_render(struct halsim_source *source, float *block, uint32_t frames,
                           uint32_t channels, uint64_t position) {
    (void)source;
    (void)position;
    memset(block, 0, (size_t)frames * channels * sizeof *block);
}

struct halsim_source *halsim_source_create_silence(void) {
    struct halsim_source *source = calloc(1, sizeof *source);
    if (source != NULL) {
        *source = (struct halsim_source){.render = silence_render, .destroy = plain_destroy};
    }
    return source;
}

/* ---- counter ----------------------------------------------------------------------------- */

struct counter {
    struct halsim_source source;
    uint64_t start_frame;
};

static void counter_render(struct halsim_source *source, float *block, uint32_t frames,
                           uint32_t channels, uint64_t position) {
    struct counter *self = (struct counter *)source;
    uint64_t first = (self->start_frame + position) * channels;
    struct halsim_counter_run run = halsim_counter_from(first, channels, frames * channels);
    while (halsim_counter_next(&run)) {
        float *to = block + run.at;
        for (uint32_t i = 0; i < run.samples; i++) {
            to[i] = halsim_counter_sample(run.code + i);
        }
    }
}

struct halsim_source *halsim_source_create_counter(uint64_t start_frame) {
    struct counter *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->source = (struct halsim_source){.render = counter_render, .destroy = plain_destroy};
    self->start_frame = start_frame;
    return &self->source;
}

/* ---- sine and sweep ----------------------------------------------------------------------- */

struct tone {
    struct halsim_source source;
    double amplitude;
    double cycles_per_frame; /* of a sine, or where a sweep starts */
    double growth;           /* of a sweep: ln(to/from) per frame */
    uint64_t frames;         /* of a sweep */
};

static void spread(float *frame, uint32_t channels, double value) {
    for (uint32_t channel = 0; channel < channels; channel++) {
        frame[channel] = (float)value;
    }
}

static void sine_render(struct halsim_source *source, float *block, uint32_t frames,
                        uint32_t channels, uint64_t position) {
    struct tone *self = (struct tone *)source;
    for (uint32_t i = 0; i < frames; i++) {
        /* The phase comes from the position, so that it does not depend on how blocks are cut. */
        double turns = (double)(position + i) * self->cycles_per_frame;
        double value = self->amplitude * sin(2.0 * M_PI * (turns - floor(turns)));
        spread(block + (size_t)i * channels, channels, value);
    }
}

static void sweep_render(struct halsim_source *source, float *block, uint32_t frames,
                         uint32_t channels, uint64_t position) {
    struct tone *self = (struct tone *)source;
    for (uint32_t i = 0; i < frames; i++) {
        uint64_t frame = position + i;
        double value = 0.0;
        if (frame < self->frames) {
            double turns =
                self->cycles_per_frame * (self->growth == 0.0
                                              ? (double)frame
                                              : expm1(self->growth * (double)frame) / self->growth);
            value = self->amplitude * sin(2.0 * M_PI * (turns - floor(turns)));
        }
        spread(block + (size_t)i * channels, channels, value);
    }
}

struct halsim_source *halsim_source_create_sine(double hz, double amplitude, double sample_rate) {
    struct tone *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->source = (struct halsim_source){.render = sine_render, .destroy = plain_destroy};
    self->amplitude = amplitude;
    self->cycles_per_frame = hz / sample_rate;
    return &self->source;
}

struct halsim_source *halsim_source_create_sweep(double from_hz, double to_hz, uint64_t frames,
                                                 double amplitude, double sample_rate) {
    struct tone *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->source = (struct halsim_source){.render = sweep_render, .destroy = plain_destroy};
    self->amplitude = amplitude;
    self->cycles_per_frame = from_hz / sample_rate;
    self->growth = frames > 0 ? log(to_hz / from_hz) / (double)frames : 0.0;
    self->frames = frames;
    return &self->source;
}

/* ---- noise ------------------------------------------------------------------------------- */

struct noise {
    struct halsim_source source;
    uint64_t seed;
    float amplitude;
};

/* splitmix64's finaliser over the sample number: random access, no state. */
static uint64_t scatter(uint64_t x) {
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static void noise_render(struct halsim_source *source, float *block, uint32_t frames,
                         uint32_t channels, uint64_t position) {
    struct noise *self = (struct noise *)source;
    uint64_t first = position * channels;
    uint64_t key = scatter(self->seed);
    for (uint32_t i = 0; i < frames * channels; i++) {
        uint32_t level = (uint32_t)(scatter(key ^ (first + i)) >> 40);
        block[i] = halsim_counter_sample(level) * self->amplitude;
    }
}

struct halsim_source *halsim_source_create_noise(uint64_t seed, double amplitude) {
    struct noise *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->source = (struct halsim_source){.render = noise_render, .destroy = plain_destroy};
    self->seed = seed;
    self->amplitude = (float)amplitude;
    return &self->source;
}

/* ---- file -------------------------------------------------------------------------------- */

struct file_source {
    struct halsim_source source;
    const float *samples;
    size_t bytes;
    uint64_t frames;
    uint32_t channels;
    bool loop;
};

static void file_render(struct halsim_source *source, float *block, uint32_t frames,
                        uint32_t channels, uint64_t position) {
    struct file_source *self = (struct file_source *)source;
    if (channels == self->channels && position + frames <= self->frames) {
        memcpy(block, self->samples + position * channels,
               (size_t)frames * channels * sizeof *block);
        return;
    }
    for (uint32_t i = 0; i < frames; i++) {
        uint64_t frame = self->loop ? (position + i) % self->frames : position + i;
        for (uint32_t channel = 0; channel < channels; channel++) {
            block[(size_t)i * channels + channel] =
                frame < self->frames
                    ? self->samples[frame * self->channels + channel % self->channels]
                    : 0.0f;
        }
    }
}

static void file_destroy(struct halsim_source *source) {
    struct file_source *self = (struct file_source *)source;
    (void)munmap((void *)(uintptr_t)self->samples, self->bytes);
    free(self);
}

struct halsim_source *halsim_source_create_file(const char *path, uint32_t file_channels, bool loop,
                                                struct halsim_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO would wait for a writer */
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        (void)halsim_fail(error, HALSIM_ERROR_NOT_FOUND, "source file %s: %s", path,
                          strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    uint64_t frame_bytes = (uint64_t)file_channels * sizeof(float);
    if (frame_bytes == 0 || !S_ISREG(status.st_mode) || (uint64_t)status.st_size < frame_bytes ||
        (uint64_t)status.st_size % frame_bytes != 0) {
        (void)halsim_fail(
            error, HALSIM_ERROR_ARGUMENT,
            "source file %s: %lld bytes are no raw Float32 of %u channels; convert it "
            "first (hal-lab play does)",
            path, (long long)status.st_size, (unsigned)file_channels);
        (void)close(fd);
        return NULL;
    }
    size_t bytes = (size_t)status.st_size;
    void *map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    (void)close(fd);
    struct file_source *self = calloc(1, sizeof *self);
    if (map == MAP_FAILED || self == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "source file %s: cannot map %zu bytes: %s",
                          path, bytes, strerror(errno));
        if (map != MAP_FAILED) {
            (void)munmap(map, bytes);
        }
        free(self);
        return NULL;
    }
    /* Page faults belong here, not on the IO thread. */
    volatile uint8_t touched = 0;
    for (size_t at = 0; at < bytes; at += 4096) {
        touched = (uint8_t)(touched ^ ((const uint8_t *)map)[at]);
    }
    (void)touched;
    self->source = (struct halsim_source){.render = file_render, .destroy = file_destroy};
    self->samples = map;
    self->bytes = bytes;
    self->frames = bytes / frame_bytes;
    self->channels = file_channels;
    self->loop = loop;
    return &self->source;
}

/* ---- one channel of another source -------------------------------------------------------- */

struct channel_source {
    struct halsim_source source;
    struct halsim_source *inner;
    uint32_t channel;
};

static void channel_render(struct halsim_source *source, float *block, uint32_t frames,
                           uint32_t channels, uint64_t position) {
    struct channel_source *self = (struct channel_source *)source;
    self->inner->render(self->inner, block, frames, channels, position);
    for (uint32_t i = 0; i < frames; i++) {
        for (uint32_t channel = 0; channel < channels; channel++) {
            if (channel != self->channel) {
                block[(size_t)i * channels + channel] = 0.0f;
            }
        }
    }
}

static void channel_destroy(struct halsim_source *source) {
    struct channel_source *self = (struct channel_source *)source;
    halsim_source_destroy(self->inner);
    free(self);
}

struct halsim_source *halsim_source_create_channel(struct halsim_source *inner, uint32_t channel) {
    struct channel_source *self = inner == NULL ? NULL : calloc(1, sizeof *self);
    if (self == NULL) {
        halsim_source_destroy(inner);
        return NULL;
    }
    self->source = (struct halsim_source){.render = channel_render, .destroy = channel_destroy};
    self->inner = inner;
    self->channel = channel;
    return &self->source;
}
