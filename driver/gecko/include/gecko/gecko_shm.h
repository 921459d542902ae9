/* gecko_shm.h - the shared memory of Gecko Sink: the one truth for every reader and writer.
 *
 * C includes it; Python and Rust readers read the `#define` lines of this very file. So every
 * layout constant is a `#define GECKO_<NAME> <decimal or 0x number>` on one line; nothing is
 * computed. What the fields mean, and what a reader has to do, is docs/reference/gecko-shm.md.
 *
 * All numbers are little-endian, audio is interleaved Float32. Two layouts exist:
 *   v1  the layout of the original design document, to the byte. Kept so that a reader written
 *       from it works, and so that what it loses can be shown.
 *   v2  the default.
 */
#ifndef GECKO_SHM_H
#define GECKO_SHM_H

/* A definition that the formatter breaks in two is none for Python and Rust. */
/* clang-format off */

/* ---- names ------------------------------------------------------------------------------- */

#define GECKO_SHM_NAME_DEFAULT "/GeckoAudioShm"
/* Appended to the name: the region in which readers say where they are (v2 only). */
#define GECKO_READERS_SUFFIX ".rd"
/* Longest name in bytes, slash and suffix included, without the NUL (macOS: PSHMNAMLEN). */
#define GECKO_NAME_MAX 31

/* ---- v1: 20 bytes of header, then floats -------------------------------------------------- */

#define GECKO_V1_WRITE_HEAD 0   /* u32, index in samples, wrapped at BUFFER_SIZE; release */
#define GECKO_V1_READ_HEAD 4    /* u32, index in samples, wrapped; the reader's */
#define GECKO_V1_BUFFER_SIZE 8  /* u32, samples (frames * channels) in the ring */
#define GECKO_V1_CHANNELS 12    /* u32 */
#define GECKO_V1_SAMPLE_RATE 16 /* u32, Hz */
#define GECKO_V1_DATA 20        /* f32[BUFFER_SIZE] */

/* ---- v2: the audio object. Written by the driver only; readers map it PROT_READ ------------ */

#define GECKO_V2_MAGIC_VALUE 0x4D48534F4B434547 /* the bytes "GECKOSHM" */
#define GECKO_V2_VERSION_VALUE 2
#define GECKO_V2_HEADER_BYTES 4096

/* Constant for the life of the object (a change of one of these makes a new object). */
#define GECKO_V2_MAGIC 0          /* u64; written last when the object is made */
#define GECKO_V2_VERSION 8        /* u32 */
#define GECKO_V2_BLOCK_COUNT 12   /* u32, entries of the block table, a power of two */
#define GECKO_V2_TOTAL_BYTES 16   /* u64, size of the object */
#define GECKO_V2_DATA_OFFSET 24   /* u64, where the ring starts; a multiple of 4096 */
#define GECKO_V2_RING_BYTES 32    /* u64, bytes set aside for the ring */
#define GECKO_V2_BLOCKS_OFFSET 40 /* u64, where the block table starts; a multiple of 64 */
#define GECKO_V2_INSTANCE 48      /* u64, random, made with the object; never 0 */
#define GECKO_V2_PREDECESSOR 56   /* u64, INSTANCE of the object whose numbers go on here; 0: none */

/* Constant during a generation. Read them between two equal, even reads of GENERATION. */
#define GECKO_V2_RING_FRAMES 64         /* u64, a power of two; frame f lives at f & (RING_FRAMES-1) */
#define GECKO_V2_GENERATION_START 72    /* u64, first frame of this generation */
#define GECKO_V2_CHANNELS 80            /* u32 */
#define GECKO_V2_SAMPLE_RATE 84         /* u32, Hz */
#define GECKO_V2_SAMPLE_FORMAT 88       /* u32, GECKO_FORMAT_* */
#define GECKO_V2_BYTES_PER_FRAME 92     /* u32 */
#define GECKO_V2_OVERRUN_POLICY 96      /* u32, GECKO_OVERRUN_* */
#define GECKO_V2_WRITER_PID 100         /* u32 */
#define GECKO_V2_TIMEBASE_NUMER 104     /* u32; nanoseconds = ticks * numer / denom */
#define GECKO_V2_TIMEBASE_DENOM 108     /* u32 */
#define GECKO_V2_SAFETY_OFFSET 112      /* u32, frames */
#define GECKO_V2_REPORTED_LATENCY 116   /* u32, frames, device and stream together */
#define GECKO_V2_WRITER_STARTED 120     /* u64, when WRITER_PID began, as its system counts; 0: unknown */

