/* test_reader_hostile.c - headers that lie. Images lie in blocks of exactly their size, so that
 * AddressSanitizer sees each byte read beyond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "gecko/gecko_reader.h"
#include "gecko_memory.h"
#include "shm_test.h"
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static float audio[8192];

struct image {
    unsigned char *bytes;
    size_t size;
};

/* A copy of what a real writer makes: 300 frames in a ring of 256. */
static struct image make_image(enum gecko_layout layout) {
    struct gecko_shm_config config = shm_test_config(layout, 256);
    struct gecko_shm_writer *writer = shm_test_open(&config);
    for (int i = 0; i < 3; i++) {
        shm_test_write(writer, 100);
    }
    struct image image;
    const void *memory = gecko_shm_writer_memory(writer, &image.size);
    image.bytes = malloc(image.size);
    memcpy(image.bytes, memory, image.size);
    gecko_shm_writer_close(writer);
    return image;
}

static struct image copy_image(struct image image, size_t size) {
    struct image copy = {.bytes = malloc(size), .size = size};
    memcpy(copy.bytes, image.bytes, size);
    return copy;
}

static enum gecko_reader_status attach_status(struct image image) {
    struct gecko_reader *reader;
    struct gecko_reader_error error = {.status = GECKO_READER_OK};
    if (gecko_reader_attach(image.bytes, image.size, NULL, &reader, &error)) {
        gecko_reader_close(reader);
        return GECKO_READER_OK;
    }
    assert_null(reader);
    assert_true(error.text[0] != '\0');
    return error.status;
}

struct lie {
    size_t offset;
    int bytes;
    uint64_t value;
    enum gecko_reader_status status;
};

static void check_lies(struct image image, const struct lie *lies, size_t count) {
    assert_int_equal(attach_status(image), GECKO_READER_OK);
    for (size_t i = 0; i < count; i++) {
        struct image copy = copy_image(image, image.size);
        memcpy(copy.bytes + lies[i].offset, &lies[i].value, (size_t)lies[i].bytes);
        enum gecko_reader_status status = attach_status(copy);
        if (status != lies[i].status) {
            fail_msg("value %llu at offset %zu: status %d and not %d",
                     (unsigned long long)lies[i].value, lies[i].offset, (int)status,
                     (int)lies[i].status);
        }
        free(copy.bytes);
    }
}

static void each_field_of_v2_is_checked(void **state) {
    (void)state;
    const enum gecko_reader_status hostile = GECKO_READER_HOSTILE, cut = GECKO_READER_TRUNCATED;
    static const uint64_t most = UINT64_MAX;
    struct image image = make_image(GECKO_LAYOUT_V2);
    const struct lie lies[] = {
        {GECKO_V2_VERSION, 4, 1, hostile},
        {GECKO_V2_VERSION, 4, 3, hostile},
        {GECKO_V2_BLOCK_COUNT, 4, 0, hostile},
        {GECKO_V2_BLOCK_COUNT, 4, 63, hostile},
        {GECKO_V2_BLOCK_COUNT, 4, 128, hostile}, /* would reach into the ring */
        {GECKO_V2_BLOCK_COUNT, 4, 0x80000000, hostile},
        {GECKO_V2_TOTAL_BYTES, 8, image.size + 1, cut},
        {GECKO_V2_TOTAL_BYTES, 8, most, cut},
        {GECKO_V2_TOTAL_BYTES, 8, 0, hostile},
        {GECKO_V2_TOTAL_BYTES, 8, 4096, hostile},
        {GECKO_V2_DATA_OFFSET, 8, 0, hostile},
        {GECKO_V2_DATA_OFFSET, 8, 8200, hostile}, /* no multiple of 4096 */
        {GECKO_V2_DATA_OFFSET, 8, 1 << 20, hostile},
        {GECKO_V2_DATA_OFFSET, 8, most - 4095, hostile},
        {GECKO_V2_RING_BYTES, 8, image.size, hostile},
        {GECKO_V2_RING_BYTES, 8, most, hostile},
        {GECKO_V2_RING_BYTES, 8, 2047, hostile}, /* less than 256 frames of 8 bytes */
        {GECKO_V2_BLOCKS_OFFSET, 8, 0, hostile},
        {GECKO_V2_BLOCKS_OFFSET, 8, 4100, hostile},
        {GECKO_V2_BLOCKS_OFFSET, 8, 8192, hostile},
        {GECKO_V2_BLOCKS_OFFSET, 8, most - 63, hostile},
        {GECKO_V2_RING_FRAMES, 8, 0, hostile},
        {GECKO_V2_RING_FRAMES, 8, 128, hostile},
        {GECKO_V2_RING_FRAMES, 8, 300, hostile},
        {GECKO_V2_RING_FRAMES, 8, 1024, hostile},
        {GECKO_V2_RING_FRAMES, 8, UINT64_C(1) << 61, hostile}, /* * 8 is 0 in 64 bits */
        {GECKO_V2_CHANNELS, 4, 0, hostile},
        {GECKO_V2_CHANNELS, 4, 3, hostile}, /* does not go with 8 bytes */
        {GECKO_V2_CHANNELS, 4, 65, hostile},
        {GECKO_V2_CHANNELS, 4, 0x40000002, hostile}, /* * 4 is 8 in 32 bits */
        {GECKO_V2_BYTES_PER_FRAME, 4, 4, hostile},
        {GECKO_V2_BYTES_PER_FRAME, 4, 0, hostile},
        {GECKO_V2_SAMPLE_RATE, 4, 0, hostile},
        {GECKO_V2_SAMPLE_RATE, 4, 7999, hostile},
        {GECKO_V2_SAMPLE_RATE, 4, 768001, hostile},
        {GECKO_V2_SAMPLE_FORMAT, 4, 2, hostile},
        {GECKO_V2_TIMEBASE_NUMER, 4, 0, hostile},
        {GECKO_V2_TIMEBASE_DENOM, 4, 0, hostile},
        {GECKO_V2_GENERATION_START, 8, 301, hostile},
        {GECKO_V2_GENERATION, 8, 3, GECKO_READER_NOT_READY},
        {GECKO_V2_MAGIC, 8, 0, GECKO_READER_NOT_READY},
    };
    check_lies(image, lies, sizeof lies / sizeof lies[0]);
    free(image.bytes);
}

