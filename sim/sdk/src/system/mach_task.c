/* mach_task.c - names of this task and its threads, thread policies, error texts. */
#include "system/thread_id.h"
#include <mach/mach.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

mach_port_t mach_task_self(void) {
    return (mach_port_t)getpid();
}

thread_t mach_thread_self(void) {
    return halsdk_thread_id();
}

host_t mach_host_self(void) {
    return 1;
}

kern_return_t mach_port_deallocate(task_t task, mach_port_name_t name) {
    (void)task;
    (void)name;
    return KERN_SUCCESS;
}

kern_return_t mach_port_mod_refs(task_t task, mach_port_name_t name, mach_port_right_t right,
                                 mach_port_delta_t delta) {
    (void)task;
    (void)name;
    (void)right;
    (void)delta;
    return KERN_SUCCESS;
}

kern_return_t thread_policy_set(thread_act_t thread, thread_policy_flavor_t flavor,
                                thread_policy_t policy, mach_msg_type_number_t count) {
    (void)thread;
    (void)flavor;
    return count > 0 && !policy ? KERN_INVALID_ARGUMENT : KERN_SUCCESS;
}

static const char *const kernel_errors[] = {
    [KERN_SUCCESS] = "(os/kern) successful",
    [KERN_INVALID_ADDRESS] = "(os/kern) invalid address",
    [KERN_PROTECTION_FAILURE] = "(os/kern) protection failure",
    [KERN_NO_SPACE] = "(os/kern) no space available",
    [KERN_INVALID_ARGUMENT] = "(os/kern) invalid argument",
    [KERN_FAILURE] = "(os/kern) failure",
    [KERN_RESOURCE_SHORTAGE] = "(os/kern) resource shortage",
    [KERN_NO_ACCESS] = "(os/kern) no access",
    [KERN_ABORTED] = "(os/kern) aborted",
    [KERN_INVALID_NAME] = "(os/kern) invalid name",
    [KERN_INVALID_TASK] = "(os/kern) invalid task",
    [KERN_INVALID_RIGHT] = "(os/kern) invalid right",
    [KERN_INVALID_VALUE] = "(os/kern) invalid value",
    [KERN_INVALID_POLICY] = "(os/kern) invalid policy",
    [KERN_INVALID_OBJECT] = "(os/kern) invalid object",
    [KERN_TERMINATED] = "(os/kern) object terminated",
    [KERN_SEMAPHORE_DESTROYED] = "(os/kern) semaphore destroyed",
    [KERN_NOT_SUPPORTED] = "(os/kern) not supported",
    [KERN_OPERATION_TIMED_OUT] = "(os/kern) operation timed out",
    [KERN_DENIED] = "(os/kern) denied",
};

char *mach_error_string(mach_error_t error) {
    size_t number = (size_t)error;
    const char *text = NULL;

    if (error >= 0 && number < sizeof kernel_errors / sizeof kernel_errors[0])
        text = kernel_errors[number];
    return (char *)(uintptr_t)(text ? text : "unknown error code");
}

char *mach_error_type(mach_error_t error) {
    return (char *)(uintptr_t)(err_get_system(error) == 0 ? "os/kern" : "unknown");
}

void mach_error(const char *text, mach_error_t error) {
    fprintf(stderr, "%s: %s (%d)\n", text, mach_error_string(error), error);
}
