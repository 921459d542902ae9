/* CFPlugInInstance: instances with data of their own. */
#include "cf_test.h"

#include <CoreFoundation/CFPlugIn.h>

static int deallocated;

static void deallocate_instance(void *data) {
    deallocated += *(int *)data;
}

static Boolean get_interface(CFPlugInInstanceRef instance, CFStringRef name, void **table) {
    *table = CFPlugInInstanceGetInstanceData(instance);
    return CFEqual(name, CFSTR("known"));
}

static void an_instance_may_carry_data(void **state) {
    (void)state;
    CFPlugInInstanceRef instance = CFPlugInInstanceCreateWithInstanceDataSize(
        NULL, 100, deallocate_instance, CFSTR("factory"), get_interface);
    int *data = CFPlugInInstanceGetInstanceData(instance);
    void *table = &table;
    assert_int_equal((uintptr_t)data % _Alignof(max_align_t), 0);
    assert_int_equal(data[24], 0);
    data[0] = 5;
    data[24] = 6;
    assert_text(CFPlugInInstanceGetFactoryName(instance), "factory");
    assert_true(CFPlugInInstanceGetInterfaceFunctionTable(instance, CFSTR("known"), &table));
    assert_ptr_equal(table, data);
    assert_false(CFPlugInInstanceGetInterfaceFunctionTable(instance, CFSTR("other"), &table));
    assert_null(table);
    assert_int_equal(CFGetTypeID(instance), CFPlugInInstanceGetTypeID());
    deallocated = 0;
    CFRelease(instance);
    assert_int_equal(deallocated, 5);
    assert_null(CFPlugInInstanceCreateWithInstanceDataSize(NULL, -1, NULL, NULL, NULL));
    assert_fault("-1 bytes of instance data");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(an_instance_may_carry_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
