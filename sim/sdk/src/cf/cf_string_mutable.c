/* cf_string_mutable.c - strings that change. Every change is a splice: some units out, others in.
 */
#include "cf_string_private.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const UniChar no_units[1]; /* the contents while the capacity is 0 */

CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength) {
    (void)maxLength;
    struct cf_string_mutable *made = cf_object_create(alloc, &cf_string_class, sizeof *made);
    if (made) {
        made->string.base.flags = CF_STRING_MUTABLE;
        made->string.contents = no_units;
    }
    return (CFMutableStringRef)(void *)made;
}

CFMutableStringRef CFStringCreateMutableCopy(CFAllocatorRef alloc, CFIndex maxLength,
                                             CFStringRef theString) {
    struct cf_view view;
    if (!cf_string_view(theString, &view, __func__)) {
        return NULL;
    }
    CFMutableStringRef made = CFStringCreateMutable(alloc, maxLength);
    if (made) {
        cf_string_splice(made, CFRangeMake(0, 0), view, __func__);
    }
    return made;
}

/* ---- the splice --------------------------------------------------------------------------- */

bool cf_string_expect_mutable(CFMutableStringRef string, const char *function) {
    if (!cf_object_expect(string, &cf_string_class, function)) {
        return false;
    }
    if (!(((const struct cf_object *)(const void *)string)->flags & CF_STRING_MUTABLE)) {
        cf_fault(string, "%s: the string is immutable", function);
        return false;
    }
    return true;
}

static void write_view(void *contents, bool wide, CFIndex at, struct cf_view view) {
    if (wide) {
        cf_view_copy_units(&view, (UniChar *)contents + at);
        return;
    }
    for (CFIndex i = 0; i < view.length; i++) {
        ((uint8_t *)contents)[at + i] = (uint8_t)cf_view_at(&view, i);
    }
}

static void finish(struct cf_string_mutable *body, CFIndex length) {
    char *contents = (char *)(uintptr_t)body->string.contents;
    size_t unit = body->string.base.flags & CF_STRING_WIDE ? sizeof(UniChar) : 1;
    memset(contents + (size_t)length * unit, 0, unit);
    body->string.length = length;
}

/* Into a new buffer: for more room, for wider units, or because `insert` lies in the old one. */
static void splice_anew(struct cf_string_mutable *body, struct cf_view old, CFRange range,
                        struct cf_view insert, CFIndex length, bool wide, const char *function) {
    size_t unit = wide ? sizeof(UniChar) : 1;
    CFIndex capacity = body->capacity;
    if (length > capacity) {
        capacity = length > 2 * capacity ? length : 2 * capacity;
        capacity = capacity > 30 ? capacity : 30;
    }
    CFAllocatorRef allocator = CFGetAllocator(body);
    void *contents = CFAllocatorAllocate(allocator, (CFIndex)(((size_t)capacity + 1) * unit), 0);
    if (!contents) {
        cf_fault(body, "%s: no memory for %ld characters", function, capacity);
        return;
    }
    CFIndex tail = range.location + range.length;
    write_view(contents, wide, 0, cf_view_slice(old, 0, range.location));
    write_view(contents, wide, range.location, insert);
    write_view(contents, wide, range.location + insert.length,
               cf_view_slice(old, tail, old.length - tail));
    if (body->capacity > 0) {
        CFAllocatorDeallocate(allocator, (void *)(uintptr_t)body->string.contents);
    }
    body->string.contents = contents;
    body->string.base.flags = CF_STRING_MUTABLE | (wide ? CF_STRING_WIDE : 0u);
    body->capacity = capacity;
    finish(body, length);
}

static void splice_in_place(struct cf_string_mutable *body, CFRange range, struct cf_view insert,
                            CFIndex length, bool wide) {
    size_t unit = wide ? sizeof(UniChar) : 1;
    char *contents = (char *)(uintptr_t)body->string.contents;
    CFIndex tail = range.location + range.length;
    memmove(contents + (size_t)(range.location + insert.length) * unit,
            contents + (size_t)tail * unit, (size_t)(body->string.length - tail) * unit);
    write_view(contents, wide, range.location, insert);
    finish(body, length);
}

