/* service_process.c - a helper's life: started, loaded, ended. */
#include "ending.h"
#include "options.h"
#include "service_child.h"
#include "service_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif
#ifdef __linux__
#include <sys/syscall.h>
#endif

extern char **environ;

/* Between two attempts to load what dies while it is loaded, whatever the throttle: in virtual time
 * nothing else would let time pass. */
#define LOAD_THROTTLE_NS UINT64_C(100000000)

uint64_t service_now_ns(const struct service *service) {
    return halsim_clock_now_ns(halsim_host_clock(halsim_rpc_host(service->rpc)));
}

/* ---- starting ------------------------------------------------------------------------------ */

static bool program_path(char *path, size_t size) {
#ifdef __APPLE__
    uint32_t room = (uint32_t)size;
    return _NSGetExecutablePath(path, &room) == 0;
#else
    return (size_t)snprintf(path, size, "/proc/self/exe") < size;
#endif
}

static bool take_slot(struct service *service, uint32_t *index) {
    for (uint32_t i = 0; i < SERVICE_HELPERS_MAX; i++) {
        struct service_slot *slot = &service->page->slots[i];
        int none = 0;
        /* -1: taken, by nobody yet. */
        if (atomic_compare_exchange_strong(&slot->pid, &none, -1)) {
            atomic_store(&slot->end_is_meant, false);
            atomic_store(&slot->now_ns, 0);
            atomic_store(&slot->report_length, 0);
            *index = i;
            return true;
        }
    }
    return false;
}

/* Both ends out of the way; the second is inherited by whoever is told to. */
static bool make_sockets(int sockets[2]) {
    int made[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, made) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        sockets[i] = fcntl(made[i], F_DUPFD_CLOEXEC, SERVICE_DESCRIPTOR_MIN);
        (void)close(made[i]);
#ifdef SO_NOSIGPIPE /* where send() has no MSG_NOSIGNAL */
        (void)setsockopt(sockets[i], SOL_SOCKET, SO_NOSIGPIPE, &(int){1}, sizeof(int));
#endif
    }
    return sockets[0] >= 0 && sockets[1] >= 0;
}

