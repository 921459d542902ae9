/* test_torn.c - a writer that runs as fast as it can, and readers that cannot keep up.
 *
 * The readers use the writer's own mapping, because ThreadSanitizer tells memory apart by address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko/gecko_reader.h"
#include "shm_test.h"
#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define READERS    2
#define SECONDS    1
/* So far back is the entry of the block table that is overwritten next. */
#define OLD_FRAMES (60 * 64)

struct stress {
    struct gecko_shm_writer *writer;
    uint32_t block_frames;
    bool changes; /* of generation, now and then */
    _Atomic bool over;
};

struct result {
    struct stress *stress;
    uint64_t frames;
    uint64_t lost;
    uint64_t torn;
    uint64_t generations;
    const char *fault;
};

static void *write_all_the_time(void *argument) {
    struct stress *stress = argument;
    static float block[256 * 2];
    uint32_t frames = stress->block_frames;
    struct gecko_shm_config config = *gecko_shm_writer_config(stress->writer);
    for (uint64_t i = 1; !atomic_load_explicit(&stress->over, memory_order_relaxed); i++) {
        uint64_t head = gecko_shm_writer_head(stress->writer);
        shm_test_fill(block, head, frames, 2);
        gecko_shm_writer_begin(stress->writer, frames);
        gecko_shm_writer_put(stress->writer, 0, block, frames);
        const struct gecko_shm_block entry = {.host_time = head, .output_time = ~head, .cycle = i};
        gecko_shm_writer_commit(stress->writer, &entry);
        if (stress->changes && i % 500 == 0) {
            struct gecko_shm_error error;
            bool lost;
            config.sample_rate = config.sample_rate == 48000 ? 96000 : 48000;
            config.ring_frames = config.sample_rate == 48000 ? 512 : 256;
            gecko_shm_writer_reconfigure(stress->writer, &config, head, &lost, &error);
        }
    }
    return NULL;
}

/* Does not use cmocka: this is not its thread. */
static bool is_right(const float *audio, uint64_t first, uint64_t frames) {
    for (uint64_t i = 0; i < frames; i++) {
        float wanted[2] = {shm_test_sample(first + i, 0, 2), shm_test_sample(first + i, 1, 2)};
        if (memcmp(audio + 2 * i, wanted, sizeof wanted) != 0) {
            return false;
        }
    }
    return true;
}

static void check_read(struct result *result, struct gecko_reader *reader, uint64_t *next) {
    float audio[512 * 2];
    struct gecko_read info;
    struct gecko_block block;
    int64_t frames = gecko_reader_read(reader, audio, 512 * 2, &info);
    const struct gecko_format *format = gecko_reader_format(reader);
    if (frames < 0) {
        result->fault = gecko_reader_failure(reader)->text;
    } else if (!is_right(audio, info.first_frame, (uint64_t)frames)) {
        result->fault = "a frame is not what its number says";
    } else if (info.first_frame != *next + info.lost_frames) {
        result->fault = "frames are missing that are not counted as lost";
    } else if (format->ring_frames != (format->sample_rate == 48000 ? 512 : 256)) {
        result->fault = "the format is a mixture of two generations";
    } else if (gecko_reader_find_block(reader, info.first_frame - OLD_FRAMES, &block) &&
               (block.first_frame != block.host_time || block.output_time != ~block.host_time)) {
        result->fault = "a block entry is a mixture of two blocks";
    }
    *next = info.first_frame + (uint64_t)(frames > 0 ? frames : 0);
    result->frames += (uint64_t)(frames > 0 ? frames : 0);
    result->lost += info.lost_frames;
    result->torn += info.torn_frames;
    result->generations += (info.events & GECKO_READ_GENERATION) != 0;
}

