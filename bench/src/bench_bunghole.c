/* bench_bunghole.c - what Bunghole costs: its two IO operations, one by one, and its two threads.
 *
 *   bench_bunghole EXECUTABLE CYCLES PERIOD_US
 *
 * EXECUTABLE is that of the bundle. A cycle is 480 frames played and 480 recorded, every PERIOD_US;
 * a memcpy of the same block is measured beside it, for what the machine alone takes. The host's
 * end is a thread here, over AF_UNIX: it reads what comes, and sends the packet of a tone for every
 * 960 frames. One JSON object on stdout: for each cycle nanoseconds by the wall clock and by the
 * processor's, and for each thread of the driver its processor time.
 */
#define _GNU_SOURCE /* P_tmpdir, mkdtemp */
#include "bench_support.h"
#include "bunghole_codec.h"
#include "bunghole_wire.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAMES       480u
#define CHANNELS     2u
#define OUTPUT       2u
#define INPUT        3u
#define MOST_CYCLES  1000000u
#define PACKET_KINDS 50u
/* What is not counted: caches, connections and buffers become what they stay. */
#define WARM_UP      100u

enum measure {
    WRITE_WALL,
    READ_WALL,
    COPY_WALL,
    WRITE_CPU,
    READ_CPU,
    MEASURES
};
static const char *const measure_names[MEASURES] = {"write", "read", "copy", "write_cpu",
                                                    "read_cpu"};

typedef void *(*factory)(CFAllocatorRef allocator, CFUUIDRef type);

/* ---- the host that the driver talks to ------------------------------------------------------- */

static OSStatus properties_changed(AudioServerPlugInHostRef host, AudioObjectID object,
                                   UInt32 count, const AudioObjectPropertyAddress *addresses) {
    (void)host, (void)object, (void)count, (void)addresses;
    return 0;
}

static OSStatus copy_from_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                  CFPropertyListRef *data) {
    (void)host, (void)key;
    *data = NULL;
    return kAudioHardwareUnknownPropertyError;
}

static OSStatus write_to_storage(AudioServerPlugInHostRef host, CFStringRef key,
                                 CFPropertyListRef data) {
    (void)host, (void)key, (void)data;
    return 0;
}

static OSStatus delete_from_storage(AudioServerPlugInHostRef host, CFStringRef key) {
    (void)host, (void)key;
    return 0;
}

static OSStatus request_change(AudioServerPlugInHostRef host, AudioObjectID device, UInt64 action,
                               void *info) {
    (void)host, (void)device, (void)action, (void)info;
    return 0;
}

static const AudioServerPlugInHostInterface host_interface = {
    .PropertiesChanged = properties_changed,
    .CopyFromStorage = copy_from_storage,
    .WriteToStorage = write_to_storage,
    .DeleteFromStorage = delete_from_storage,
    .RequestDeviceConfigurationChange = request_change,
};

/* ---- the far end ----------------------------------------------------------------------------- */

struct far_end {
    char folder[64];
    int listener[2]; /* output, input */
    int fd[2];
    uint64_t packet_ns; /* between packets of the microphone */
    _Atomic bool over;
    _Atomic uint64_t heard, said; /* packets */
    pthread_t thread;
    struct bunghole_parser parser;
    uint8_t packets[PACKET_KINDS][BUNGHOLE_V1_HEADER + BUNGHOLE_PACKET_MAX];
    size_t sizes[PACKET_KINDS];
};

static void make_packets(struct far_end *end) {
    struct bunghole_encoder *encoder = bunghole_encoder_create(128000);
    int16_t audio[BUNGHOLE_PACKET_FRAMES * CHANNELS];
    uint8_t packet[BUNGHOLE_PACKET_MAX];
    if (encoder == NULL) {
        bench_fail("no memory for an encoder");
    }
    for (unsigned n = 0, frame = 0; n < PACKET_KINDS; n++) {
        for (unsigned i = 0; i < BUNGHOLE_PACKET_FRAMES; i++, frame++) {
            audio[2 * i] = audio[2 * i + 1] = (int16_t)(9000.0 * sin(0.1304 * frame));
        }
        size_t size = bunghole_encode(encoder, audio, packet, sizeof packet);
        end->sizes[n] = bunghole_wire_put_frame(end->packets[n], packet, size);
    }
    bunghole_encoder_destroy(encoder);
}

static int listen_at(const char *folder, unsigned port) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%u.sock", folder, port);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 1) != 0) {
        bench_fail("%s: %s", address.sun_path, strerror(errno));
    }
    return fd;
}

