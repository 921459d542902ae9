/* rpc.c - from a line to an answer. */
#include "probe.h"
#include "rpc_clients.h"
#include "rpc_farend.h"
#include "rpc_internal.h"
#include "rpc_router.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct halsim_rpc_request {
    yyjson_doc *doc; /* NULL: a refusal */
    yyjson_val *id;  /* NULL: a notification, or no usable ID */
    bool has_answer; /* false: a notification */
    bool is_run;     /* counted in runs_waiting */
    bool is_urgent;
    const struct rpc_method *method;
    yyjson_val *params;
    struct rpc_failure failure; /* code other than 0: nothing to carry out */
};

/* ---- life ---------------------------------------------------------------------------------- */

/* For a program that has no other use for it: a hang is told, and the call goes on. */
static void tell_of_hang(const struct halsim_call_info *call, uint64_t elapsed_ns, void *context) {
    char text[160];
    (void)snprintf(text, sizeof text, "%s has not returned for %llu ms", call->entry_point,
                   (unsigned long long)(elapsed_ns / 1000000));
    const struct halsim_notice notice = {
        .kind = HALSIM_NOTICE_WARNING,
        .plugin = call->plugin,
        .object = call->object,
        .text = text,
    };
    notices_add(&notice, context);
}

struct halsim_rpc *halsim_rpc_create(const struct halsim_host_config *config,
                                     struct halsim_error *error) {
    struct halsim_error unheard;
    error = error != NULL ? error : &unheard;
    struct halsim_rpc *rpc = calloc(1, sizeof *rpc);
    if (rpc == NULL) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM, .message = "out of memory"};
        return NULL;
    }
    pthread_mutex_init(&rpc->dispatch_lock, NULL);
    pthread_mutex_init(&rpc->run_lock, NULL);
    rpc->config = *config;
    rpc->notices = notices_create();
    rpc->clients = client_registry_create();
    rpc->farends = farend_registry_create();
    rpc->probe = probe_create();
    if (rpc->notices == NULL || rpc->clients == NULL || rpc->farends == NULL ||
        rpc->probe == NULL) {
        *error = (struct halsim_error){.status = HALSIM_ERROR_SYSTEM, .message = "out of memory"};
    } else {
        rpc->config.on_notice = notices_add;
        rpc->config.notice_context = rpc->notices;
        if (rpc->config.on_hang == NULL) {
            rpc->config.on_hang = tell_of_hang;
            rpc->config.hang_context = rpc->notices;
        }
        rpc->host = halsim_host_create(&rpc->config, error);
    }
    if (rpc->host == NULL) {
        halsim_rpc_destroy(rpc);
        return NULL;
    }
    return rpc;
}

void halsim_rpc_destroy(struct halsim_rpc *rpc) {
    if (rpc == NULL) {
        return;
    }
    /* What has a thread that asks the host for the time, then the host: its hooks and sinks point
     * into the registries. */
    farend_registry_close_peers(rpc->farends);
    halsim_host_destroy(rpc->host);
    farend_registry_destroy(rpc->farends);
    probe_destroy(rpc->probe);
    client_registry_destroy(rpc->clients);
    notices_destroy(rpc->notices);
    pthread_mutex_destroy(&rpc->dispatch_lock);
    pthread_mutex_destroy(&rpc->run_lock);
    free(rpc);
}

struct halsim_host *halsim_rpc_host(struct halsim_rpc *rpc) {
    return rpc->host;
}

void rpc_set_router(struct halsim_rpc *rpc, const struct rpc_router *router) {
    rpc->router = router;
}

void rpc_set_after(struct halsim_rpc *rpc, void (*after)(void *context), void *context) {
    rpc->after = after;
    rpc->after_context = context;
}

yyjson_mut_val *rpc_carry_out_here(struct rpc_call *call) {
    return call->method->carry_out(call);
}

/* ---- reading a request --------------------------------------------------------------------- */

static struct halsim_rpc_request *new_request(void) {
    struct halsim_rpc_request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        abort(); /* a hundred bytes: nothing sensible can be answered any more */
    }
    request->has_answer = true;
    return request;
}

