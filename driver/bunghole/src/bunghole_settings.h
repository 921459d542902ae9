/* bunghole_settings.h - what can be chosen about Bunghole before it starts.
 *
 *   environment                  storage key          default   allowed
 *   BUNGHOLE_CID                 in the endpoints     2         1 to 4294967294
 *   BUNGHOLE_OUTPUT_PORT         "output endpoint"    5000      1 to 4294967294
 *   BUNGHOLE_INPUT_PORT          "input endpoint"     5001      1 to 4294967294
 *   BUNGHOLE_UNIX                -                    none      a folder: AF_UNIX instead, for
 * tests BUNGHOLE_WIRE                "wire"               auto      auto, v1
 *   BUNGHOLE_ZERO_PERIOD_FRAMES  "zero period frames" 24000     480 to 192000
 *   BUNGHOLE_BITRATE             -                    128000    6000 to 510000 bit/s
 *   BUNGHOLE_BACKOFF_MS          -                    1000      1 to 60000
 *
 * Stored endpoints are strings "vsock CID:PORT". The environment comes before the storage, the
 * storage before the default. An empty variable counts as none. A variable that is not allowed is
 * an error: the driver does not guess. A stored value that is not allowed is logged and passed
 * over: the user who stored it could not take it back without the device.
 */
#ifndef BUNGHOLE_SETTINGS_H
#define BUNGHOLE_SETTINGS_H

#include "bunghole_dial.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <os/log.h>
#include <stdbool.h>
#include <stddef.h>

#define BUNGHOLE_DEFAULT_CID         2u
#define BUNGHOLE_DEFAULT_OUTPUT_PORT 5000u
#define BUNGHOLE_DEFAULT_INPUT_PORT  5001u
#define BUNGHOLE_DEFAULT_ZERO_PERIOD 24000u
#define BUNGHOLE_DEFAULT_BITRATE     128000u
#define BUNGHOLE_DEFAULT_BACKOFF_MS  1000u

#define BUNGHOLE_STORAGE_OUTPUT      "output endpoint"
#define BUNGHOLE_STORAGE_INPUT       "input endpoint"
#define BUNGHOLE_STORAGE_WIRE        "wire"
#define BUNGHOLE_STORAGE_ZERO_PERIOD "zero period frames"

struct bunghole_settings {
    struct bunghole_endpoint output;
    struct bunghole_endpoint input;
    bool output_is_fixed; /* by the environment: no property changes it */
    bool input_is_fixed;
    bool only_v1;
    bool wire_is_fixed;
    uint32_t zero_period_frames;
    uint32_t bitrate;
    uint32_t backoff_ms;
};

/* False, with one line in `error` that names key, value and what is allowed, when a variable is
 * not; stored values are logged in the same words. */
bool bunghole_settings_load(AudioServerPlugInHostRef host, os_log_t log,
                            struct bunghole_settings *settings, char *error, size_t size);

/* "auto" or "v1". */
const char *bunghole_wire_text(bool only_v1);
/* False when `text` is neither. */
bool bunghole_wire_parse(const char *text, bool *only_v1);

#endif
