#include "halsim/trace.h"
#include "fresh_file.h"
#include "host_internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIN_CAPACITY UINT64_C(64)
#define MAX_CAPACITY (UINT64_C(1) << 24)

struct halsim_trace {
    struct halsim_trace_header *header;
    struct halsim_trace_record *records;
    size_t bytes;
    uint64_t mask;
    atomic_ullong next;
};

/* The file's words that a reader polls, as atomics. */
static atomic_ullong *as_atomic(uint64_t *word) {
    return (atomic_ullong *)word;
}

struct halsim_trace *halsim_trace_create(const char *path, uint64_t capacity,
                                         struct halsim_error *error) {
    uint64_t rounded = MIN_CAPACITY;
    while (rounded < capacity && rounded < MAX_CAPACITY) {
        rounded *= 2;
    }
    struct halsim_trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        (void)halsim_fail(error, HALSIM_ERROR_SYSTEM, "trace: out of memory");
        return NULL;
    }
    trace->bytes = HALSIM_TRACE_HEADER_BYTES + (size_t)rounded * HALSIM_TRACE_RECORD_BYTES;
    trace->mask = rounded - 1;
    struct halsim_fresh_file file;
    if (!halsim_fresh_file_create("trace", path, trace->bytes, &file, error)) {
        free(trace);
        return NULL;
    }
    (void)close(file.fd);
    /* Touch every page now: the IO thread must not fault them in. */
    memset(file.map, 0, trace->bytes);
    trace->header = file.map;
    trace->records =
        (struct halsim_trace_record *)(void *)((char *)file.map + HALSIM_TRACE_HEADER_BYTES);
    trace->header->version = HALSIM_TRACE_VERSION;
    trace->header->header_bytes = HALSIM_TRACE_HEADER_BYTES;
    trace->header->record_bytes = HALSIM_TRACE_RECORD_BYTES;
    trace->header->capacity = rounded;
    atomic_store_explicit(as_atomic(&trace->header->magic), HALSIM_TRACE_MAGIC,
                          memory_order_release);
    return trace;
}

struct halsim_trace_record *halsim_trace_begin(struct halsim_trace *trace, uint64_t *number) {
    *number = atomic_fetch_add_explicit(&trace->next, 1, memory_order_relaxed);
    struct halsim_trace_record *record = &trace->records[*number & trace->mask];
    atomic_store_explicit(as_atomic(&record->sequence), 0, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    memset((char *)record + sizeof record->sequence, 0, sizeof *record - sizeof record->sequence);
    return record;
}

void halsim_trace_commit(struct halsim_trace *trace, struct halsim_trace_record *record,
                         uint64_t number) {
    atomic_store_explicit(as_atomic(&record->sequence), number + 1, memory_order_release);
    /* Several devices commit out of order: `written` is the highest, and the sequence says the
     * rest. */
    atomic_ullong *written = as_atomic(&trace->header->written);
    unsigned long long seen = atomic_load_explicit(written, memory_order_relaxed);
    while (seen < number + 1 &&
           !atomic_compare_exchange_weak_explicit(written, &seen, number + 1, memory_order_release,
                                                  memory_order_relaxed)) {
    }
}

struct halsim_trace_header *halsim_trace_header(struct halsim_trace *trace) {
    return trace->header;
}

void halsim_trace_close(struct halsim_trace *trace) {
    if (trace != NULL) {
        (void)munmap(trace->header, trace->bytes);
        free(trace);
    }
}