static void read_envelope(struct halsim_rpc_request *request) {
    yyjson_val *root = yyjson_doc_get_root(request->doc);
    struct rpc_failure *failure = &request->failure;
    if (!yyjson_is_obj(root)) {
        rpc_fail(failure, RPC_NOT_A_REQUEST, "a request is a JSON object; %s",
                 yyjson_is_arr(root) ? "batches are not taken: send one object a line"
                                     : "this is something else");
        return;
    }
    yyjson_val *id = yyjson_obj_get(root, "id");
    if (id != NULL && !yyjson_is_str(id) && !yyjson_is_num(id) && !yyjson_is_null(id)) {
        rpc_fail(failure, RPC_NOT_A_REQUEST, "\"id\" must be a string or a number");
        return;
    }
    request->id = id;
    if (!yyjson_equals_str(yyjson_obj_get(root, "jsonrpc"), "2.0")) {
        rpc_fail(failure, RPC_NOT_A_REQUEST, "\"jsonrpc\" must be \"2.0\"");
        return;
    }
    yyjson_val *method = yyjson_obj_get(root, "method");
    if (!yyjson_is_str(method)) {
        rpc_fail(failure, RPC_NOT_A_REQUEST, "\"method\" must be a string");
        return;
    }
    /* From here on it is a request by its form: without an ID, one that wants no answer. */
    request->has_answer = id != NULL;
    yyjson_val *params = yyjson_obj_get(root, "params");
    if (params != NULL && !yyjson_is_null(params) && !yyjson_is_obj(params)) {
        rpc_fail(failure, RPC_PARAMETERS,
                 "\"params\" must be an object: parameters are given by name");
        return;
    }
    request->params = yyjson_is_obj(params) ? params : NULL;
    request->method = rpc_method_find(yyjson_get_str(method), yyjson_get_len(method));
    if (request->method == NULL) {
        rpc_fail(failure, RPC_UNKNOWN_METHOD, "there is no method \"%.80s\"",
                 yyjson_get_str(method));
        return;
    }
    request->is_run = request->method->carry_out == rpc_io_run;
    request->is_urgent = request->method->carry_out == rpc_io_interrupt;
}

struct halsim_rpc_request *halsim_rpc_parse(struct halsim_rpc *rpc, const char *line,
                                            size_t length) {
    if (length > HALSIM_RPC_LINE_MAX) {
        return halsim_rpc_refusal(RPC_NOT_A_REQUEST, "the line is longer than 1 MiB");
    }
    struct halsim_rpc_request *request = new_request();
    yyjson_read_err error;
    /* Without the in-situ flag yyjson only reads the text; its parameter is not const by history.
     */
    request->doc =
        yyjson_read_opts((char *)(uintptr_t)line, length, YYJSON_READ_NOFLAG, NULL, &error);
    if (request->doc == NULL) {
        rpc_fail(&request->failure, RPC_NOT_JSON, "not JSON: %s at byte %zu",
                 error.msg != NULL ? error.msg : "unreadable", error.pos);
        return request;
    }
    read_envelope(request);
    if (request->is_run) {
        pthread_mutex_lock(&rpc->run_lock);
        rpc->runs_waiting++;
        pthread_mutex_unlock(&rpc->run_lock);
    }
    return request;
}

struct halsim_rpc_request *halsim_rpc_refusal(int code, const char *message) {
    struct halsim_rpc_request *request = new_request();
    rpc_fail(&request->failure, code, "%s", message);
    return request;
}

void halsim_rpc_refuse(struct halsim_rpc_request *request, const char *message) {
    if (request->failure.code == 0) {
        rpc_fail_status(&request->failure, HALSIM_ERROR_STATE, "%s", message);
    }
}

bool halsim_rpc_request_is_urgent(const struct halsim_rpc_request *request) {
    return request->is_urgent;
}

void halsim_rpc_discard(struct halsim_rpc *rpc, struct halsim_rpc_request *request) {
    if (request->is_run) {
        pthread_mutex_lock(&rpc->run_lock);
        rpc->runs_waiting--;
        if (rpc->runs_waiting == 0) {
            rpc->run_is_interrupted = false;
        }
        pthread_mutex_unlock(&rpc->run_lock);
    }
    yyjson_doc_free(request->doc);
    free(request);
}

