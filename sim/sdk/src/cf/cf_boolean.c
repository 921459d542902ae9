/* cf_boolean.c - two constants. */
#include "cf_runtime.h"

#include <CoreFoundation/CFNumber.h>

static const struct cf_object true_object = CF_STATIC_OBJECT(cf_boolean_class);
static const struct cf_object false_object = CF_STATIC_OBJECT(cf_boolean_class);
const CFBooleanRef kCFBooleanTrue = (CFBooleanRef)(const void *)&true_object;
const CFBooleanRef kCFBooleanFalse = (CFBooleanRef)(const void *)&false_object;

CFTypeID CFBooleanGetTypeID(void) {
    return CF_TYPE_BOOLEAN;
}

Boolean CFBooleanGetValue(CFBooleanRef boolean) {
    return cf_object_expect(boolean, &cf_boolean_class, __func__) && boolean == kCFBooleanTrue;
}

static CFHashCode boolean_hash(CFTypeRef object) {
    return object == kCFBooleanTrue ? 1231 : 1237;
}

static CFStringRef boolean_copy_format(CFTypeRef object) {
    return cf_string_create_printf("%s", object == kCFBooleanTrue ? "true" : "false");
}

static CFStringRef boolean_copy_description(CFTypeRef object) {
    return cf_string_create_printf("<CFBoolean %p>{value = %s}", object,
                                   object == kCFBooleanTrue ? "true" : "false");
}

const struct cf_class cf_boolean_class = {
    .name = "CFBoolean",
    .type_id = CF_TYPE_BOOLEAN,
    .hash = boolean_hash,
    .copy_description = boolean_copy_description,
    .copy_format = boolean_copy_format,
};
