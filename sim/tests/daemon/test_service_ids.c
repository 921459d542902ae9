/* Numbers of the front against those of its helpers. */
#include "service_ids.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* after the others */
#include <cmocka.h>

static void things_get_numbers_in_the_order_in_which_they_appear(void **state) {
    (void)state;
    struct id_table devices = {.first = 0}, clients = {.first = 1};
    assert_int_equal(id_give(&devices, 0, 0), 0);
    assert_int_equal(id_give(&devices, 1, 0), 1);
    assert_int_equal(id_give(&devices, 0, 1), 2);
    assert_int_equal(id_give(&clients, 5, 1), 1);
    id_table_free(&devices);
    id_table_free(&clients);
}

static void a_thing_that_is_known_keeps_its_number(void **state) {
    (void)state;
    struct id_table table = {.first = 1};
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(id_give(&table, i % 7, i), i + 1);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(id_give(&table, i % 7, i), i + 1);
        assert_int_equal(id_find(&table, i + 1)->plugin, i % 7);
        assert_int_equal(id_find(&table, i + 1)->own, i);
    }
    assert_int_equal(table.count, 1000);
    id_table_free(&table);
}

static void a_number_that_was_never_given_out_is_nobody_s(void **state) {
    (void)state;
    struct id_table table = {.first = 1};
    assert_null(id_find(&table, 1));
    (void)id_give(&table, 0, 0);
    assert_non_null(id_find(&table, 1));
    assert_null(id_find(&table, 0)); /* before the first */
    assert_null(id_find(&table, 2));
    assert_null(id_find(&table, UINT64_C(1) << 32 | 1)); /* not cut to 32 bits */
    id_table_free(&table);
}

static void a_device_is_described_anew_and_keeps_what_is_not_said(void **state) {
    (void)state;
    struct id_table table = {.first = 0};
    struct id_entry *entry = id_find(&table, id_give(&table, 0, 0));
    id_describe(entry, "uid", "a name", 2);
    id_describe(entry, NULL, "another", 3);
    assert_string_equal(entry->uid, "uid");
    assert_string_equal(entry->name, "another");
    assert_int_equal(entry->object, 3);
    id_table_free(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_get_numbers_in_the_order_in_which_they_appear),
        cmocka_unit_test(a_thing_that_is_known_keeps_its_number),
        cmocka_unit_test(a_number_that_was_never_given_out_is_nobody_s),
        cmocka_unit_test(a_device_is_described_anew_and_keeps_what_is_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
