#include "rpc_session.h"

static yyjson_doc *last;

static void set(const char *name, const char *value) {
    if (value != NULL) {
        (void)setenv(name, value, 1);
    } else {
        (void)unsetenv(name);
    }
}

struct halsim_rpc *session_open(const char *options, const char *shape, const char *fault) {
    char message[HALSIM_MESSAGE_MAX] = "";
    set("LOOP_SHAPE", shape);
    set("LOOP_FAULT", fault);
    struct halsim_rpc *rpc = halsim_rpc_create_json(
        options != NULL ? options : "{\"clock\": \"virtual\"}", message, sizeof message);
    if (rpc == NULL) {
        fail_msg("%s", message);
    }
    return rpc;
}

struct halsim_rpc *session_with_loop(const char *options, const char *shape, const char *fault) {
    struct halsim_rpc *rpc = session_open(options, shape, fault);
    session_call(rpc, "plugin.load", "{\"path\": \"" LOOP_DRIVER "\"}");
    return rpc;
}

yyjson_doc *session_say(struct halsim_rpc *rpc, const char *line) {
    char *answer = halsim_rpc_handle(rpc, line, strlen(line));
    if (answer == NULL) {
        return NULL;
    }
    assert_null(strchr(answer, '\n')); /* one object a line */
    yyjson_doc *doc = yyjson_read(answer, strlen(answer), YYJSON_READ_NOFLAG);
    assert_non_null(doc);
    halsim_rpc_free(answer);
    return doc;
}

static yyjson_val *ask(struct halsim_rpc *rpc, const char *method, const char *params,
                       const char *wanted) {
    char line[4096];
    (void)snprintf(line, sizeof line,
                   "{\"jsonrpc\": \"2.0\", \"id\": 7, \"method\": \"%s\", \"params\": %s}", method,
                   params != NULL ? params : "{}");
    yyjson_doc_free(last);
    last = session_say(rpc, line);
    yyjson_val *root = yyjson_doc_get_root(last);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "id")), 7);
    yyjson_val *found = yyjson_obj_get(root, wanted);
    if (found == NULL) {
        char *text = yyjson_val_write(root, YYJSON_WRITE_NOFLAG, NULL);
        fail_msg("%s %s: no %s in %s", method, params, wanted, text);
    }
    return found;
}

yyjson_val *session_call(struct halsim_rpc *rpc, const char *method, const char *params) {
    return ask(rpc, method, params, "result");
}

yyjson_val *session_error(struct halsim_rpc *rpc, const char *method, const char *params) {
    return ask(rpc, method, params, "error");
}

const char *message_of(yyjson_val *error) {
    const char *message = yyjson_get_str(yyjson_obj_get(error, "message"));
    assert_non_null(message);
    return message;
}

int code_of(yyjson_val *error) {
    return yyjson_get_int(yyjson_obj_get(error, "code"));
}

const char *status_of(yyjson_val *error) {
    const char *status = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(error, "data"), "status"));
    assert_non_null(status);
    return status;
}

yyjson_val *member(yyjson_val *object, const char *name) {
    yyjson_val *found = yyjson_obj_get(object, name);
    if (found == NULL) {
        fail_msg("no member \"%s\"", name);
    }
    return found;
}

uint64_t number_at(yyjson_val *object, const char *name) {
    yyjson_val *value = member(object, name);
    assert_true(yyjson_is_uint(value));
    return yyjson_get_uint(value);
}

void session_close(struct halsim_rpc *rpc) {
    halsim_rpc_destroy(rpc);
    yyjson_doc_free(last);
    last = NULL;
}
