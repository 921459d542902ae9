#include "fresh_file.h"
#include "halsim/signal.h"
#include "host_internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void halsim_sink_destroy(struct halsim_sink *sink) {
    if (sink != NULL) {
        sink->destroy(sink);
    }
}

/* ---- file -------------------------------------------------------------------------------- */

struct file_sink {
    struct halsim_sink sink;
    int fd;
    float *samples;
    uint64_t capacity_frames;
    uint64_t frames;
    uint32_t channels;
};

static void file_take(struct halsim_sink *sink, const float *block, uint32_t frames,
                      uint32_t channels, uint64_t position) {
    (void)position;
    struct file_sink *self = (struct file_sink *)sink;
    uint64_t room = self->capacity_frames - self->frames;
    uint64_t take = frames < room ? frames : room;
    if (channels != self->channels) {
        return; /* a format change cannot be recorded into the same file */
    }
    memcpy(self->samples + self->frames * channels, block, (size_t)take * channels * sizeof *block);
    self->frames += take;
}

static void file_destroy(struct halsim_sink *sink) {
    struct file_sink *self = (struct file_sink *)sink;
    size_t frame_bytes = self->channels * sizeof(float);
    (void)munmap(self->samples, (size_t)self->capacity_frames * frame_bytes);
    if (ftruncate(self->fd, (off_t)(self->frames * frame_bytes)) != 0) {
        /* The zeros behind the recording stay: nothing is lost. */
    }
    (void)close(self->fd);
    free(self);
}

struct halsim_sink *halsim_sink_create_file(const char *path, uint64_t capacity_frames,
                                            uint32_t channels, struct halsim_error *error) {
    size_t bytes = (size_t)capacity_frames * channels * sizeof(float);
    if (capacity_frames == 0 || channels == 0 || capacity_frames > UINT64_C(1) << 36 ||
        channels > 1024) {
        (void)halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                          "recording %s: %llu frames of %u channels make no file", path,
                          (unsigned long long)capacity_frames, (unsigned)channels);
        return NULL;
    }
    struct file_sink *self = calloc(1, sizeof *self);
    if (self == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "recording %s: out of memory", path);
        return NULL;
    }
    struct halsim_fresh_file file;
    if (!halsim_fresh_file_create("recording", path, bytes, &file, error)) {
        free(self);
        return NULL;
    }
    self->sink = (struct halsim_sink){.take = file_take, .destroy = file_destroy};
    self->fd = file.fd;
    self->samples = file.map;
    self->capacity_frames = capacity_frames;
    self->channels = channels;
    return &self->sink;
}

/* ---- check ------------------------------------------------------------------------------- */

struct check_sink {
    struct halsim_sink sink;
    struct halsim_check *check;
};

static void check_take(struct halsim_sink *sink, const float *block, uint32_t frames,
                       uint32_t channels, uint64_t position) {
    (void)position;
    struct check_sink *self = (struct check_sink *)sink;
    if (channels != self->check->channels) {
        halsim_check_init(self->check, channels); /* the stream has got another format */
    }
    halsim_check_block(self->check, block, frames);
}

static void check_destroy(struct halsim_sink *sink) {
    free(sink);
}

struct halsim_sink *halsim_sink_create_check(struct halsim_check *check) {
    struct check_sink *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->sink = (struct halsim_sink){.take = check_take, .destroy = check_destroy};
    self->check = check;
    return &self->sink;
}
