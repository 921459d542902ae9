/* The forms that take blocks: with real blocks where the compiler has them (clang -fblocks), and
 * everywhere with a block laid out by hand as the Block ABI says, which is what a runtime that was
 * built by gcc sees of a driver that was built by clang. */
#include "death.h"
#include <dispatch/dispatch.h>
#include <halsdk/halsdk.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#define SECOND UINT64_C(1000000000)

static int end_of_test(void **state) {
    (void)state;
    return halsdk_stop_queues(5 * SECOND) ? 0 : -1;
}

#if defined(__BLOCKS__)

static void a_block_keeps_what_it_captured(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("b", NULL);
    __block int sum = 0;

    (void)state;
    for (int i = 1; i <= 100; i++)
        dispatch_async(queue, ^{
          sum += i;
        });
    dispatch_barrier_async(queue, ^{
      sum += 1000;
    });
    dispatch_sync(queue, ^{
      assert_int_equal(sum, 6050);
    });
    dispatch_barrier_sync(queue, ^{
      sum = 0;
    });
    dispatch_apply(10, queue, ^(size_t i) {
      sum += (int)i;
    });
    assert_int_equal(sum, 45);
    dispatch_release(queue);
}

static void groups_once_and_after_take_blocks(void **state) {
    static dispatch_once_t once;
    dispatch_group_t group = dispatch_group_create();
    dispatch_semaphore_t done = dispatch_semaphore_create(0);
    __block atomic_int count = 0;
    __block int at_notice = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        dispatch_group_async(group, dispatch_get_global_queue(0, 0), ^{
          atomic_fetch_add(&count, 1);
        });
        dispatch_once(&once, ^{
          atomic_fetch_add(&count, 100);
        });
    }
    dispatch_group_notify(group, dispatch_get_global_queue(0, 0), ^{
      at_notice = atomic_load(&count);
      dispatch_semaphore_signal(done);
    });
    assert_int_equal(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000000)),
                     0);
    assert_int_equal(at_notice, 110);
    dispatch_after(dispatch_time(DISPATCH_TIME_NOW, 1000000), dispatch_get_global_queue(0, 0), ^{
      dispatch_semaphore_signal(done);
    });
    assert_int_equal(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000000)),
                     0);
    dispatch_release(group);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    dispatch_release(done);
}

static void a_timer_takes_blocks_and_may_replace_them_while_they_run(void **state) {
    dispatch_queue_t queue = dispatch_queue_create("t", NULL);
    dispatch_source_t timer = dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, queue);
    dispatch_semaphore_t done = dispatch_semaphore_create(0);
    __block int first = 0, second = 0;

    (void)state;
    dispatch_source_set_timer(timer, DISPATCH_TIME_NOW, 1000000, 0);
    dispatch_source_set_event_handler(timer, ^{
      first++;
      dispatch_source_set_event_handler(timer, ^{
        second++;
        dispatch_source_cancel(timer);
      });
      first += 0 * second; /* the block that runs is still there */
    });
    dispatch_source_set_cancel_handler(timer, ^{
      dispatch_semaphore_signal(done);
    });
    dispatch_resume(timer);
    assert_int_equal(dispatch_semaphore_wait(done, dispatch_time(DISPATCH_TIME_NOW, 5000000000)),
                     0);
    assert_int_equal(first, 1);
    assert_int_equal(second, 1);
    dispatch_release(timer);
    dispatch_release(queue);
    assert_true(halsdk_wait_for_queues(5 * SECOND));
    dispatch_release(done);
}

static void dropped_blocks_are_released(void **state) {
    char *memory = malloc(16);
    __block bool ran = false;

    (void)state;
    /* The leak sanitizer sees it if the copy stays. */
    dispatch_async(dispatch_get_main_queue(), ^{
      ran = true;
      memory[0] = 1;
    });
    dispatch_after(dispatch_time(DISPATCH_TIME_NOW, 3600000000000), dispatch_get_main_queue(), ^{
      ran = true;
      memory[0] = 1;
    });
    assert_true(halsdk_stop_queues(5 * SECOND));
    halsdk_drain_main_queue();
    assert_false(ran);
    free(memory);
}

#else

/* The structure that clang emits for a block without captures. */
struct block {
    void *isa;
    int flags;
    int reserved;
    void (*invoke)(struct block *self);
    const struct { unsigned long reserved, size; } * descriptor;
};
extern void *_NSConcreteGlobalBlock[];
enum {
    BLOCK_IS_GLOBAL = 1 << 28
};

void dispatch_async(dispatch_queue_t queue, void *block);
void dispatch_sync(dispatch_queue_t queue, void *block);
void dispatch_apply(size_t iterations, dispatch_queue_t queue, void *block);

static _Atomic int called;

static void invoke(struct block *self) {
    if (self->flags == BLOCK_IS_GLOBAL)
        atomic_fetch_add(&called, 1);
}

static void a_block_of_another_compiler_is_called(void **state) {
    static const struct { unsigned long reserved, size; } descriptor = {0, sizeof(struct block)};
    struct block block = {_NSConcreteGlobalBlock, BLOCK_IS_GLOBAL, 0, invoke,
                          (const void *)&descriptor};
    dispatch_queue_t queue = dispatch_queue_create("b", NULL);

    (void)state;
    dispatch_async(queue, &block);
    dispatch_sync(queue, &block);
    assert_int_equal(atomic_load(&called), 2);
    dispatch_apply(3, queue, &block);
    assert_int_equal(atomic_load(&called), 5);
    dispatch_release(queue);
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
#if defined(__BLOCKS__)
        cmocka_unit_test_teardown(a_block_keeps_what_it_captured, end_of_test),
        cmocka_unit_test_teardown(groups_once_and_after_take_blocks, end_of_test),
        cmocka_unit_test_teardown(a_timer_takes_blocks_and_may_replace_them_while_they_run,
                                  end_of_test),
        cmocka_unit_test_teardown(dropped_blocks_are_released, end_of_test),
#else
        cmocka_unit_test_teardown(a_block_of_another_compiler_is_called, end_of_test),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
