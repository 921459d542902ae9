/* failure.c - error objects. */
#include "failure.h"
#include "json_values.h"
#include <stdarg.h>
#include <stdio.h>

static void set_message(struct rpc_failure *failure, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void set_message(struct rpc_failure *failure, const char *format, va_list arguments) {
    vsnprintf(failure->error.message, sizeof failure->error.message, format, arguments);
}

bool rpc_fail(struct rpc_failure *failure, int code, const char *format, ...) {
    failure->code = code;
    failure->error.status = HALSIM_ERROR_ARGUMENT;
    failure->error.os_status = 0;
    va_list arguments;
    va_start(arguments, format);
    set_message(failure, format, arguments);
    va_end(arguments);
    return false;
}

bool rpc_fail_status(struct rpc_failure *failure, enum halsim_status status, const char *format,
                     ...) {
    failure->code = RPC_FAILED;
    failure->error.status = status;
    failure->error.os_status = 0;
    va_list arguments;
    va_start(arguments, format);
    set_message(failure, format, arguments);
    va_end(arguments);
    return false;
}

bool rpc_fail_host(struct rpc_failure *failure) {
    failure->code = RPC_FAILED;
    return false;
}

yyjson_mut_val *rpc_failure_json(const struct rpc_failure *failure, yyjson_mut_doc *doc) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_int(doc, object, "code", failure->code);
    /* It may quote file names and texts of drivers, which need not be UTF-8. */
    yyjson_mut_obj_add_val(doc, object, "message", json_text(doc, failure->error.message));
    if (failure->code == RPC_FAILED) {
        yyjson_mut_val *data = yyjson_mut_obj_add_obj(doc, object, "data");
        yyjson_mut_obj_add_strcpy(doc, data, "status", halsim_status_name(failure->error.status));
        yyjson_mut_obj_add_int(doc, data, "os_status", failure->error.os_status);
        if (failure->error.os_status != 0) {
            char text[16];
            halsim_fourcc_text((uint32_t)failure->error.os_status, text);
            yyjson_mut_obj_add_strcpy(doc, data, "os_status_text", text);
        }
    }
    return object;
}