static void each_field_of_v1_is_checked(void **state) {
    (void)state;
    const enum gecko_reader_status hostile = GECKO_READER_HOSTILE;
    struct image image = make_image(GECKO_LAYOUT_V1);
    const struct lie lies[] = {
        {GECKO_V1_WRITE_HEAD, 4, 512, hostile},
        {GECKO_V1_WRITE_HEAD, 4, UINT32_MAX, hostile},
        {GECKO_V1_BUFFER_SIZE, 4, 0, GECKO_READER_NOT_READY},
        {GECKO_V1_BUFFER_SIZE, 4, 510, hostile},
        {GECKO_V1_BUFFER_SIZE, 4, 513, hostile},
        {GECKO_V1_BUFFER_SIZE, 4, 514, GECKO_READER_TRUNCATED},
        {GECKO_V1_BUFFER_SIZE, 4, UINT32_MAX, hostile},
        {GECKO_V1_CHANNELS, 4, 0, hostile},
        {GECKO_V1_CHANNELS, 4, 65, hostile},
        {GECKO_V1_SAMPLE_RATE, 4, 1, hostile},
        {GECKO_V1_SAMPLE_RATE, 4, UINT32_MAX, hostile},
    };
    check_lies(image, lies, sizeof lies / sizeof lies[0]);
    free(image.bytes);
}

static void an_image_cut_anywhere_is_refused(void **state) {
    (void)state;
    for (int layout = 1; layout <= 2; layout++) {
        struct image image = make_image((enum gecko_layout)layout);
        for (size_t size = 0; size < image.size; size += size < 512 ? 1 : 509) {
            struct image copy = copy_image(image, size);
            assert_true(attach_status(copy) != GECKO_READER_OK);
            free(copy.bytes);
        }
        free(image.bytes);
    }
}

static void a_header_without_anything_is_being_made(void **state) {
    (void)state;
    struct image image = {.bytes = calloc(1, 16384), .size = 16384};
    assert_int_equal(attach_status(image), GECKO_READER_NOT_READY);
    free(image.bytes);
}

/* Whatever is in the header, reading ends, stays inside, and hands out no more than was asked. */
static void a_thousand_random_headers_do_no_harm(void **state) {
    (void)state;
    srand(4);
    unsigned opened = 0;
    for (int layout = 1; layout <= 2; layout++) {
        struct image image = make_image((enum gecko_layout)layout);
        size_t header = layout == 1 ? 20 : 224;
        for (int i = 0; i < 5000; i++) {
            struct image copy = copy_image(image, image.size);
            for (int j = 0; j <= rand() % 3; j++) {
                size_t at = (size_t)rand() % header / 4 * 4;
                uint32_t value = (uint32_t)rand() >> (rand() % 31);
                memcpy(copy.bytes + at, &value, 4);
            }
            struct gecko_reader *reader;
            const struct gecko_reader_options options = {.from_oldest = i % 2 == 0};
            if (gecko_reader_attach(copy.bytes, copy.size, &options, &reader, NULL)) {
                opened++;
                for (int j = 0; j < 5; j++) {
                    struct gecko_read info;
                    struct gecko_block block;
                    int64_t frames = gecko_reader_read(reader, audio, 1000, &info);
                    assert_true(frames * gecko_reader_format(reader)->channels <= 1000);
                    gecko_reader_find_block(reader, info.first_frame, &block);
                    /* and the header changes once more, under the reader */
                    size_t at = (size_t)rand() % header / 4 * 4;
                    uint32_t value = (uint32_t)rand() >> (rand() % 31);
                    memcpy(copy.bytes + at, &value, 4);
                }
                gecko_reader_close(reader);
            }
            free(copy.bytes);
        }
        free(image.bytes);
    }
    assert_true(opened > 1000);
}

