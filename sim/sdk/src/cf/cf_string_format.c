/* cf_string_format.c - printing by a format. Numbers are left to snprintf(), in the "C" locale.
 *
 * Two passes, because of positions: the first finds the type of every argument, so that the second
 * can print them in any order. */
#include "cf_format.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct printer {
    CFMutableStringRef string;
    const char *function;
};

static void emit(const struct printer *printer, struct cf_view view) {
    struct cf_view old;
    if (view.length > 0 && cf_string_view(printer->string, &old, printer->function)) {
        cf_string_splice(printer->string, CFRangeMake(old.length, 0), view, printer->function);
    }
}

/* ---- arguments ---------------------------------------------------------------------------- */

static void note(enum cf_argument_type types[], int *count, int index, enum cf_argument_type type) {
    if (index >= 0) {
        types[index] = type;
        *count = index >= *count ? index + 1 : *count;
    }
}

static int argument_types(const struct cf_view *format,
                          enum cf_argument_type types[CF_FORMAT_ARGUMENTS]) {
    struct cf_directive directive;
    int count = 0, next = 0;
    for (CFIndex at = 0; cf_format_next(format, at, &next, &directive); at = directive.end) {
        if (directive.type) {
            note(types, &count, directive.width_argument, CF_ARGUMENT_INT);
            note(types, &count, directive.precision_argument, CF_ARGUMENT_INT);
            note(types, &count, directive.argument, cf_directive_argument_type(&directive));
        }
    }
    return count;
}

static void fetch(const enum cf_argument_type types[], int count, va_list list,
                  union cf_argument arguments[]) {
    for (int i = 0; i < count; i++) {
        switch (types[i]) {
        case CF_ARGUMENT_UNUSED:
        case CF_ARGUMENT_INT:
            arguments[i].integer = va_arg(list, int);
            break;
        case CF_ARGUMENT_LONG:
            arguments[i].integer = va_arg(list, SInt64);
            break;
        case CF_ARGUMENT_DOUBLE:
            arguments[i].number = va_arg(list, double);
            break;
        case CF_ARGUMENT_LONG_DOUBLE:
            arguments[i].long_number = va_arg(list, long double);
            break;
        case CF_ARGUMENT_POINTER:
            arguments[i].pointer = va_arg(list, const void *);
            break;
        }
    }
}

/* Width and precision that came as arguments: a negative width is a '-' flag, a negative precision
 * none. */
static void resolve_amounts(struct cf_directive *directive, const union cf_argument arguments[]) {
    if (directive->width_argument >= 0) {
        SInt64 width = arguments[directive->width_argument].integer;
        directive->minus |= width < 0;
        width = width < 0 ? -width : width;
        directive->width = width > INT_MAX ? INT_MAX : (int)width;
    }
    if (directive->precision_argument >= 0) {
        SInt64 precision = arguments[directive->precision_argument].integer;
        directive->precision = precision < 0 ? -1 : (int)precision;
    }
}

/* ---- text --------------------------------------------------------------------------------- */

/* Cut to the precision, filled up to the width. */
static void print_view(const struct printer *printer, const struct cf_directive *directive,
                       struct cf_view view) {
    if (directive->precision >= 0 && view.length > directive->precision) {
        view.length = directive->precision;
    }
    static const struct cf_view blank = {(const uint8_t *)" ", NULL, 1};
    CFIndex fill = directive->width - view.length;
    for (; fill > 0 && !directive->minus; fill--) {
        emit(printer, blank);
    }
    emit(printer, view);
    for (; fill > 0; fill--) {
        emit(printer, blank);
    }
}

static void print_ascii(const struct printer *printer, const struct cf_directive *directive,
                        const char *text) {
    print_view(printer, directive,
               (struct cf_view){(const uint8_t *)text, NULL, (CFIndex)strlen(text)});
}

static void print_units(const struct printer *printer, const struct cf_directive *directive,
                        const UniChar *units) {
    CFIndex length = 0;
    while ((directive->precision < 0 || length < directive->precision) && units[length]) {
        length++;
    }
    print_view(printer, directive, cf_view_of_units(units, length));
}

