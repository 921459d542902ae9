/* service_run.c - time, which each helper has for itself.
 *
 * Virtual time: the front's clock is that of its own host, which has no devices. A run is cut into
 * slices; in each, the helpers run one after the other, in the order of their numbers, until they
 * are where the slice ends, and the front's clock follows. So the same requests give the same
 * bytes, and no helper is ever more than a slice ahead of another. One helper alone runs in one go.
 * Where a request moved one helper's clock, the others' are moved after it, as by host.advance.
 *
 * Real time: there is one clock, the machine's, and the helpers' IO threads run by it.
 *
 * A run needs a device whose IO runs, as without helpers; or one that died and is to come back.
 */
#include "service_internal.h"
#include <time.h>

#define SLICE_NS UINT64_C(1000000000)

/* Where a helper's clock stands. */
static uint64_t helper_now_ns(const struct service *service, const struct helper *helper) {
    return atomic_load(&service->page->slots[helper->slot].now_ns);
}

static struct halsim_host *own_host(const struct service *service) {
    return halsim_rpc_host(service->rpc);
}

static void advance_helper(struct service *service, struct helper *helper, uint64_t ns) {
    struct rpc_failure unheard = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, params, "ns", ns);
    yyjson_doc_free(service_call(service, helper, "host.advance", doc, params, &unheard));
    yyjson_mut_doc_free(doc);
}

/* All clocks that are behind `until_ns` come to it, and no cycle runs. */
static void advance_all(struct service *service, uint64_t until_ns) {
    uint32_t next = 0;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        uint64_t now = helper_now_ns(service, helper);
        if (now < until_ns) {
            advance_helper(service, helper, until_ns - now);
        }
    }
    uint64_t now = service_now_ns(service);
    if (now < until_ns) {
        (void)halsim_host_advance(own_host(service), until_ns - now, NULL);
    }
}

void service_follow_clock(struct service *service, struct helper *helper) {
    if (!service->is_virtual) {
        return;
    }
    pthread_mutex_lock(&service->lock);
    uint64_t until_ns = helper->state == HELPER_RUNNING ? helper_now_ns(service, helper) : 0;
    pthread_mutex_unlock(&service->lock);
    if (until_ns > service_now_ns(service)) {
        advance_all(service, until_ns);
    }
}

yyjson_mut_val *service_host_advance(struct service *service, struct rpc_call *call) {
    uint64_t before = service_now_ns(service);
    yyjson_mut_val *result = rpc_carry_out_here(call);
    if (result != NULL && service->is_virtual && service_now_ns(service) > before) {
        advance_all(service, service_now_ns(service));
        service_start_due(service);
    }
    return result;
}

/* ---- io.run -------------------------------------------------------------------------------- */

/* What was asked for before now counts, too. */
static void begin_run(struct service *service) {
    struct halsim_rpc *rpc = service->rpc;
    pthread_mutex_lock(&rpc->run_lock);
    pthread_mutex_lock(&service->lock);
    service->interrupted = rpc->run_is_interrupted;
    pthread_mutex_unlock(&service->lock);
    pthread_mutex_unlock(&rpc->run_lock);
}

static bool end_run(struct service *service) {
    struct halsim_rpc *rpc = service->rpc;
    pthread_mutex_lock(&rpc->run_lock);
    pthread_mutex_lock(&service->lock);
    bool interrupted = service->interrupted || atomic_load(&service->stops);
    service->interrupted = false;
    rpc->run_is_interrupted = false;
    pthread_mutex_unlock(&service->lock);
    pthread_mutex_unlock(&rpc->run_lock);
    return interrupted;
}

static bool is_interrupted(struct service *service) {
    pthread_mutex_lock(&service->lock);
    bool interrupted = service->interrupted || atomic_load(&service->stops);
    pthread_mutex_unlock(&service->lock);
    return interrupted;
}

static bool is_running(struct service *service, const struct helper *helper) {
    pthread_mutex_lock(&service->lock);
    bool runs = helper->state == HELPER_RUNNING;
    pthread_mutex_unlock(&service->lock);
    return runs;
}

/* One io.run of one helper. False when none of its devices runs, or it has died. */
static bool run_helper(struct service *service, struct helper *helper, uint64_t ns, bool may_end) {
    struct rpc_failure failure = {0};
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_uint(doc, params, "duration_ns", ns);
    yyjson_doc_free(may_end ? service_call_run(service, helper, doc, params, &failure)
                            : service_call(service, helper, "io.run", doc, params, &failure));
    yyjson_mut_doc_free(doc);
    return failure.code == 0;
}

