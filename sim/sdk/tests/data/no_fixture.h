/* no_fixture.h - main() of a test whose fixtures were not built: skips, loudly. */
#include "../cf_test.h"

static void the_fixtures_of_tests_data_are_built(void **state) {
    (void)state;
    fprintf(stderr, "add_subdirectory(data) is missing from sim/sdk/tests/CMakeLists.txt\n");
    skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {CF_TEST(the_fixtures_of_tests_data_are_built)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
