/* fixture.h - a small driver for the tests of the scaffolding: one output and one input device.
 *
 *   1 plug-in
 *   2 output device: 4 stream (2 channels), 5 volume, 6 mute
 *   3 input device:  7 stream (10 channels)
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "fake_host.h"
#include "haldrv/plugin.h"
#include "haldrv/properties.h"

enum {
    FIXTURE_PLUGIN = 1,
    FIXTURE_OUTPUT,
    FIXTURE_INPUT,
    FIXTURE_OUTPUT_STREAM,
    FIXTURE_VOLUME,
    FIXTURE_MUTE,
    FIXTURE_INPUT_STREAM,
    FIXTURE_OBJECTS = FIXTURE_INPUT_STREAM,
};

/* What the driver was asked to do since it was made. */
struct fixture_counts {
    int created;
    int destroyed;
    int started;
    int stopped;
    int io;
    int level_changed;
};
extern struct fixture_counts fixture_counts;
/* What initialize() and start() answer from now on. */
extern OSStatus fixture_initialize_status;
extern OSStatus fixture_start_status;

void *fixture_factory(CFAllocatorRef allocator, CFUUIDRef type);

/* cmocka set-up and tear-down: *state is a struct fixture. */
struct fixture {
    struct fake_host host;
    AudioServerPlugInDriverRef driver;
};
int fixture_set_up(void **state); /* initialised */
int fixture_tear_down(void **state);

#endif
