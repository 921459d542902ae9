/* property_read.c */
#include "property_read.h"
#include <stdlib.h>
#include <string.h>

static enum property_type custom_type(struct halsim_host *host, struct halsim_object object,
                                      uint32_t selector) {
    const AudioObjectPropertyAddress address = {kAudioObjectPropertyCustomPropertyInfoList,
                                                kAudioObjectPropertyScopeGlobal, 0};
    enum property_type type = PROPERTY_HEX;
    uint32_t count = 0;
    if (!halsim_property_has(host, object, &address)) {
        return type;
    }
    AudioServerPlugInCustomPropertyInfo *list =
        halsim_property_get_list(host, object, &address, sizeof *list, &count, NULL);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        if (list[i].mSelector == selector) {
            if (list[i].mPropertyDataType == kAudioServerPlugInCustomPropertyDataTypeCFString) {
                type = PROPERTY_STRING;
            } else if (list[i].mPropertyDataType ==
                       kAudioServerPlugInCustomPropertyDataTypeCFPropertyList) {
                type = PROPERTY_PLIST;
            }
        }
    }
    free(list);
    return type;
}

enum property_type property_type_of(struct halsim_host *host, struct halsim_object object,
                                    uint32_t selector) {
    const struct property_contract *contract = property_contract_find(selector);
    return contract != NULL ? contract->type : custom_type(host, object, selector);
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
    } else if (written > *size) {
        rpc_fail_status(failure, HALSIM_ERROR_CONTRACT,
                        "the driver says that it wrote %u bytes into a buffer of %u", written,
                        *size);
    } else {
        value = property_encode(doc, type, bytes, written, failure);
    }
    free(bytes);
    return value;
}
