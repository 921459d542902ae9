/* gecko_shm_tool.c - the shared memory of Gecko Sink without a driver: for tests of readers.
 *
 *   write --name NAME [--layout v1|v2] [--ring-frames N] [--frames N] [--blocks N] [--channels N]
 *         [--rate HZ] [--start-frame N] [--mode OCTAL] [--gap-us N] [--before-us N] [--after-us N]
 *         [--change-rate HZ] [--step] [--keep]
 *   dump NAME
 *   unlink NAME
 *
 * `write` makes the object through the driver's own writer, prints "ready", waits --before-us and
 * writes --blocks blocks of --frames frames (default 100 of 480), one every --gap-us microseconds.
 * --change-rate changes the rate after half of the blocks. It prints "done" and the number of the
 * next frame, waits --after-us, and closes in good order; with --keep it leaves at once, as if it
 * had been killed. With --step it waits for a line on standard input before it writes, and before
 * it closes.
 *
 * The audio numbers itself: interleaved sample k (k = frame * channels + channel) is
 * (k mod M - 2^23) / 2^23 with M = floor(2^24 / channels) * channels, which Float32 holds exactly.
 * Frames are counted from --start-frame.
 *
 * Exit: 0 done, 1 refused by the system or by a header, 2 wrong arguments.
 */
#include "gecko/gecko_reader.h"
#include "gecko_memory.h"
#include "gecko_shm_writer.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_BLOCK_FRAMES 65536

struct plan {
    struct gecko_shm_config config;
    uint32_t frames;
    uint64_t blocks;
    uint64_t gap_us;
    uint64_t before_us;
    uint64_t after_us;
    uint32_t change_rate;
    bool keep;
    bool step;
};

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void wait_us(uint64_t us) {
    struct timespec left = {.tv_sec = (time_t)(us / 1000000),
                            .tv_nsec = (long)(us % 1000000) * 1000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static void wait_for_line(void) {
    int c;
    do {
        c = getchar();
    } while (c != '\n' && c != EOF);
}

/* ---- write --------------------------------------------------------------------------------- */

static void fill(float *audio, uint64_t first_frame, uint32_t frames, uint32_t channels) {
    uint64_t modulus = (UINT64_C(1) << 24) / channels * channels;
    uint64_t code = first_frame % (modulus / channels) * channels;
    for (size_t i = 0; i < (size_t)frames * channels; i++) {
        audio[i] = (float)((int64_t)code - (1 << 23)) / (float)(1 << 23);
        code = code + 1 == modulus ? 0 : code + 1;
    }
}

static bool write_blocks(const struct plan *plan, struct gecko_shm_writer *writer, float *audio) {
    double sample_time = 0;
    for (uint64_t i = 0; i < plan->blocks; i++) {
        if (plan->change_rate != 0 && i == plan->blocks / 2) {
            struct gecko_shm_config config = *gecko_shm_writer_config(writer);
            struct gecko_shm_error error;
            bool lost;
            config.sample_rate = plan->change_rate;
            if (!gecko_shm_writer_reconfigure(writer, &config, now_ns(), &lost, &error)) {
                fprintf(stderr, "gecko_shm_tool: %s\n", error.text);
                return false;
            }
        }
        fill(audio, gecko_shm_writer_head(writer), plan->frames, plan->config.channels);
        if (!gecko_shm_writer_begin(writer, plan->frames)) {
            fprintf(stderr, "gecko_shm_tool: a block of %u frames does not fit the ring\n",
                    plan->frames);
            return false;
        }
        gecko_shm_writer_put(writer, 0, audio, plan->frames);
        const struct gecko_shm_block block = {
            .host_time = now_ns(),
            .output_time = now_ns(),
            .output_sample_time = sample_time,
            .cycle = i + 1,
            .flags = i == 0 ? GECKO_BLOCK_FLAG_DISCONTINUITY : 0,
        };
        gecko_shm_writer_commit(writer, &block);
        sample_time += plan->frames;
        if (plan->gap_us != 0) {
            wait_us(plan->gap_us);
        }
    }
    return true;
}

static int run_write(const struct plan *plan) {
    struct gecko_shm_error error;
    struct gecko_shm_writer *writer;
    if (!gecko_shm_writer_open(&plan->config, now_ns(), &writer, &error)) {
        fprintf(stderr, "gecko_shm_tool: %s\n", error.text);
        return 1;
    }
    float *audio = calloc((size_t)plan->frames * plan->config.channels, sizeof *audio);
    if (audio == NULL) {
        gecko_shm_writer_close(writer);
        fprintf(stderr, "gecko_shm_tool: no memory for a block\n");
        return 1;
    }
    printf("ready %s\n", gecko_shm_writer_continued(writer) ? "continued" : "new");
    fflush(stdout);
    if (plan->step) {
        wait_for_line();
    }
    wait_us(plan->before_us);
    gecko_shm_writer_set_running(writer, true, now_ns());
    bool good = write_blocks(plan, writer, audio);
    free(audio);
    printf("done %llu\n", (unsigned long long)gecko_shm_writer_head(writer));
    fflush(stdout);
    if (plan->keep) {
        _exit(good ? 0 : 1); /* no farewell, no unlink */
    }
    gecko_shm_writer_set_running(writer, false, now_ns());
    if (plan->step) {
        wait_for_line();
    }
    wait_us(plan->after_us);
    gecko_shm_writer_close(writer);
    return good ? 0 : 1;
}

static bool parse_number(const char *text, int base, uint64_t max, uint64_t *number) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, base);
    *number = value;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && value <= max;
}

