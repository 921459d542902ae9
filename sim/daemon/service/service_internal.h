/* service_internal.h - the front's own structures.
 *
 * Threads: requests are carried out on one thread at a time (the dispatcher's); the reader takes
 * what helpers say; in real time a third one starts helpers again. `lock` guards all that is below
 * it; no call to a helper is made with it.
 */
#ifndef DAEMON_SERVICE_INTERNAL_H
#define DAEMON_SERVICE_INTERNAL_H

#include "rpc_router.h"
#include "service.h"
#include "service_ids.h"
#include <pthread.h>
#include <stdatomic.h>

/* As kAudioHardwareBadObjectError: what named a thing of a process that is gone. */
#define SERVICE_BAD_OBJECT     ((int32_t)0x216F626A) /* '!obj' */

/* Descriptors of the front and its helpers lie out of the way of what drivers expect under a number
 * of their own. */
#define SERVICE_DESCRIPTOR_MIN 200

enum helper_state {
    HELPER_LOADING, /* nobody knows of it yet */
    HELPER_RUNNING,
    HELPER_ENDING, /* was asked to end */
    HELPER_ENDED,
};

struct helper {
    uint32_t plugin; /* its number at the front: its place in the table */
    char path[PATH_MAX];
    char bundle_id[256];
    pid_t pid;
    int socket;
    int process_fd; /* can be read when the process has ended, -1: the socket's end must do */
    uint32_t slot;  /* in the page */
    enum helper_state state;
    const char *event;   /* of its end, as in reports; static text */
    const char *signal;  /* "SIGKILL", "exit"; NULL: see its report */
    char how[160];       /* once it has ended by itself: "crashed with SIGSEGV in StartIO" */
    uint64_t started_ns; /* of the front's clock */
    uint64_t due_ns;     /* when it is started again; 0: it is not */
    uint32_t replaces;   /* the number that it had before; UINT32_MAX: none */
    uint32_t restarts;   /* how often so far */
    yyjson_doc *answer;  /* to the call under way */
    bool busy;           /* a call is under way: the starter and the dispatcher may meet at one */
    bool waits;          /* for its answer */
    char *bytes;         /* what has been read and is no whole line yet */
    size_t length, room;
};

/* What later helpers have to be told as well. */
enum service_setting {
    SETTING_CLOCK,
    SETTING_LEDGER,
    SETTING_FINGERPRINT,
    SETTING_TRACE,
    SETTING_LOG,
    SETTING_COVERAGE,
    SETTING_COUNT,
};

struct service {
    struct halsim_rpc *rpc;
    const struct options *options;
    struct service_page *page;
    int page_fd;
    int life[2]; /* helpers hold the end that is read: it closes when the front dies */
    bool is_virtual;
    struct rpc_router router;
    /* With the lock: the starter reads them. */
    char *settings[SETTING_COUNT]; /* parameters as JSON text; NULL: not asked for */
    uint32_t
        file_owner[SETTING_COUNT]; /* plug-in whose file has the plain name; UINT32_MAX: none */

    int wake[2]; /* for the reader */
    pthread_t reader, starter;
    bool has_reader, has_starter;
    atomic_bool stops; /* the front ends */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closing;          /* the threads are to end */
    bool interrupted;      /* the run under way is to end */
    struct helper *runner; /* has been told to run; NULL: none */
    struct helper **helpers;
    uint32_t count, room;
    struct id_table devices, clients, farends;
};

/* ---- service_process.c --------------------------------------------------------------------- */

/* A helper that lives but has loaded nothing; it has its number for good. `replaced` has died
 * before it; NULL: none. NULL with `error`. */
struct helper *service_spawn(struct service *service, const struct halsim_bundle_info *about,
                             const struct helper *replaced, struct halsim_error *error);
/* With the lock, when its socket has closed and it is reaped. */
void service_helper_ended(struct service *service, struct helper *helper, int wait_status);
/* Loads a bundle into a process of its own; the helper runs then, and *plugin is what plugin.load
 * answers, in `doc`. */
struct helper *service_start(struct service *service, const char *path,
                             const struct helper *replaced, yyjson_mut_doc *doc,
                             yyjson_mut_val **plugin, struct rpc_failure *failure);
/* Asks it to end in good order, and waits. */
void service_end(struct service *service, struct helper *helper);
/* Of the front's clock. */
uint64_t service_now_ns(const struct service *service);

/* ---- service_call.c ------------------------------------------------------------------------ */

bool service_reader_start(struct service *service);
void service_reader_stop(struct service *service);
/* Signal-safe. */
void service_reader_wake(const struct service *service);
/* Asks, and waits. `params` belongs to `doc`; both NULL for none. The result's document, to be
 * freed, or NULL with `failure`: what the helper said, or that it has ended. */
