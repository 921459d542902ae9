/* trace.h - one fixed-size record per IO cycle, written without a lock into a mapped file.
 *
 * The file is a header of HALSIM_TRACE_HEADER_BYTES, then a ring of records. Any process may map it
 * while it grows. A record is complete when its `sequence` equals its number + 1 (stored last, with
 * release order); a reader that loads `sequence` before and after copying the rest, and finds both
 * equal, holds a whole record. Python reads it with a numpy structured dtype:
 * docs/reference/trace-format.md.
 */
#ifndef HALSIM_TRACE_H
#define HALSIM_TRACE_H

#include "halsim/status.h"

#define HALSIM_TRACE_MAGIC        UINT64_C(0x31454341525448) /* the bytes "HTRACE1\0" */
#define HALSIM_TRACE_VERSION      1u
#define HALSIM_TRACE_HEADER_BYTES 256u
#define HALSIM_TRACE_RECORD_BYTES 192u

/* IO operations in pipeline order: the index into op_ns[]. */
enum halsim_operation {
    HALSIM_OP_READ_INPUT = 0,
    HALSIM_OP_CONVERT_INPUT = 1,
    HALSIM_OP_PROCESS_INPUT = 2,
    HALSIM_OP_PROCESS_OUTPUT = 3,
    HALSIM_OP_MIX_OUTPUT = 4,
    HALSIM_OP_PROCESS_MIX = 5,
    HALSIM_OP_CONVERT_MIX = 6,
    HALSIM_OP_WRITE_MIX = 7,
    HALSIM_OP_CYCLE = 8,
    HALSIM_OP_THREAD = 9,
    HALSIM_OP_COUNT = 10,
};

enum halsim_cycle_flag {
    HALSIM_CYCLE_LATE_WAKE = 1u << 0,   /* the thread ran later than the wake-up limit */
    HALSIM_CYCLE_OVER_BUDGET = 1u << 1, /* the driver's share took longer than its budget */
    HALSIM_CYCLE_OVERLOAD = 1u << 2,    /* the cycle ended after its deadline: the device is told */
    HALSIM_CYCLE_TIMESTAMP_JUMP = 1u << 3, /* zero timestamp off its prediction, seed unchanged */
    HALSIM_CYCLE_SEED_CHANGE = 1u << 4,    /* a new time line: the host anchored anew */
    HALSIM_CYCLE_RESYNC = 1u << 5,       /* cycles were skipped to catch up; see `skipped_cycles` */
    HALSIM_CYCLE_DRIVER_ERROR = 1u << 6, /* an IO call returned an error */
    HALSIM_CYCLE_LOCK_WAIT = 1u << 7,    /* the host's own control lock made the cycle wait */
    HALSIM_CYCLE_TIMESTAMP_BACK = 1u << 8, /* zero timestamp went back, seed unchanged */
    HALSIM_CYCLE_CLOCK_STEP = 1u << 9, /* with either: a clock model moved it there; the driver's
                                          own was where it was due */
};

struct halsim_trace_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint32_t record_bytes;
    uint32_t clock_kind; /* enum halsim_clock_kind */
    uint64_t capacity;   /* records in the ring, a power of two */
    uint64_t written;    /* records written so far; release; record r is slot r & (capacity - 1) */
    uint64_t seed;
    uint32_t timebase_numer;
    uint32_t timebase_denom;
    uint64_t start_ns; /* host clock when the trace was opened */
    uint8_t reserved[HALSIM_TRACE_HEADER_BYTES - 64];
};

struct halsim_trace_record {
    uint64_t sequence;         /* number + 1; 0 while it is being written */
    uint64_t cycle;            /* mIOCycleCounter: 1 on start and after a resync */
    uint64_t scheduled_ns;     /* when the cycle should have begun */
    uint64_t woke_ns;          /* when the thread ran */
    uint64_t done_ns;          /* when the last operation returned */
    double output_sample_time; /* mOutputTime.mSampleTime */
    double input_sample_time;  /* mInputTime.mSampleTime */
    double zero_sample_time;   /* GetZeroTimeStamp */
    uint64_t zero_host_ns;     /* its host time, in nanoseconds */
    uint64_t zero_seed;
    double rate_scalar;    /* measured device rate over nominal */
    uint64_t run_delay_ns; /* time the thread was ready but not running since the last cycle (Linux
                              schedstat; 0 when not known, always 0 in virtual time) */
    uint32_t device;       /* index of the device in the host */
    uint32_t frames;
    uint32_t clients;
    uint32_t flags;          /* enum halsim_cycle_flag */
    uint32_t skipped_cycles; /* cycles that never ran before this one */
    uint32_t zero_ns; /* time in GetZeroTimeStamp; processor time base, also in virtual time */
    uint32_t op_ns[HALSIM_OP_COUNT]; /* time in the driver per operation, Begin + Do + End */
    uint32_t signal_ns;              /* sources and sinks of the clients */
    uint32_t
        hook_ns; /* cycle hooks of the cycle before: this record is complete before its own run */
    uint32_t host_ns; /* the rest of the cycle: mixing, conversion, book-keeping */
    uint8_t reserved[20];
};

_Static_assert(sizeof(struct halsim_trace_header) == HALSIM_TRACE_HEADER_BYTES, "trace header");
_Static_assert(sizeof(struct halsim_trace_record) == HALSIM_TRACE_RECORD_BYTES, "trace record");

struct halsim_trace;

/* Creates the file, with room on the disk for all of it. A regular file of that name is replaced
 * when the new one is whole: who has it mapped keeps it, and a failure leaves it. Anything that is
 * no regular file is refused. `capacity` is rounded up to a power of two, 64 to 2^24 records. */
HALSIM_EXPORT struct halsim_trace *halsim_trace_create(const char *path, uint64_t capacity,
                                                       struct halsim_error *error);
/* The slot for the next record, zeroed, not yet visible. One writer per call pair; writers of
 * several devices get different slots. */
HALSIM_EXPORT struct halsim_trace_record *halsim_trace_begin(struct halsim_trace *trace,
                                                             uint64_t *number);
HALSIM_EXPORT void halsim_trace_commit(struct halsim_trace *trace,
                                       struct halsim_trace_record *record, uint64_t number);
HALSIM_EXPORT struct halsim_trace_header *halsim_trace_header(struct halsim_trace *trace);
/* Unmaps; the file stays. NULL is allowed. */
HALSIM_EXPORT void halsim_trace_close(struct halsim_trace *trace);

#endif
