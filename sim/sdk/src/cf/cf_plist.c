/* cf_plist.c - CFPropertyList: formats, limits and errors. The work is libplist's. */
#include "cf_error_private.h"
#include "cf_plist_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reasons ------------------------------------------------------------------------------ */

struct cf_plist_path cf_plist_path_key(const struct cf_plist_path *parent, const char *key) {
    return (struct cf_plist_path){parent, key, 0, parent ? parent->depth + 1 : 1};
}

struct cf_plist_path cf_plist_path_index(const struct cf_plist_path *parent, CFIndex index) {
    return (struct cf_plist_path){parent, NULL, index, parent ? parent->depth + 1 : 1};
}

/* Appends "CFPlugInTypes > [2]", cut to what fits. Of a long path the first few steps show. */
static void print_path(const struct cf_plist_path *path, char *text, size_t size) {
    enum {
        SHOWN = 8
    };
    const struct cf_plist_path *steps[SHOWN];
    size_t used = strlen(text);
    unsigned depth = path ? path->depth : 0;
    for (const struct cf_plist_path *step = path; step; step = step->parent) {
        if (step->depth <= SHOWN) {
            steps[step->depth - 1] = step;
        }
    }
    for (unsigned i = 0; i < depth && i < SHOWN && used < size; i++) {
        const char *arrow = i > 0 ? " > " : "";
        int written = steps[i]->key
                          ? snprintf(text + used, size - used, "%s%.80s", arrow, steps[i]->key)
                          : snprintf(text + used, size - used, "%s[%ld]", arrow, steps[i]->index);
        used += (size_t)written;
    }
    if (depth > SHOWN && used < size) {
        snprintf(text + used, size - used, " > ... %u levels down", depth);
    }
}

static bool fail(struct cf_plist_reason *reason, const struct cf_plist_path *path, bool has_path,
                 CFIndex code, const char *format, va_list arguments) {
    if (reason->code != 0) {
        return false;
    }
    reason->code = code;
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    if (has_path) {
        size_t used = strlen(reason->text);
        if (!path) {
            snprintf(reason->text + used, sizeof reason->text - used, " (at the top level)");
        } else if (used + sizeof " (at )" < sizeof reason->text) {
            strcat(reason->text, " (at ");
            print_path(path, reason->text, sizeof reason->text - 1);
            strcat(reason->text, ")");
        }
    }
    return false;
}

bool cf_plist_fail(struct cf_plist_reason *reason, CFIndex code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(reason, NULL, false, code, format, arguments);
    va_end(arguments);
    return false;
}

bool cf_plist_fail_at(struct cf_plist_reason *reason, const struct cf_plist_path *path,
                      CFIndex code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fail(reason, path, true, code, format, arguments);
    va_end(arguments);
    return false;
}

static void store_error(CFErrorRef *error, const char *what, const struct cf_plist_reason *reason) {
    if (error) {
        char text[sizeof reason->text + 64];
        snprintf(text, sizeof text, "%s: %s", what, reason->text);
        *error = cf_error_create_cocoa(reason->code, text, reason->text, NULL);
    }
}

/* ---- reading ------------------------------------------------------------------------------ */

/* What the bytes look like; 0 with a reason when like nothing. */
static CFPropertyListFormat recognise(const char *bytes, size_t length,
                                      struct cf_plist_reason *reason) {
    static const char *const elements[] = {"<plist", "<dict",    "<array", "<string", "<data",
                                           "<date",  "<integer", "<real",  "<true",   "<false"};
    if (length >= 6 && memcmp(bytes, "bplist", 6) == 0) {
        if (length < 8 || memcmp(bytes + 6, "00", 2) != 0) {
            cf_plist_fail(reason, kCFPropertyListReadUnknownVersionError,
                          "a binary property list of version \"%.2s\", not \"00\"",
                          length < 8 ? "" : bytes + 6);
            return 0;
        }
        return kCFPropertyListBinaryFormat_v1_0;
    }
    if (length >= 2 && (memcmp(bytes, "\xFE\xFF", 2) == 0 || memcmp(bytes, "\xFF\xFE", 2) == 0)) {
        cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                      "this is UTF-16; only UTF-8 is read");
        return 0;
    }
    size_t start = strspn(bytes, " \t\r\n");
    if (strncmp(bytes + start, "<?", 2) == 0 || strncmp(bytes + start, "<!", 2) == 0) {
        return kCFPropertyListXMLFormat_v1_0;
    }
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (strncmp(bytes + start, elements[i], strlen(elements[i])) == 0) {
            return kCFPropertyListXMLFormat_v1_0;
        }
    }
    return kCFPropertyListOpenStepFormat;
}

