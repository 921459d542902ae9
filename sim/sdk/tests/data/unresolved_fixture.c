/* unresolved_fixture.c - a shared object that cannot be loaded, for want of a function. */
int this_function_is_defined_nowhere(void);

__attribute__((visibility("default"))) int unresolved_fixture(void);
int unresolved_fixture(void) {
    return this_function_is_defined_nowhere();
}