static int spawn(struct service *service, struct helper *helper, int socket) {
    char program[PATH_MAX], spec[128];
    if (!program_path(program, sizeof program)) {
        return ENAMETOOLONG;
    }
    char **arguments = calloc((size_t)service->options->argument_count + 4, sizeof *arguments);
    if (arguments == NULL) {
        return ENOMEM;
    }
    snprintf(spec, sizeof spec, SERVICE_SPEC_FORMAT, socket, service->life[0], service->page_fd,
             helper->slot, helper->plugin, (unsigned long long)helper->started_ns);
    /* The same line, and who it is. */
    int count = 0;
    for (int i = 0; i < service->options->argument_count; i++) {
        arguments[count++] = service->options->arguments[i];
    }
    static char option[] = "--service";
    arguments[count++] = option;
    arguments[count] = spec;

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    /* Onto itself: inherited, under the same number. */
    posix_spawn_file_actions_adddup2(&actions, socket, socket);
    posix_spawn_file_actions_adddup2(&actions, service->life[0], service->life[0]);
    posix_spawn_file_actions_adddup2(&actions, service->page_fd, service->page_fd);
    pid_t pid = 0;
    int status = posix_spawn(&pid, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(arguments);
    if (status == 0) {
        helper->pid = pid;
        atomic_store(&service->page->slots[helper->slot].pid, pid);
    }
    return status;
}

/* A child that a driver forks keeps the helper's socket open: its end says too little. */
static int open_process(pid_t pid) {
#if defined(__linux__) && defined(SYS_pidfd_open)
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    (void)pid;
    return -1;
#endif
}

static bool make_place(struct service *service) {
    if (service->count < service->room) {
        return true;
    }
    uint32_t room = service->room > 0 ? 2 * service->room : 16;
    struct helper **helpers = realloc(service->helpers, room * sizeof(struct helper *));
    if (helpers == NULL) {
        return false;
    }
    service->helpers = helpers;
    service->room = room;
    return true;
}

static struct helper *no_helper(struct halsim_error *error, const char *path, const char *why) {
    error->status = HALSIM_ERROR_SYSTEM;
    error->os_status = 0;
    snprintf(error->message, sizeof error->message, "%.600s: no process for it: %s", path, why);
    return NULL;
}

struct helper *service_spawn(struct service *service, const struct halsim_bundle_info *about,
                             const struct helper *replaced, struct halsim_error *error) {
    struct helper *helper = calloc(1, sizeof *helper);
    int sockets[2] = {-1, -1};
    if (helper == NULL) {
        return no_helper(error, about->path, "out of memory");
    }
    memcpy(helper->path, about->path, sizeof helper->path);
    memcpy(helper->bundle_id, about->bundle_id, sizeof helper->bundle_id);
    helper->replaces = replaced != NULL ? replaced->plugin : UINT32_MAX;
    helper->restarts = replaced != NULL ? replaced->restarts + 1 : 0;
    helper->started_ns = service_now_ns(service);
    pthread_mutex_lock(&service->lock);
    if (!make_place(service) || !take_slot(service, &helper->slot)) {
        pthread_mutex_unlock(&service->lock);
        free(helper);
        return no_helper(error, about->path, "64 plug-ins at one time are the most");
    }
    memcpy(service->page->slots[helper->slot].bundle, helper->path, sizeof helper->path);
    helper->plugin = service->count;
    int status = make_sockets(sockets) ? spawn(service, helper, sockets[1]) : errno;
    if (sockets[1] >= 0) {
        (void)close(sockets[1]);
    }
    if (status != 0) {
        atomic_store(&service->page->slots[helper->slot].pid, 0);
        pthread_mutex_unlock(&service->lock);
        if (sockets[0] >= 0) {
            (void)close(sockets[0]);
        }
        free(helper);
        return no_helper(error, about->path, strerror(status));
    }
    helper->socket = sockets[0];
    helper->process_fd = open_process(helper->pid);
    service->helpers[service->count++] = helper;
    pthread_mutex_unlock(&service->lock);
    service_reader_wake(service);
    return helper;
}

/* As the host does it within one process: no two that are the same or share their storage. */
static bool may_start(struct service *service, const struct halsim_bundle_info *about,
                      struct halsim_error *error) {
    pthread_mutex_lock(&service->lock);
    bool ok = true;
    for (uint32_t i = 0; i < service->count && ok; i++) {
        const struct helper *other = service->helpers[i];
        bool is_there = other->state == HELPER_RUNNING || other->due_ns > 0;
        if (is_there && strcmp(other->path, about->path) == 0) {
            snprintf(error->message, sizeof error->message, "%.600s: already loaded%s", about->path,
                     other->state == HELPER_RUNNING ? ""
                                                    : "; it has died, and is started again by "
                                                      "itself");
            ok = false;
        } else if (is_there && about->bundle_id[0] != '\0' &&
                   strcmp(other->bundle_id, about->bundle_id) == 0) {
            snprintf(error->message, sizeof error->message,
                     "%.200s: %.200s has the same CFBundleIdentifier, \"%.100s\", and is loaded: "
                     "they would share one storage; unload it first",
                     about->path, other->path, about->bundle_id);
            ok = false;
        }
    }
    pthread_mutex_unlock(&service->lock);
    error->status = ok ? error->status : HALSIM_ERROR_STATE;
    return ok;
}

static yyjson_doc *load_into(struct service *service, struct helper *helper,
                             struct rpc_failure *failure) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, params, "path", helper->path);
    yyjson_doc *answer = service_call(service, helper, "plugin.load", doc, params, failure);
    yyjson_mut_doc_free(doc);
    return answer;
}

/* What the devices are called is known from now on: a death is told with names. */
static void learn_names(struct service *service, struct helper *helper) {
    struct rpc_failure unheard = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    (void)service_list_devices(service, helper, "device.names", doc, &unheard);
    yyjson_mut_doc_free(doc);
}

/* It runs from now on, for everybody. False when it has died at the last moment. */
static bool let_run(struct service *service, struct helper *helper, const struct helper *replaced,
                    yyjson_mut_val *plugin) {
    pthread_mutex_lock(&service->lock);
    bool lives = helper->state == HELPER_LOADING;
    if (lives) {
        helper->state = HELPER_RUNNING;
        if (replaced != NULL) {
            service_tell_restart(service, replaced, plugin, NULL);
        }
    }
    pthread_mutex_unlock(&service->lock);
    return lives;
}

struct helper *service_start(struct service *service, const char *path,
                             const struct helper *replaced, yyjson_mut_doc *doc,
                             yyjson_mut_val **plugin, struct rpc_failure *failure) {
    struct halsim_bundle_info about;
    const struct halsim_profile *profile = service->options->host.profile;
    struct helper *helper = NULL;
    if (!halsim_bundle_look(path, profile, &about, &failure->error) ||
        !may_start(service, &about, &failure->error) ||
        (helper = service_spawn(service, &about, replaced, &failure->error)) == NULL) {
        rpc_fail_host(failure);
        return NULL;
    }
    yyjson_doc *answer = service_repeat_settings(service, helper, failure)
                             ? load_into(service, helper, failure)
                             : NULL;
    if (answer == NULL) {
        service_end(service, helper);
        if (failure->error.os_status == SERVICE_BAD_OBJECT) {
            failure->error.status = HALSIM_ERROR_LOAD;
        }
        return NULL;
    }
    *plugin = yyjson_val_mut_copy(doc, service_result(answer));
    yyjson_doc_free(answer);
    service_translate_plugin(service, helper, doc, *plugin);
    learn_names(service, helper);
    if (!let_run(service, helper, replaced, *plugin)) {
        (void)service_refuse_gone(failure, helper, "plugin.load");
        return NULL;
    }
    service_follow_clock(service, helper);
    return helper;
}

