/* property_read.c */
#include "property_read.h"
#include <stdlib.h>
#include <string.h>

static bool is_reference_type(uint32_t code) {
    return code == kAudioServerPlugInCustomPropertyDataTypeCFString ||
           code == kAudioServerPlugInCustomPropertyDataTypeCFPropertyList;
}

static struct property_nature
nature_of_custom(const AudioServerPlugInCustomPropertyInfo *property) {
    struct property_nature nature = {PROPERTY_HEX, is_reference_type(property->mQualifierDataType)};
    if (property->mPropertyDataType == kAudioServerPlugInCustomPropertyDataTypeCFString) {
        nature.type = PROPERTY_STRING;
    } else if (is_reference_type(property->mPropertyDataType)) {
        nature.type = PROPERTY_PLIST;
    }
    return nature;
}

static struct property_nature find_custom(struct halsim_host *host, struct halsim_object object,
                                          uint32_t selector) {
    const AudioObjectPropertyAddress address = {kAudioObjectPropertyCustomPropertyInfoList,
                                                kAudioObjectPropertyScopeGlobal, 0};
    struct property_nature nature = {PROPERTY_HEX, false};
    uint32_t count = 0;
    if (!halsim_property_has(host, object, &address)) {
        return nature;
    }
    AudioServerPlugInCustomPropertyInfo *list =
        halsim_property_get_list(host, object, &address, sizeof *list, &count, NULL);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        if (list[i].mSelector == selector) {
            nature = nature_of_custom(&list[i]);
        }
    }
    free(list);
    return nature;
}

struct property_nature property_nature_of(struct halsim_host *host, struct halsim_object object,
                                          uint32_t selector) {
    const struct property_contract *contract = property_contract_find(selector);
    if (contract == NULL) {
        return find_custom(host, object, selector);
    }
    return (struct property_nature){contract->type,
                                    (contract->traits & PROPERTY_TAKES_STRING) != 0};
}

/* What the driver wrote, as JSON. A crash over a reference that is none, or that the driver has
 * released once too often, is the driver's. */
static yyjson_mut_val *encode(yyjson_mut_doc *doc, const struct property_question *question,
                              enum property_type type, const void *bytes, uint32_t size,
                              struct rpc_failure *failure) {
    if (!question->holds_reference) {
        return property_encode(doc, type, bytes, size, failure);
    }
    halsim_property_begin_inspection(question->object, &question->address);
    yyjson_mut_val *value = property_encode(doc, type, bytes, size, failure);
    CFTypeRef reference = NULL;
    if (!property_type_is_reference(type) && size == sizeof reference) {
        memcpy(&reference, bytes, sizeof reference);
        if (reference != NULL) {
            CFRelease(reference); /* it was ours, also when only its bytes were wanted */
        }
    }
    halsim_property_end_inspection();
    return value;
}

yyjson_mut_val *property_read(yyjson_mut_doc *doc, const struct property_question *question,
                              enum property_type type, uint32_t *size,
                              struct rpc_failure *failure) {
    *size = 0;
    if (!halsim_property_size(question->host, question->object, &question->address,
                              question->qualifier.size, question->qualifier.bytes, size,
                              &failure->error)) {
        rpc_fail_host(failure);
        return NULL;
    }
    if (*size > RPC_PROPERTY_BYTES_MAX) {
        rpc_fail_status(failure, HALSIM_ERROR_CONTRACT,
                        "the driver says that the property takes %u bytes; at most %u are read",
                        *size, RPC_PROPERTY_BYTES_MAX);
        return NULL;
    }
    uint32_t written = *size;
    char *bytes = calloc(1, (size_t)written + 1);
    if (bytes == NULL) {
        rpc_fail_status(failure, HALSIM_ERROR_SYSTEM, "out of memory");
        return NULL;
    }
    if (question->input.bytes != NULL) {
        memcpy(bytes, question->input.bytes,
               question->input.size < written ? question->input.size : written);
    }
    yyjson_mut_val *value = NULL;
    if (!halsim_property_get(question->host, question->object, &question->address,
                             question->qualifier.size, question->qualifier.bytes, &written, bytes,
                             &failure->error)) {
        rpc_fail_host(failure);
    } else {
        value = encode(doc, question, type, bytes, written, failure);
    }
    free(bytes);
    return value;
}
