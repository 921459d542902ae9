/* sched_judge.c - how long each way gets, and what it must achieve.
 *
 * Others on the machine lose by a trial what it takes of their processor: less than a millisecond
 * when it goes well. When it does not, a thread may lie on a taken processor for some milliseconds
 * per miss, and there are five at most. Rests grow to a second and more, so that this is lost in
 * the noise.
 */
#include "sched_judge.h"

/* Between two looks: some 10 ms. */
#define LOOK_SWITCHES  4096
#define TRIAL_SWITCHES 512
/* Looks between two comparisons while apart: what threads do may have changed. */
#define CHECK_LOOKS    64
#define REST_MAX       256
/* Of real time, for a look at two processors: longer than ticks by far. */
#define SHARE_NS       UINT64_C(100000000)
#define MISS_COST      64
#define CREDIT_MAX     (4 * MISS_COST)

void sched_judge_begin(struct sched_judge *judge) {
    *judge = (struct sched_judge){.patience = 1};
}

uint32_t sched_judge_length(const struct sched_judge *judge) {
    return judge->on_trial ? TRIAL_SWITCHES : LOOK_SWITCHES;
}

bool sched_window_had(const struct sched_window *window, unsigned count) {
    return window->own_ns * 10 > window->real_ns * 9 * count;
}

static double ns_per_switch(const struct sched_window *window) {
    return (double)window->real_ns / window->switches;
}

static void go(struct sched_judge *judge, bool apart, bool on_trial) {
    judge->is_apart = apart;
    judge->on_trial = on_trial;
    judge->looks = 0;
    judge->credit = CREDIT_MAX;
    judge->share = (struct sched_window){0};
}

static void fail(struct sched_judge *judge) {
    go(judge, false, false);
    judge->rest = judge->patience;
    judge->patience = judge->patience < REST_MAX ? judge->patience * 2 : REST_MAX;
}

/* Quicker by so much that using twice as many processors is no waste: processor time grows by half
 * at most. */
static bool is_quicker(const struct sched_judge *judge, const struct sched_window *apart) {
    return ns_per_switch(apart) < judge->together_ns * 0.75;
}

/* Whether somebody else wants what it uses. */
static bool is_disputed(struct sched_judge *judge, const struct sched_window *apart) {
    judge->share.real_ns += apart->real_ns;
    judge->share.own_ns += apart->own_ns;
    if (judge->share.real_ns < SHARE_NS) {
        return false;
    }
    bool disputed = !sched_window_had(&judge->share, 2);
    judge->share = (struct sched_window){0};
    return disputed;
}

static void look_at_together(struct sched_judge *judge, const struct sched_window *window) {
    judge->together_ns = ns_per_switch(window);
    if (!sched_window_had(window, 1)) {
        if (judge->on_trial) {
            fail(judge);
        }
    } else if (judge->on_trial) {
        go(judge, true, true);
    } else if (judge->rest > 0) {
        judge->rest--;
    } else if ((uint64_t)window->returns * 16 >= (uint64_t)window->switches * 15) {
        go(judge, true, true);
    }
}

static void look_at_apart(struct sched_judge *judge, const struct sched_window *window) {
    if (!is_quicker(judge, window)) {
        fail(judge);
    } else if (judge->on_trial) {
        go(judge, true, false);
    } else if (is_disputed(judge, window)) {
        fail(judge);
    } else if (++judge->looks == CHECK_LOOKS) {
        judge->patience = 1; /* that was no accident */
        go(judge, false, true);
    }
}

void sched_judge_look(struct sched_judge *judge, const struct sched_window *window) {
    if (judge->is_apart) {
        look_at_apart(judge, window);
    } else {
        look_at_together(judge, window);
    }
}

void sched_judge_switch(struct sched_judge *judge, bool missed) {
    if (!judge->is_apart) {
        return;
    }
    if (missed) {
        judge->credit -= MISS_COST;
        if (judge->credit < 0) {
            fail(judge);
        }
    } else if (judge->credit < CREDIT_MAX) {
        judge->credit++;
    }
}