static uint32_t count_running(struct service *service) {
    uint32_t next = 0, count = 0;
    while (service_next_running(service, &next) != NULL) {
        count++;
    }
    return count;
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* All helpers until `until_ns`; those without a running device only let the time pass. When the run
 * ends early, where the first of them stopped is where all stop. False when nothing ran: then
 * `or_pass` says whether time passes nevertheless. */
static bool run_slice(struct service *service, uint64_t until_ns, bool or_pass) {
    uint32_t next = 0;
    bool any = false, alive = false;
    struct helper *helper;
    while ((helper = service_next_running(service, &next)) != NULL) {
        uint64_t now = helper_now_ns(service, helper);
        bool ran = now >= until_ns || run_helper(service, helper, until_ns - now, !any);
        bool lives = is_running(service, helper);
        alive = alive || lives;
        if (ran && lives && !any) {
            any = true;
            now = helper_now_ns(service, helper);
            until_ns = now < until_ns && is_interrupted(service) ? now : until_ns;
        }
        or_pass = or_pass || !lives; /* it ran, and died over it */
    }
    if (!alive) {
        /* Time goes on to the moment at which the first is started again. */
        until_ns = least(until_ns, service_next_due_ns(service));
    }
    if (any || (or_pass && !is_interrupted(service))) {
        advance_all(service, until_ns);
    }
    return any || or_pass;
}

static bool somebody_waits(struct service *service) {
    return service_next_due_ns(service) != UINT64_MAX;
}

/* False when no device runs, and none will. */
static bool run_virtual(struct service *service, uint64_t end_ns) {
    bool begun = false;
    service_start_due(service);
    while (service_now_ns(service) < end_ns && !is_interrupted(service)) {
        uint64_t until = least(end_ns, service_next_due_ns(service));
        if (count_running(service) > 1) {
            until = least(until, service_now_ns(service) + SLICE_NS);
        }
        if (!run_slice(service, until, begun || somebody_waits(service))) {
            return false;
        }
        begun = true;
        service_start_due(service);
    }
    return true;
}

/* One helper waits for all: the threads of the others run by themselves. */
static bool run_real(struct service *service, uint64_t end_ns) {
    const struct timespec nap = {.tv_nsec = 2000000};
    bool begun = false;
    for (uint64_t now; (now = service_now_ns(service)) < end_ns && !is_interrupted(service);) {
        bool ran = false;
        uint32_t next = 0;
        struct helper *helper;
        while (!ran && (helper = service_next_running(service, &next)) != NULL) {
            ran = run_helper(service, helper, end_ns - now, true);
            begun = begun || !is_running(service, helper);
        }
        begun = begun || ran || somebody_waits(service);
        if (!begun) {
            return false;
        }
        if (!ran) {
            (void)nanosleep(&nap, NULL);
        }
    }
    return true;
}

/* By the cycles of one device; the other helpers follow. */
static bool run_cycles(struct service *service, struct rpc_call *call) {
    uint32_t own = 0;
    struct helper *helper = service_device_param(service, call, &own);
    if (helper == NULL) {
        return false;
    }
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *params = yyjson_val_mut_copy(doc, call->params.object);
    yyjson_mut_obj_put(params, yyjson_mut_str(doc, "device"), yyjson_mut_uint(doc, own));
    yyjson_doc *answer = service_call_run(service, helper, doc, params, &call->failure);
    yyjson_mut_doc_free(doc);
    bool ok = answer != NULL || call->failure.code == 0; /* the latter: ended before it began */
    yyjson_doc_free(answer);
    if (ok && service->is_virtual) {
        uint64_t until = helper_now_ns(service, helper);
        while (service_now_ns(service) < until) {
            uint64_t slice = least(until, service_now_ns(service) + SLICE_NS);
            uint32_t next = 0;
            struct helper *other;
            while ((other = service_next_running(service, &next)) != NULL) {
                uint64_t now = helper_now_ns(service, other);
                (void)(now >= slice || run_helper(service, other, slice - now, false));
            }
            advance_all(service, slice);
        }
    }
    return ok;
}

/* How long a run by time is to be. Anything that is wrong is said as without helpers. */
static bool duration_param(struct rpc_call *call, uint64_t *ns) {
    const struct params *params = &call->params;
    if (params_get(params, "seconds") != NULL) {
        double seconds = 0;
        bool ok = params_f64(params, "seconds", PARAM_REQUIRED, 0, 1e9, &seconds);
        *ns = (uint64_t)(seconds * 1e9 + 0.5);
        return ok;
    }
    return params_u64(params, "duration_ns", PARAM_REQUIRED, 0, UINT64_C(1000000000000000000), ns);
}

yyjson_mut_val *service_io_run(struct service *service, struct rpc_call *call) {
    const struct params *params = &call->params;
    bool by_cycles = params_get(params, "cycles") != NULL;
    int kinds = (params_get(params, "seconds") != NULL) +
                (params_get(params, "duration_ns") != NULL) + by_cycles;
    bool device = params_get(params, "device") != NULL;
    if (kinds != 1 || device != by_cycles) {
        return rpc_carry_out_here(call); /* it says what is wrong */
    }
    uint64_t ns = 0, before = service_now_ns(service);
    if (!by_cycles && !duration_param(call, &ns)) {
        return NULL;
    }
    begin_run(service);
    bool ok = true;
    if (by_cycles) {
        ok = run_cycles(service, call);
    } else {
        ok = service->is_virtual ? run_virtual(service, before + ns)
                                 : run_real(service, before + ns);
    }
    bool interrupted = end_run(service);
    if (!ok) {
        /* By time: nothing runs, as nothing does here. */
        return by_cycles ? NULL : rpc_carry_out_here(call);
    }
    uint64_t elapsed = service_now_ns(service) - before;
    yyjson_mut_val *result = yyjson_mut_obj(call->doc);
    yyjson_mut_obj_add_uint(call->doc, result, "elapsed_ns", elapsed);
    yyjson_mut_obj_add_bool(call->doc, result, "interrupted",
                            interrupted && (by_cycles || elapsed < ns));
    return result;
}