/* ---- carrying it out ----------------------------------------------------------------------- */

static char *write_answer(yyjson_mut_doc *doc, yyjson_val *id, yyjson_mut_val *result,
                          const struct rpc_failure *failure) {
    yyjson_mut_val *root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    yyjson_mut_obj_add_str(doc, root, "jsonrpc", "2.0");
    yyjson_mut_obj_add_val(doc, root, "id",
                           id != NULL ? yyjson_val_mut_copy(doc, id) : yyjson_mut_null(doc));
    if (result != NULL) {
        yyjson_mut_obj_add_val(doc, root, "result", result);
    } else {
        yyjson_mut_obj_add_val(doc, root, "error", rpc_failure_json(failure, doc));
    }
    return yyjson_mut_write(doc, YYJSON_WRITE_NOFLAG, NULL);
}

static yyjson_mut_val *carry_out(struct halsim_rpc *rpc, struct halsim_rpc_request *request,
                                 yyjson_mut_doc *doc) {
    struct rpc_call call = {
        .rpc = rpc,
        .host = rpc->host,
        .method = request->method,
        .params = {request->params, request->method->name, "", NULL},
        .doc = doc,
    };
    call.params.failure = &call.failure;
    yyjson_mut_val *result = NULL;
    const char *known = request->method->parameters;
    if (known == NULL || params_check_names(&call.params, known)) {
        const struct rpc_router *router = request->is_urgent ? NULL : rpc->router;
        result = router != NULL ? router->carry_out(router->context, &call)
                                : request->method->carry_out(&call);
    }
    if (rpc->after != NULL) {
        rpc->after(rpc->after_context);
    }
    if (result == NULL) {
        if (call.failure.code == 0) {
            rpc_fail_status(&call.failure, HALSIM_ERROR_SYSTEM, "out of memory");
        }
        request->failure = call.failure;
    }
    return result;
}

char *halsim_rpc_dispatch(struct halsim_rpc *rpc, struct halsim_rpc_request *request) {
    yyjson_mut_doc *doc = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *result = NULL;
    if (request->failure.code == 0) {
        if (!request->is_urgent) {
            pthread_mutex_lock(&rpc->dispatch_lock);
        }
        result = carry_out(rpc, request, doc);
        if (!request->is_urgent) {
            pthread_mutex_unlock(&rpc->dispatch_lock);
        }
    }
    char *answer = NULL;
    if (request->has_answer) {
        answer = write_answer(doc, request->id, result, &request->failure);
    }
    yyjson_mut_doc_free(doc);
    halsim_rpc_discard(rpc, request);
    return answer;
}

char *halsim_rpc_handle(struct halsim_rpc *rpc, const char *line, size_t length) {
    return halsim_rpc_dispatch(rpc, halsim_rpc_parse(rpc, line, length));
}

void halsim_rpc_free(char *line) {
    free(line);
}

void halsim_rpc_set_keeper(struct halsim_rpc *rpc, void (*made)(const char *folder),
                           void (*gone)(const char *folder)) {
    rpc->keeper = (struct farend_keeper){made, gone};
}

void halsim_rpc_set_shm_list(struct halsim_rpc *rpc, size_t (*list)(char *names, size_t size)) {
    rpc->list_shm = list;
}

char *halsim_rpc_next_notice(struct halsim_rpc *rpc) {
    return notices_take(rpc->notices);
}

void halsim_rpc_set_wakeup(struct halsim_rpc *rpc, void (*wakeup)(void *context), void *context) {
    notices_set_wakeup(rpc->notices, wakeup, context);
}

bool halsim_rpc_wants_shutdown(struct halsim_rpc *rpc) {
    return atomic_load(&rpc->wants_shutdown);
}

void halsim_rpc_stop(struct halsim_rpc *rpc) {
    atomic_store(&rpc->stopping, true);
    halsim_io_interrupt(rpc->host);
    if (rpc->router != NULL) {
        rpc->router->stop(rpc->router->context);
    }
}

bool halsim_rpc_interrupt(struct halsim_rpc *rpc) {
    return rpc_run_interrupt(rpc);
}
