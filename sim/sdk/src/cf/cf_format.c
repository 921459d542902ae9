/* cf_format.c - see cf_format.h. */
#include "cf_format.h"

#include <limits.h>
#include <string.h>

struct cursor {
    const struct cf_view *format;
    CFIndex at;
};

/* The unit at the cursor as a char; NUL for the end and for what is not ASCII. */
static char peek(const struct cursor *cursor) {
    if (cursor->at >= cursor->format->length) {
        return '\0';
    }
    UniChar unit = cf_view_at(cursor->format, cursor->at);
    return unit < 0x80 ? (char)unit : '\0';
}

static bool accept(struct cursor *cursor, char wanted) {
    if (peek(cursor) != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

/* Digits, saturating; -1 when there are none. */
static int number(struct cursor *cursor) {
    int value = -1;
    for (char c = peek(cursor); c >= '0' && c <= '9'; c = peek(cursor)) {
        value = value < 0 ? 0 : value;
        value = value > (INT_MAX - 9) / 10 ? INT_MAX - 9 : value * 10 + (c - '0');
        cursor->at++;
    }
    return value;
}

/* "12$": the index of an argument. Without it, -1, and the cursor stays. */
static int position(struct cursor *cursor) {
    struct cursor ahead = *cursor;
    int value = number(&ahead);
    if (value < 1 || !accept(&ahead, '$')) {
        return -1;
    }
    *cursor = ahead;
    return value - 1;
}

static void flags(struct cursor *cursor, struct cf_directive *directive) {
    for (;; cursor->at++) {
        switch (peek(cursor)) {
        case '-':
            directive->minus = true;
            break;
        case '+':
            directive->plus = true;
            break;
        case ' ':
            directive->space = true;
            break;
        case '#':
            directive->alternate = true;
            break;
        case '0':
            directive->zero = true;
            break;
        case '\'':
            directive->group = true;
            break;
        default:
            return;
        }
    }
}

/* A number, or "*" with or without a position. */
static void amount(struct cursor *cursor, int *value, int *argument, int *next_argument) {
    if (!accept(cursor, '*')) {
        *value = number(cursor);
        return;
    }
    *argument = position(cursor);
    if (*argument < 0) {
        *argument = (*next_argument)++;
    }
}

static enum cf_length length(struct cursor *cursor) {
    if (accept(cursor, 'h')) {
        return accept(cursor, 'h') ? CF_LENGTH_HH : CF_LENGTH_H;
    }
    if (accept(cursor, 'l')) {
        accept(cursor, 'l');
        return CF_LENGTH_L;
    }
    if (accept(cursor, 'L')) {
        return CF_LENGTH_DOUBLE;
    }
    bool wide =
        accept(cursor, 'q') || accept(cursor, 'j') || accept(cursor, 'z') || accept(cursor, 't');
    return wide ? CF_LENGTH_L : CF_LENGTH_NONE;
}

static void type(struct cursor *cursor, struct cf_directive *directive) {
    char c = peek(cursor);
    if (c == '\0' || !strchr("diuxXoDUOcCsS@pfFeEgGaAn%", c)) {
        return;
    }
    cursor->at++;
    directive->type = c;
    if (c == 'D' || c == 'U' || c == 'O') { /* BSD: a long */
        directive->type = (char)(c - 'D' + 'd');
        directive->length = CF_LENGTH_L;
    }
}

bool cf_format_next(const struct cf_view *format, CFIndex at, int *next_argument,
                    struct cf_directive *directive) {
    struct cursor cursor = {format, at};
    while (cursor.at < format->length && cf_view_at(format, cursor.at) != '%') {
        cursor.at++;
    }
    if (cursor.at >= format->length) {
        return false;
    }
    *directive = (struct cf_directive){
        .start = cursor.at,
        .width = -1,
        .precision = -1,
        .argument = -1,
        .width_argument = -1,
        .precision_argument = -1,
    };
    cursor.at++;
    int own_position = position(&cursor);
    flags(&cursor, directive);
    amount(&cursor, &directive->width, &directive->width_argument, next_argument);
    if (accept(&cursor, '.')) {
        amount(&cursor, &directive->precision, &directive->precision_argument, next_argument);
        if (directive->precision < 0) {
            directive->precision = 0; /* "%.f" is "%.0f" */
        }
    }
    directive->length = length(&cursor);
    type(&cursor, directive);
    if (directive->type && directive->type != '%') {
        directive->argument = own_position >= 0 ? own_position : (*next_argument)++;
    }
    directive->end = cursor.at;
    if (directive->argument >= CF_FORMAT_ARGUMENTS ||
        directive->width_argument >= CF_FORMAT_ARGUMENTS ||
        directive->precision_argument >= CF_FORMAT_ARGUMENTS) {
        directive->type = '\0';
    }
    return true;
}

enum cf_argument_type cf_directive_argument_type(const struct cf_directive *directive) {
    switch (directive->type) {
    case '@':
    case 's':
    case 'S':
    case 'p':
    case 'n':
        return CF_ARGUMENT_POINTER;
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
        return directive->length == CF_LENGTH_DOUBLE ? CF_ARGUMENT_LONG_DOUBLE : CF_ARGUMENT_DOUBLE;
    case 'c':
    case 'C':
        return CF_ARGUMENT_INT; /* wint_t as well */
    default:                    /* %Ld is a long long, too */
        return directive->length == CF_LENGTH_L || directive->length == CF_LENGTH_DOUBLE
                   ? CF_ARGUMENT_LONG
                   : CF_ARGUMENT_INT;
    }
}
