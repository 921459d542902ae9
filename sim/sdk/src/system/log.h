/* log.h - from a message to the host's sink. Internal. */
#ifndef HALSDK_LOG_H
#define HALSDK_LOG_H

#include <halsdk/halsdk.h>
#include <stdarg.h>
#include <stdbool.h>

struct text;

/* Hands a record to the sink, or writes it as JSON when there is none. May change
 * errno. */
void halsdk_log_emit(const char *level, const char *subsystem, const char *category,
                     const char *message);
bool halsdk_log_has_sink(void);

/* Appends an os_log format with its arguments. `error` is what %m says. */
void halsdk_log_format(struct text *text, const char *format, va_list args, int error,
                       bool reveals_private);

/* The default sink: one line on stderr, below 1 MiB, which lines of other threads do not break up.
 */
void halsdk_log_write_json(const struct halsdk_log_record *record);

#endif
