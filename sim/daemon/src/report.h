/* report.h - one JSON object a line on stderr, also from a signal handler.
 *
 * Neither allocates nor locks; each line is one write().
 */
#ifndef DAEMON_REPORT_H
#define DAEMON_REPORT_H

#include <stddef.h>
#include <stdint.h>

#define REPORT_BYTES 32768

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
/* "key": [ ... ], of strings, each put together from parts, or of objects. */
void report_begin_list(struct report *report, const char *key);
void report_entry(struct report *report, const char *const *parts, size_t count);
/* An object in a list; its members come between the two. */
void report_begin_item(struct report *report);
void report_end_item(struct report *report);
void report_end_list(struct report *report);
/* Bytes that still fit; what is beyond is lost. */
size_t report_room(const struct report *report);
/* } and the line end, and out it goes. */
void report_send(struct report *report);

/* "SIGSEGV"; "signal" for one that has no name here. */
const char *report_signal_name(int number);
/* Hexadecimal digits of `value`; `text` holds at least 19 bytes. */
const char *report_hex_text(uint64_t value, char *text);

#endif
