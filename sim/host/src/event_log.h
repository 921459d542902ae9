/* event_log.h - the file of halsim_fingerprint_log(). Internal to sim/host. */
#ifndef HALSIM_EVENT_LOG_H
#define HALSIM_EVENT_LOG_H

#include "halsim/fingerprint.h"

struct halsim_event_log;

/* NULL and the error. The header's `start_ns` and `seed` are the caller's to fill. */
struct halsim_event_log *halsim_event_log_create(const char *path, uint64_t first_cycle,
                                                 uint64_t last_cycle, uint64_t capacity,
                                                 struct halsim_error *error);
struct halsim_event_log_header *halsim_event_log_header(struct halsim_event_log *log);
/* Events of other cycles are left out. One caller at a time. */
void halsim_event_log_add(struct halsim_event_log *log, const struct halsim_observation *seen);
/* The same for the samples of an event, in pieces; nothing while they are not asked for. */
void halsim_event_log_add_content(struct halsim_event_log *log,
                                  const struct halsim_observation *seen, const void *samples,
                                  size_t bytes);
void halsim_event_log_ask_content(struct halsim_event_log *log, bool asked);
/* Cuts the file to what it holds. NULL is allowed. */
void halsim_event_log_close(struct halsim_event_log *log);

#endif
