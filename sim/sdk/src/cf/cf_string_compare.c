/* cf_string_compare.c - order, equality, search. */
#include "cf_string_private.h"

#include <string.h>

/* ---- equality ----------------------------------------------------------------------------- */

Boolean cf_string_equal(CFTypeRef a, CFTypeRef b) {
    struct cf_view left, right;
    cf_string_view(a, &left, __func__);
    cf_string_view(b, &right, __func__);
    if (left.length != right.length) {
        return false;
    }
    if (left.narrow && right.narrow) {
        return memcmp(left.narrow, right.narrow, (size_t)left.length) == 0;
    }
    for (CFIndex i = 0; i < left.length; i++) {
        if (cf_view_at(&left, i) != cf_view_at(&right, i)) {
            return false;
        }
    }
    return true;
}

/* FNV-1a over units: a narrow and a wide string of the same text hash alike. */
CFHashCode cf_string_hash(CFTypeRef string) {
    struct cf_view view;
    cf_string_view(string, &view, __func__);
    uint64_t hash = 0xcbf29ce484222325u;
    for (CFIndex i = 0; i < view.length; i++) {
        hash = (hash ^ cf_view_at(&view, i)) * 0x100000001b3u;
    }
    return (CFHashCode)hash;
}

/* ---- order -------------------------------------------------------------------------------- */

static CFComparisonResult order(CFIndex a, CFIndex b) {
    return a < b ? kCFCompareLessThan : a > b ? kCFCompareGreaterThan : kCFCompareEqualTo;
}

static bool is_digit_at(const struct cf_view *view, CFIndex at) {
    return at < view->length && cf_view_at(view, at) >= '0' && cf_view_at(view, at) <= '9';
}

/* Past the leading zeros of the number at `at`. */
static CFIndex skip_zeros(const struct cf_view *view, CFIndex at) {
    while (is_digit_at(view, at) && cf_view_at(view, at) == '0') {
        at++;
    }
    return at;
}

/* Compares the numbers at *i and *j, of any length, and moves past them. */
static CFComparisonResult compare_numbers(const struct cf_view *a, CFIndex *i,
                                          const struct cf_view *b, CFIndex *j) {
    *i = skip_zeros(a, *i);
    *j = skip_zeros(b, *j);
    CFComparisonResult first_difference = kCFCompareEqualTo;
    while (is_digit_at(a, *i) && is_digit_at(b, *j)) {
        if (first_difference == kCFCompareEqualTo) {
            first_difference = order(cf_view_at(a, *i), cf_view_at(b, *j));
        }
        (*i)++, (*j)++;
    }
    /* The one with more digits is greater. */
    return is_digit_at(a, *i)   ? kCFCompareGreaterThan
           : is_digit_at(b, *j) ? kCFCompareLessThan
                                : first_difference;
}

static CFComparisonResult compare(const struct cf_view *a, const struct cf_view *b,
                                  CFStringCompareFlags options) {
    bool fold = options & kCFCompareCaseInsensitive;
    CFIndex i = 0, j = 0;
    while (i < a->length && j < b->length) {
        if ((options & kCFCompareNumerically) && is_digit_at(a, i) && is_digit_at(b, j)) {
            CFComparisonResult result = compare_numbers(a, &i, b, &j);
            if (result != kCFCompareEqualTo) {
                return result;
            }
            continue;
        }
        UniChar left = cf_view_at(a, i++), right = cf_view_at(b, j++);
        if (left != right && fold) {
            left = cf_unit_to_lower(left);
            right = cf_unit_to_lower(right);
        }
        if (left != right) {
            return order(left, right);
        }
    }
    return order(a->length - i, b->length - j);
}

CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1, CFStringRef theString2,
                                              CFRange rangeToCompare,
                                              CFStringCompareFlags compareOptions) {
    struct cf_view a, b;
    if (!cf_string_view(theString1, &a, __func__) || !cf_string_view(theString2, &b, __func__) ||
        !cf_range_expect(theString1, rangeToCompare, a.length, __func__)) {
        return kCFCompareEqualTo;
    }
    a = cf_view_slice(a, rangeToCompare.location, rangeToCompare.length);
    CFComparisonResult result = compare(&a, &b, compareOptions);
    if (result == kCFCompareEqualTo && (compareOptions & kCFCompareForcedOrdering)) {
        result = compare(&a, &b, 0);
    }
    return result;
}

CFComparisonResult CFStringCompareWithOptionsAndLocale(CFStringRef theString1,
                                                       CFStringRef theString2,
                                                       CFRange rangeToCompare,
                                                       CFStringCompareFlags compareOptions,
                                                       CFLocaleRef locale) {
    (void)locale;
    return CFStringCompareWithOptions(theString1, theString2, rangeToCompare, compareOptions);
}

CFComparisonResult CFStringCompare(CFStringRef theString1, CFStringRef theString2,
                                   CFStringCompareFlags compareOptions) {
    struct cf_view view;
    if (!cf_string_view(theString1, &view, __func__)) {
        return kCFCompareEqualTo;
    }
    return CFStringCompareWithOptions(theString1, theString2, CFRangeMake(0, view.length),
                                      compareOptions);
}

/* ---- search ------------------------------------------------------------------------------- */

static bool matches_at(const struct cf_view *text, CFIndex at, const struct cf_view *find,
                       bool fold) {
    for (CFIndex i = 0; i < find->length; i++) {
        UniChar left = cf_view_at(text, at + i), right = cf_view_at(find, i);
        if (left != right && !(fold && cf_unit_to_lower(left) == cf_unit_to_lower(right))) {
            return false;
        }
    }
    return true;
}

Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
                                CFRange rangeToSearch, CFStringCompareFlags searchOptions,
                                CFRange *result) {
    struct cf_view text, find;
    if (!cf_string_view(theString, &text, __func__) ||
        !cf_string_view(stringToFind, &find, __func__) ||
        !cf_range_expect(theString, rangeToSearch, text.length, __func__) || find.length == 0 ||
        find.length > rangeToSearch.length) {
        return false;
    }
    bool backwards = searchOptions & kCFCompareBackwards;
    CFIndex first = rangeToSearch.location;
    CFIndex last = first + rangeToSearch.length - find.length;
    CFIndex at = backwards ? last : first;
    CFIndex places = searchOptions & kCFCompareAnchored ? 1 : last - first + 1;
    for (; places > 0; places--, at += backwards ? -1 : 1) {
        if (matches_at(&text, at, &find, searchOptions & kCFCompareCaseInsensitive)) {
            if (result) {
                *result = CFRangeMake(at, find.length);
            }
            return true;
        }
    }
    return false;
}

static bool find_in_all(CFStringRef string, CFStringRef find, CFStringCompareFlags options,
                        CFRange *found, const char *function) {
    struct cf_view view;
    return cf_string_view(string, &view, function) &&
           CFStringFindWithOptions(string, find, CFRangeMake(0, view.length), options, found);
}

CFRange CFStringFind(CFStringRef theString, CFStringRef stringToFind,
                     CFStringCompareFlags compareOptions) {
    CFRange found = CFRangeMake(kCFNotFound, 0);
    find_in_all(theString, stringToFind, compareOptions, &found, __func__);
    return found;
}

Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix) {
    return find_in_all(theString, prefix, kCFCompareAnchored, NULL, __func__);
}

Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix) {
    return find_in_all(theString, suffix, kCFCompareAnchored | kCFCompareBackwards, NULL, __func__);
}