/* Counts the packets of what has come. */
static void hear(struct far_end *end) {
    uint8_t bytes[16384];
    ssize_t got = recv(end->fd[0], bytes, sizeof bytes, MSG_DONTWAIT);
    for (size_t at = 0; got > 0 && at < (size_t)got;) {
        struct bunghole_item item;
        size_t used;
        enum bunghole_parse result =
            bunghole_parser_feed(&end->parser, bytes + at, (size_t)got - at, &used, &item);
        if (result == BUNGHOLE_PARSE_ERROR) {
            bench_fail("the driver sent what it must not: %s", end->parser.error);
        }
        at += used;
        atomic_fetch_add(&end->heard, result == BUNGHOLE_PARSE_ITEM);
    }
}

static void *run_far_end(void *context) {
    struct far_end *end = context;
    uint64_t next_ns = bench_now_ns();
    bench_pin(1);
    for (unsigned n = 0; !atomic_load(&end->over); n = (n + 1) % PACKET_KINDS) {
        if (send(end->fd[1], end->packets[n], end->sizes[n], MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
            atomic_fetch_add(&end->said, 1);
        }
        next_ns += end->packet_ns;
        for (uint64_t now = bench_now_ns(); now < next_ns; now = bench_now_ns()) {
            struct pollfd wait = {.fd = end->fd[0], .events = POLLIN};
            if (poll(&wait, 1, (int)((next_ns - now) / 1000000)) > 0) {
                hear(end);
            }
        }
    }
    return NULL;
}

static void open_far_end(struct far_end *end, uint64_t period_us) {
    snprintf(end->folder, sizeof end->folder, "%s/hal-lab-bench-XXXXXX", P_tmpdir);
    if (mkdtemp(end->folder) == NULL) {
        bench_fail("no folder for sockets: %s", strerror(errno));
    }
    for (unsigned i = 0; i < 2; i++) {
        end->listener[i] = listen_at(end->folder, 5000 + i);
    }
    end->packet_ns = period_us * 1000 * BUNGHOLE_PACKET_FRAMES / FRAMES;
    bunghole_parser_init_receiver(&end->parser, false);
    make_packets(end);
    setenv("BUNGHOLE_UNIX", end->folder, 1);
    setenv("BUNGHOLE_BACKOFF_MS", "20", 1);
}

static void meet_driver(struct far_end *end) {
    for (unsigned i = 0; i < 2; i++) {
        struct pollfd wait = {.fd = end->listener[i], .events = POLLIN};
        if (poll(&wait, 1, 10000) != 1 || (end->fd[i] = accept(end->listener[i], NULL, NULL)) < 0) {
            bench_fail("the driver did not connect within 10 s");
        }
    }
    if (pthread_create(&end->thread, NULL, run_far_end, end) != 0) {
        bench_fail("no thread for the far end");
    }
}

static void close_far_end(struct far_end *end) {
    atomic_store(&end->over, true);
    pthread_join(end->thread, NULL);
    for (unsigned i = 0; i < 2; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%u.sock", end->folder, 5000 + i);
        unlink(path);
        close(end->fd[i]);
        close(end->listener[i]);
    }
    rmdir(end->folder);
}

/* ---- measuring ------------------------------------------------------------------------------- */

static uint64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Processor time of this process's threads of that name, 0 when there is none. */
static uint64_t thread_ns(const char *wanted) {
    DIR *tasks = opendir("/proc/self/task");
    uint64_t sum = 0;
    for (struct dirent *task; tasks != NULL && (task = readdir(tasks)) != NULL;) {
        char path[320], name[32] = "";
        unsigned long long ran = 0;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) {
            continue;
        }
        bool named = fscanf(file, "%31s", name) == 1 && strcmp(name, wanted) == 0;
        fclose(file);
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", task->d_name);
        if (named && (file = fopen(path, "r")) != NULL) {
            sum += fscanf(file, "%llu", &ran) == 1 ? ran : 0;
            fclose(file);
        }
    }
    if (tasks != NULL) {
        closedir(tasks);
    }
    return sum;
}

struct io {
    AudioServerPlugInDriverRef driver;
    uint32_t cycle;
    float out[FRAMES * CHANNELS], in[FRAMES * CHANNELS], copy[FRAMES * CHANNELS];
};

static void do_io(struct io *io, AudioObjectID device, UInt32 operation, float *buffer,
                  double *wall, double *cpu) {
    const AudioServerPlugInIOCycleInfo cycle = {
        .mIOCycleCounter = io->cycle,
        .mNominalIOBufferFrameSize = FRAMES,
        .mCurrentTime = {.mHostTime = bench_now_ns()},
        .mOutputTime = {.mSampleTime = (Float64)io->cycle * FRAMES},
    };
    uint64_t cpu_begin = clock_ns(CLOCK_THREAD_CPUTIME_ID), begin = bench_now_ns();
    OSStatus status = (*io->driver)
                          ->DoIOOperation(io->driver, device, device + 2, 1, operation, FRAMES,
                                          &cycle, buffer, NULL);
    uint64_t end = bench_now_ns(), cpu_end = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    if (status != 0) {
        bench_fail("the driver refused an operation: %d", (int)status);
    }
    *wall = (double)(end - begin);
    *cpu = (double)(cpu_end - cpu_begin);
}

