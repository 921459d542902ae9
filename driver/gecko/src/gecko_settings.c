/* gecko_settings.c - environment, then storage, then default. */
#include "gecko_settings.h"
#include "haldrv/storage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_RANGE      "256 to 4194304, in layout v2 a power of two"
#define MAX_START_FRAME (UINT64_C(1) << 62)

const char *gecko_layout_text(enum gecko_layout layout) {
    return layout == GECKO_LAYOUT_V1 ? "v1" : "v2";
}

bool gecko_layout_parse(const char *text, enum gecko_layout *layout) {
    if (strcmp(text, "v1") == 0) {
        *layout = GECKO_LAYOUT_V1;
    } else if (strcmp(text, "v2") == 0) {
        *layout = GECKO_LAYOUT_V2;
    } else {
        return false;
    }
    return true;
}

static const char *environment(const char *key) {
    const char *value = getenv(key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool fail(struct gecko_shm_error *error, const char *key, const char *value,
                 const char *allowed) {
    return gecko_shm_fail(error, 0, "%s = \"%.64s\" is not allowed: must be %s", key, value,
                          allowed);
}

static bool load_name(struct gecko_shm_config *config, struct gecko_shm_error *error) {
    const char *value = environment("GECKO_SHM_NAME");
    struct gecko_shm_error reason;
    if (value == NULL) {
        value = GECKO_SHM_NAME_DEFAULT;
    }
    size_t suffix = config->layout == GECKO_LAYOUT_V2 ? strlen(GECKO_READERS_SUFFIX) : 0;
    if (!gecko_shm_name_check(value, GECKO_NAME_MAX - suffix, &reason)) {
        char allowed[128];
        snprintf(allowed, sizeof allowed,
                 "a slash, then letters, digits, '.', '_' or '-', 2 to %zu bytes",
                 GECKO_NAME_MAX - suffix);
        return fail(error, "GECKO_SHM_NAME", value, allowed);
    }
    snprintf(config->name, sizeof config->name, "%s", value);
    return true;
}

static void log_unusable(os_log_t log, const char *key, const char *value, const char *allowed) {
    struct gecko_shm_error reason;
    fail(&reason, key, value, allowed);
    os_log_error(log, "Gecko Sink starts with the default: storage key %{public}s", reason.text);
}

static bool load_layout(AudioServerPlugInHostRef host, os_log_t log,
                        struct gecko_shm_config *config, struct gecko_shm_error *error) {
    const char *value = environment("GECKO_SHM_LAYOUT");
    if (value != NULL) {
        return gecko_layout_parse(value, &config->layout) ||
               fail(error, "GECKO_SHM_LAYOUT", value, "v1 or v2");
    }
    char stored[16] = "";
    enum haldrv_stored found =
        haldrv_storage_string(host, GECKO_STORAGE_LAYOUT, stored, sizeof stored);
    config->layout = GECKO_LAYOUT_V2;
    if (found != HALDRV_STORED_NOTHING &&
        !(found == HALDRV_STORED_VALUE && gecko_layout_parse(stored, &config->layout))) {
        log_unusable(log, "\"" GECKO_STORAGE_LAYOUT "\"",
                     found == HALDRV_STORED_VALUE ? stored : "(no short string)",
                     "the string v1 or v2");
    }
    return true;
}

static bool ring_fits(const struct gecko_shm_config *config) {
    uint64_t ring = config->ring_frames;
    return ring >= GECKO_MIN_RING_FRAMES && ring <= GECKO_MAX_RING_FRAMES &&
           (config->layout == GECKO_LAYOUT_V1 || (ring & (ring - 1)) == 0);
}

static bool load_ring(AudioServerPlugInHostRef host, os_log_t log, struct gecko_shm_config *config,
                      struct gecko_shm_error *error) {
    const char *value = environment("GECKO_SHM_RING_FRAMES");
    if (value != NULL) {
        bool number = haldrv_parse_unsigned(value, 10, 0, UINT64_MAX, &config->ring_frames);
        return (number && ring_fits(config)) ||
               fail(error, "GECKO_SHM_RING_FRAMES", value, RING_RANGE);
    }
    int64_t stored = 0;
    char text[32] = "(no integer)";
    enum haldrv_stored found = haldrv_storage_integer(host, GECKO_STORAGE_RING_FRAMES, &stored);
    if (found == HALDRV_STORED_VALUE) {
        snprintf(text, sizeof text, "%lld", (long long)stored);
    }
    config->ring_frames = (uint64_t)stored; /* a negative one becomes too large */
    if (found != HALDRV_STORED_VALUE || !ring_fits(config)) {
        config->ring_frames = GECKO_DEFAULT_RING_FRAMES;
    }
    if (found != HALDRV_STORED_NOTHING && config->ring_frames != (uint64_t)stored) {
        log_unusable(log, "\"" GECKO_STORAGE_RING_FRAMES "\"", text, "an integer, " RING_RANGE);
    }
    return true;
}

static bool load_number(const char *key, unsigned base, uint64_t min, uint64_t max,
                        uint64_t otherwise, const char *allowed, uint64_t *number,
                        struct gecko_shm_error *error) {
    const char *value = environment(key);
    *number = otherwise;
    return value == NULL || haldrv_parse_unsigned(value, base, min, max, number) ||
           fail(error, key, value, allowed);
}

bool gecko_settings_load(AudioServerPlugInHostRef host, os_log_t log,
                         struct gecko_shm_config *config, struct gecko_shm_error *error) {
    uint64_t channels, mode;
    if (!load_layout(host, log, config, error) || !load_name(config, error) ||
        !load_ring(host, log, config, error) ||
        !load_number("GECKO_SHM_CHANNELS", 10, 1, GECKO_DEVICE_MAX_CHANNELS, GECKO_DEFAULT_CHANNELS,
                     "1 to 8", &channels, error) ||
        !load_number("GECKO_SHM_MODE", 8, 0600, 0666, GECKO_DEFAULT_MODE,
                     "octal, 0600 to 0666, owner read and write", &mode, error) ||
        !load_number("GECKO_SHM_START_FRAME", 10, 0, MAX_START_FRAME, 0, "0 to 4611686018427387904",
                     &config->start_frame, error)) {
        return false;
    }
    if ((mode & 0111) != 0) {
        return fail(error, "GECKO_SHM_MODE", environment("GECKO_SHM_MODE"),
                    "octal, 0600 to 0666, nobody executes");
    }
    config->channels = (uint32_t)channels;
    config->mode = (mode_t)mode;
    return true;
}