/* ---- ending -------------------------------------------------------------------------------- */

/* "crashed with SIGSEGV in StartIO". */
static void describe_report(struct helper *helper, yyjson_val *report, int code) {
    const char *signal = yyjson_get_str(yyjson_obj_get(report, "signal"));
    const char *entry_point = yyjson_get_str(yyjson_obj_get(report, "entry_point"));
    const char *problem = yyjson_get_str(yyjson_obj_get(report, "problem"));
    char what[64] = "hung";
    if (code != EXIT_DRIVER_HUNG) {
        snprintf(what, sizeof what, "crashed%s%.40s", signal != NULL ? " with " : "",
                 signal != NULL ? signal : "");
    }
    snprintf(helper->how, sizeof helper->how, "%s%s%.60s%s%.20s", what,
             entry_point != NULL ? " in " : "", entry_point != NULL ? entry_point : "",
             problem != NULL ? ": " : "", problem != NULL ? problem : "");
}

static void describe_end(struct helper *helper, const struct service_slot *slot, int wait_status,
                         yyjson_val *report) {
    const struct ending ending = {SERVICE_PROCESS_NAME, helper->pid, helper->path};
    if (WIFSIGNALED(wait_status)) {
        ending_report_killed(&ending, WTERMSIG(wait_status));
        helper->event = "killed";
        helper->signal = report_signal_name(WTERMSIG(wait_status));
        snprintf(helper->how, sizeof helper->how, "was ended by %s",
                 report_signal_name(WTERMSIG(wait_status)));
    } else if (!atomic_load(&slot->end_is_meant)) {
        ending_report_exit(&ending, WEXITSTATUS(wait_status));
        helper->event = "driver-crashed";
        helper->signal = "exit";
        snprintf(helper->how, sizeof helper->how,
                 "was ended by the driver, with _exit() or exec()");
    } else if (report != NULL) {
        describe_report(helper, report, WEXITSTATUS(wait_status));
    } else {
        snprintf(helper->how, sizeof helper->how, "ended with code %d", WEXITSTATUS(wait_status));
    }
}

void service_helper_ended(struct service *service, struct helper *helper, int wait_status) {
    struct service_slot *slot = &service->page->slots[helper->slot];
    enum helper_state before = helper->state;
    size_t length = atomic_load(&slot->report_length);
    yyjson_doc *doc = length > 0 ? yyjson_read(slot->report, length, YYJSON_READ_NOFLAG) : NULL;
    bool in_order = before == HELPER_ENDING && WIFEXITED(wait_status) &&
                    WEXITSTATUS(wait_status) == EXIT_ORDERLY && atomic_load(&slot->end_is_meant);
    helper->state = HELPER_ENDED;
    if (!in_order) {
        describe_end(helper, slot, wait_status, yyjson_doc_get_root(doc));
    }
    if (before == HELPER_RUNNING || (before == HELPER_LOADING && helper->replaces != UINT32_MAX)) {
        uint64_t now = service->is_virtual ? atomic_load(&slot->now_ns) : service_now_ns(service);
        uint64_t throttle = service->options->helper_throttle_ns;
        if (before == HELPER_LOADING && throttle < LOAD_THROTTLE_NS) {
            throttle = LOAD_THROTTLE_NS;
        }
        uint64_t earliest = helper->started_ns + throttle;
        helper->due_ns = now > earliest ? now : earliest;
        service_tell_end(service, helper, yyjson_doc_get_root(doc));
    }
    yyjson_doc_free(doc);
    (void)close(helper->socket);
    helper->socket = -1;
    if (helper->process_fd >= 0) {
        (void)close(helper->process_fd);
        helper->process_fd = -1;
    }
    free(helper->bytes);
    helper->bytes = NULL;
    atomic_store(&slot->pid, 0); /* from here on the place may be another's */
    pthread_cond_broadcast(&service->changed);
}

void service_end(struct service *service, struct helper *helper) {
    struct rpc_failure unheard = {0};
    pthread_mutex_lock(&service->lock);
    if (helper->state == HELPER_LOADING || helper->state == HELPER_RUNNING) {
        helper->state = HELPER_ENDING;
    }
    pthread_mutex_unlock(&service->lock);
    yyjson_doc_free(service_call(service, helper, "host.shutdown", NULL, NULL, &unheard));
    pthread_mutex_lock(&service->lock);
    while (helper->state != HELPER_ENDED) {
        pthread_cond_wait(&service->changed, &service->lock);
    }
    pthread_mutex_unlock(&service->lock);
}