/* %s: bytes in the system encoding. The text need not end in NUL when the precision ends it. */
static void print_c_string(const struct printer *printer, const struct cf_directive *directive,
                           const char *text) {
    size_t size =
        directive->precision >= 0 ? strnlen(text, (size_t)directive->precision) : strlen(text);
    UniChar *units = malloc((size + 1) * sizeof *units);
    if (!units) {
        cf_fault(printer->string, "%s: no memory for %zu characters", printer->function, size);
        return;
    }
    CFIndex length =
        cf_decode(CFStringGetSystemEncoding(), (const uint8_t *)text, (CFIndex)size, false, units);
    print_view(printer, directive, cf_view_of_units(units, length));
    free(units);
}

/* %ls: C's wide characters, which are UTF-32 here. */
static void print_wide_string(const struct printer *printer, struct cf_directive directive,
                              const wchar_t *text) {
    size_t size =
        directive.precision >= 0 ? wcsnlen(text, (size_t)directive.precision) : wcslen(text);
    CFStringRef string = CFStringCreateWithBytes(
        NULL, (const UInt8 *)text, (CFIndex)(size * sizeof *text), kCFStringEncodingUTF32, false);
    struct cf_view view;
    directive.precision = -1;
    if (string && cf_string_view(string, &view, printer->function)) {
        print_view(printer, &directive, view);
    }
    if (string) {
        CFRelease(string);
    }
}

static void print_object(const struct printer *printer, const struct cf_directive *directive,
                         CFTypeRef object) {
    CFStringRef text = cf_object_copy_format(object);
    struct cf_view view;
    if (text && cf_string_view(text, &view, printer->function)) {
        print_view(printer, directive, view);
    }
    if (text) {
        CFRelease(text);
    }
}

static void print_character(const struct printer *printer, const struct cf_directive *directive,
                            SInt64 value) {
    UniChar units[2] = {0};
    CFIndex count = 1;
    if (directive->type == 'C' || directive->length == CF_LENGTH_L) {
        uint32_t character = (uint32_t)value > 0x10FFFF ? 0xFFFD : (uint32_t)value;
        count += CFStringGetSurrogatePairForLongCharacter(character, units);
    } else {
        uint8_t byte = (uint8_t)value;
        cf_decode(CFStringGetSystemEncoding(), &byte, 1, false, units);
    }
    struct cf_directive whole = *directive;
    whole.precision = -1;
    print_view(printer, &whole, cf_view_of_units(units, count));
}

/* ---- numbers ------------------------------------------------------------------------------ */

/* The directive for snprintf(), as "%-+ #0'*.*lld". */
static void printf_format(const struct cf_directive *directive, const char *length,
                          char format[24]) {
    const struct {
        bool on;
        char flag;
    } flags[] = {{directive->minus, '-'},     {directive->plus, '+'}, {directive->space, ' '},
                 {directive->alternate, '#'}, {directive->zero, '0'}, {directive->group, '\''}};
    *format++ = '%';
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (flags[i].on) {
            *format++ = flags[i].flag;
        }
    }
    snprintf(format, 12, "*.*%s%c", length, directive->type);
}

/* The arguments are width, precision (-1: none) and the number. */
static void print_number(const struct printer *printer, const char *format, ...) {
    char small[128], *text = small;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    locale_t before = uselocale(cf_runtime_locale());
    int size = vsnprintf(small, sizeof small, format, arguments);
    if (size >= (int)sizeof small) {
        text = malloc((size_t)size + 1);
        size = text ? vsnprintf(text, (size_t)size + 1, format, again) : -1;
    }
    uselocale(before);
    va_end(again);
    va_end(arguments);
    if (size >= 0) {
        emit(printer, (struct cf_view){(const uint8_t *)text, NULL, size});
    } else {
        cf_fault(printer->string, "%s: no memory for a number", printer->function);
    }
    if (text != small) {
        free(text);
    }
}

static void print_integer(const struct printer *printer, const struct cf_directive *directive,
                          SInt64 value) {
    bool is_signed = directive->type == 'd' || directive->type == 'i';
    switch (directive->length) {
    case CF_LENGTH_HH:
        value = is_signed ? (SInt64)(SInt8)value : (SInt64)(UInt8)value;
        break;
    case CF_LENGTH_H:
        value = is_signed ? (SInt64)(SInt16)value : (SInt64)(UInt16)value;
        break;
    case CF_LENGTH_NONE:
        value = is_signed ? (SInt64)(SInt32)value : (SInt64)(UInt32)value;
        break;
    case CF_LENGTH_L:
    case CF_LENGTH_DOUBLE:
        break;
    }
    char format[24];
    printf_format(directive, "ll", format);
    print_number(printer, format, directive->width < 0 ? 0 : directive->width, directive->precision,
                 value);
}

