/* mach/thread_policy.h - scheduling wishes of a thread. */
#ifndef MACH_THREAD_POLICY_H
#define MACH_THREAD_POLICY_H

#include <mach/mach_types.h>
#include <os/base.h>
#include <stdint.h>

__BEGIN_DECLS

typedef natural_t thread_policy_flavor_t;
typedef integer_t *thread_policy_t;

/* The number of integers in a policy structure. */
#define HALSDK_POLICY_COUNT_(type_)  ((mach_msg_type_number_t)(sizeof(type_) / sizeof(integer_t)))

#define THREAD_STANDARD_POLICY       1
#define THREAD_STANDARD_POLICY_COUNT 0
struct thread_standard_policy {
    natural_t no_data;
};
typedef struct thread_standard_policy thread_standard_policy_data_t;
typedef struct thread_standard_policy *thread_standard_policy_t;

#define THREAD_EXTENDED_POLICY 1
struct thread_extended_policy {
    boolean_t timeshare;
};
typedef struct thread_extended_policy thread_extended_policy_data_t;
typedef struct thread_extended_policy *thread_extended_policy_t;
#define THREAD_EXTENDED_POLICY_COUNT  HALSDK_POLICY_COUNT_(thread_extended_policy_data_t)

/* All three times are in ticks of mach_absolute_time(). */
#define THREAD_TIME_CONSTRAINT_POLICY 2
struct thread_time_constraint_policy {
    uint32_t period;
    uint32_t computation;
    uint32_t constraint;
    boolean_t preemptible;
};
typedef struct thread_time_constraint_policy thread_time_constraint_policy_data_t;
typedef struct thread_time_constraint_policy *thread_time_constraint_policy_t;
#define THREAD_TIME_CONSTRAINT_POLICY_COUNT                                                        \
    HALSDK_POLICY_COUNT_(thread_time_constraint_policy_data_t)

#define THREAD_PRECEDENCE_POLICY 3
struct thread_precedence_policy {
    integer_t importance;
};
typedef struct thread_precedence_policy thread_precedence_policy_data_t;
typedef struct thread_precedence_policy *thread_precedence_policy_t;
#define THREAD_PRECEDENCE_POLICY_COUNT HALSDK_POLICY_COUNT_(thread_precedence_policy_data_t)

#define THREAD_AFFINITY_POLICY         4
#define THREAD_AFFINITY_TAG_NULL       0
struct thread_affinity_policy {
    integer_t affinity_tag;
};
typedef struct thread_affinity_policy thread_affinity_policy_data_t;
typedef struct thread_affinity_policy *thread_affinity_policy_t;
#define THREAD_AFFINITY_POLICY_COUNT HALSDK_POLICY_COUNT_(thread_affinity_policy_data_t)

#define THREAD_BACKGROUND_POLICY     5
#define THREAD_LATENCY_QOS_POLICY    7
#define THREAD_THROUGHPUT_QOS_POLICY 8

/* Accepts every policy and keeps none: KERN_SUCCESS, and the thread runs as before. The threads of
 * a driver compete with the host's IO thread as ordinary threads of this machine do.
 * KERN_INVALID_ARGUMENT when information is announced (count > 0) but `policy` is NULL. */
OS_EXPORT kern_return_t thread_policy_set(thread_act_t thread, thread_policy_flavor_t flavor,
                                          thread_policy_t policy, mach_msg_type_number_t count);

__END_DECLS

#endif
