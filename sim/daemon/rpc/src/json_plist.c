/* json_plist.c - property lists. */
#include "json_plist.h"
#include "base64.h"
#include "json_values.h"
#include <stdlib.h>
#include <string.h>

static yyjson_mut_val *encode(yyjson_mut_doc *doc, CFTypeRef value, int depth);

yyjson_mut_val *json_from_cfstring(yyjson_mut_doc *doc, CFStringRef string) {
    if (string == NULL) {
        return yyjson_mut_null(doc);
    }
    CFIndex room =
        CFStringGetMaximumSizeForEncoding(CFStringGetLength(string), kCFStringEncodingUTF8) + 1;
    char *text = malloc((size_t)room);
    yyjson_mut_val *value = NULL;
    if (text != NULL && CFStringGetCString(string, text, room, kCFStringEncodingUTF8)) {
        value = json_text(doc, text);
    }
    free(text);
    return value != NULL ? value : yyjson_mut_null(doc);
}

static yyjson_mut_val *encode_number(yyjson_mut_doc *doc, CFNumberRef number) {
    if (CFNumberIsFloatType(number)) {
        double real = 0;
        CFNumberGetValue(number, kCFNumberFloat64Type, &real);
        return json_real(doc, real);
    }
    int64_t integer = 0;
    CFNumberGetValue(number, kCFNumberSInt64Type, &integer);
    return yyjson_mut_sint(doc, integer);
}

static yyjson_mut_val *encode_array(yyjson_mut_doc *doc, CFArrayRef array, int depth) {
    yyjson_mut_val *result = yyjson_mut_arr(doc);
    for (CFIndex i = 0; i < CFArrayGetCount(array); i++) {
        yyjson_mut_arr_append(result, encode(doc, CFArrayGetValueAtIndex(array, i), depth + 1));
    }
    return result;
}

static yyjson_mut_val *encode_dictionary(yyjson_mut_doc *doc, CFDictionaryRef dictionary,
                                         int depth) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    CFIndex count = CFDictionaryGetCount(dictionary);
    const void **keys = calloc((size_t)count + 1, sizeof *keys);
    const void **values = calloc((size_t)count + 1, sizeof *values);
    if (keys != NULL && values != NULL) {
        CFDictionaryGetKeysAndValues(dictionary, keys, values);
        for (CFIndex i = 0; i < count; i++) {
            bool named = keys[i] != NULL && CFGetTypeID(keys[i]) == CFStringGetTypeID();
            yyjson_mut_obj_add(
                result, named ? json_from_cfstring(doc, keys[i]) : yyjson_mut_str(doc, "$key"),
                encode(doc, values[i], depth + 1));
        }
    }
    free(keys);
    free(values);
    return result;
}

static yyjson_mut_val *encode_data(yyjson_mut_doc *doc, CFDataRef data) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    char *text = base64_encode(CFDataGetBytePtr(data), (size_t)CFDataGetLength(data));
    yyjson_mut_obj_add_strcpy(doc, result, "$data", text != NULL ? text : "");
    free(text);
    return result;
}

static yyjson_mut_val *encode_other(yyjson_mut_doc *doc, const char *what) {
    yyjson_mut_val *result = yyjson_mut_obj(doc);
    yyjson_mut_obj_add_strcpy(doc, result, "$type", what);
    return result;
}

static yyjson_mut_val *encode(yyjson_mut_doc *doc, CFTypeRef value, int depth) {
    if (value == NULL) {
        return yyjson_mut_null(doc);
    }
    if (depth > RPC_PLIST_DEPTH_MAX) {
        return encode_other(doc, "too deep");
    }
    CFTypeID type = CFGetTypeID(value);
    if (type == CFStringGetTypeID()) {
        return json_from_cfstring(doc, value);
    }
    if (type == CFBooleanGetTypeID()) {
        return yyjson_mut_bool(doc, CFBooleanGetValue(value) != 0);
    }
    if (type == CFNumberGetTypeID()) {
        return encode_number(doc, value);
    }
    if (type == CFArrayGetTypeID()) {
        return encode_array(doc, value, depth);
    }
    if (type == CFDictionaryGetTypeID()) {
        return encode_dictionary(doc, value, depth);
    }
    if (type == CFDataGetTypeID()) {
        return encode_data(doc, value);
    }
    if (type == CFDateGetTypeID()) {
        yyjson_mut_val *result = yyjson_mut_obj(doc);
        yyjson_mut_obj_add_val(doc, result, "$date",
                               json_real(doc, CFDateGetAbsoluteTime((CFDateRef)value)));
        return result;
    }
    return encode_other(doc, type == CFURLGetTypeID()    ? "CFURL"
                             : type == CFUUIDGetTypeID() ? "CFUUID"
                                                         : "no property list");
}

yyjson_mut_val *json_from_plist(yyjson_mut_doc *doc, CFTypeRef value) {
    return encode(doc, value, 1);
}