/* libplist 2.3 brought the OpenStep reader, and a macro where there had been an enumerator. */
static plist_t parse_openstep(const char *bytes, size_t length, struct cf_plist_reason *reason) {
    plist_t root = NULL;
#if defined(PLIST_UINT)
    if (cf_plist_guard_openstep(bytes, length, reason)) {
        plist_from_openstep(bytes, (uint32_t)length, &root);
        /* Any word is a string to libplist, and the text behind it nothing. */
        if (!root || (!PLIST_IS_DICT(root) && !PLIST_IS_ARRAY(root))) {
            plist_free(root);
            root = NULL;
            cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                          "neither XML nor binary, and libplist cannot read it as OpenStep text");
        }
    }
#else
    (void)bytes, (void)length;
    cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                  "neither XML nor binary (OpenStep text would need libplist 2.3 or later)");
#endif
    return root;
}

static plist_t parse(const char *bytes, size_t length, CFPropertyListFormat *format,
                     struct cf_plist_reason *reason) {
    plist_t root = NULL;
    *format = recognise(bytes, length, reason);
    switch (*format) {
    case kCFPropertyListBinaryFormat_v1_0:
        if (cf_plist_guard_binary(bytes, length, reason)) {
            plist_from_bin(bytes, (uint32_t)length, &root);
            if (!root) {
                cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                              "libplist refuses an object of this binary property list");
            }
        }
        break;
    case kCFPropertyListXMLFormat_v1_0:
        if (cf_plist_guard_xml(bytes, length, reason)) {
            plist_from_xml(bytes, (uint32_t)length, &root);
            if (!root) {
                cf_plist_diagnose_xml(bytes, length, reason);
            }
        }
        break;
    case kCFPropertyListOpenStepFormat:
        root = parse_openstep(bytes, length, reason);
        break;
    default:
        break;
    }
    return root;
}

static CFTypeRef read_bytes(CFAllocatorRef allocator, const char *given, size_t length,
                            CFOptionFlags options, CFPropertyListFormat *format,
                            struct cf_plist_reason *reason) {
    if (length == 0 || length > CF_PLIST_MAX_BYTES) {
        cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                      length == 0 ? "there are no bytes" : "more than the %d bytes that are read",
                      CF_PLIST_MAX_BYTES);
        return NULL;
    }
    /* A NUL behind it, for the string functions in here and in libplist. */
    char *bytes = malloc(length + 1);
    if (!bytes) {
        cf_plist_fail(reason, kCFPropertyListReadCorruptError, "no memory");
        return NULL;
    }
    size_t mark = length >= 3 && memcmp(given, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    memcpy(bytes, given + mark, length - mark);
    length -= mark;
    bytes[length] = '\0';

    /* libplist prints and reads reals by the thread's locale, which may have a decimal comma. */
    locale_t before = uselocale(cf_runtime_locale());
    plist_t root = parse(bytes, length, format, reason);
    CFTypeRef value = root ? cf_plist_read(allocator, root, options, reason) : NULL;
    plist_free(root);
    uselocale(before);
    free(bytes);
    return value;
}

CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
                                               CFOptionFlags options, CFPropertyListFormat *format,
                                               CFErrorRef *error) {
    if (!cf_object_expect(data, &cf_data_class, __func__)) {
        return NULL;
    }
    struct cf_plist_reason reason = {0};
    CFPropertyListFormat found = 0;
    CFTypeRef value = read_bytes(allocator, (const char *)CFDataGetBytePtr(data),
                                 (size_t)CFDataGetLength(data), options, &found, &reason);
    if (!value) {
        store_error(error, "This is not a property list", &reason);
    } else if (format) {
        *format = found;
    }
    return value;
}

/* ---- writing ------------------------------------------------------------------------------ */

CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator, CFPropertyListRef propertyList,
                                   CFPropertyListFormat format, CFOptionFlags options,
                                   CFErrorRef *error) {
    struct cf_plist_reason reason = {0};
    CFDataRef data = NULL;
    plist_t root = NULL;
    (void)options;

    locale_t before = uselocale(cf_runtime_locale());
    if (format != kCFPropertyListXMLFormat_v1_0 && format != kCFPropertyListBinaryFormat_v1_0) {
        cf_plist_fail(&reason, kCFPropertyListWriteStreamError,
                      "format %ld is neither XML (100) nor binary (200)", (long)format);
    } else {
        root = cf_plist_write(propertyList, &reason);
    }
    if (root) {
        char *bytes = NULL;
        uint32_t length = 0;
        if (format == kCFPropertyListXMLFormat_v1_0) {
            plist_to_xml(root, &bytes, &length);
        } else {
            plist_to_bin(root, &bytes, &length);
        }
        if (bytes) {
            data = CFDataCreate(allocator, (const UInt8 *)bytes, (CFIndex)length);
        } else {
            cf_plist_fail(&reason, kCFPropertyListWriteStreamError, "libplist cannot write it");
        }
        free(bytes); /* by plist_to_xml_free() in libplist 2.2, which later versions lack */
        plist_free(root);
    }
    uselocale(before);
    if (!data) {
        store_error(error, "The property list cannot be written", &reason);
    }
    return data;
}
