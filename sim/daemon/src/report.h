/* report.h - one JSON object a line on stderr, also from a signal handler.
 *
 * Neither allocates nor locks; each line is one write().
 */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <stddef.h>
#include <stdint.h>

#define REPORT_BYTES 16384

struct report {
    char text[REPORT_BYTES];
    size_t length;
    int needs_comma;
};

/* {"event": "<event>" */
void report_begin(struct report *report, const char *event);
/* NULL becomes null. What is not printable ASCII becomes '?', except that UTF-8 passes. */
void report_string(struct report *report, const char *key, const char *value);
void report_number(struct report *report, const char *key, uint64_t value);
void report_hex(struct report *report, const char *key, uint64_t value);
void report_null(struct report *report, const char *key);
/* Text that is JSON already. */
void report_raw(struct report *report, const char *key, const char *json);
/* "key": [ ... ], strings only, each put together from parts. */
void report_begin_list(struct report *report, const char *key);
void report_entry(struct report *report, const char *const *parts, size_t count);
void report_end_list(struct report *report);
/* } and the line end, and out it goes. */
void report_send(struct report *report);

/* "SIGSEGV"; "signal" for one that has no name here. */
const char *report_signal_name(int number);
/* Hexadecimal digits of `value`; `text` holds at least 19 bytes. */
const char *report_hex_text(uint64_t value, char *text);

#endif
