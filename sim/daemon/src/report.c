/* report.c */
#include "report.h"
#include <signal.h>
#include <unistd.h>

static void put(struct report *report, char c) {
    /* Four bytes stay free, so that a line that is too long still ends. */
    if (report->length < sizeof report->text - 4) {
        report->text[report->length++] = c;
    }
}

static void put_plain(struct report *report, const char *text) {
    for (; *text != '\0'; text++) {
        put(report, *text);
    }
}

static void put_escaped(struct report *report, const char *text) {
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            put(report, '\\');
            put(report, *text);
        } else {
            put(report, c < 0x20 || c == 0x7F ? '?' : *text);
        }
    }
}

static void key_of(struct report *report, const char *key) {
    put_plain(report, report->needs_comma ? ", \"" : "\"");
    put_plain(report, key);
    put_plain(report, "\": ");
    report->needs_comma = 1;
}

void report_begin(struct report *report, const char *event) {
    report->length = 0;
    report->needs_comma = 0;
    put(report, '{');
    report_string(report, "event", event);
}

void report_string(struct report *report, const char *key, const char *value) {
    if (value == NULL) {
        report_null(report, key);
        return;
    }
    key_of(report, key);
    put(report, '"');
    put_escaped(report, value);
    put(report, '"');
}

void report_number(struct report *report, const char *key, uint64_t value) {
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = '\0';
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    key_of(report, key);
    put_plain(report, digits + at);
}

const char *report_hex_text(uint64_t value, char *text) {
    size_t digits = 1;
    while (digits < 16 && value >> (4 * digits) != 0) {
        digits++;
    }
    text[0] = '0';
    text[1] = 'x';
    for (size_t i = 0; i < digits; i++) {
        text[2 + i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
    }
    text[2 + digits] = '\0';
    return text;
}

void report_hex(struct report *report, const char *key, uint64_t value) {
    char text[20];
    report_string(report, key, report_hex_text(value, text));
}

void report_null(struct report *report, const char *key) {
    report_raw(report, key, "null");
}

void report_raw(struct report *report, const char *key, const char *json) {
    key_of(report, key);
    put_plain(report, json);
}

void report_begin_list(struct report *report, const char *key) {
    key_of(report, key);
    put(report, '[');
    report->needs_comma = 0;
}

void report_entry(struct report *report, const char *const *parts, size_t count) {
    size_t needed = 8;
    for (size_t i = 0; i < count; i++) {
        for (const char *c = parts[i]; *c != '\0'; c++) {
            needed += 2;
        }
    }
    if (report->length + needed > sizeof report->text - 64) {
        return; /* a list that is too long loses its end, not the line its form */
    }
    put_plain(report, report->needs_comma ? ", \"" : "\"");
    for (size_t i = 0; i < count; i++) {
        put_escaped(report, parts[i]);
    }
    put(report, '"');
    report->needs_comma = 1;
}

void report_begin_item(struct report *report) {
    put_plain(report, report->needs_comma ? ", {" : "{");
    report->needs_comma = 0;
}

void report_end_item(struct report *report) {
    put(report, '}');
    report->needs_comma = 1;
}

size_t report_room(const struct report *report) {
    const size_t kept = 64; /* to close what is open */
    return report->length + kept < sizeof report->text ? sizeof report->text - kept - report->length
                                                       : 0;
}

void report_end_list(struct report *report) {
    put(report, ']');
    report->needs_comma = 1;
}

void report_send(struct report *report) {
    report->text[report->length++] = '}';
    report->text[report->length++] = '\n';
    for (size_t sent = 0; sent < report->length;) {
        ssize_t written = write(STDERR_FILENO, report->text + sent, report->length - sent);
        if (written <= 0) {
            return;
        }
        sent += (size_t)written;
    }
}

const char *report_signal_name(int number) {
    static const struct {
        int number;
        const char *name;
    } table[] = {
        {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},   {SIGFPE, "SIGFPE"},
        {SIGABRT, "SIGABRT"}, {SIGPIPE, "SIGPIPE"}, {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"},
        {SIGINT, "SIGINT"},   {SIGHUP, "SIGHUP"},   {SIGQUIT, "SIGQUIT"}, {SIGTRAP, "SIGTRAP"},
        {SIGSYS, "SIGSYS"},   {SIGXCPU, "SIGXCPU"}, {SIGALRM, "SIGALRM"}, {SIGUSR1, "SIGUSR1"},
        {SIGUSR2, "SIGUSR2"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].number == number) {
            return table[i].name;
        }
    }
    return "signal";
}
