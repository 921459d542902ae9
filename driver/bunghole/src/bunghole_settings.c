/* bunghole_settings.c - environment, then storage, then default. */
#include "bunghole_settings.h"
#include "haldrv/storage.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LARGEST_ID UINT64_C(4294967294)
#define ID_RANGE   "1 to 4294967294"
#define ZERO_LEAST 480
#define ZERO_MOST  192000
#define ZERO_RANGE "480 to 192000"

/* Where the line about a variable goes. */
struct complaint {
    char *text;
    size_t size;
};

const char *bunghole_wire_text(bool only_v1) {
    return only_v1 ? "v1" : "auto";
}

bool bunghole_wire_parse(const char *text, bool *only_v1) {
    *only_v1 = strcmp(text, "v1") == 0;
    return *only_v1 || strcmp(text, "auto") == 0;
}

static const char *environment(const char *key) {
    const char *value = getenv(key);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool fail(const struct complaint *complaint, const char *key, const char *value,
                 const char *allowed) {
    snprintf(complaint->text, complaint->size, "%s = \"%.64s\" is not allowed: must be %s", key,
             value, allowed);
    return false;
}

static void log_unusable(os_log_t log, const char *key, const char *value, const char *allowed) {
    os_log_error(log,
                 "Bunghole starts with the default: storage key \"%{public}s\" = \"%{public}.64s\" "
                 "is not allowed: must be %{public}s",
                 key, value, allowed);
}

static bool load_number(const char *key, uint64_t min, uint64_t max, const char *allowed,
                        uint32_t *number, const struct complaint *complaint) {
    const char *value = environment(key);
    uint64_t found = *number;
    if (value != NULL && !haldrv_parse_unsigned(value, 10, min, max, &found)) {
        return fail(complaint, key, value, allowed);
    }
    *number = (uint32_t)found;
    return true;
}

/* ---- endpoints ------------------------------------------------------------------------------- */

static void load_stored_endpoint(AudioServerPlugInHostRef host, os_log_t log, const char *key,
                                 struct bunghole_endpoint *endpoint) {
    char stored[64] = "";
    enum haldrv_stored found = haldrv_storage_string(host, key, stored, sizeof stored);
    if (found != HALDRV_STORED_NOTHING &&
        !(found == HALDRV_STORED_VALUE && bunghole_endpoint_parse(stored, endpoint))) {
        log_unusable(log, key, found == HALDRV_STORED_VALUE ? stored : "(no short string)",
                     "the string vsock CID:PORT, both " ID_RANGE);
    }
}

static bool load_folder(struct bunghole_settings *settings, const struct complaint *complaint) {
    const char *value = environment("BUNGHOLE_UNIX");
    struct stat about;
    if (value == NULL) {
        return true;
    }
    if (strlen(value) >= sizeof settings->output.folder) {
        return fail(complaint, "BUNGHOLE_UNIX", value, "shorter than 80 bytes");
    }
    if (stat(value, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return fail(complaint, "BUNGHOLE_UNIX", value, "a folder that is there");
    }
    snprintf(settings->output.folder, sizeof settings->output.folder, "%s", value);
    snprintf(settings->input.folder, sizeof settings->input.folder, "%s", value);
    return true;
}

static bool load_endpoints(AudioServerPlugInHostRef host, os_log_t log,
                           struct bunghole_settings *settings, const struct complaint *complaint) {
    settings->output = (struct bunghole_endpoint){.cid = BUNGHOLE_DEFAULT_CID,
                                                  .port = BUNGHOLE_DEFAULT_OUTPUT_PORT};
    settings->input = (struct bunghole_endpoint){.cid = BUNGHOLE_DEFAULT_CID,
                                                 .port = BUNGHOLE_DEFAULT_INPUT_PORT};
    load_stored_endpoint(host, log, BUNGHOLE_STORAGE_OUTPUT, &settings->output);
    load_stored_endpoint(host, log, BUNGHOLE_STORAGE_INPUT, &settings->input);
    bool fixed = environment("BUNGHOLE_CID") != NULL || environment("BUNGHOLE_UNIX") != NULL;
    settings->output_is_fixed = fixed || environment("BUNGHOLE_OUTPUT_PORT") != NULL;
    settings->input_is_fixed = fixed || environment("BUNGHOLE_INPUT_PORT") != NULL;
    return load_number("BUNGHOLE_CID", 1, LARGEST_ID, ID_RANGE, &settings->output.cid, complaint) &&
           load_number("BUNGHOLE_CID", 1, LARGEST_ID, ID_RANGE, &settings->input.cid, complaint) &&
           load_number("BUNGHOLE_OUTPUT_PORT", 1, LARGEST_ID, ID_RANGE, &settings->output.port,
                       complaint) &&
           load_number("BUNGHOLE_INPUT_PORT", 1, LARGEST_ID, ID_RANGE, &settings->input.port,
                       complaint) &&
           load_folder(settings, complaint);
}

/* ---- the others ------------------------------------------------------------------------------ */

static bool load_wire(AudioServerPlugInHostRef host, os_log_t log,
                      struct bunghole_settings *settings, const struct complaint *complaint) {
    const char *value = environment("BUNGHOLE_WIRE");
    settings->only_v1 = false;
    settings->wire_is_fixed = value != NULL;
    if (value != NULL) {
        return bunghole_wire_parse(value, &settings->only_v1) ||
               fail(complaint, "BUNGHOLE_WIRE", value, "auto or v1");
    }
    char stored[16] = "";
    enum haldrv_stored found =
        haldrv_storage_string(host, BUNGHOLE_STORAGE_WIRE, stored, sizeof stored);
    if (found != HALDRV_STORED_NOTHING &&
        !(found == HALDRV_STORED_VALUE && bunghole_wire_parse(stored, &settings->only_v1))) {
        log_unusable(log, BUNGHOLE_STORAGE_WIRE,
                     found == HALDRV_STORED_VALUE ? stored : "(no short string)",
                     "the string auto or v1");
    }
    return true;
}

static void load_stored_period(AudioServerPlugInHostRef host, os_log_t log, uint32_t *period) {
    int64_t stored = 0;
    enum haldrv_stored found = haldrv_storage_integer(host, BUNGHOLE_STORAGE_ZERO_PERIOD, &stored);
    if (found == HALDRV_STORED_VALUE && stored >= ZERO_LEAST && stored <= ZERO_MOST) {
        *period = (uint32_t)stored;
    } else if (found != HALDRV_STORED_NOTHING) {
        char text[32] = "(no integer)";
        if (found == HALDRV_STORED_VALUE) {
            snprintf(text, sizeof text, "%lld", (long long)stored);
        }
        log_unusable(log, BUNGHOLE_STORAGE_ZERO_PERIOD, text, "an integer, " ZERO_RANGE);
    }
}

bool bunghole_settings_load(AudioServerPlugInHostRef host, os_log_t log,
                            struct bunghole_settings *settings, char *error, size_t size) {
    const struct complaint complaint = {error, size};
    memset(settings, 0, sizeof *settings);
    settings->zero_period_frames = BUNGHOLE_DEFAULT_ZERO_PERIOD;
    settings->bitrate = BUNGHOLE_DEFAULT_BITRATE;
    settings->backoff_ms = BUNGHOLE_DEFAULT_BACKOFF_MS;
    load_stored_period(host, log, &settings->zero_period_frames);
    return load_endpoints(host, log, settings, &complaint) &&
           load_wire(host, log, settings, &complaint) &&
           load_number("BUNGHOLE_ZERO_PERIOD_FRAMES", ZERO_LEAST, ZERO_MOST, ZERO_RANGE,
                       &settings->zero_period_frames, &complaint) &&
           load_number("BUNGHOLE_BITRATE", 6000, 510000, "6000 to 510000", &settings->bitrate,
                       &complaint) &&
           load_number("BUNGHOLE_BACKOFF_MS", 1, 60000, "1 to 60000", &settings->backoff_ms,
                       &complaint);
}