/* ---- the way back -------------------------------------------------------------------------- */

static CFTypeRef decode(yyjson_val *value, int depth, struct rpc_failure *failure);

CFStringRef json_to_cfstring(yyjson_val *value, struct rpc_failure *failure) {
    CFStringRef string = NULL;
    if (yyjson_is_str(value)) {
        string =
            CFStringCreateWithBytes(kCFAllocatorDefault, (const UInt8 *)yyjson_get_str(value),
                                    (CFIndex)yyjson_get_len(value), kCFStringEncodingUTF8, false);
    }
    if (string == NULL) {
        rpc_fail(failure, RPC_PARAMETERS, "a string was expected as the value");
    }
    return string;
}

static CFTypeRef decode_number(yyjson_val *value) {
    if (yyjson_is_real(value) ||
        (yyjson_is_uint(value) && yyjson_get_uint(value) > (uint64_t)INT64_MAX)) {
        double real = yyjson_get_num(value);
        return CFNumberCreate(kCFAllocatorDefault, kCFNumberFloat64Type, &real);
    }
    int64_t integer = yyjson_get_sint(value);
    return CFNumberCreate(kCFAllocatorDefault, kCFNumberSInt64Type, &integer);
}

static CFTypeRef decode_array(yyjson_val *value, int depth, struct rpc_failure *failure) {
    CFMutableArrayRef array = CFArrayCreateMutable(kCFAllocatorDefault, 0, &kCFTypeArrayCallBacks);
    yyjson_arr_iter iterator = yyjson_arr_iter_with(value);
    for (yyjson_val *item; (item = yyjson_arr_iter_next(&iterator)) != NULL;) {
        CFTypeRef entry = decode(item, depth + 1, failure);
        if (entry == NULL) {
            CFRelease(array);
            return NULL;
        }
        CFArrayAppendValue(array, entry);
        CFRelease(entry);
    }
    return array;
}

static CFTypeRef decode_dictionary(yyjson_val *value, int depth, struct rpc_failure *failure) {
    CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
        kCFAllocatorDefault, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
    yyjson_obj_iter iterator = yyjson_obj_iter_with(value);
    for (yyjson_val *name; (name = yyjson_obj_iter_next(&iterator)) != NULL;) {
        CFStringRef key = json_to_cfstring(name, failure);
        CFTypeRef entry =
            key != NULL ? decode(yyjson_obj_iter_get_val(name), depth + 1, failure) : NULL;
        if (entry != NULL) {
            CFDictionarySetValue(dictionary, key, entry);
            CFRelease(entry);
        }
        if (key != NULL) {
            CFRelease(key);
        }
        if (entry == NULL) {
            CFRelease(dictionary);
            return NULL;
        }
    }
    return dictionary;
}

static CFTypeRef decode_object(yyjson_val *value, int depth, struct rpc_failure *failure) {
    yyjson_val *data = yyjson_obj_get(value, "$data");
    yyjson_val *date = yyjson_obj_get(value, "$date");
    if (yyjson_obj_size(value) != 1 || (data == NULL && date == NULL)) {
        return decode_dictionary(value, depth, failure);
    }
    if (date != NULL) {
        if (yyjson_is_num(date)) {
            return CFDateCreate(kCFAllocatorDefault, yyjson_get_num(date));
        }
        rpc_fail(failure, RPC_PARAMETERS, "\"$date\" must be a number of seconds since 2001");
        return NULL;
    }
    size_t length = 0;
    uint8_t *bytes = yyjson_is_str(data)
                         ? base64_decode(yyjson_get_str(data), yyjson_get_len(data), &length)
                         : NULL;
    if (bytes == NULL) {
        rpc_fail(failure, RPC_PARAMETERS, "\"$data\" must be a base64 string");
        return NULL;
    }
    CFDataRef result = CFDataCreate(kCFAllocatorDefault, bytes, (CFIndex)length);
    free(bytes);
    return result;
}

static CFTypeRef decode(yyjson_val *value, int depth, struct rpc_failure *failure) {
    if (depth > RPC_PLIST_DEPTH_MAX) {
        rpc_fail(failure, RPC_PARAMETERS, "the value is nested deeper than %d levels",
                 RPC_PLIST_DEPTH_MAX);
        return NULL;
    }
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_STR:
        return json_to_cfstring(value, failure);
    case YYJSON_TYPE_BOOL:
        return CFRetain(yyjson_get_bool(value) ? kCFBooleanTrue : kCFBooleanFalse);
    case YYJSON_TYPE_NUM:
        return decode_number(value);
    case YYJSON_TYPE_ARR:
        return decode_array(value, depth, failure);
    case YYJSON_TYPE_OBJ:
        return decode_object(value, depth, failure);
    default:
        rpc_fail(failure, RPC_PARAMETERS, "a property list has no null");
        return NULL;
    }
}

CFTypeRef json_to_plist(yyjson_val *value, struct rpc_failure *failure) {
    return decode(value, 1, failure);
}
