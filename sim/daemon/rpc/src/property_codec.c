/* property_codec.c - bytes and JSON. */
#include "property_codec.h"
#include "json_plist.h"
#include "json_values.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- bytes to JSON ------------------------------------------------------------------------- */

static yyjson_mut_val *encode_hex(yyjson_mut_doc *doc, const void *bytes, uint32_t size) {
    static const char digits[] = "0123456789abcdef";
    char *text = malloc((size_t)size * 2 + 1);
    if (text == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < size; i++) {
        unsigned char byte = ((const unsigned char *)bytes)[i];
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    yyjson_mut_val *value = yyjson_mut_strncpy(doc, text, (size_t)size * 2);
    free(text);
    return value;
}

static yyjson_mut_val *encode_custom(yyjson_mut_doc *doc,
                                     const AudioServerPlugInCustomPropertyInfo *info) {
    yyjson_mut_val *object = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_val(doc, object, "selector", json_from_fourcc(doc, info->mSelector));
    yyjson_mut_obj_add_val(doc, object, "type", json_from_fourcc(doc, info->mPropertyDataType));
    yyjson_mut_obj_add_val(doc, object, "qualifier",
                           json_from_fourcc(doc, info->mQualifierDataType));
    return object;
}

/* One value, or one entry of a list. */
static yyjson_mut_val *encode_fixed(yyjson_mut_doc *doc, enum property_type type,
                                    const void *bytes) {
    union {
        UInt32 u32;
        SInt32 i32;
        Float32 f32;
        Float64 f64;
        AudioValueRange range;
        AudioStreamBasicDescription format;
        AudioStreamRangedDescription ranged;
        AudioServerPlugInCustomPropertyInfo custom;
    } value; /* a copy: the bytes of a list need not be aligned */
    memcpy(&value, bytes, property_type_size(type));
    switch (type) {
    case PROPERTY_U32:
    case PROPERTY_U32_LIST:
        return yyjson_mut_uint(doc, value.u32);
    case PROPERTY_I32:
        return yyjson_mut_sint(doc, value.i32);
    case PROPERTY_F32:
        return json_real(doc, (double)value.f32);
    case PROPERTY_F64:
        return json_real(doc, value.f64);
    case PROPERTY_FOURCC:
    case PROPERTY_FOURCC_LIST:
        return json_from_fourcc(doc, value.u32);
    case PROPERTY_RANGE:
    case PROPERTY_RANGE_LIST:
        return json_from_range(doc, &value.range);
    case PROPERTY_FORMAT:
        return json_from_format(doc, &value.format);
    case PROPERTY_RANGED_FORMAT_LIST:
        return json_from_ranged_format(doc, &value.ranged);
    case PROPERTY_CUSTOM_LIST:
        return encode_custom(doc, &value.custom);
    case PROPERTY_HEX:
    case PROPERTY_STRING:
    case PROPERTY_PLIST:
    case PROPERTY_URL:
    case PROPERTY_LAYOUT:
    case PROPERTY_TYPE_COUNT:
        break;
    }
    return yyjson_mut_null(doc);
}

static yyjson_mut_val *encode_reference(yyjson_mut_doc *doc, enum property_type type,
                                        CFTypeRef reference, struct rpc_failure *failure) {
    if (reference == NULL) {
        return yyjson_mut_null(doc);
    }
    yyjson_mut_val *value = NULL;
    CFTypeID id = CFGetTypeID(reference);
    if (type == PROPERTY_PLIST) {
        value = json_from_plist(doc, reference);
    } else if (type == PROPERTY_STRING && id == CFStringGetTypeID()) {
        value = json_from_cfstring(doc, reference);
    } else if (type == PROPERTY_URL && id == CFURLGetTypeID()) {
        value = json_from_cfstring(doc, CFURLGetString((CFURLRef)reference));
    } else {
        rpc_fail_status(failure, HALSIM_ERROR_CONTRACT,
                        "the driver returned a CoreFoundation object of another class where %s was "
                        "due",
                        type == PROPERTY_STRING ? "a CFString" : "a CFURL");
    }
    CFRelease(reference);
    return value;
}

yyjson_mut_val *property_encode(yyjson_mut_doc *doc, enum property_type type, const void *bytes,
                                uint32_t size, struct rpc_failure *failure) {
    if (type == PROPERTY_HEX) {
        return encode_hex(doc, bytes, size);
    }
    uint32_t unit = property_type_size(type);
    bool is_list = property_type_is_list(type);
    yyjson_mut_val *value = NULL;
    if (type == PROPERTY_LAYOUT) {
        AudioChannelLayout *layout = malloc(size + sizeof(AudioChannelLayout));
        if (layout != NULL) {
            memcpy(layout, bytes, size);
            value = json_from_layout(doc, layout, size);
        }
        free(layout);
    } else if (is_list ? size % unit == 0 : size == unit) {
        if (property_type_is_reference(type)) {
            CFTypeRef reference;
            memcpy(&reference, bytes, sizeof reference);
            return encode_reference(doc, type, reference, failure);
        }
        if (!is_list) {
            return encode_fixed(doc, type, bytes);
        }
        value = yyjson_mut_arr(doc);
        for (uint32_t at = 0; at < size; at += unit) {
            yyjson_mut_arr_append(value, encode_fixed(doc, type, (const char *)bytes + at));
        }
    }
    if (value == NULL) {
        rpc_fail_status(failure, HALSIM_ERROR_CONTRACT,
                        "the driver wrote %u bytes, which is no value of type %s", size,
                        property_type_name(type));
    }
    return value;
}

/* ---- JSON to bytes ------------------------------------------------------------------------- */

static bool set_bytes(const struct params *params, struct property_data *data, const void *bytes,
                      size_t size) {
    data->bytes = malloc(size + 1);
    if (data->bytes == NULL) {
        return rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    if (size > 0) {
        memcpy(data->bytes, bytes, size);
    }
    data->size = (uint32_t)size;
    return true;
}

static bool decode_hex(const struct params *params, const char *name, yyjson_val *json,
                       struct property_data *data) {
    const char *text = yyjson_get_str(json);
    size_t length = yyjson_get_len(json);
    if (text == NULL || length % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != length) {
        return params_fail(params, name, "must be a string of pairs of hexadecimal digits");
    }
    if (!set_bytes(params, data, text, length / 2)) {
        return false;
    }
    for (size_t i = 0; i < length / 2; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        ((unsigned char *)data->bytes)[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return true;
}

/* Writes one value to `out`, which has room for it. */
static bool decode_fixed(yyjson_val *json, enum property_type type, void *out) {
    switch (type) {
    case PROPERTY_U32:
    case PROPERTY_U32_LIST: {
        UInt32 value = (UInt32)yyjson_get_uint(json);
        memcpy(out, &value, sizeof value);
        return yyjson_is_uint(json) && yyjson_get_uint(json) <= UINT32_MAX;
    }
    case PROPERTY_I32: {
        bool fits = yyjson_is_uint(json)
                        ? yyjson_get_uint(json) <= INT32_MAX
                        : yyjson_is_sint(json) && yyjson_get_sint(json) >= INT32_MIN;
        SInt32 value = fits ? (SInt32)yyjson_get_sint(json) : 0;
        memcpy(out, &value, sizeof value);
        return fits;
    }
    case PROPERTY_F32: {
        Float32 value = (Float32)yyjson_get_num(json);
        memcpy(out, &value, sizeof value);
        return yyjson_is_num(json);
    }
    case PROPERTY_F64: {
        Float64 value = yyjson_get_num(json);
        memcpy(out, &value, sizeof value);
        return yyjson_is_num(json);
    }
    case PROPERTY_FOURCC:
    case PROPERTY_FOURCC_LIST: {
        uint32_t value = 0;
        bool ok = json_fourcc(json, &value);
        memcpy(out, &value, sizeof value);
        return ok;
    }
    case PROPERTY_RANGE:
    case PROPERTY_RANGE_LIST: {
        AudioValueRange value = {0, 0};
        bool ok = json_to_range(json, &value);
        memcpy(out, &value, sizeof value);
        return ok;
    }
    default:
        return false;
    }
}

static const char *shape_of(enum property_type type) {
    switch (type) {
    case PROPERTY_U32:
        return "a whole number from 0 to 4294967295";
    case PROPERTY_I32:
        return "a whole number of 32 bits";
    case PROPERTY_F32:
    case PROPERTY_F64:
        return "a number";
    case PROPERTY_FOURCC:
        return "a four-character code";
    case PROPERTY_RANGE:
        return "[low, high]";
    case PROPERTY_U32_LIST:
        return "an array of whole numbers";
    case PROPERTY_FOURCC_LIST:
        return "an array of four-character codes";
    case PROPERTY_RANGE_LIST:
        return "an array of [low, high]";
    default:
        return "something else";
    }
}

static bool decode_numbers(const struct params *params, const char *name, yyjson_val *json,
                           enum property_type type, struct property_data *data) {
    uint32_t unit = property_type_size(type);
    bool is_list = property_type_is_list(type);
    size_t count = is_list ? yyjson_arr_size(json) : 1;
    data->bytes = calloc(count + 1, unit);
    if (data->bytes == NULL) {
        return rpc_fail_status(params->failure, HALSIM_ERROR_SYSTEM, "out of memory");
    }
    data->size = (uint32_t)(count * unit);
    bool ok = !is_list || yyjson_is_arr(json);
    yyjson_arr_iter iterator;
    if (ok && is_list) {
        iterator = yyjson_arr_iter_with(json);
    }
    for (size_t i = 0; ok && i < count; i++) {
        yyjson_val *entry = is_list ? yyjson_arr_iter_next(&iterator) : json;
        ok = decode_fixed(entry, type, (char *)data->bytes + i * unit);
    }
    return ok || params_fail(params, name, "must be %s", shape_of(type));
}

static bool decode_reference(const struct params *params, const char *name, yyjson_val *json,
                             enum property_type type, struct property_data *data) {
    if (type == PROPERTY_PLIST) {
        data->reference = json_to_plist(json, params->failure);
    } else if (!yyjson_is_str(json)) {
        return params_fail(params, name, "must be a string");
    } else {
        data->reference = json_to_cfstring(json, params->failure);
    }
    if (type == PROPERTY_URL && data->reference != NULL) {
        CFStringRef text = data->reference;
        data->reference = CFURLCreateWithString(kCFAllocatorDefault, text, NULL);
        CFRelease(text);
        if (data->reference == NULL) {
            return params_fail(params, name, "must be a URL");
        }
    }
    return data->reference != NULL &&
           set_bytes(params, data, &data->reference, sizeof data->reference);
}

bool property_decode(const struct params *params, const char *name, enum property_type type,
                     struct property_data *data) {
    *data = (struct property_data){0};
    yyjson_val *json = params_get(params, name);
    if (json == NULL) {
        return params_fail(params, name, "must be a value of type %s", property_type_name(type));
    }
    char prefix[64];
    snprintf(prefix, sizeof prefix, "%s%s.", params->prefix, name);
    struct params inner;
    switch (type) {
    case PROPERTY_HEX:
        return decode_hex(params, name, json, data);
    case PROPERTY_STRING:
    case PROPERTY_PLIST:
    case PROPERTY_URL:
        return decode_reference(params, name, json, type, data);
    case PROPERTY_FORMAT: {
        AudioStreamBasicDescription format;
        return params_object(params, name, PARAM_REQUIRED, prefix, &inner) &&
               params_to_format(&inner, &format) && set_bytes(params, data, &format, sizeof format);
    }
    case PROPERTY_LAYOUT:
        if (!params_object(params, name, PARAM_REQUIRED, prefix, &inner)) {
            return false;
        }
        data->bytes = params_to_layout(&inner, &data->size);
        return data->bytes != NULL;
    case PROPERTY_RANGED_FORMAT_LIST:
    case PROPERTY_CUSTOM_LIST:
        return params_fail(params, name, "cannot be of type %s, which is read only",
                           property_type_name(type));
    default:
        return decode_numbers(params, name, json, type, data);
    }
}

void property_data_free(struct property_data *data) {
    free(data->bytes);
    if (data->reference != NULL) {
        CFRelease(data->reference);
    }
    *data = (struct property_data){0};
}
