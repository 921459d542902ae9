/* cf_null.c - kCFNull, the object that stands for no value in collections. */
#include "cf_runtime.h"

static const struct cf_object null_object = CF_STATIC_OBJECT(cf_null_class);
const CFNullRef kCFNull = (CFNullRef)(const void *)&null_object;

CFTypeID CFNullGetTypeID(void) {
    return CF_TYPE_NULL;
}

static CFStringRef null_copy_description(CFTypeRef object) {
    return cf_string_create_printf("<CFNull %p>", object);
}

static CFStringRef null_copy_format(CFTypeRef object) {
    (void)object;
    return cf_string_create_printf("<null>");
}

const struct cf_class cf_null_class = {
    .name = "CFNull",
    .type_id = CF_TYPE_NULL,
    .copy_description = null_copy_description,
    .copy_format = null_copy_format,
};
