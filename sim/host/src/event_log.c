#include "event_log.h"
#include "fresh_file.h"
#include "host_internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_CAPACITY (UINT64_C(1) << 24)

struct halsim_event_log {
    struct halsim_fresh_file file;
    struct halsim_event_log_header *header;
    struct halsim_observation *records;
    bool has_content;
};

struct halsim_event_log *halsim_event_log_create(const char *path, uint64_t first_cycle,
                                                 uint64_t last_cycle, uint64_t capacity,
                                                 struct halsim_error *error) {
    if (first_cycle > last_cycle) {
        (void)halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                          "event log %s: cycles %llu to %llu: the last is before the first", path,
                          (unsigned long long)first_cycle, (unsigned long long)last_cycle);
        return NULL;
    }
    if (capacity == 0 || capacity > MAX_CAPACITY) {
        (void)halsim_fail(error, HALSIM_ERROR_ARGUMENT,
                          "event log %s: room for %llu events; use 1 to %llu", path,
                          (unsigned long long)capacity, (unsigned long long)MAX_CAPACITY);
        return NULL;
    }
    struct halsim_event_log *log = calloc(1, sizeof *log);
    if (log == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "event log: out of memory");
        return NULL;
    }
    size_t bytes = HALSIM_EVENT_LOG_HEADER_BYTES + (size_t)capacity * HALSIM_EVENT_LOG_RECORD_BYTES;
    if (!halsim_fresh_file_create("event log", path, bytes, &log->file, error)) {
        free(log);
        return NULL;
    }
    log->header = log->file.map;
    log->records = (struct halsim_observation *)(void *)((char *)log->file.map +
                                                         HALSIM_EVENT_LOG_HEADER_BYTES);
    log->header->version = HALSIM_EVENT_LOG_VERSION;
    log->header->header_bytes = HALSIM_EVENT_LOG_HEADER_BYTES;
    log->header->record_bytes = HALSIM_EVENT_LOG_RECORD_BYTES;
    log->header->fingerprint_version = HALSIM_FINGERPRINT_VERSION;
    log->header->capacity = capacity;
    log->header->first_cycle = first_cycle;
    log->header->last_cycle = last_cycle;
    log->header->magic = HALSIM_EVENT_LOG_MAGIC;
    return log;
}

struct halsim_event_log_header *halsim_event_log_header(struct halsim_event_log *log) {
    return log->header;
}

void halsim_event_log_add(struct halsim_event_log *log, const struct halsim_observation *seen) {
    struct halsim_event_log_header *header = log->header;
    if (seen->cycle < header->first_cycle || seen->cycle > header->last_cycle) {
        return;
    }
    if (header->written == header->capacity) {
        header->dropped++;
        return;
    }
    log->records[header->written] = *seen;
    atomic_store_explicit((atomic_ullong *)&header->written, header->written + 1,
                          memory_order_release);
}

void halsim_event_log_ask_content(struct halsim_event_log *log, bool asked) {
    log->has_content = asked;
}

void halsim_event_log_add_content(struct halsim_event_log *log,
                                  const struct halsim_observation *seen, const void *samples,
                                  size_t bytes) {
    struct halsim_observation piece = *seen;
    piece.kind = HALSIM_OBSERVED_CONTENT;
    piece.object = 0;
    for (size_t at = 0; log->has_content && at < bytes; at += sizeof piece.values) {
        size_t left = bytes - at < sizeof piece.values ? bytes - at : sizeof piece.values;
        memset(piece.values, 0, sizeof piece.values);
        memcpy(piece.values, (const char *)samples + at, left);
        piece.detail = (uint32_t)left;
        halsim_event_log_add(log, &piece);
        piece.object++;
    }
}

void halsim_event_log_close(struct halsim_event_log *log) {
    if (log == NULL) {
        return;
    }
    size_t bytes = HALSIM_EVENT_LOG_HEADER_BYTES +
                   (size_t)log->header->written * HALSIM_EVENT_LOG_RECORD_BYTES;
    (void)munmap(log->file.map, log->file.bytes);
    if (ftruncate(log->file.fd, (off_t)bytes) != 0) {
        /* The room behind the records stays: nothing is lost. */
    }
    (void)close(log->file.fd);
    free(log);
}
