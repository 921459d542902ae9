/* cf_polymorphic.c - the functions that take an object of any class and ask the class. */
#include "cf_runtime.h"

#include <stdio.h>
#include <stdlib.h>

CFTypeID CFGetTypeID(CFTypeRef cf) {
    const struct cf_class *cls = cf_object_class(cf);
    return cls ? cls->type_id : 0;
}

CFStringRef CFCopyTypeIDDescription(CFTypeID type_id) {
    const char *name = cf_type_name(type_id);
    return name ? cf_string_create_printf("%s", name) : NULL;
}

Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2) {
    const struct cf_class *class1 = cf_object_class(cf1);
    const struct cf_class *class2 = cf_object_class(cf2);
    if (!class1 || !class2) {
        return false;
    }
    if (cf1 == cf2) {
        return true;
    }
    return class1 == class2 && class1->equal && class1->equal(cf1, cf2);
}

CFHashCode CFHash(CFTypeRef cf) {
    const struct cf_class *cls = cf_object_class(cf);
    if (!cls) {
        return 0;
    }
    return cls->hash ? cls->hash(cf) : (CFHashCode)((uintptr_t)cf >> 4);
}

static CFStringRef describe(const struct cf_class *cls, CFTypeRef object) {
    return cls->copy_description ? cls->copy_description(object)
                                 : cf_string_create_printf("<%s %p>", cls->name, object);
}

CFStringRef CFCopyDescription(CFTypeRef cf) {
    const struct cf_class *cls = cf_object_class(cf);
    return cls ? describe(cls, cf) : NULL;
}

CFStringRef cf_object_copy_format(CFTypeRef object) {
    if (!object) {
        return cf_string_create_printf("(null)");
    }
    const struct cf_class *cls = cf_object_class(object);
    if (!cls) {
        return NULL;
    }
    return cls->copy_format ? cls->copy_format(object) : describe(cls, object);
}

void CFShow(CFTypeRef obj) {
    CFStringRef text = cf_object_copy_format(obj);
    if (!text) {
        return;
    }
    char *utf8 = cf_string_copy_utf8(text, NULL);
    CFRelease(text);
    if (utf8) {
        fprintf(stderr, "%s\n", utf8);
        free(utf8);
    }
}

CFTypeRef CFMakeCollectable(CFTypeRef cf) {
    return cf;
}
