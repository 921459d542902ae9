/* test_cf_allocator.c - allocators of a driver's own making are honoured. */
#include "cf_test.h"

#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFNumber.h>

/* An allocator that counts what it is asked. */
struct counts {
    int retained, allocated, reallocated, freed;
    bool empty; /* gives nothing any more */
};

static const void *count_retain(const void *info) {
    ((struct counts *)(uintptr_t)info)->retained++;
    return info;
}

static void count_release(const void *info) {
    ((struct counts *)(uintptr_t)info)->retained--;
}

static CFStringRef count_describe(const void *info) {
    (void)info;
    return CFStringCreateWithCString(NULL, "the counting one", kCFStringEncodingUTF8);
}

static void *count_allocate(CFIndex size, CFOptionFlags hint, void *info) {
    (void)hint;
    struct counts *counts = info;
    if (counts->empty) {
        return NULL;
    }
    counts->allocated++;
    return malloc((size_t)size);
}

static void *count_reallocate(void *memory, CFIndex size, CFOptionFlags hint, void *info) {
    (void)hint;
    ((struct counts *)info)->reallocated++;
    return realloc(memory, (size_t)size);
}

static void count_deallocate(void *memory, void *info) {
    ((struct counts *)info)->freed++;
    free(memory);
}

static CFIndex round_up(CFIndex size, CFOptionFlags hint, void *info) {
    (void)hint, (void)info;
    return (size + 63) / 64 * 64;
}

static CFAllocatorContext context_of(struct counts *counts) {
    return (CFAllocatorContext){
        .info = counts,
        .retain = count_retain,
        .release = count_release,
        .copyDescription = count_describe,
        .allocate = count_allocate,
        .reallocate = count_reallocate,
        .deallocate = count_deallocate,
        .preferredSize = round_up,
    };
}

static CFAllocatorRef create(struct counts *counts) {
    CFAllocatorContext context = context_of(counts);
    CFAllocatorRef allocator = CFAllocatorCreate(NULL, &context);
    assert_non_null(allocator);
    return allocator;
}

static void the_context_is_called_and_its_info_retained(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    assert_int_equal(counts.retained, 1);
    void *memory = CFAllocatorAllocate(allocator, 10, 0);
    memory = CFAllocatorReallocate(allocator, memory, 20, 0);
    assert_int_equal(counts.allocated, 1);
    assert_int_equal(counts.reallocated, 1);
    CFAllocatorDeallocate(allocator, memory);
    assert_int_equal(counts.freed, 1);
    assert_int_equal(CFAllocatorGetPreferredSizeForSize(allocator, 65, 0), 128);
    CFRelease(allocator);
    assert_int_equal(counts.retained, 0);
}

static void sizes_of_nothing_follow_the_rules(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    assert_null(CFAllocatorAllocate(allocator, 0, 0));
    assert_null(CFAllocatorAllocate(allocator, -1, 0));
    assert_int_equal(counts.allocated, 0);
    void *memory = CFAllocatorReallocate(allocator, NULL, 8, 0);
    assert_int_equal(counts.allocated, 1);
    assert_null(CFAllocatorReallocate(allocator, memory, 0, 0));
    assert_int_equal(counts.freed, 1);
    assert_null(CFAllocatorReallocate(allocator, NULL, 0, 0));
    CFAllocatorDeallocate(allocator, NULL);
    assert_int_equal(counts.freed, 1);
    CFRelease(allocator);
}

static void an_object_lives_in_its_allocators_memory(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    int value = 7;
    CFNumberRef number = CFNumberCreate(allocator, kCFNumberIntType, &value);
    assert_ptr_equal(CFGetAllocator(number), allocator);
    assert_int_equal(counts.allocated, 1);

    /* The object keeps its allocator. */
    CFRelease(allocator);
    assert_int_equal(counts.retained, 1);
    CFRelease(number);
    assert_int_equal(counts.freed, 1);
    assert_int_equal(counts.retained, 0);
}