static bool set_option(struct plan *plan, const char *option, const char *value) {
    uint64_t number = 0;
    if (strcmp(option, "--name") == 0) {
        int length = snprintf(plan->config.name, sizeof plan->config.name, "%s", value);
        return length > 0 && (size_t)length < sizeof plan->config.name;
    }
    if (strcmp(option, "--layout") == 0) {
        plan->config.layout = strcmp(value, "v1") == 0 ? GECKO_LAYOUT_V1 : GECKO_LAYOUT_V2;
        return strcmp(value, "v1") == 0 || strcmp(value, "v2") == 0;
    }
    if (strcmp(option, "--mode") == 0) {
        bool good = parse_number(value, 8, 0777, &number);
        plan->config.mode = (mode_t)number;
        return good;
    }
    static const struct {
        const char *option;
        size_t offset;
        size_t size;
        uint64_t max;
    } numbers[] = {
#define NUMBER(text, field, max)                                                                   \
    {text, offsetof(struct plan, field), sizeof(((struct plan *)0)->field), max}
        NUMBER("--ring-frames", config.ring_frames, UINT32_MAX),
        NUMBER("--start-frame", config.start_frame, INT64_MAX),
        NUMBER("--channels", config.channels, UINT32_MAX),
        NUMBER("--rate", config.sample_rate, UINT32_MAX),
        NUMBER("--frames", frames, MAX_BLOCK_FRAMES),
        NUMBER("--blocks", blocks, UINT32_MAX),
        NUMBER("--gap-us", gap_us, 60000000),
        NUMBER("--before-us", before_us, 60000000),
        NUMBER("--after-us", after_us, 60000000),
        NUMBER("--change-rate", change_rate, UINT32_MAX),
#undef NUMBER
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(option, numbers[i].option) == 0) {
            if (!parse_number(value, 10, numbers[i].max, &number)) {
                return false;
            }
            /* Little-endian: the low bytes of the number are its value in a shorter field. */
            memcpy((char *)plan + numbers[i].offset, &number, numbers[i].size);
            return true;
        }
    }
    return false;
}

static int command_write(int count, char **arguments) {
    struct plan plan = {
        .config =
            {
                .layout = GECKO_LAYOUT_V2,
                .mode = 0644,
                .ring_frames = 16384,
                .channels = 2,
                .sample_rate = 48000,
                .timebase_numer = 1,
                .timebase_denom = 1,
            },
        .frames = 480,
        .blocks = 100,
    };
    for (int i = 0; i < count; i++) {
        if (strcmp(arguments[i], "--keep") == 0) {
            plan.keep = true;
        } else if (strcmp(arguments[i], "--step") == 0) {
            plan.step = true;
        } else if (i + 1 < count && set_option(&plan, arguments[i], arguments[i + 1])) {
            i++;
        } else {
            fprintf(stderr, "gecko_shm_tool: write: \"%s\" is no option, or lacks a proper value\n",
                    arguments[i]);
            return 2;
        }
    }
    if (plan.config.name[0] == '\0' || plan.frames == 0) {
        fprintf(stderr, "gecko_shm_tool: write: needs --name, and --frames above 0\n");
        return 2;
    }
    return run_write(&plan);
}

/* ---- dump ---------------------------------------------------------------------------------- */

static void dump_v1(const unsigned char *base) {
    printf("layout v1\n");
    printf("write_head %u\n", gecko_load_u32(base, GECKO_V1_WRITE_HEAD));
    printf("read_head %u\n", gecko_load_u32(base, GECKO_V1_READ_HEAD));
    printf("buffer_size %u\n", gecko_load_u32(base, GECKO_V1_BUFFER_SIZE));
    printf("channels %u\n", gecko_load_u32(base, GECKO_V1_CHANNELS));
    printf("sample_rate %u\n", gecko_load_u32(base, GECKO_V1_SAMPLE_RATE));
}