yyjson_doc *service_call(struct service *service, struct helper *helper, const char *method,
                         yyjson_mut_doc *doc, yyjson_mut_val *params, struct rpc_failure *failure);
/* The same for io.run, which an interrupt ends. */
yyjson_doc *service_call_run(struct service *service, struct helper *helper, yyjson_mut_doc *doc,
                             yyjson_mut_val *params, struct rpc_failure *failure);
/* The member "result" of such a document. */
yyjson_val *service_result(yyjson_doc *doc);
/* Tells the helper that runs that it should not. With the lock. */
void service_interrupt_runner(struct service *service);

/* ---- service_route.c ----------------------------------------------------------------------- */

yyjson_mut_val *service_carry_out(void *context, struct rpc_call *call);
/* Asks the helper that the parameters name, with its numbers. */
yyjson_mut_val *service_ask_named(struct service *service, struct rpc_call *call);
/* What a method said of devices and plug-ins, in numbers of the front. */
void service_translate_device(struct service *service, const struct helper *helper,
                              yyjson_mut_doc *doc, yyjson_mut_val *device);
void service_translate_plugin(struct service *service, const struct helper *helper,
                              yyjson_mut_doc *doc, yyjson_mut_val *plugin);
/* "device", as a number or by name. NULL with call->failure. */
struct helper *service_device_param(struct service *service, struct rpc_call *call, uint32_t *own);
/* Fails because that plug-in has no process any more. */
bool service_refuse_gone(struct rpc_failure *failure, const struct helper *helper,
                         const char *what);

/* The next running helper from plug-in number *next on, which is moved behind it; NULL: no more. */
struct helper *service_next_running(struct service *service, uint32_t *next);

/* ---- service_methods.c --------------------------------------------------------------------- */

typedef yyjson_mut_val *(*service_method)(struct service *service, struct rpc_call *call);
/* NULL when the parameters say whom a method is for. */
service_method service_method_find(const char *name);
/* Tells the front's own host and all helpers, those that come later as well; the front's result. */
yyjson_mut_val *service_begin_setting(struct service *service, struct rpc_call *call,
                                      enum service_setting setting);
yyjson_mut_val *service_end_setting(struct service *service, struct rpc_call *call,
                                    enum service_setting setting);
/* The result of a method without parameters, in `doc`; NULL when the helper refused or died. */
yyjson_mut_val *service_ask_plain(struct service *service, struct helper *helper,
                                  const char *method, yyjson_mut_doc *doc,
                                  struct rpc_failure *failure);
/* service_coverage.c */
yyjson_mut_val *service_coverage(struct service *service, struct rpc_call *call);
/* Tells a new helper what others were told. */
bool service_repeat_settings(struct service *service, struct helper *helper,
                             struct rpc_failure *failure);
/* The devices of one helper, as `method` lists them, in numbers of the front; NULL with `failure`.
 */
yyjson_mut_val *service_list_devices(struct service *service, struct helper *helper,
                                     const char *method, yyjson_mut_doc *doc,
                                     struct rpc_failure *failure);
/* What all devices are called, in numbers of the front; no driver is asked. */
yyjson_mut_val *service_name_devices(struct service *service, yyjson_mut_doc *doc);

/* ---- service_run.c ------------------------------------------------------------------------- */

yyjson_mut_val *service_io_run(struct service *service, struct rpc_call *call);
yyjson_mut_val *service_host_advance(struct service *service, struct rpc_call *call);
/* Virtual time: a call may have moved that helper's clock; all others follow. */
void service_follow_clock(struct service *service, struct helper *helper);

/* ---- service_notices.c --------------------------------------------------------------------- */

/* A notice of a helper, in numbers of the front; `root` is the whole line. With the lock. */
void service_pass_notice(struct service *service, const struct helper *helper, yyjson_val *root);
/* A helper has ended by itself, and its devices with it. With the lock. */
void service_tell_end(struct service *service, const struct helper *helper, yyjson_val *report);
/* It is back under another number, with other devices; NULL `plugin`: it could not be, and `text`
 * says why. With the lock. */
void service_tell_restart(struct service *service, const struct helper *before,
                          yyjson_mut_val *plugin, const char *text);

/* ---- service_restart.c --------------------------------------------------------------------- */

/* Virtual time: starts what is due by now. */
void service_start_due(struct service *service);
/* When the first one is due; UINT64_MAX: none. */
uint64_t service_next_due_ns(struct service *service);
/* Real time: a thread that does it. */
bool service_starter_start(struct service *service);
void service_starter_stop(struct service *service);

#endif
