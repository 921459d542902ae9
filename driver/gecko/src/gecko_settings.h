/* gecko_settings.h - what can be chosen about Gecko Sink before it starts.
 *
 *   environment              storage key    default          allowed
 *   GECKO_SHM_NAME           -              /GeckoAudioShm   a name for shared memory
 *   GECKO_SHM_LAYOUT         "shm layout"   v2               v1, v2
 *   GECKO_SHM_RING_FRAMES    "ring frames"  16384            256 to 4194304; in v2 a power of two
 *   GECKO_SHM_CHANNELS       -              2                1 to 8
 *   GECKO_SHM_MODE           -              0644             0600 to 0666 octal, nobody executes
 *   GECKO_SHM_START_FRAME    -              0                0 to 2^62; for tests near a wrap
 *
 * The environment comes before the storage, the storage before the default. An empty variable
 * counts as none. A variable that is not allowed is an error: the driver does not guess. A stored
 * value that is not allowed, or does not go with the variables that are set, is logged and passed
 * over: the user who stored it could not take it back without the device.
 */
#ifndef GECKO_SETTINGS_H
#define GECKO_SETTINGS_H

#include "gecko_shm_writer.h"
#include <CoreAudio/AudioServerPlugIn.h>
#include <os/log.h>

#define GECKO_DEFAULT_RING_FRAMES 16384
#define GECKO_DEFAULT_CHANNELS    2
#define GECKO_DEFAULT_MODE        0644
#define GECKO_DEVICE_MAX_CHANNELS 8

#define GECKO_STORAGE_LAYOUT      "shm layout"
#define GECKO_STORAGE_RING_FRAMES "ring frames"

/* Sets name, layout, ring frames, channels, mode and start frame of `config`. False, with one line
 * that names key, value and what is allowed, when a variable is not; stored values are logged in
 * the same words. */
bool gecko_settings_load(AudioServerPlugInHostRef host, os_log_t log,
                         struct gecko_shm_config *config, struct gecko_shm_error *error);

/* "v1" or "v2". */
const char *gecko_layout_text(enum gecko_layout layout);
/* False when `text` is neither. */
bool gecko_layout_parse(const char *text, enum gecko_layout *layout);

#endif
