#include "script_run.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

char script_path[64];

int script_make_path(void **state) {
    (void)state;
    (void)snprintf(script_path, sizeof script_path, "fingerprint-test-%d.events", (int)getpid());
    return 0;
}

int script_remove_path(void **state) {
    (void)state;
    (void)unlink(script_path);
    return 0;
}

struct halsim_host *script_begin(const struct script *script) {
    struct halsim_host_config config = loop_config(HALSIM_CLOCK_VIRTUAL);
    config.change_limit_ms = 20; /* for changes that are refused, or come later */
    struct halsim_host *host = halsim_host_create(&config, NULL);
    assert_non_null(host);
    assert_ok(halsim_fingerprint_begin(host, error));
    if (script->log != NULL) {
        assert_ok(halsim_fingerprint_log(host, script->log, script->first_cycle,
                                         script->last_cycle > 0 ? script->last_cycle : UINT64_MAX,
                                         script->capacity > 0 ? script->capacity : 4000, error));
        assert_ok(halsim_fingerprint_log_samples(host, script->samples, error));
    }
    (void)setenv("LOOP_SHAPE", script->shape != NULL ? script->shape : "", 1);
    (void)setenv("LOOP_FAULT", script->fault != NULL ? script->fault : "", 1);
    (void)setenv("LOOP_PPM", script->ppm != NULL ? script->ppm : "0", 1);
    return host;
}

void script_play(struct halsim_host *host, const struct script *script) {
    uint32_t plugin, client, second;
    struct halsim_check check;
    const struct halsim_object device = {0, 2};
    const struct halsim_client_config about = {script->process_id, script->bundle_id, NULL};
    assert_ok(halsim_plugin_load(host, LOOP_DRIVER, &plugin, error));
    uint32_t transport = 0;
    assert_ok(halsim_property_get_u32(
        host, device, &(AudioObjectPropertyAddress){kAudioDevicePropertyTransportType, 'glob', 0},
        &transport, error));
    free(halsim_property_get_string(
        host, device, &(AudioObjectPropertyAddress){kAudioObjectPropertyManufacturer, 'glob', 0},
        NULL));
    if (script->frames > 0) {
        assert_ok(halsim_device_set_buffer_frames(host, 0, script->frames, error));
    }
    assert_ok(halsim_client_add(host, 0, &about, &client, error));
    assert_ok(halsim_client_set_source(host, 0, client, 0,
                                       script->noise_seed == 0
                                           ? halsim_source_create_counter(0)
                                           : halsim_source_create_noise(script->noise_seed, 0.5),
                                       error));
    halsim_check_init(&check, 2);
    assert_ok(halsim_client_set_sink(host, 0, client, 0, halsim_sink_create_check(&check), error));
    assert_ok(halsim_io_start(host, 0, client, error));
    assert_ok(halsim_io_run_cycles(host, 0, SCRIPT_CYCLES / 2, error));
    if (script->late_second_client) {
        assert_ok(halsim_client_add(host, 0, NULL, &second, error));
        assert_ok(halsim_io_start(host, 0, second, error));
    }
    if (script->new_rate > 0) {
        struct halsim_error ignored;
        assert_ok(halsim_device_refuse_changes(host, 0, script->refused ? 1 : 0, error));
        (void)halsim_device_set_rate(host, 0, script->new_rate, &ignored);
    }
    assert_ok(halsim_io_run_cycles(host, 0, SCRIPT_CYCLES / 2, error));
    (void)halsim_io_stop(host, 0, client, NULL); /* some scripts have it fail */
}

struct halsim_fingerprint_state script_states[2];

const struct halsim_fingerprint_state *script_run(const struct script *script, int which) {
    struct halsim_host *host = script_begin(script);
    script_play(host, script);
    assert_ok(halsim_fingerprint_read(host, &script_states[which], error));
    halsim_host_destroy(host);
    return &script_states[which];
}

struct halsim_event_log_header script_log_header;

struct halsim_observation *script_read_log(void) {
    int fd = open(script_path, O_RDONLY);
    struct stat status;
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    assert_int_equal(read(fd, &script_log_header, sizeof script_log_header),
                     sizeof script_log_header);
    size_t bytes = (size_t)script_log_header.written * sizeof(struct halsim_observation);
    struct halsim_observation *events = malloc(bytes + 1);
    assert_non_null(events);
    assert_int_equal(read(fd, events, bytes), bytes);
    (void)close(fd);
    assert_int_equal(status.st_size, sizeof script_log_header + bytes); /* cut to what it holds */
    return events;
}