static void dump_v2(const unsigned char *base) {
    static const struct {
        const char *name;
        size_t offset;
        int bytes;
    } fields[] = {
        {"version", GECKO_V2_VERSION, 4},
        {"total_bytes", GECKO_V2_TOTAL_BYTES, 8},
        {"data_offset", GECKO_V2_DATA_OFFSET, 8},
        {"ring_bytes", GECKO_V2_RING_BYTES, 8},
        {"blocks_offset", GECKO_V2_BLOCKS_OFFSET, 8},
        {"block_count", GECKO_V2_BLOCK_COUNT, 4},
        {"generation", GECKO_V2_GENERATION, 8},
        {"state", GECKO_V2_STATE, 4},
        {"flags", GECKO_V2_FLAGS, 4},
        {"ring_frames", GECKO_V2_RING_FRAMES, 8},
        {"generation_start", GECKO_V2_GENERATION_START, 8},
        {"channels", GECKO_V2_CHANNELS, 4},
        {"sample_rate", GECKO_V2_SAMPLE_RATE, 4},
        {"sample_format", GECKO_V2_SAMPLE_FORMAT, 4},
        {"bytes_per_frame", GECKO_V2_BYTES_PER_FRAME, 4},
        {"overrun_policy", GECKO_V2_OVERRUN_POLICY, 4},
        {"writer_pid", GECKO_V2_WRITER_PID, 4},
        {"timebase_numer", GECKO_V2_TIMEBASE_NUMER, 4},
        {"timebase_denom", GECKO_V2_TIMEBASE_DENOM, 4},
        {"safety_offset", GECKO_V2_SAFETY_OFFSET, 4},
        {"reported_latency", GECKO_V2_REPORTED_LATENCY, 4},
        {"write_claim", GECKO_V2_WRITE_CLAIM, 8},
        {"write_head", GECKO_V2_WRITE_HEAD, 8},
        {"block_head", GECKO_V2_BLOCK_HEAD, 8},
        {"heartbeat", GECKO_V2_HEARTBEAT, 8},
    };
    printf("layout v2\n");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        unsigned long long value = fields[i].bytes == 8 ? gecko_load_u64(base, fields[i].offset)
                                                        : gecko_load_u32(base, fields[i].offset);
        printf("%s %llu\n", fields[i].name, value);
    }
}

/* The reader decides whether the header can be shown; v1 is mapped read-only here. */
static int command_dump(const char *name) {
    int fd = shm_open(name, O_RDONLY, 0);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        fprintf(stderr, "gecko_shm_tool: %s: %s\n", name, strerror(errno));
        return 1;
    }
    void *base = MAP_FAILED;
    if (info.st_size >= GECKO_V1_DATA) {
        base = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (base == MAP_FAILED) {
        fprintf(stderr, "gecko_shm_tool: %s has %lld bytes, or cannot be mapped\n", name,
                (long long)info.st_size);
        return 1;
    }
    struct gecko_reader *reader;
    struct gecko_reader_error error;
    if (!gecko_reader_attach(base, (size_t)info.st_size, NULL, &reader, &error)) {
        fprintf(stderr, "gecko_shm_tool: %s: %s\n", name, error.text);
        return 1;
    }
    printf("name %s\nmode %04o\nbytes %lld\n", name, (unsigned)(info.st_mode & 07777),
           (long long)info.st_size);
    if (gecko_reader_format(reader)->layout == 2) {
        dump_v2(base);
    } else {
        dump_v1(base);
    }
    gecko_reader_close(reader);
    return 0;
}

/* ---- unlink -------------------------------------------------------------------------------- */

static int command_unlink(const char *name) {
    char readers[2 * GECKO_NAME_MAX];
    int length = snprintf(readers, sizeof readers, "%s%s", name, GECKO_READERS_SUFFIX);
    if (length > 0 && length <= GECKO_NAME_MAX) {
        shm_unlink(readers);
    }
    if (shm_unlink(name) != 0) {
        fprintf(stderr, "gecko_shm_tool: %s: %s\n", name, strerror(errno));
        return 1;
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count >= 2 && strcmp(arguments[1], "write") == 0) {
        return command_write(count - 2, arguments + 2);
    }
    if (count == 3 && strcmp(arguments[1], "dump") == 0) {
        return command_dump(arguments[2]);
    }
    if (count == 3 && strcmp(arguments[1], "unlink") == 0) {
        return command_unlink(arguments[2]);
    }
    fprintf(stderr,
            "usage: gecko_shm_tool write --name NAME [options] | dump NAME | unlink NAME\n");
    return 2;
}
