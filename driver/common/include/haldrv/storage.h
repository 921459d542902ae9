/* storage.h - settings of a driver: the host's storage, and text from the environment. */
#ifndef HALDRV_STORAGE_H
#define HALDRV_STORAGE_H

#include <CoreAudio/AudioServerPlugIn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum haldrv_stored {
    HALDRV_STORED_NOTHING,
    HALDRV_STORED_VALUE,
    HALDRV_STORED_OTHER, /* there is something, but not of the type (or size) asked for */
};

/* Keys are ASCII. Strings come out as UTF-8. */
enum haldrv_stored haldrv_storage_string(AudioServerPlugInHostRef host, const char *key,
                                         char *value, size_t size);
enum haldrv_stored haldrv_storage_integer(AudioServerPlugInHostRef host, const char *key,
                                          int64_t *value);
OSStatus haldrv_storage_set_string(AudioServerPlugInHostRef host, const char *key,
                                   const char *value);
OSStatus haldrv_storage_set_integer(AudioServerPlugInHostRef host, const char *key, int64_t value);

/* The whole text as a number: no sign, no blanks, nothing behind it. False also when out of range.
 */
bool haldrv_parse_unsigned(const char *text, unsigned base, uint64_t min, uint64_t max,
                           uint64_t *value);

#endif