/* Changes rarely; a cache line of its own. */
#define GECKO_V2_GENERATION 128 /* u64; odd while the fields above change; +2 each change or restart */
#define GECKO_V2_STATE 136      /* u32, GECKO_STATE_* */
#define GECKO_V2_FLAGS 140      /* u32, GECKO_FLAG_* bits */

/* Changes every block; a cache line of its own. */
#define GECKO_V2_WRITE_CLAIM 192 /* u64, frames; the writer may be writing below this; set first */
#define GECKO_V2_WRITE_HEAD 200  /* u64, frames; everything below this is written; release, after */
#define GECKO_V2_BLOCK_HEAD 208  /* u64, blocks written so far; release, before WRITE_HEAD */
#define GECKO_V2_HEARTBEAT 216   /* u64, host ticks of the last IO cycle, start or stop of IO */

/* One entry of the block table: block b is entry b & (BLOCK_COUNT-1). */
#define GECKO_V2_BLOCK_BYTES 64
#define GECKO_V2_BLOCK_SEQUENCE 0            /* u64, b + 1; 0 while the entry is being written */
#define GECKO_V2_BLOCK_FIRST_FRAME 8         /* u64, frame number in the ring */
#define GECKO_V2_BLOCK_HOST_TIME 16          /* u64, host ticks at which the host ran this cycle */
#define GECKO_V2_BLOCK_OUTPUT_TIME 24        /* u64, host ticks at which the block is due */
#define GECKO_V2_BLOCK_OUTPUT_SAMPLE_TIME 32 /* f64, device sample time at which the block is due */
#define GECKO_V2_BLOCK_FRAMES 40             /* u32 */
#define GECKO_V2_BLOCK_FLAGS 44              /* u32, GECKO_BLOCK_FLAG_* bits */
#define GECKO_V2_BLOCK_CYCLE 48              /* u64, the host's IO cycle counter */

/* ---- v2: the readers' object. Readers write it; nothing in the driver depends on it -------- */

#define GECKO_READERS_MAGIC_VALUE 0x5244524F4B434547 /* the bytes "GECKORDR" */
#define GECKO_READERS_MAGIC 0       /* u64 */
#define GECKO_READERS_VERSION 8     /* u32, GECKO_V2_VERSION_VALUE */
#define GECKO_READERS_SLOT_COUNT 12 /* u32 */
#define GECKO_READERS_INSTANCE 16   /* u64, random, made with the object; never 0 */
#define GECKO_READERS_SLOTS 128     /* first slot */
#define GECKO_READERS_SLOT_COUNT_VALUE 16
#define GECKO_READERS_SLOT_BYTES 128
#define GECKO_SLOT_OWNER_PID 0    /* u32; claimed by compare-and-swap from 0 */
#define GECKO_SLOT_RESERVED 4     /* u32 */
#define GECKO_SLOT_READ_HEAD 8    /* u64, frames */
#define GECKO_SLOT_LOST_FRAMES 16 /* u64, frames this reader has missed so far */
#define GECKO_SLOT_HEARTBEAT 24   /* u64, host ticks of the last read, or HEARTBEAT as it was then */
#define GECKO_SLOT_GENERATION 32  /* u64, the generation it reads */

/* ---- values ------------------------------------------------------------------------------ */

#define GECKO_FORMAT_FLOAT32 1

#define GECKO_OVERRUN_OVERWRITE 1 /* the oldest frames go; the writer never waits */

#define GECKO_STATE_IDLE 1    /* no IO; the heads stand still */
#define GECKO_STATE_RUNNING 2 /* IO runs */
#define GECKO_STATE_RETIRED 3 /* another object has taken the name: open it again */
#define GECKO_STATE_CLOSED 4  /* the driver has gone in good order; the name is free */

#define GECKO_FLAG_MUTED 0x1

#define GECKO_BLOCK_FLAG_DISCONTINUITY 0x1 /* sample time does not follow the block before */

/* ---- limits that a reader checks before it trusts a header --------------------------------- */

#define GECKO_MAX_CHANNELS 64
#define GECKO_MIN_RING_FRAMES 256
#define GECKO_MAX_RING_FRAMES 4194304
#define GECKO_MIN_SAMPLE_RATE 8000
#define GECKO_MAX_SAMPLE_RATE 768000
#define GECKO_MAX_BLOCK_COUNT 65536

#endif