static void print_float(const struct printer *printer, const struct cf_directive *directive,
                        const union cf_argument *argument) {
    char format[24];
    int width = directive->width < 0 ? 0 : directive->width;
    if (directive->length == CF_LENGTH_DOUBLE) {
        printf_format(directive, "L", format);
        print_number(printer, format, width, directive->precision, argument->long_number);
    } else {
        printf_format(directive, "", format);
        print_number(printer, format, width, directive->precision, argument->number);
    }
}

static void print_pointer(const struct printer *printer, const struct cf_directive *directive,
                          const void *pointer) {
    char text[24];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)(uintptr_t)pointer);
    print_ascii(printer, directive, text);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void print(const struct printer *printer, const struct cf_directive *directive,
                  const union cf_argument *argument) {
    bool is_text = directive->type == 's' || directive->type == 'S';
    bool is_wide = directive->type == 's' && directive->length == CF_LENGTH_L;
    if (is_text && !argument->pointer) {
        print_ascii(printer, directive, "(null)");
        return;
    }
    switch (directive->type) {
    case '@':
        print_object(printer, directive, argument->pointer);
        break;
    case 's':
        if (is_wide) {
            print_wide_string(printer, *directive, argument->pointer);
        } else {
            print_c_string(printer, directive, argument->pointer);
        }
        break;
    case 'S':
        print_units(printer, directive, argument->pointer);
        break;
    case 'c':
    case 'C':
        print_character(printer, directive, argument->integer);
        break;
    case 'p':
        print_pointer(printer, directive, argument->pointer);
        break;
    case 'n': /* would let a format write to memory: takes its argument, does nothing */
        break;
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        print_integer(printer, directive, argument->integer);
        break;
    default:
        print_float(printer, directive, argument);
        break;
    }
}

static void append(const struct printer *printer, const struct cf_view *format, va_list list) {
    enum cf_argument_type types[CF_FORMAT_ARGUMENTS] = {CF_ARGUMENT_UNUSED};
    union cf_argument arguments[CF_FORMAT_ARGUMENTS];
    fetch(types, argument_types(format, types), list, arguments);

    struct cf_directive directive;
    int next = 0;
    CFIndex at = 0;
    while (cf_format_next(format, at, &next, &directive)) {
        emit(printer, cf_view_slice(*format, at, directive.start - at));
        if (directive.type == '\0') {
            emit(printer, cf_view_slice(*format, directive.start, directive.end - directive.start));
        } else if (directive.type == '%') {
            emit(printer, (struct cf_view){(const uint8_t *)"%", NULL, 1});
        } else {
            resolve_amounts(&directive, arguments);
            print(printer, &directive, &arguments[directive.argument]);
        }
        at = directive.end;
    }
    emit(printer, cf_view_slice(*format, at, format->length - at));
}

CFStringRef CFStringCreateWithFormatAndArguments(CFAllocatorRef alloc,
                                                 CFDictionaryRef formatOptions, CFStringRef format,
                                                 va_list arguments) {
    (void)formatOptions;
    struct cf_view view;
    if (!cf_string_view(format, &view, __func__)) {
        return NULL;
    }
    CFMutableStringRef text = CFStringCreateMutable(NULL, 0);
    if (!text) {
        return NULL;
    }
    append(&(struct printer){text, __func__}, &view, arguments);
    CFStringRef made = CFStringCreateCopy(alloc, text);
    CFRelease(text);
    return made;
}

CFStringRef CFStringCreateWithFormat(CFAllocatorRef alloc, CFDictionaryRef formatOptions,
                                     CFStringRef format, ...) {
    va_list arguments;
    va_start(arguments, format);
    CFStringRef made =
        CFStringCreateWithFormatAndArguments(alloc, formatOptions, format, arguments);
    va_end(arguments);
    return made;
}