static void a_header_that_turns_hostile_stops_the_reader(void **state) {
    (void)state;
    static const struct lie lies[] = {
        {GECKO_V2_WRITE_HEAD, 8, 5, GECKO_READER_HOSTILE}, /* back behind the reader */
        {GECKO_V2_GENERATION, 8, 4, GECKO_READER_HOSTILE}, /* with 0 channels, below */
    };
    for (size_t i = 0; i < 2; i++) {
        struct image image = make_image(GECKO_LAYOUT_V2);
        struct gecko_reader *reader;
        struct gecko_read info;
        assert_true(gecko_reader_attach(image.bytes, image.size, NULL, &reader, NULL));
        assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), 0);
        memset(image.bytes + GECKO_V2_CHANNELS, 0, 4);
        memcpy(image.bytes + lies[i].offset, &lies[i].value, 8);
        assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), -1);
        assert_int_equal(gecko_reader_failure(reader)->status, lies[i].status);
        assert_true(gecko_reader_failure(reader)->text[0] != '\0');
        assert_int_equal(gecko_reader_read(reader, audio, 1000, NULL), -1); /* for good */
        gecko_reader_close(reader);
        free(image.bytes);
    }
    struct image image = make_image(GECKO_LAYOUT_V1);
    struct gecko_reader *reader;
    assert_true(gecko_reader_attach(image.bytes, image.size, NULL, &reader, NULL));
    memset(image.bytes + GECKO_V1_WRITE_HEAD, 0xFF, 4);
    assert_int_equal(gecko_reader_read(reader, audio, 1000, NULL), -1);
    gecko_reader_close(reader);
    free(image.bytes);
}

struct jumping {
    unsigned char *memory;
    _Atomic bool over;
};

static void *jump(void *argument) {
    struct jumping *jumping = argument;
    for (uint64_t i = 0; !atomic_load_explicit(&jumping->over, memory_order_relaxed); i++) {
        gecko_store_u64(jumping->memory, GECKO_V2_WRITE_HEAD, i % 2 == 0 ? 300 : UINT64_C(1) << 60);
        gecko_store_u64(jumping->memory, GECKO_V2_WRITE_CLAIM, i % 3);
    }
    return NULL;
}

/* Checked once, a head may be another the next moment. */
static void a_head_that_jumps_under_the_reader_leads_nowhere(void **state) {
    (void)state;
    struct image image = make_image(GECKO_LAYOUT_V2);
    struct jumping jumping = {.memory = image.bytes};
    const struct gecko_reader_options options = {.from_oldest = true};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, jump, &jumping), 0);
    for (int i = 0; i < 200000; i++) {
        struct gecko_reader *reader;
        if (gecko_reader_attach(image.bytes, image.size, &options, &reader, NULL)) {
            int64_t frames = gecko_reader_read(reader, audio, sizeof audio / sizeof audio[0], NULL);
            assert_true(frames <= 256); /* no more than a ring, however much there seems to be */
            gecko_reader_close(reader);
        }
    }
    atomic_store(&jumping.over, true);
    pthread_join(thread, NULL);
    free(image.bytes);
}

static void a_generation_that_never_settles_is_waited_for_by_the_caller(void **state) {
    (void)state;
    struct image image = make_image(GECKO_LAYOUT_V2);
    struct gecko_reader *reader;
    struct gecko_read info;
    const uint64_t odd = 3, even = 4;
    assert_true(gecko_reader_attach(image.bytes, image.size, NULL, &reader, NULL));
    memcpy(image.bytes + GECKO_V2_GENERATION, &odd, 8);
    assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), 0);
    assert_int_equal(info.events, 0);
    memcpy(image.bytes + GECKO_V2_GENERATION, &even, 8);
    assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), 0);
    assert_int_equal(info.events, GECKO_READ_GENERATION);
    gecko_reader_close(reader);
    free(image.bytes);
}

