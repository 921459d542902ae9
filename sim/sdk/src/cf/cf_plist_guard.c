/* cf_plist_guard.c - keeps from libplist the text that would make it overflow its stack or run for
 * hours. Not a parser: it counts bytes that could start something, so that nothing can hide from
 * it. */
#include "cf_plist_private.h"

#include <string.h>

/* libplist moves the rest of a text for each entity in it: bytes moved, half a second's worth. */
static const uint64_t MAX_ENTITY_COST = UINT64_C(4000000000);

static bool starts_with(const char *at, const char *end, const char *word) {
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && memcmp(at, word, length) == 0;
}

bool cf_plist_guard_xml(const char *bytes, size_t length, struct cf_plist_reason *reason) {
    const char *end = bytes + length;
    size_t values = 0, containers = 0, keys = 0;
    uint64_t entity_cost = 0, entities = 0;
    const char *run = bytes; /* since the last '<': no text of libplist's reaches across one */

    for (const char *at = bytes;; at++) {
        if (at == end || *at == '<') {
            entity_cost += entities * (uint64_t)(at - run);
            entities = 0;
            run = at;
        }
        if (at == end) {
            break;
        }
        if (*at == '&') {
            entities++;
        } else if (*at == '<' && at + 1 < end && at[1] != '/') {
            values++;
            containers += starts_with(at + 1, end, "array") || starts_with(at + 1, end, "dict");
            keys += starts_with(at + 1, end, "key");
        }
    }
    if (values - keys > CF_PLIST_MAX_VALUES) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "%zu elements are more than the %d that are read", values - keys,
                             CF_PLIST_MAX_VALUES);
    }
    if (containers > CF_PLIST_MAX_XML_CONTAINERS) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "%zu arrays and dictionaries are more than the %d that are read",
                             containers, CF_PLIST_MAX_XML_CONTAINERS);
    }
    if (keys > CF_PLIST_MAX_XML_KEYS) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "%zu keys are more than the %d that are read", keys,
                             CF_PLIST_MAX_XML_KEYS);
    }
    if (entity_cost > MAX_ENTITY_COST) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "a text has too many entities (&...;) for its length");
    }
    return true;
}

bool cf_plist_guard_openstep(const char *bytes, size_t length, struct cf_plist_reason *reason) {
    size_t containers = 0;
    if (length > CF_PLIST_MAX_OPENSTEP_BYTES) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "%zu bytes of OpenStep text are more than the %d that are read",
                             length, CF_PLIST_MAX_OPENSTEP_BYTES);
    }
    for (size_t i = 0; i < length; i++) {
        containers += bytes[i] == '(' || bytes[i] == '{';
    }
    if (containers > CF_PLIST_MAX_OPENSTEP_CONTAINERS) {
        return cf_plist_fail(reason, kCFPropertyListReadCorruptError,
                             "%zu opening ( and { are more than the %d that are read", containers,
                             CF_PLIST_MAX_OPENSTEP_CONTAINERS);
    }
    return true;
}
