/* What crashes a client of libdispatch on a Mac ends the process here with a clear line. Every case
 * runs in a child of its own; the parent starts no threads. */
#include "death.h"
#include <dispatch/dispatch.h>
#include <halsdk/halsdk.h>

static void sync_to(void *queue) {
    dispatch_sync_f(queue, NULL, NULL);
}

static void sync_inside_itself(void) {
    dispatch_queue_t queue = dispatch_queue_create("my queue", NULL);
    dispatch_sync_f(queue, queue, sync_to);
}

static void sync_inside_its_target(void) {
    dispatch_queue_t target = dispatch_queue_create("my target", NULL);
    dispatch_queue_t queue = dispatch_queue_create_with_target("inner", NULL, target);
    dispatch_sync_f(target, queue, sync_to);
}

static void sync_in_a_barrier(void) {
    dispatch_queue_t queue = dispatch_queue_create("barrier", DISPATCH_QUEUE_CONCURRENT);
    dispatch_barrier_sync_f(queue, queue, sync_to);
}

static void barrier_to(void *queue) {
    dispatch_barrier_sync_f(queue, NULL, NULL);
}

static void barrier_behind_itself(void) {
    dispatch_queue_t queue = dispatch_queue_create("behind", DISPATCH_QUEUE_CONCURRENT);
    dispatch_sync_f(queue, queue, barrier_to);
}

static void sync_to_main_on_main(void) {
    dispatch_async_f(dispatch_get_main_queue(), dispatch_get_main_queue(), sync_to);
    halsdk_drain_main_queue();
}

static void leave_too_often(void) {
    dispatch_group_t group = dispatch_group_create();
    dispatch_group_enter(group);
    dispatch_group_leave(group);
    dispatch_group_leave(group);
}

static void release_a_waited_semaphore(void) {
    dispatch_semaphore_t semaphore = dispatch_semaphore_create(1);
    dispatch_semaphore_wait(semaphore, DISPATCH_TIME_FOREVER);
    dispatch_release(semaphore);
}

static void release_while_suspended(void) {
    dispatch_queue_t queue = dispatch_queue_create("s", NULL);
    dispatch_suspend(queue);
    dispatch_release(queue);
}

static void release_a_source_that_never_started(void) {
    dispatch_release(dispatch_source_create(DISPATCH_SOURCE_TYPE_TIMER, 0, 0, NULL));
}

static void resume_too_often(void) {
    dispatch_resume(dispatch_queue_create("r", NULL));
}

static dispatch_once_t predicate;

static void once_again(void *unused) {
    (void)unused;
    dispatch_once_f(&predicate, NULL, once_again);
}

static void once_inside_once(void) {
    once_again(NULL);
}

static void assert_on_the_wrong_queue(void) {
    dispatch_assert_queue(dispatch_get_main_queue());
}

static void assert_not(void *queue) {
    dispatch_assert_queue_not(queue);
}

static void assert_not_on_the_right_queue(void) {
    dispatch_queue_t queue = dispatch_queue_create("here", NULL);
    dispatch_sync_f(queue, queue, assert_not);
}

static void misuse_ends_the_process_with_a_clear_line(void **state) {
    static const struct {
        void (*function)(void);
        const char *line;
    } cases[] = {
        {sync_inside_itself, "already owned by current thread [my queue]"},
        {sync_inside_its_target, "already owned by current thread [my target]"},
        {sync_in_a_barrier, "already owned by current thread [barrier]"},
        {barrier_behind_itself, "already owned by current thread [behind]"},
        {sync_to_main_on_main, "already owned by current thread [com.apple.main-thread]"},
        {leave_too_often, "Unbalanced call to dispatch_group_leave()"},
        {release_a_waited_semaphore, "Semaphore object deallocated while in use"},
        {release_while_suspended, "Release of a suspended object"},
        {release_a_source_that_never_started, "Release of an inactive object"},
        {resume_too_often, "Over-resume of an object"},
        {once_inside_once, "dispatch_once called from inside its own initializer"},
        {assert_on_the_wrong_queue, "expected to execute on queue [com.apple.main-thread]"},
        {assert_not_on_the_right_queue, "expected not to execute on queue [here]"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_dies(cases[i].function, cases[i].line);
}

static void swallow(const struct halsdk_log_record *record, void *context) {
    (void)record;
    (void)context;
}

static void die_with_a_sink(void) {
    halsdk_set_log_sink(swallow, NULL);
    resume_too_often();
}

static void the_line_comes_to_stderr_past_any_sink(void **state) {
    (void)state;
    assert_dies(die_with_a_sink, "BUG IN CLIENT OF LIBDISPATCH: Over-resume of an object\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_ends_the_process_with_a_clear_line),
        cmocka_unit_test(the_line_comes_to_stderr_past_any_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