void cf_string_splice(CFMutableStringRef string, CFRange range, struct cf_view insert,
                      const char *function) {
    struct cf_string_mutable *body = (void *)string;
    struct cf_view old;
    cf_string_view(string, &old, function);
    CFIndex length = old.length - range.length + insert.length;
    bool wide = old.wide || !cf_view_is_ascii(&insert);
    const char *from = insert.wide ? (const char *)insert.wide : (const char *)insert.narrow;
    const char *start = body->string.contents;
    bool own = (uintptr_t)from - (uintptr_t)start <= (size_t)body->capacity * sizeof(UniChar);

    if (length > body->capacity || wide != (old.wide != NULL) || (own && insert.length > 0)) {
        splice_anew(body, old, range, insert, length, wide, function);
    } else if (body->capacity > 0) {
        splice_in_place(body, range, insert, length, wide);
    }
}

/* ---- changes ------------------------------------------------------------------------------ */

static void replace(CFMutableStringRef string, CFRange range, CFStringRef with,
                    const char *function) {
    struct cf_view insert;
    if (cf_string_expect_mutable(string, function) && cf_string_view(with, &insert, function) &&
        cf_range_expect(string, range, CFStringGetLength(string), function)) {
        cf_string_splice(string, range, insert, function);
    }
}

static CFRange end_of(CFStringRef string, const char *function) {
    struct cf_view view;
    cf_string_view(string, &view, function);
    return CFRangeMake(view.length, 0);
}

void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString) {
    if (cf_string_expect_mutable(theString, __func__)) {
        replace(theString, end_of(theString, __func__), appendedString, __func__);
    }
}

void CFStringAppendCharacters(CFMutableStringRef theString, const UniChar *chars,
                              CFIndex numChars) {
    if (numChars < 0 || (!chars && numChars > 0)) {
        cf_fault(theString, "%s: %ld characters at %p", __func__, numChars, (const void *)chars);
    } else if (numChars > 0 && cf_string_expect_mutable(theString, __func__)) {
        cf_string_splice(theString, end_of(theString, __func__), cf_view_of_units(chars, numChars),
                         __func__);
    }
}

void CFStringAppendCString(CFMutableStringRef theString, const char *cStr,
                           CFStringEncoding encoding) {
    CFStringRef text = CFStringCreateWithCString(NULL, cStr, encoding);
    if (text) {
        CFStringAppend(theString, text);
        CFRelease(text);
    }
}

void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr) {
    replace(str, CFRangeMake(idx, 0), insertedStr, __func__);
}

void CFStringDelete(CFMutableStringRef theString, CFRange range) {
    replace(theString, range, CFSTR(""), __func__);
}

void CFStringReplace(CFMutableStringRef theString, CFRange range, CFStringRef replacement) {
    replace(theString, range, replacement, __func__);
}

void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement) {
    if (cf_string_expect_mutable(theString, __func__)) {
        replace(theString, CFRangeMake(0, CFStringGetLength(theString)), replacement, __func__);
    }
}

CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
                               CFStringRef replacementString, CFRange rangeToSearch,
                               CFStringCompareFlags compareOptions) {
    if (!cf_string_expect_mutable(theString, __func__) ||
        !cf_range_expect(theString, rangeToSearch, CFStringGetLength(theString), __func__)) {
        return 0;
    }
    /* Either text may be the string that changes. */
    CFStringRef find = CFStringCreateCopy(NULL, stringToFind);
    CFStringRef with = CFStringCreateCopy(NULL, replacementString);
    bool once = compareOptions & kCFCompareAnchored;
    CFOptionFlags options =
        once ? compareOptions : compareOptions & ~(CFOptionFlags)kCFCompareBackwards;
    CFIndex count = 0;
    CFRange found;
    while (find && with && (!once || count == 0) &&
           CFStringFindWithOptions(theString, find, rangeToSearch, options, &found)) {
        replace(theString, found, with, __func__);
        CFIndex end = rangeToSearch.location + rangeToSearch.length - found.length;
        rangeToSearch = CFRangeMake(found.location + CFStringGetLength(with), end - found.location);
        count++;
    }
    if (find) {
        CFRelease(find);
    }
    if (with) {
        CFRelease(with);
    }
    return count;
}

