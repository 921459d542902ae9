/* rpc_property.c - property.* */
#include "json_values.h"
#include "property_read.h"
#include "rpc_internal.h"

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

/* Everything but the value. property_question_free() in any case. */
static bool question_params(struct rpc_call *call, struct property_question *question) {
    *question = (struct property_question){.host = call->host};
    return rpc_object_param(call, &question->object) && address_params(call, &question->address) &&
           qualifier_param(call, &question->qualifier);
}

static void question_free(struct property_question *question) {
    property_data_free(&question->qualifier);
    property_data_free(&question->input);
}

/* "type", or what the contract says. */
static bool type_param(struct rpc_call *call, const struct property_question *question,
                       enum property_type *type) {
    uint32_t index = PROPERTY_TYPE_COUNT;
    if (!params_choice(&call->params, "type", PARAM_OPTIONAL, property_type_names(), &index)) {
        return false;
    }
    *type = index < PROPERTY_TYPE_COUNT
                ? (enum property_type)index
                : property_type_of(call->host, question->object, question->address.mSelector);
    return true;
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
         property_decode(&call->params, "input", type, &question.input))) {
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
        property_decode(&call->params, "value", type, &question.input)) {
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
