/* cf_string_case.c - upper and lower case, unit by unit; pairs of surrogates stay as they are. */
#include "cf_string_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <wctype.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t runtime_locale;

static void make_locale(void) {
    runtime_locale = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    if (!runtime_locale) { /* then only ASCII has cases */
        runtime_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    }
    if (!runtime_locale) {
        abort();
    }
}

locale_t cf_runtime_locale(void) {
    pthread_once(&once, make_locale);
    return runtime_locale;
}

/* A mapping that leaves the 16 bits is none. */
static UniChar narrowed(wint_t mapped, UniChar unit) {
    return mapped <= 0xFFFF ? (UniChar)mapped : unit;
}

UniChar cf_unit_to_lower(UniChar unit) {
    if (unit < 0x80) {
        return unit >= 'A' && unit <= 'Z' ? (UniChar)(unit + ('a' - 'A')) : unit;
    }
    return narrowed(towlower_l(unit, cf_runtime_locale()), unit);
}

UniChar cf_unit_to_upper(UniChar unit) {
    if (unit < 0x80) {
        return unit >= 'a' && unit <= 'z' ? (UniChar)(unit - ('a' - 'A')) : unit;
    }
    return narrowed(towupper_l(unit, cf_runtime_locale()), unit);
}

enum how {
    LOWER,
    UPPER,
    CAPITALS
};

static const UniChar sharp_s = 0x00DF;

static void map(CFMutableStringRef string, enum how how, const char *function) {
    struct cf_view view;
    if (!cf_string_expect_mutable(string, function) || !cf_string_view(string, &view, function)) {
        return;
    }
    /* At worst every unit is a sharp s. */
    UniChar *units = malloc(((size_t)view.length * 2 + 1) * sizeof *units);
    if (!units) {
        cf_fault(string, "%s: no memory for %ld characters", function, view.length * 2);
        return;
    }
    CFIndex count = 0;
    bool in_word = false;
    for (CFIndex i = 0; i < view.length; i++) {
        UniChar unit = cf_view_at(&view, i);
        bool upper = how == UPPER || (how == CAPITALS && !in_word);
        in_word = (in_word && unit == '\'') || iswalnum_l(unit, cf_runtime_locale()) != 0;
        if (upper && unit == sharp_s) {
            units[count++] = 'S';
            units[count++] = how == UPPER ? 'S' : 's';
        } else {
            units[count++] = upper ? cf_unit_to_upper(unit) : cf_unit_to_lower(unit);
        }
    }
    cf_string_splice(string, CFRangeMake(0, view.length), cf_view_of_units(units, count), function);
    free(units);
}

void CFStringLowercase(CFMutableStringRef theString, CFLocaleRef locale) {
    (void)locale;
    map(theString, LOWER, __func__);
}

void CFStringUppercase(CFMutableStringRef theString, CFLocaleRef locale) {
    (void)locale;
    map(theString, UPPER, __func__);
}

void CFStringCapitalize(CFMutableStringRef theString, CFLocaleRef locale) {
    (void)locale;
    map(theString, CAPITALS, __func__);
}