void CFStringPad(CFMutableStringRef theString, CFStringRef padString, CFIndex length,
                 CFIndex indexIntoPad) {
    struct cf_view pad;
    if (!cf_string_expect_mutable(theString, __func__)) {
        return;
    }
    CFIndex have = CFStringGetLength(theString);
    if (length < have) {
        replace(theString, CFRangeMake(length, have - length), CFSTR(""), __func__);
        return;
    }
    if (!padString || length == have || !cf_string_view(padString, &pad, __func__) ||
        !cf_range_expect(padString, CFRangeMake(indexIntoPad, 1), pad.length, __func__)) {
        return;
    }
    UniChar *units = malloc((size_t)(length - have) * sizeof *units);
    if (!units) {
        cf_fault(theString, "%s: no memory for %ld characters", __func__, length - have);
        return;
    }
    for (CFIndex i = 0; i < length - have; i++) {
        units[i] = cf_view_at(&pad, (indexIntoPad + i) % pad.length);
    }
    CFStringAppendCharacters(theString, units, length - have);
    free(units);
}

void CFStringTrim(CFMutableStringRef theString, CFStringRef trimString) {
    if (!cf_string_expect_mutable(theString, __func__)) {
        return;
    }
    CFRange found, all = CFRangeMake(0, CFStringGetLength(theString));
    while (CFStringFindWithOptions(theString, trimString, all, kCFCompareAnchored, &found)) {
        all = CFRangeMake(all.location + found.length, all.length - found.length);
    }
    while (CFStringFindWithOptions(theString, trimString, all,
                                   kCFCompareAnchored | kCFCompareBackwards, &found)) {
        all.length -= found.length;
    }
    CFStringDelete(theString,
                   CFRangeMake(all.location + all.length,
                               CFStringGetLength(theString) - all.location - all.length));
    CFStringDelete(theString, CFRangeMake(0, all.location));
}

static bool is_space(UniChar unit) {
    return unit == ' ' || (unit >= 0x09 && unit <= 0x0D) || unit == 0x85 || unit == 0xA0 ||
           unit == 0x1680 || (unit >= 0x2000 && unit <= 0x200A) || unit == 0x2028 ||
           unit == 0x2029 || unit == 0x202F || unit == 0x205F || unit == 0x3000;
}

void CFStringTrimWhitespace(CFMutableStringRef theString) {
    struct cf_view view;
    if (!cf_string_expect_mutable(theString, __func__) ||
        !cf_string_view(theString, &view, __func__)) {
        return;
    }
    CFIndex start = 0, end = view.length;
    while (start < end && is_space(cf_view_at(&view, start))) {
        start++;
    }
    while (end > start && is_space(cf_view_at(&view, end - 1))) {
        end--;
    }
    CFStringDelete(theString, CFRangeMake(end, view.length - end));
    CFStringDelete(theString, CFRangeMake(0, start));
}

void CFStringAppendFormatAndArguments(CFMutableStringRef theString, CFDictionaryRef formatOptions,
                                      CFStringRef format, va_list arguments) {
    if (!cf_string_expect_mutable(theString, __func__)) {
        return;
    }
    /* Printed first, then appended: the string may be one of the arguments. */
    CFStringRef text = CFStringCreateWithFormatAndArguments(NULL, formatOptions, format, arguments);
    if (text) {
        CFStringAppend(theString, text);
        CFRelease(text);
    }
}

void CFStringAppendFormat(CFMutableStringRef theString, CFDictionaryRef formatOptions,
                          CFStringRef format, ...) {
    va_list arguments;
    va_start(arguments, format);
    CFStringAppendFormatAndArguments(theString, formatOptions, format, arguments);
    va_end(arguments);
}
