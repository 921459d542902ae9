/* cf_plist_private.h - how the parts of CFPropertyList work together. Internal to cf_plist*.c.
 *
 * Reading: guard (may libplist see these bytes at all?) -> libplist -> cf_plist_read(). When
 * libplist refuses, which it does without a reason, cf_plist_diagnose_xml() looks for one. Writing:
 * cf_plist_write() -> libplist.
 */
#ifndef HALSDK_CF_PLIST_PRIVATE_H
#define HALSDK_CF_PLIST_PRIVATE_H

#include "cf_runtime.h"

#include <CoreFoundation/CFPropertyList.h>
#include <plist/plist.h>

/* Documented in CFPropertyList.h. libplist frees nested containers recursively and looks for
 * duplicate keys by walking, so a document may bring only so many of them. */
enum {
    CF_PLIST_MAX_BYTES = 16 * 1024 * 1024,
    CF_PLIST_MAX_VALUES = 262144,
    CF_PLIST_MAX_DEPTH = 512,
    CF_PLIST_MAX_XML_CONTAINERS = 16384,
    CF_PLIST_MAX_XML_KEYS = 8192,
    CF_PLIST_MAX_OPENSTEP_BYTES = 1024 * 1024,
    CF_PLIST_MAX_OPENSTEP_CONTAINERS = 4096,
};

/* Why something failed. The first reason counts; later ones only follow from it. */
struct cf_plist_reason {
    CFIndex code; /* 0: none yet */
    char text[512];
};

/* Returns false, for `return cf_plist_fail(...)`. */
bool cf_plist_fail(struct cf_plist_reason *reason, CFIndex code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where a value stands: a chain of stack frames up to the top level, which is NULL. */
struct cf_plist_path {
    const struct cf_plist_path *parent;
    const char *key; /* NULL: an array's member */
    CFIndex index;
    unsigned depth; /* 1 for members of the top level */
};

struct cf_plist_path cf_plist_path_key(const struct cf_plist_path *parent, const char *key);
struct cf_plist_path cf_plist_path_index(const struct cf_plist_path *parent, CFIndex index);

/* Like cf_plist_fail(), followed by the place: " (at CFPlugInTypes > [2])". */
bool cf_plist_fail_at(struct cf_plist_reason *reason, const struct cf_plist_path *path,
                      CFIndex code, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Limits that have to hold before libplist sees the bytes. */
bool cf_plist_guard_xml(const char *bytes, size_t length, struct cf_plist_reason *reason);
bool cf_plist_guard_openstep(const char *bytes, size_t length, struct cf_plist_reason *reason);

/* Also checks the structure: whatever passes is a tree of objects within the data. */
bool cf_plist_guard_binary(const char *bytes, size_t length, struct cf_plist_reason *reason);

/* Fills in what is wrong with XML that libplist refused. */
void cf_plist_diagnose_xml(const char *bytes, size_t length, struct cf_plist_reason *reason);

/* NULL with a reason. `options` are CFPropertyListMutabilityOptions. */
CFTypeRef cf_plist_read(CFAllocatorRef allocator, plist_t node, CFOptionFlags options,
                        struct cf_plist_reason *reason);
plist_t cf_plist_write(CFTypeRef value, struct cf_plist_reason *reason);

#endif
