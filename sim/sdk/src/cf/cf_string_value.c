/* cf_string_value.c - the number that a string begins with. */
#define _GNU_SOURCE /* strtod_l() */

#include "cf_string_private.h"

#include <limits.h>
#include <stdlib.h>

/* The unit at `at`, NUL past the end. */
static UniChar peek(const struct cf_view *view, CFIndex at) {
    return at < view->length ? cf_view_at(view, at) : 0;
}

static bool is_digit(UniChar unit) {
    return unit >= '0' && unit <= '9';
}

static CFIndex skip_space(const struct cf_view *view) {
    CFIndex at = 0;
    while (peek(view, at) == ' ' || (peek(view, at) >= '\t' && peek(view, at) <= '\r')) {
        at++;
    }
    return at;
}

SInt32 CFStringGetIntValue(CFStringRef str) {
    struct cf_view view;
    cf_string_view(str, &view, __func__);
    CFIndex at = skip_space(&view);
    bool negative = peek(&view, at) == '-';
    at += negative || peek(&view, at) == '+';
    SInt64 value = 0;
    for (; is_digit(peek(&view, at)); at++) {
        value = value * 10 + (peek(&view, at) - '0');
        if (value > -(SInt64)INT_MIN) {
            return negative ? INT_MIN : INT_MAX;
        }
    }
    value = negative ? -value : value;
    return value > INT_MAX ? INT_MAX : (SInt32)value;
}

/* Past the digits at `at`. */
static CFIndex skip_digits(const struct cf_view *view, CFIndex at) {
    while (is_digit(peek(view, at))) {
        at++;
    }
    return at;
}

double CFStringGetDoubleValue(CFStringRef str) {
    struct cf_view view;
    cf_string_view(str, &view, __func__);
    CFIndex start = skip_space(&view);
    CFIndex at = start + (peek(&view, start) == '-' || peek(&view, start) == '+');
    at = skip_digits(&view, at);
    if (peek(&view, at) == '.') {
        at = skip_digits(&view, at + 1);
    }
    if (peek(&view, at) == 'e' || peek(&view, at) == 'E') {
        CFIndex exponent = at + 1;
        exponent += peek(&view, exponent) == '-' || peek(&view, exponent) == '+';
        at = is_digit(peek(&view, exponent)) ? skip_digits(&view, exponent) : at;
    }
    /* strtod() alone would take hexadecimal, "inf" and "nan" as well, which CoreFoundation does
     * not. */
    char *text = malloc((size_t)(at - start) + 1);
    if (!text) {
        return 0;
    }
    for (CFIndex i = start; i < at; i++) {
        text[i - start] = (char)cf_view_at(&view, i);
    }
    text[at - start] = '\0';
    double value = strtod_l(text, NULL, cf_runtime_locale());
    free(text);
    return value;
}
