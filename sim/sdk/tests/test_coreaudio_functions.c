/* test_coreaudio_functions.c - the functions behind HostTime.h and Accelerate.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <Accelerate/Accelerate.h>
#include <CoreAudio/HostTime.h>
#include <halsdk/halsdk.h>
#include <mach/mach_time.h>
#include <math.h>

/* ---- HostTime.h ----------------------------------------------------------------------------- */

static uint64_t a_second(void *context) {
    (void)context;
    return 1000000000u;
}

static int restore_time(void **state) {
    (void)state;
    halsdk_set_time_source(NULL);
    halsdk_set_timebase(1, 1);
    return 0;
}

static void host_time_is_counted_in_ticks_of_the_timebase(void **state) {
    const struct halsdk_time_source source = {a_second, NULL};

    (void)state;
    halsdk_set_time_source(&source);
    assert_int_equal(AudioGetCurrentHostTime(), 1000000000u);
    assert_true(fabs(AudioGetHostClockFrequency() - 1e9) < 0.5);

    assert_true(halsdk_set_timebase(125, 3)); /* Apple silicon */
    assert_int_equal(AudioGetCurrentHostTime(), 24000000u);
    assert_int_equal(AudioGetCurrentHostTime(), mach_absolute_time());
    assert_true(fabs(AudioGetHostClockFrequency() - 24e6) < 0.5);
    assert_int_equal(AudioGetHostClockMinimumTimeDelta(), 1);
    assert_int_equal(AudioConvertHostTimeToNanos(3), 125);
    assert_int_equal(AudioConvertNanosToHostTime(125), 3);
    assert_int_equal(AudioConvertNanosToHostTime(124), 2); /* down */
    /* On the way to these nanoseconds 64 bits are not enough; for the second, not in the end
     * either. */
    assert_int_equal(AudioConvertHostTimeToNanos(1ull << 58), (1ull << 58) / 3 * 125 + 41);
    assert_int_equal(AudioConvertHostTimeToNanos(1ull << 60), UINT64_MAX);
}

/* ---- Accelerate.h --------------------------------------------------------------------------- */

static void vectors_leave_what_lies_between_strides_alone(void **state) {
    float c[7] = {9, 9, 9, 9, 9, 9, 9};
    static const float cleared[7] = {0, 9, 0, 9, 0, 9, 9};
    static const float a[3] = {1, 2, 3}, factor = -2;
    static const float scaled[7] = {-2, 9, -4, 9, -6, 9, 9};
    static const float summed[7] = {-1, 9, -2, 9, -3, 9, 9};

    (void)state;
    vDSP_vclr(c, 2, 3);
    assert_memory_equal(c, cleared, sizeof(c));
    vDSP_vsmul(a, 1, &factor, c, 2, 3);
    assert_memory_equal(c, scaled, sizeof(c));
    vDSP_vadd(a, 1, c, 2, c, 2, 3); /* in place */
    assert_memory_equal(c, summed, sizeof(c));
    vDSP_vclr(c, 1, 0);
    assert_memory_equal(c, summed, sizeof(c));
}

static void a_negative_stride_walks_backwards(void **state) {
    static const float a[3] = {1, 2, 3};
    static const float one = 1, reversed[3] = {3, 2, 1};
    float c[3] = {0};

    (void)state;
    vDSP_vsmul(a + 2, -1, &one, c, 1, 3);
    assert_memory_equal(c, reversed, sizeof(c));
}

static void a_factor_inside_the_output_is_read_before_it_is_overwritten(void **state) {
    static const float scaled[3] = {4, 6, 8};
    float c[3] = {2, 3, 4};

    (void)state;
    vDSP_vsmul(c, 1, &c[0], c, 1, 3);
    assert_memory_equal(c, scaled, sizeof(c));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(host_time_is_counted_in_ticks_of_the_timebase, restore_time),
        cmocka_unit_test(vectors_leave_what_lies_between_strides_alone),
        cmocka_unit_test(a_negative_stride_walks_backwards),
        cmocka_unit_test(a_factor_inside_the_output_is_read_before_it_is_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