static void *read_all_the_time(void *argument) {
    struct result *result = argument;
    struct stress *stress = result->stress;
    size_t size;
    void *memory = gecko_shm_writer_memory(stress->writer, &size);
    struct gecko_reader *reader;
    if (!gecko_reader_attach(memory, size, NULL, &reader, NULL)) {
        result->fault = "cannot attach";
        return NULL;
    }
    uint64_t next = gecko_reader_position(reader);
    while (result->fault == NULL && !atomic_load_explicit(&stress->over, memory_order_relaxed)) {
        check_read(result, reader, &next);
    }
    if (result->fault == NULL || result->fault != gecko_reader_failure(reader)->text) {
        gecko_reader_close(reader);
    }
    return NULL;
}

static void run(bool changes) {
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 512);
    struct stress stress = {
        .writer = shm_test_open(&config), .block_frames = 64, .changes = changes};
    struct result results[READERS] = {{.stress = &stress}, {.stress = &stress}};
    pthread_t writer, readers[READERS];
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_all_the_time, &results[i]), 0);
    }
    assert_int_equal(pthread_create(&writer, NULL, write_all_the_time, &stress), 0);
    const struct timespec pause = {.tv_sec = SECONDS};
    nanosleep(&pause, NULL);
    atomic_store(&stress.over, true);
    pthread_join(writer, NULL);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], NULL);
        if (results[i].fault != NULL) {
            fail_msg("reader %d: %s", i, results[i].fault);
        }
        print_message("reader %d: %llu frames, %llu lost, %llu of them torn, %llu generations\n", i,
                      (unsigned long long)results[i].frames, (unsigned long long)results[i].lost,
                      (unsigned long long)results[i].torn,
                      (unsigned long long)results[i].generations);
        assert_true(results[i].frames > 1000);
        assert_true(results[i].lost > 0);
        assert_true(changes == (results[i].generations > 0));
    }
    gecko_shm_writer_close(stress.writer);
}

static void a_reader_that_is_overtaken_gets_no_torn_frame(void **state) {
    (void)state;
    run(false);
}

static void a_reader_never_mixes_two_generations(void **state) {
    (void)state;
    run(true);
}

/* ---- the header alone ---------------------------------------------------------------------- */

static void *change_all_the_time(void *argument) {
    struct stress *stress = argument;
    struct gecko_shm_config config = *gecko_shm_writer_config(stress->writer);
    struct gecko_shm_error error;
    bool lost;
    while (!atomic_load_explicit(&stress->over, memory_order_relaxed)) {
        config.channels = config.channels == 1 ? 2 : 1;
        config.ring_frames = config.channels == 1 ? 1024 : 512;
        config.sample_rate = config.channels == 1 ? 44100 : 48000;
        config.reported_latency = config.sample_rate;
        gecko_shm_writer_reconfigure(stress->writer, &config, 0, &lost, &error);
    }
    return NULL;
}

static void a_header_is_never_a_mixture_of_two(void **state) {
    (void)state;
    struct gecko_shm_config config = shm_test_config(GECKO_LAYOUT_V2, 512);
    config.reported_latency = config.sample_rate;
    struct stress stress = {.writer = shm_test_open(&config)};
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    size_t size;
    void *memory = gecko_shm_writer_memory(stress.writer, &size);
    pthread_t thread;
    unsigned read = 0;
    bool right = true;
    assert_int_equal(pthread_create(&thread, NULL, change_all_the_time, &stress), 0);
    for (int i = 0; i < 300000 && right; i++) {
        if (!gecko_reader_attach(memory, size, NULL, &reader, &error)) {
            right = error.status == GECKO_READER_NOT_READY;
            continue;
        }
        const struct gecko_format *format = gecko_reader_format(reader);
        right = format->sample_rate == (format->channels == 1 ? 44100 : 48000) &&
                format->ring_frames == (format->channels == 1 ? 1024 : 512) &&
                format->reported_latency == format->sample_rate;
        gecko_reader_close(reader);
        read++;
    }
    atomic_store(&stress.over, true);
    pthread_join(thread, NULL);
    assert_true(right);
    assert_true(read > 1000);
    gecko_shm_writer_close(stress.writer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_is_overtaken_gets_no_torn_frame),
        cmocka_unit_test(a_reader_never_mixes_two_generations),
        cmocka_unit_test(a_header_is_never_a_mixture_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
