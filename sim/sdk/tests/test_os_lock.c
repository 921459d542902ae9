/* os_unfair_lock. */
#include "death.h"
#include <os/lock.h>
#include <pthread.h>
#include <stdbool.h>

static os_unfair_lock lock = OS_UNFAIR_LOCK_INIT;
static int plain; /* guarded by the lock alone */

static void *count_up(void *unused) {
    (void)unused;
    for (int i = 0; i < 20000; i++) {
        os_unfair_lock_lock(&lock);
        plain++;
        os_unfair_lock_unlock(&lock);
    }
    return NULL;
}

static void four_threads_exclude_each_other(void **state) {
    pthread_t threads[4];

    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(plain, 80000);
    assert_int_equal(lock._os_unfair_lock_opaque, 0);
}

static void *try_it(void *unused) {
    bool taken = os_unfair_lock_trylock(&lock);

    (void)unused;
    os_unfair_lock_assert_not_owner(&lock);
    return taken ? &lock : NULL;
}

static void trylock_fails_while_another_thread_holds_it(void **state) {
    pthread_t thread;
    void *taken;

    (void)state;
    assert_true(os_unfair_lock_trylock(&lock));
    os_unfair_lock_assert_owner(&lock);
    assert_int_equal(pthread_create(&thread, NULL, try_it, NULL), 0);
    pthread_join(thread, &taken);
    assert_null(taken);
    assert_false(os_unfair_lock_trylock(&lock));
    os_unfair_lock_unlock(&lock);
    os_unfair_lock_assert_not_owner(&lock);
}

static void lock_twice(void) {
    os_unfair_lock mine = OS_UNFAIR_LOCK_INIT;
    os_unfair_lock_lock(&mine);
    os_unfair_lock_lock(&mine);
}

static void unlock_unlocked(void) {
    os_unfair_lock mine = OS_UNFAIR_LOCK_INIT;
    os_unfair_lock_unlock(&mine);
}

static void *take_and_leave(void *taken) {
    os_unfair_lock_lock(taken);
    return NULL;
}

static void unlock_anothers(void) {
    os_unfair_lock others = OS_UNFAIR_LOCK_INIT;
    pthread_t thread;

    pthread_create(&thread, NULL, take_and_leave, &others);
    pthread_join(thread, NULL);
    os_unfair_lock_unlock(&others);
}

static void assert_anothers(void) {
    os_unfair_lock_assert_owner(&lock);
}

static void misuse_ends_the_process_with_a_clear_line(void **state) {
    (void)state;
    assert_dies(lock_twice, "Trying to recursively lock an os_unfair_lock");
    assert_dies(unlock_unlocked, "Unlock of an os_unfair_lock not owned by current thread");
    assert_dies(unlock_anothers, "Unlock of an os_unfair_lock not owned by current thread");
    assert_dies(assert_anothers, "Lock unexpectedly not owned by current thread");
}

/* The owner's ID is a thread's, and a forked child's main thread is another thread. */
static void lock_in_child(void) {
    os_unfair_lock mine = OS_UNFAIR_LOCK_INIT;

    os_unfair_lock_lock(&mine);
    if (mine._os_unfair_lock_opaque != (uint32_t)getpid())
        _exit(3);
    os_unfair_lock_unlock(&mine);
}

static void a_forked_child_is_a_thread_of_its_own(void **state) {
    char text[256];

    (void)state;
    os_unfair_lock_lock(&lock); /* our ID is cached now */
    os_unfair_lock_unlock(&lock);
    assert_int_equal(run_in_child(lock_in_child, text, sizeof text), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_ends_the_process_with_a_clear_line),
        cmocka_unit_test(a_forked_child_is_a_thread_of_its_own),
        cmocka_unit_test(trylock_fails_while_another_thread_holds_it),
        cmocka_unit_test(four_threads_exclude_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