static double copy_block(struct io *io) {
    uint64_t begin = bench_now_ns();
    memcpy(io->copy, io->out, sizeof io->copy);
    bench_keep(io->copy);
    return (double)(bench_now_ns() - begin);
}

static void run_cycle(struct io *io, double **row, uint32_t at) {
    double results[MEASURES];
    for (unsigned i = 0; i < FRAMES; i++) {
        io->out[2 * i] = io->out[2 * i + 1] =
            0.3f * sinf(0.1304f * (float)(io->cycle * FRAMES + i));
    }
    do_io(io, INPUT, kAudioServerPlugInIOOperationReadInput, io->in, &results[READ_WALL],
          &results[READ_CPU]);
    do_io(io, OUTPUT, kAudioServerPlugInIOOperationWriteMix, io->out, &results[WRITE_WALL],
          &results[WRITE_CPU]);
    results[COPY_WALL] = copy_block(io);
    io->cycle++;
    for (unsigned m = 0; m < MEASURES; m++) {
        row[m][at] = results[m];
    }
}

static void sleep_until(uint64_t time_ns) {
    const struct timespec until = {(time_t)(time_ns / 1000000000u), (long)(time_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

static uint32_t number_of(const char *text, unsigned long most) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > most) {
        fprintf(stderr, "'%s' is no number from 1 to %lu\n", text, most);
        exit(2);
    }
    return (uint32_t)value;
}

static AudioServerPlugInDriverRef load(const char *path) {
    void *bundle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    factory make = NULL;
    if (bundle != NULL) {
        *(void **)&make = dlsym(bundle, "BungholeAudio_Create");
    }
    AudioServerPlugInDriverRef driver =
        make != NULL ? make(NULL, kAudioServerPlugInTypeUUID) : NULL;
    if (driver == NULL) {
        bench_fail("%s: %s", path, bundle == NULL ? dlerror() : "it makes no driver");
    }
    if ((*driver)->Initialize(driver, &host_interface) != 0) {
        bench_fail("%s: it does not start", path);
    }
    return driver;
}

static void print(double **results, uint32_t cycles, const uint64_t *ran, uint64_t heard,
                  uint64_t said) {
    printf("{\"cycles\": %u, \"sent\": %llu, \"received\": %llu, \"output_thread_ns\": %llu, "
           "\"input_thread_ns\": %llu, \"rounds\": {",
           cycles, (unsigned long long)heard, (unsigned long long)said, (unsigned long long)ran[0],
           (unsigned long long)ran[1]);
    for (unsigned m = 0; m < MEASURES; m++) {
        printf("%s", m == 0 ? "" : ", ");
        bench_print_rounds(measure_names[m], results[m], cycles);
    }
    printf("}}\n");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s EXECUTABLE CYCLES PERIOD_US\n", argv[0]);
        return 2;
    }
    uint32_t cycles = number_of(argv[2], MOST_CYCLES);
    uint64_t period_us = number_of(argv[3], 1000000);
    static struct far_end end;
    static struct io io;
    double *results[MEASURES];
    for (unsigned m = 0; m < MEASURES; m++) {
        results[m] = calloc((size_t)cycles, sizeof *results[m]);
        if (results[m] == NULL) {
            bench_fail("out of memory");
        }
    }
    open_far_end(&end, period_us);
    io.driver = load(argv[1]);
    meet_driver(&end);
    bench_pin(0);
    if ((*io.driver)->StartIO(io.driver, OUTPUT, 1) != 0 ||
        (*io.driver)->StartIO(io.driver, INPUT, 1) != 0) {
        bench_fail("the driver does not start IO");
    }
    uint64_t begin = bench_now_ns(), heard = 0, said = 0, ran[2] = {0, 0};
    for (uint32_t n = 0; n < WARM_UP + cycles; n++) {
        if (n == WARM_UP) {
            heard = atomic_load(&end.heard);
            said = atomic_load(&end.said);
            ran[0] = thread_ns("bunghole-output");
            ran[1] = thread_ns("bunghole-input");
        }
        run_cycle(&io, results, n < WARM_UP ? 0 : n - WARM_UP);
        sleep_until(begin + (n + 1) * period_us * 1000);
    }
    ran[0] = thread_ns("bunghole-output") - ran[0];
    ran[1] = thread_ns("bunghole-input") - ran[1];
    heard = atomic_load(&end.heard) - heard;
    said = atomic_load(&end.said) - said;
    (*io.driver)->StopIO(io.driver, OUTPUT, 1);
    (*io.driver)->StopIO(io.driver, INPUT, 1);
    (*io.driver)->Release(io.driver);
    close_far_end(&end);
    print(results, cycles, ran, heard, said);
    for (unsigned m = 0; m < MEASURES; m++) {
        free(results[m]);
    }
    return 0;
}
