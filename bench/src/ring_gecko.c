/* ring_gecko.c - Gecko Sink's shared memory, written as the driver does and read as an application
 * does.
 *
 * The driver never waits for a reader. Where the work calls for it (two processes, nothing lost),
 * the waiting is added here, from what the reader says of itself: v2 in its slot, v1 in the header.
 */
#include "bench_support.h"
#include "gecko/gecko_reader.h"
#include "gecko_shm_writer.h"
#include "rings.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct gecko {
    struct ring base;
    char name[GECKO_NAME_MAX + 1];
    struct gecko_shm_writer *writer;
    struct gecko_reader *reader;
    bool wait_for_reader;
    uint64_t known_read_head; /* frames; what the writer last saw */
    uint64_t cycle;
};

/* As lab/play/names.py makes them up, so that its sweep knows what a killed program has left. */
static void make_name(char *name, size_t size) {
    static unsigned serial;
    struct stat namespace;
    bool is_known = stat("/proc/self/ns/pid", &namespace) == 0;
    snprintf(name, size, "/hl%d.%u.%x", (int)getpid(), serial++,
             is_known ? (unsigned)namespace.st_ino : 0);
}

static struct ring *create(const struct ring_kind *kind, enum gecko_layout layout,
                           uint32_t ring_frames, bool wait_for_reader) {
    struct gecko *self = calloc(1, sizeof *self);
    if (self == NULL) {
        bench_fail("out of memory");
    }
    self->base = (struct ring){.kind = kind, .frames = ring_frames};
    self->wait_for_reader = wait_for_reader;
    make_name(self->name, sizeof self->name);
    struct gecko_shm_config config = {
        .layout = layout,
        .mode = 0600,
        .ring_frames = ring_frames,
        .channels = RING_CHANNELS,
        .sample_rate = 48000,
        .timebase_numer = 1,
        .timebase_denom = 1,
    };
    memcpy(config.name, self->name, sizeof config.name);
    struct gecko_shm_error error;
    if (!gecko_shm_writer_open(&config, bench_now_ns(), &self->writer, &error)) {
        bench_fail("%s", error.text);
    }
    gecko_shm_writer_set_running(self->writer, true, bench_now_ns());
    return &self->base;
}

static struct ring *create_v1(uint32_t ring_frames, bool wait_for_reader) {
    return create(&ring_gecko_v1, GECKO_LAYOUT_V1, ring_frames, wait_for_reader);
}

static struct ring *create_v2(uint32_t ring_frames, bool wait_for_reader) {
    return create(&ring_gecko_v2, GECKO_LAYOUT_V2, ring_frames, wait_for_reader);
}

/* In one thread the reader shares the writer's mapping, as those of the other rings do: the same
 * memory seen at two addresses keeps the processor from forwarding stores to loads (14 ns a block),
 * which is no property of a ring. Between two processes there are two mappings, of every ring. */
static void attach_reader(struct ring *ring) {
    struct gecko *self = (struct gecko *)ring;
    struct gecko_reader_error error;
    size_t size;
    void *memory = gecko_shm_writer_memory(self->writer, &size);
    bool open = self->wait_for_reader
                    ? gecko_reader_open(self->name, NULL, &self->reader, &error)
                    : gecko_reader_attach(memory, size, NULL, &self->reader, &error);
    if (!open) {
        bench_fail("%s", error.text);
    }
}

/* Frames that the writer may go ahead, looking at the reader only when what is known does not do.
 */
static bool has_room(struct gecko *self, uint32_t frames) {
    uint64_t head = gecko_shm_writer_head(self->writer);
    if (head + frames - self->known_read_head <= self->base.frames) {
        return true;
    }
    struct gecko_shm_reader_slot slots[GECKO_READERS_SLOT_COUNT_VALUE];
    if (gecko_shm_writer_readers(self->writer, slots) > 0) {
        self->known_read_head = slots[0].read_head;
    }
    return head + frames - self->known_read_head <= self->base.frames;
}

static size_t gecko_write_timed(struct ring *ring, const void *audio, size_t bytes,
                                const struct ring_times *times) {
    struct gecko *self = (struct gecko *)ring;
    uint32_t frames = (uint32_t)(bytes / RING_FRAME_BYTES);
    if (self->wait_for_reader && !has_room(self, frames)) {
        return 0;
    }
    const struct gecko_shm_block block = {
        .host_time = times->host_time,
        .output_time = times->output_time,
        .output_sample_time = times->output_sample_time,
        .cycle = times->cycle,
        .flags = times->flags,
    };
    return gecko_shm_writer_write(self->writer, audio, frames, &block) ? bytes : 0;
}

/* The driver has no way to write without times. */
static size_t gecko_write(struct ring *ring, const void *audio, size_t bytes) {
    struct gecko *self = (struct gecko *)ring;
    uint64_t cycle = ++self->cycle;
    const struct ring_times times = {.host_time = cycle, .output_time = cycle, .cycle = cycle};
    return gecko_write_timed(ring, audio, bytes, &times);
}

static size_t gecko_read(struct ring *ring, void *audio, size_t bytes) {
    struct gecko *self = (struct gecko *)ring;
    int64_t frames = gecko_reader_read(self->reader, audio, bytes / sizeof(float), NULL);
    if (frames < 0) {
        bench_fail("%s", gecko_reader_failure(self->reader)->text);
    }
    return (size_t)frames * RING_FRAME_BYTES;
}

/* Where a block begins is known from the read; its times are in the table. */
static size_t gecko_read_timed(struct ring *ring, void *audio, size_t bytes,
                               struct ring_times *times) {
    struct gecko *self = (struct gecko *)ring;
    struct gecko_read info;
    struct gecko_block block;
    int64_t frames = gecko_reader_read(self->reader, audio, bytes / sizeof(float), &info);
    if (frames == 0) {
        return 0;
    }
    if (frames < 0 || !gecko_reader_find_block(self->reader, info.first_frame, &block) ||
        block.first_frame != info.first_frame) {
        bench_fail("%s: frame %llu has no times", self->name, (unsigned long long)info.first_frame);
    }
    *times = (struct ring_times){
        .first_frame = block.first_frame,
        .host_time = block.host_time,
        .output_time = block.output_time,
        .output_sample_time = block.output_sample_time,
        .frames = block.frames,
        .flags = block.flags,
        .cycle = block.cycle,
    };
    return (size_t)frames * RING_FRAME_BYTES;
}

static void destroy(struct ring *ring) {
    struct gecko *self = (struct gecko *)ring;
    gecko_reader_close(self->reader);
    gecko_shm_writer_close(self->writer);
    free(self);
}

const struct ring_kind ring_gecko_v1 = {
    .name = "gecko-v1",
    .create = create_v1,
    .attach_reader = attach_reader,
    .write = gecko_write,
    .read = gecko_read,
    .destroy = destroy,
    .is_ring = true,
};

const struct ring_kind ring_gecko_v2 = {
    .name = "gecko-v2",
    .create = create_v2,
    .attach_reader = attach_reader,
    .write = gecko_write,
    .read = gecko_read,
    .write_timed = gecko_write_timed,
    .read_timed = gecko_read_timed,
    .destroy = destroy,
    .is_ring = true,
};
