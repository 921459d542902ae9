#include "loop_host.h"

#include <stdatomic.h>
#include <unistd.h>

/* One test runs at a time in a process: these belong to the test. */
static atomic_uint notice_counts[16];
static char last_texts[16][2 * HALSIM_MESSAGE_MAX];

static void on_notice(const struct halsim_notice *notice, void *context) {
    (void)context;
    notice_counts[notice->kind]++;
    if (notice->text != NULL) {
        (void)snprintf(last_texts[notice->kind], sizeof last_texts[0], "%s", notice->text);
    }
}

uint32_t loop_notices(enum halsim_notice_kind kind) {
    return notice_counts[kind];
}

const char *loop_last_text(enum halsim_notice_kind kind) {
    return last_texts[kind];
}

const char *loop_last_warning(void) {
    return loop_last_text(HALSIM_NOTICE_WARNING);
}

struct halsim_host_config loop_config(enum halsim_clock_kind clock) {
    struct halsim_host_config config;
    halsim_host_config_init(&config);
    config.clock = clock;
    return config;
}

const AudioStreamBasicDescription loop_int16 = {
    .mSampleRate = 48000,
    .mFormatID = kAudioFormatLinearPCM,
    .mFormatFlags = kAudioFormatFlagIsSignedInteger | kAudioFormatFlagIsPacked,
    .mBytesPerPacket = 4,
    .mFramesPerPacket = 1,
    .mBytesPerFrame = 4,
    .mChannelsPerFrame = 2,
    .mBitsPerChannel = 16,
};

static void set(const char *name, const char *value) {
    if (value == NULL) {
        (void)unsetenv(name);
    } else {
        (void)setenv(name, value, 1);
    }
}

static struct halsim_host *create(const struct halsim_host_config *config, const char *shape,
                                  const char *fault, struct halsim_error *error) {
    set("LOOP_SHAPE", shape);
    set("LOOP_FAULT", fault);
    for (size_t i = 0; i < 16; i++) {
        atomic_store(&notice_counts[i], 0);
    }
    memset(last_texts, 0, sizeof last_texts);
    struct halsim_host_config with_notices = *config;
    with_notices.on_notice = on_notice;
    struct halsim_host *host = halsim_host_create(&with_notices, error);
    uint32_t plugin;
    if (host != NULL && !halsim_plugin_load(host, LOOP_DRIVER, &plugin, error)) {
        halsim_host_destroy(host);
        host = NULL;
    }
    return host;
}

struct halsim_host *loop_host_with(const struct halsim_host_config *config, const char *shape,
                                   const char *fault) {
    struct halsim_error error = {0};
    struct halsim_host *host = create(config, shape, fault, &error);
    if (host == NULL) {
        fail_msg("%s", error.message);
    }
    return host;
}

struct halsim_host *loop_host(const char *shape, const char *fault) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    return loop_host_with(&config, shape, fault);
}

struct halsim_host *loop_host_try(const char *shape, const char *fault,
                                  struct halsim_error *error) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    return create(&config, shape, fault, error);
}

/* ---- what Loop was asked -------------------------------------------------------------------- */

/* A file without a name: nothing is left of it, however the test ends. */
static FILE *record_file;
static struct loop_call *calls;
static size_t call_count;

void loop_record_begin(void) {
    record_file = tmpfile();
    assert_non_null(record_file);
    char number[16];
    (void)snprintf(number, sizeof number, "%d", fileno(record_file));
    set("LOOP_RECORD", number);
}

size_t loop_calls(const struct loop_call **all) {
    char line[256];
    call_count = 0;
    rewind(record_file);
    while (fgets(line, sizeof line, record_file) != NULL) {
        calls = realloc(calls, (call_count + 1) * sizeof *calls);
        assert_non_null(calls);
        struct loop_call *call = &calls[call_count++];
        memset(call, 0, sizeof *call);
        int fields =
            sscanf(line, "%39s object=%u client=%u code=%4s thread=%lu %63[^\n]", call->entry_point,
                   &call->object, &call->client, call->code, &call->thread, call->more);
        assert_true(fields >= 5);
    }
    *all = calls;
    return call_count;
}

void loop_record_end(void) {
    set("LOOP_RECORD", NULL);
    (void)fclose(record_file);
    free(calls);
    calls = NULL;
    call_count = 0;
}

long loop_find_call(const char *entry_point, const char *code, size_t n) {
    for (size_t i = 0; i < call_count; i++) {
        if (strcmp(calls[i].entry_point, entry_point) == 0 &&
            (code == NULL || strcmp(calls[i].code, code) == 0) && n-- == 0) {
            return (long)i;
        }
    }
    return -1;
}

uint32_t loop_client(struct halsim_host *host, struct halsim_check *check) {
    uint32_t client = 0;
    assert_ok(halsim_client_add(host, 0, NULL, &client, error));
    assert_ok(halsim_client_set_source(host, 0, client, 0, halsim_source_create_counter(0), error));
    if (check != NULL) {
        halsim_check_init(check, 2);
        assert_ok(
            halsim_client_set_sink(host, 0, client, 0, halsim_sink_create_check(check), error));
    }
    return client;
}

uint32_t loop_started_client(struct halsim_host *host, struct halsim_check *check) {
    uint32_t client = loop_client(host, check);
    assert_ok(halsim_io_start(host, 0, client, error));
    return client;
}
