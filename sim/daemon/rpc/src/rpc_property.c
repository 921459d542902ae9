/* rpc_property.c - property.* */
#include "json_values.h"
#include "property_read.h"
#include "rpc_internal.h"
#include <string.h>

static bool address_params(struct rpc_call *call, AudioObjectPropertyAddress *address) {
    uint32_t selector = 0, scope = kAudioObjectPropertyScopeGlobal, element = 0;
    if (!params_fourcc(&call->params, "selector", PARAM_REQUIRED, &selector) ||
        !params_fourcc(&call->params, "scope", PARAM_OPTIONAL, &scope) ||
        !params_u32(&call->params, "element", PARAM_OPTIONAL, 0, UINT32_MAX, &element)) {
        return false;
    }
    *address = (AudioObjectPropertyAddress){selector, scope, element};
    return true;
}

/* "qualifier": {"type", "value"}. */
static bool qualifier_param(struct rpc_call *call, struct property_data *qualifier) {
    static const enum property_type kinds[] = {PROPERTY_STRING, PROPERTY_U32, PROPERTY_FOURCC_LIST};
    struct params inner;
    uint32_t kind = 0;
    *qualifier = (struct property_data){0};
    if (!params_object(&call->params, "qualifier", PARAM_OPTIONAL, "qualifier.", &inner)) {
        return false;
    }
    return inner.object == NULL ||
           (params_check_names(&inner, "type value") &&
            params_choice(&inner, "type", PARAM_REQUIRED, "string u32 fourcc[]", &kind) &&
            property_decode(&inner, "value", kinds[kind], qualifier));
}

/* A driver follows a reference that it is given: bytes that are none would be its death, and no
 * fault of it. */
static bool is_stray_address(const struct property_data *data) {
    CFTypeRef reference = NULL;
    if (data->reference == NULL && data->size >= sizeof reference) {
        memcpy(&reference, data->bytes, sizeof reference);
    }
    return reference != NULL;
}

static bool fail_stray(struct rpc_call *call, const struct property_question *question,
                       const char *what) {
    char selector[16];
    return rpc_fail_status(&call->failure, HALSIM_ERROR_CONTRACT,
                           "the %s of property %s is a CoreFoundation object: bytes other than "
                           "those of a NULL reference cannot stand for one",
                           what, halsim_fourcc_text(question->address.mSelector, selector));
}

/* Everything but the value. question_free() in any case. */
static bool question_params(struct rpc_call *call, struct property_question *question) {
    *question = (struct property_question){.host = call->host};
    if (!rpc_object_param(call, &question->object) || !address_params(call, &question->address) ||
        !qualifier_param(call, &question->qualifier)) {
        return false;
    }
    return !is_stray_address(&question->qualifier) ||
           !property_nature_of(call->host, question->object, question->address.mSelector)
                .takes_reference ||
           fail_stray(call, question, "qualifier");
}

static void question_free(struct property_question *question) {
    property_data_free(&question->qualifier);
    property_data_free(&question->input);
}

/* "type", or what the contract says. */
static bool type_param(struct rpc_call *call, struct property_question *question,
                       enum property_type *type) {
    uint32_t index = PROPERTY_TYPE_COUNT, selector = question->address.mSelector;
    if (!params_choice(&call->params, "type", PARAM_OPTIONAL, property_type_names(), &index)) {
        return false;
    }
    enum property_type nature = property_nature_of(call->host, question->object, selector).type;
    question->holds_reference = property_type_is_reference(nature);
    *type = index < PROPERTY_TYPE_COUNT ? (enum property_type)index : nature;
    if (property_type_is_reference(*type) && !question->holds_reference) {
        char text[16];
        return rpc_fail_status(&call->failure, HALSIM_ERROR_CONTRACT,
                               "property %s of object %u cannot be of type %s: neither the "
                               "contract nor 'cust' says that it holds a CoreFoundation object",
                               halsim_fourcc_text(selector, text), question->object.id,
                               property_type_name(*type));
    }
    return true;
}

/* Parameter `name` as data for a driver. */
static bool input_param(struct rpc_call *call, const char *name, enum property_type type,
                        struct property_question *question) {
    return property_decode(&call->params, name, type, &question->input) &&
           (!question->holds_reference || !is_stray_address(&question->input) ||
            fail_stray(call, question, "value"));
}

RPC_METHOD(property_has) {
    struct property_question question;
    yyjson_mut_val *result = NULL;
    if (question_params(call, &question)) {
        result = yyjson_mut_bool(
            call->doc, halsim_property_has(call->host, question.object, &question.address));
    }
    question_free(&question);
    return result;
}

RPC_METHOD(property_is_settable) {
    struct property_question question;
    yyjson_mut_val *result = NULL;
    bool settable = false;
    if (question_params(call, &question)) {
        result = halsim_property_is_settable(call->host, question.object, &question.address,
                                             &settable, &call->failure.error)
                     ? yyjson_mut_bool(call->doc, settable)
                     : rpc_host_said_no(call);
    }
    question_free(&question);
    return result;
}

RPC_METHOD(property_size) {
    struct property_question question;
    yyjson_mut_val *result = NULL;
    uint32_t size = 0;
    if (question_params(call, &question)) {
        result = halsim_property_size(call->host, question.object, &question.address,
                                      question.qualifier.size, question.qualifier.bytes, &size,
                                      &call->failure.error)
                     ? yyjson_mut_uint(call->doc, size)
                     : rpc_host_said_no(call);
    }
    question_free(&question);
    return result;
}

RPC_METHOD(property_get) {
    struct property_question question;
    enum property_type type = PROPERTY_HEX;
    uint32_t size = 0;
    yyjson_mut_val *result = NULL;
    if (question_params(call, &question) && type_param(call, &question, &type) &&
        (params_get(&call->params, "input") == NULL ||
         input_param(call, "input", type, &question))) {
        result = property_read(call->doc, &question, type, &size, &call->failure);
    }
    question_free(&question);
    return result;
}

RPC_METHOD(property_set) {
    struct property_question question;
    enum property_type type = PROPERTY_HEX;
    yyjson_mut_val *result = NULL;
    if (question_params(call, &question) && type_param(call, &question, &type) &&
        input_param(call, "value", type, &question)) {
        result =
            halsim_property_set(call->host, question.object, &question.address,
                                question.qualifier.size, question.qualifier.bytes,
                                question.input.size, question.input.bytes, &call->failure.error)
                ? yyjson_mut_obj(call->doc)
                : rpc_host_said_no(call);
    }
    question_free(&question);
    return result;
}
