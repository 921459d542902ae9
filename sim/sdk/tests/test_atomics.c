/* OSAtomic.h and OSByteOrder.h. */
#include "death.h"
#include <libkern/OSAtomic.h>
#include <libkern/OSByteOrder.h>
#include <pthread.h>

static void arithmetic_returns_the_new_value(void **state) {
    volatile int32_t a = 5;
    volatile int64_t b = INT64_C(0x100000000);

    (void)state;
    assert_int_equal(OSAtomicAdd32(3, &a), 8);
    assert_int_equal(OSAtomicAdd32Barrier(-10, &a), -2);
    assert_int_equal(OSAtomicIncrement32(&a), -1);
    assert_int_equal(OSAtomicIncrement32Barrier(&a), 0);
    assert_int_equal(OSAtomicDecrement32(&a), -1);
    assert_int_equal(OSAtomicDecrement32Barrier(&a), -2);
    assert_int_equal(a, -2);
    assert_int_equal(OSAtomicAdd64Barrier(1, &b), INT64_C(0x100000001));
    assert_int_equal(OSAtomicDecrement64(&b), INT64_C(0x100000000));
    assert_int_equal(OSAtomicIncrement64Barrier(&b), INT64_C(0x100000001));
}

static void bit_operations_return_new_and_orig_old(void **state) {
    volatile uint32_t a = 0xF0;

    (void)state;
    assert_int_equal(OSAtomicOr32Barrier(0x0F, &a), 0xFF);
    assert_int_equal(OSAtomicAnd32(0x3C, &a), 0x3C);
    assert_int_equal(OSAtomicXor32Barrier(0xFF, &a), 0xC3);
    assert_int_equal(OSAtomicOr32OrigBarrier(0x10, &a), 0xC3);
    assert_int_equal(OSAtomicAnd32Orig(0x01, &a), 0xD3);
    assert_int_equal(OSAtomicXor32Orig(0x03, &a), 0x01);
    assert_int_equal(a, 0x02);
}

static void compare_and_swap_only_swaps_the_expected_value(void **state) {
    volatile int32_t a = 1;
    volatile int64_t b = 1;
    volatile long c = 1;
    volatile int d = 1;
    int x, y;
    void *volatile pointer = &x;

    (void)state;
    assert_false(OSAtomicCompareAndSwap32Barrier(2, 3, &a));
    assert_int_equal(a, 1);
    assert_true(OSAtomicCompareAndSwap32(1, 3, &a));
    assert_int_equal(a, 3);
    assert_true(OSAtomicCompareAndSwap64Barrier(1, INT64_C(1) << 40, &b));
    assert_int_equal(b, INT64_C(1) << 40);
    assert_true(OSAtomicCompareAndSwapLongBarrier(1, -1, &c));
    assert_int_equal(c, -1);
    assert_true(OSAtomicCompareAndSwapIntBarrier(1, 2, &d));
    assert_int_equal(d, 2);
    assert_false(OSAtomicCompareAndSwapPtrBarrier(&y, NULL, &pointer));
    assert_true(OSAtomicCompareAndSwapPtrBarrier(&x, &y, &pointer));
    assert_ptr_equal(pointer, &y);
}

static void bits_are_numbered_from_the_top_of_each_byte(void **state) {
    volatile unsigned char bytes[2] = {0, 0};

    (void)state;
    assert_false(OSAtomicTestAndSet(0, bytes));
    assert_int_equal(bytes[0], 0x80);
    assert_true(OSAtomicTestAndSetBarrier(0, bytes));
    assert_false(OSAtomicTestAndSet(15, bytes));
    assert_int_equal(bytes[1], 0x01);
    assert_true(OSAtomicTestAndClear(15, bytes));
    assert_false(OSAtomicTestAndClearBarrier(15, bytes));
    assert_int_equal(bytes[1], 0);
}

static OSSpinLock spin_lock = OS_SPINLOCK_INIT;
static int plain;

struct element {
    int value;
    struct element *link;
};
static OSQueueHead stack = OS_ATOMIC_QUEUE_INIT;
static struct element elements[64];

static void *work(void *unused) {
    (void)unused;
    for (int i = 0; i < 5000; i++) {
        struct element *element;

        OSSpinLockLock(&spin_lock);
        plain++;
        OSSpinLockUnlock(&spin_lock);
        element = OSAtomicDequeue(&stack, offsetof(struct element, link));
        if (element) {
            element->value++; /* ours alone as long as it is out */
            OSAtomicEnqueue(&stack, element, offsetof(struct element, link));
        }
    }
    return NULL;
}

static void spin_locks_and_stacks_hold_under_four_threads(void **state) {
    pthread_t threads[4];
    int sum = 0, count = 0;
    struct element *element;

    (void)state;
    for (int i = 0; i < 64; i++)
        OSAtomicEnqueue(&stack, &elements[i], offsetof(struct element, link));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(plain, 20000);
    while ((element = OSAtomicDequeue(&stack, offsetof(struct element, link))) != NULL) {
        sum += element->value;
        count++;
    }
    assert_int_equal(count, 64);
    assert_int_equal(sum, 20000);
    assert_true(OSSpinLockTry(&spin_lock));
    assert_false(OSSpinLockTry(&spin_lock));
    OSSpinLockUnlock(&spin_lock);
}

static void the_stack_gives_the_last_first(void **state) {
    (void)state;
    OSAtomicEnqueue(&stack, &elements[0], offsetof(struct element, link));
    OSAtomicEnqueue(&stack, &elements[1], offsetof(struct element, link));
    assert_ptr_equal(OSAtomicDequeue(&stack, offsetof(struct element, link)), &elements[1]);
    assert_ptr_equal(OSAtomicDequeue(&stack, offsetof(struct element, link)), &elements[0]);
    assert_null(OSAtomicDequeue(&stack, offsetof(struct element, link)));
}

static void byte_order_is_converted(void **state) {
    unsigned char bytes[9] = {0};

    (void)state;
    assert_int_equal(OSSwapInt16(0x1234), 0x3412);
    assert_int_equal(OSSwapInt32(0x12345678), 0x78563412);
    assert_int_equal(OSSwapInt64(UINT64_C(0x0102030405060708)), UINT64_C(0x0807060504030201));
    OSWriteBigInt32(bytes, 1, 0x11223344);
    assert_int_equal(bytes[1], 0x11);
    assert_int_equal(bytes[4], 0x44);
    assert_int_equal(OSReadBigInt32(bytes, 1), 0x11223344);
    assert_int_equal(OSReadLittleInt32(bytes, 1), 0x44332211);
    OSWriteLittleInt64(bytes, 1, UINT64_C(0x0102030405060708));
    assert_int_equal(bytes[1], 0x08);
    assert_int_equal(OSReadBigInt16(bytes, 1), 0x0807);
    assert_int_equal(OSSwapHostToBigInt16(OSSwapBigToHostInt16(0xABCD)), 0xABCD);
    assert_int_equal(OSSwapHostToLittleInt64(1),
                     OSHostByteOrder() == OSLittleEndian ? UINT64_C(1) : UINT64_C(1) << 56);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_returns_the_new_value),
        cmocka_unit_test(bit_operations_return_new_and_orig_old),
        cmocka_unit_test(compare_and_swap_only_swaps_the_expected_value),
        cmocka_unit_test(bits_are_numbered_from_the_top_of_each_byte),
        cmocka_unit_test(spin_locks_and_stacks_hold_under_four_threads),
        cmocka_unit_test(the_stack_gives_the_last_first),
        cmocka_unit_test(byte_order_is_converted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