static void the_buffers_of_mutable_objects_come_from_the_allocator_too(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    CFMutableStringRef string = CFStringCreateMutable(allocator, 0);
    for (int i = 0; i < 100; i++) {
        CFStringAppend(string, CFSTR("0123456789"));
    }
    CFMutableDataRef data = CFDataCreateMutable(allocator, 0);
    CFDataIncreaseLength(data, 1000);
    CFDataIncreaseLength(data, 1000);
    assert_true(counts.allocated >= 4);
    assert_int_equal(counts.reallocated, 1);
    CFRelease(string);
    CFRelease(data);
    assert_int_equal(counts.freed, counts.allocated);
    CFRelease(allocator);
}

static void without_memory_creation_returns_null(void **state) {
    (void)state;
    struct counts counts = {.empty = true};
    CFAllocatorRef allocator = create(&counts);
    int value = 7;
    assert_null(CFNumberCreate(allocator, kCFNumberIntType, &value));
    assert_null(CFStringCreateWithCString(allocator, "x", kCFStringEncodingUTF8));
    assert_null(CFNumberCreate(kCFAllocatorNull, kCFNumberIntType, &value));
    CFRelease(allocator);
    assert_int_equal(counts.retained, 0);
}

static void an_allocator_may_hold_itself(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorContext context = context_of(&counts);
    CFAllocatorRef allocator = CFAllocatorCreate(kCFAllocatorUseContext, &context);
    assert_int_equal(counts.allocated, 1);
    int value = 7;
    CFNumberRef number = CFNumberCreate(allocator, kCFNumberIntType, &value);
    CFRelease(allocator);
    assert_int_equal(counts.freed, 0);
    CFRelease(number);
    assert_int_equal(counts.freed, 2);
    assert_int_equal(counts.retained, 0);
}

static void an_allocator_that_gives_nothing_cannot_hold_itself(void **state) {
    (void)state;
    struct counts counts = {.empty = true};
    CFAllocatorContext context = context_of(&counts);
    assert_null(CFAllocatorCreate(kCFAllocatorUseContext, &context));
    assert_int_equal(counts.retained, 0);
}

static void the_default_allocator_can_be_set(void **state) {
    (void)state;
    assert_ptr_equal(CFAllocatorGetDefault(), kCFAllocatorSystemDefault);
    assert_null(kCFAllocatorDefault);
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    CFAllocatorSetDefault(allocator);
    assert_ptr_equal(CFAllocatorGetDefault(), allocator);
    int value = 7;
    CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &value);
    assert_ptr_equal(CFGetAllocator(number), allocator);
    CFRelease(number);
    CFAllocatorSetDefault(kCFAllocatorSystemDefault);
    number = CFNumberCreate(NULL, kCFNumberIntType, &value);
    assert_ptr_equal(CFGetAllocator(number), kCFAllocatorSystemDefault);
    CFRelease(number);
    assert_int_equal(counts.freed, 1);
    CFRelease(allocator);
    CFRelease(allocator); /* what CFAllocatorSetDefault() never releases */
}

static void a_context_can_be_read_back_and_described(void **state) {
    (void)state;
    struct counts counts = {0};
    CFAllocatorRef allocator = create(&counts);
    CFAllocatorContext context;
    CFAllocatorGetContext(allocator, &context);
    assert_ptr_equal(context.info, &counts);
    assert_ptr_equal(context.allocate, count_allocate);
    CFStringRef description = CFCopyDescription(allocator);
    assert_int_not_equal(CFStringFind(description, CFSTR("the counting one"), 0).location,
                         kCFNotFound);
    CFRelease(description);
    CFRelease(allocator);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        CF_TEST(the_context_is_called_and_its_info_retained),
        CF_TEST(sizes_of_nothing_follow_the_rules),
        CF_TEST(an_object_lives_in_its_allocators_memory),
        CF_TEST(the_buffers_of_mutable_objects_come_from_the_allocator_too),
        CF_TEST(without_memory_creation_returns_null),
        CF_TEST(an_allocator_may_hold_itself),
        CF_TEST(an_allocator_that_gives_nothing_cannot_hold_itself),
        CF_TEST(the_default_allocator_can_be_set),
        CF_TEST(a_context_can_be_read_back_and_described),
    };
    return cmocka_run_group_tests_name("cf_allocator", tests, NULL, NULL);
}
