/* test_clients.c - when IO has to begin and to end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include "haldrv/clients.h"
#include <cmocka.h>

static void io_runs_from_the_first_start_to_the_last_stop(void **state) {
    (void)state;
    struct haldrv_clients clients = {0};
    bool edge;
    assert_int_equal(haldrv_clients_add(&clients, 1), 0);
    assert_int_equal(haldrv_clients_add(&clients, 2), 0);
    assert_int_equal(haldrv_clients_start(&clients, 1, &edge), 0);
    assert_true(edge);
    assert_int_equal(haldrv_clients_start(&clients, 2, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_start(&clients, 1, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_stop(&clients, 1, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_stop(&clients, 2, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_stop(&clients, 1, &edge), 0);
    assert_true(edge);
    haldrv_clients_destroy(&clients);
}

static void a_stop_without_a_start_takes_nothing_from_others(void **state) {
    (void)state;
    struct haldrv_clients clients = {0};
    bool edge;
    haldrv_clients_start(&clients, 1, &edge);
    assert_int_equal(haldrv_clients_stop(&clients, 2, &edge), kAudioHardwareIllegalOperationError);
    assert_false(edge);
    assert_int_equal(clients.starts, 1);
    assert_int_equal(haldrv_clients_stop(&clients, 1, &edge), 0);
    assert_int_equal(haldrv_clients_stop(&clients, 1, &edge), kAudioHardwareIllegalOperationError);
    assert_int_equal(clients.starts, 0);
    haldrv_clients_destroy(&clients);
}

static void a_client_that_goes_takes_its_starts_along(void **state) {
    (void)state;
    struct haldrv_clients clients = {0};
    bool edge;
    haldrv_clients_add(&clients, 1);
    haldrv_clients_add(&clients, 2);
    haldrv_clients_start(&clients, 1, &edge);
    haldrv_clients_start(&clients, 1, &edge);
    haldrv_clients_start(&clients, 2, &edge);
    assert_int_equal(haldrv_clients_remove(&clients, 1, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_remove(&clients, 2, &edge), 0);
    assert_true(edge);
    assert_int_equal(clients.starts, 0);
    haldrv_clients_destroy(&clients);
}

static void a_client_is_added_and_removed_once(void **state) {
    (void)state;
    struct haldrv_clients clients = {0};
    bool edge;
    assert_int_equal(haldrv_clients_add(&clients, 7), 0);
    assert_int_equal(haldrv_clients_add(&clients, 7), kAudioHardwareIllegalOperationError);
    assert_int_equal(haldrv_clients_remove(&clients, 7, &edge), 0);
    assert_false(edge);
    assert_int_equal(haldrv_clients_remove(&clients, 7, &edge),
                     kAudioHardwareIllegalOperationError);
    haldrv_clients_destroy(&clients);
}

static void a_hundred_clients_fit(void **state) {
    (void)state;
    struct haldrv_clients clients = {0};
    bool edge;
    for (UInt32 id = 0; id < 100; id++) {
        assert_int_equal(haldrv_clients_add(&clients, id), 0);
        assert_int_equal(haldrv_clients_start(&clients, id, &edge), 0);
        assert_int_equal(edge, id == 0);
    }
    for (UInt32 id = 0; id < 100; id++) {
        assert_int_equal(haldrv_clients_remove(&clients, id, &edge), 0);
        assert_int_equal(edge, id == 99);
    }
    haldrv_clients_destroy(&clients);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(io_runs_from_the_first_start_to_the_last_stop),
        cmocka_unit_test(a_stop_without_a_start_takes_nothing_from_others),
        cmocka_unit_test(a_client_that_goes_takes_its_starts_along),
        cmocka_unit_test(a_client_is_added_and_removed_once),
        cmocka_unit_test(a_hundred_clients_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