static void a_generation_that_will_never_settle_does_not_hide_the_end(void **state) {
    (void)state;
    static const struct {
        uint32_t state;
        uint32_t event;
    } ends[] = {{GECKO_STATE_RETIRED, GECKO_READ_RETIRED}, {GECKO_STATE_CLOSED, GECKO_READ_CLOSED}};
    for (size_t i = 0; i < 2; i++) {
        struct image image = make_image(GECKO_LAYOUT_V2);
        struct gecko_reader *reader;
        struct gecko_read info;
        assert_true(gecko_reader_attach(image.bytes, image.size, NULL, &reader, NULL));
        gecko_store_u64(image.bytes, GECKO_V2_GENERATION, 3);
        gecko_store_u32(image.bytes, GECKO_V2_STATE, ends[i].state);
        assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), 0);
        assert_int_equal(info.events, ends[i].event);
        gecko_reader_close(reader);
        free(image.bytes);
    }
}

static void an_object_shorter_than_its_header_says_is_refused(void **state) {
    (void)state;
    for (int layout = 1; layout <= 2; layout++) {
        struct image image = make_image((enum gecko_layout)layout);
        const char *name = shm_test_name();
        struct gecko_reader *reader;
        struct gecko_reader_error error;
        close(shm_test_make(name, NULL, 0));
        assert_false(gecko_reader_open(name, NULL, &reader, &error));
        assert_int_equal(error.status, GECKO_READER_NOT_READY); /* no byte yet */
        shm_unlink(name);
#ifdef __linux__ /* elsewhere an object has whole pages, so that these few bytes do not lack */
        close(shm_test_make(name, image.bytes, image.size - 4));
        assert_false(gecko_reader_open(name, NULL, &reader, &error));
        assert_int_equal(error.status, GECKO_READER_TRUNCATED);
        shm_unlink(name);
#endif
        close(shm_test_make(name, image.bytes, image.size));
        assert_true(gecko_reader_open(name, NULL, &reader, &error));
        gecko_reader_close(reader);
        free(image.bytes);
    }
}

static void an_object_cut_while_open_is_noticed_with_the_next_generation(void **state) {
    (void)state;
    struct image image = make_image(GECKO_LAYOUT_V2);
    const char *name = shm_test_name();
    struct gecko_reader *reader;
    struct gecko_read info;
    int fd = shm_test_make(name, image.bytes, image.size);
    assert_true(gecko_reader_open(name, NULL, &reader, NULL));
    shm_test_poke_u64(name, GECKO_V2_GENERATION, 4);
    if (ftruncate(fd, GECKO_V2_HEADER_BYTES) == 0) {
        assert_int_equal(gecko_reader_read(reader, audio, 1000, &info), -1);
        assert_int_equal(gecko_reader_failure(reader)->status, GECKO_READER_TRUNCATED);
    }
    gecko_reader_close(reader);
    close(fd);
    free(image.bytes);
}

static unsigned char *being_made;

static void make_or_unmake(int signal_number) {
    (void)signal_number;
    uint32_t version = gecko_load_u32(being_made, GECKO_V2_VERSION);
    gecko_store_u32(being_made, GECKO_V2_VERSION, GECKO_V2_VERSION_VALUE - version);
}

/* The version may appear between any two looks at the header: here a timer strikes between any two
 * instructions of the reader. */
static void an_object_that_is_being_made_is_never_taken_for_another(void **state) {
    (void)state;
    struct image image = {.bytes = calloc(1, 16384), .size = 16384};
    const struct itimerval often = {.it_interval = {.tv_usec = 20}, .it_value = {.tv_usec = 20}};
    const struct itimerval never = {.it_interval = {.tv_usec = 0}};
    struct sigaction action = {.sa_handler = make_or_unmake, .sa_flags = SA_RESTART};
    struct sigaction before;
    being_made = image.bytes;
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    bool good = true;
    const clock_t end = clock() + CLOCKS_PER_SEC / 3;
    for (int i = 0; good && (i % 64 != 0 || clock() < end); i++) {
        struct gecko_reader *reader;
        struct gecko_reader_error error;
        good = !gecko_reader_attach(image.bytes, image.size, NULL, &reader, &error) &&
               error.status == GECKO_READER_NOT_READY;
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_true(good);
    free(image.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_field_of_v2_is_checked),
        cmocka_unit_test(each_field_of_v1_is_checked),
        cmocka_unit_test(an_image_cut_anywhere_is_refused),
        cmocka_unit_test(a_header_without_anything_is_being_made),
        cmocka_unit_test(a_thousand_random_headers_do_no_harm),
        cmocka_unit_test(a_header_that_turns_hostile_stops_the_reader),
        cmocka_unit_test(a_head_that_jumps_under_the_reader_leads_nowhere),
        cmocka_unit_test(a_generation_that_never_settles_is_waited_for_by_the_caller),
        cmocka_unit_test(a_generation_that_will_never_settle_does_not_hide_the_end),
        cmocka_unit_test(an_object_that_is_being_made_is_never_taken_for_another),
        cmocka_unit_test(an_object_shorter_than_its_header_says_is_refused),
        cmocka_unit_test(an_object_cut_while_open_is_noticed_with_the_next_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
