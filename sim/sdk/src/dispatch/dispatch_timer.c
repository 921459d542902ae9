/* dispatch_timer.c - what happens at a deadline.
 *
 * Armed timers stand in a list, earliest first; equal deadlines in the order of arming. In real
 * time a thread fires them; when the host owns time, halsdk_run_timers_until() does. Timed waits in
 * virtual time stand in it too (dispatch_wait.c).
 */
#include "dispatch/dispatch_internal.h"

#include "system/mach_time.h"
#include <halsdk/halsdk.h>
#include <stdlib.h>

static struct timer *timers;
static size_t timer_count; /* without the waits */
static struct halsdk_wait_cond timer_cond = HALSDK_WAIT_COND_INIT;
static bool thread_ends;

/* Nobody else's wait. */
static bool is_own(const struct timer *timer) {
    return timer->drop != NULL;
}

static void insert_locked(struct timer *timer) {
    struct timer **link = &timers;

    while (*link && (*link)->deadline_ns <= timer->deadline_ns)
        link = &(*link)->next;
    timer->next = *link;
    *link = timer;
    timer->is_armed = true;
    timer_count += is_own(timer);
}

void timer_disarm_locked(struct timer *timer) {
    struct timer **link = &timers;

    if (!timer->is_armed)
        return;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->is_armed = false;
    timer_count -= is_own(timer);
}

/* Fires what was armed when the call began: a timer that arms itself again for a time that has
 * passed already waits for the next call. */
static size_t fire_due_locked(uint64_t now_ns) {
    size_t due = 0, fired = 0;

    for (const struct timer *timer = timers; timer && timer->deadline_ns <= now_ns;
         timer = timer->next)
        due++;
    for (; fired < due && timers && timers->deadline_ns <= now_ns; fired++) {
        struct timer *timer = timers;

        timer_disarm_locked(timer);
        timer->fire(timer, now_ns);
    }
    return fired;
}

/* Timers that were armed before the host took time over are the host's then. */
static void *run_thread(void *unused) {
    (void)unused;
    halsdk_wait_lock();
    while (!thread_ends) {
        if (!timers || halsdk_time_is_virtual()) {
            halsdk_wait_on(&timer_cond, HALSDK_WAIT_FOREVER);
        } else if (timers->deadline_ns > halsdk_now_ns()) {
            halsdk_wait_on(&timer_cond, timers->deadline_ns);
        } else {
            fire_due_locked(halsdk_now_ns());
            /* A timer with a tiny interval is due again already: let others in. */
            halsdk_wait_unlock();
            halsdk_wait_lock();
        }
    }
    halsdk_wait_unlock();
    return NULL;
}

static void thread_refused(struct halsdk_wait_thread *refused) {
    (void)refused;
    halsdk_wait_unlock();
    halsdk_crash("hal-lab: the system refuses a thread for timers");
}

static struct halsdk_wait_thread thread = {
    .name = "dispatch-timer", .run = run_thread, .refused = thread_refused};

/* In virtual time the host fires. While a thread is being ended, timer_end_thread_locked() asks for
 * the next one. */
static void provide_thread_locked(void) {
    if (timers && !halsdk_time_is_virtual() && !thread_ends && thread.state == HALSDK_THREAD_NONE)
        halsdk_wait_ask_thread(&thread);
}

void timer_arm_locked(struct timer *timer, uint64_t deadline_ns) {
    timer_disarm_locked(timer);
    timer->deadline_ns = deadline_ns;
    insert_locked(timer);
    provide_thread_locked();
    if (timers == timer)
        halsdk_wait_wake_all(&timer_cond);
}

/* What was armed for the old source's time is due by the new one's clock: without this, nobody
 * would look. A wait for real time keeps its deadline, and passes by itself. */
void timer_source_changed(void) {
    halsdk_wait_lock_unnoticed();
    provide_thread_locked();
    halsdk_wait_wake_all(&timer_cond);
    halsdk_wait_unlock();
}

size_t timer_count_locked(void) {
    return timer_count;
}

bool timer_thread_runs_locked(void) {
    return thread.state != HALSDK_THREAD_NONE;
}

void timer_drop_all_locked(void) {
    for (struct timer *timer = timers, *next; timer; timer = next) {
        next = timer->next;
        if (is_own(timer)) {
            timer_disarm_locked(timer);
            timer->drop(timer);
        }
    }
}

void timer_end_thread_locked(void) {
    thread_ends = true;
    halsdk_wait_wake_all(&timer_cond);
    halsdk_wait_join_thread(&thread);
    thread_ends = false;
    provide_thread_locked(); /* for what was armed meanwhile */
}

size_t halsdk_run_timers_until(uint64_t now_ns) {
    size_t fired;

    if (!halsdk_time_is_virtual())
        return 0;
    halsdk_wait_lock();
    fired = fire_due_locked(now_ns);
    halsdk_wait_unlock();
    return fired;
}

/* ---- dispatch_after ------------------------------------------------------------------------ */

struct after {
    struct timer timer;
    struct dispatch_queue_s *queue; /* retained */
    struct work *work;
};

/* Dropping is the same: while the runtime is being stopped, submitted work is dropped. */
static void submit_after(struct timer *timer) {
    struct after *after = (struct after *)timer;

    work_submit_locked(after->work, after->queue);
    object_release_locked(after->queue);
    free(after);
}

static void fire_after(struct timer *timer, uint64_t now_ns) {
    (void)now_ns;
    submit_after(timer);
}

void dispatch_submit_after(dispatch_time_t when, dispatch_queue_t queue, struct work *work) {
    uint64_t deadline_ns = dispatch_deadline_ns(when);
    struct after *after;

    if (deadline_ns == 0) {
        dispatch_submit(queue, work);
        return;
    }
    after = halsdk_allocate(sizeof *after);
    after->timer.fire = fire_after;
    after->timer.drop = submit_after;
    after->queue = queue;
    after->work = work;
    halsdk_wait_lock();
    object_retain_locked(queue);
    timer_arm_locked(&after->timer, deadline_ns);
    halsdk_wait_unlock();
}

void dispatch_after_f(dispatch_time_t when, dispatch_queue_t queue, void *context,
                      dispatch_function_t function) {
    dispatch_submit_after(when, queue, work_create(context, function, NULL));
}
