/* driver_test.h - Gecko Sink on a fake host, with shared memory of its own. */
#ifndef DRIVER_TEST_H
#define DRIVER_TEST_H

#include "fake_host.h"
#include "gecko/gecko_reader.h"
#include "shm_test.h"

/* The driver's own numbers. */
enum {
    GECKO_TEST_PLUGIN = 1,
    GECKO_TEST_DEVICE,
    GECKO_TEST_STREAM,
    GECKO_TEST_VOLUME,
    GECKO_TEST_MUTE,
};

void *GeckoAudio_Create(CFAllocatorRef allocator, CFUUIDRef type);

struct driver_test {
    struct fake_host host;
    AudioServerPlugInDriverRef driver;
    const char *name; /* of the shared memory */
    UInt64 cycle;
    Float64 sample_time;
};

/* cmocka set-up and tear-down; *state is a struct driver_test. No variable of the environment is
 * set but GECKO_SHM_NAME. */
int driver_test_set_up(void **state);       /* initialised */
int driver_test_set_up_early(void **state); /* not initialised yet */
int driver_test_tear_down(void **state);

OSStatus driver_test_initialize(struct driver_test *test);
/* Releases the driver and makes it anew, not initialised. */
void driver_test_restart(struct driver_test *test);
void driver_test_start(struct driver_test *test);
void driver_test_stop(struct driver_test *test);
/* One cycle; the next one follows on. */
OSStatus driver_test_write(struct driver_test *test, float *audio, UInt32 frames);

/* Properties of the device: numbers and texts as Core Foundation objects. */
SInt64 get_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector);
OSStatus set_number(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                    SInt64 value);
OSStatus set_text(AudioServerPlugInDriverRef driver, AudioObjectPropertySelector selector,
                  const char *text);
/* What a reader finds; a failure fails the test. */
struct gecko_format format_of(const struct driver_test *test);

#define EARLY_TEST(name)                                                                           \
    cmocka_unit_test_setup_teardown(name, driver_test_set_up_early, driver_test_tear_down)

#endif
