//! The header: checked before anything in it is used.

use crate::error::Error;
use crate::layout::*;
use crate::memory::Memory;

/// A change of generation takes the writer a microsecond.
const SNAPSHOT_TRIES: u32 = 64;

/// What is the same for all frames of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Format {
    /// Samples in a frame.
    pub channels: u32,
    /// Frames in a second.
    pub sample_rate: u32,
    /// Frames that the ring holds, a power of two.
    pub ring_frames: u64,
    /// Even; goes up when the driver restarts or changes one of these.
    pub generation: u64,
    /// Process that writes.
    pub writer_pid: u32,
    /// Frames that the driver reports as its latency.
    pub reported_latency: u32,
}

/// What is constant for the life of an object: where things lie, and which object it is.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    pub data_offset: u64,
    pub ring_bytes: u64,
    instance: u64,
    predecessor: u64,
}

fn require(good: bool, what: &'static str) -> Result<(), Error> {
    if good {
        Ok(())
    } else {
        Err(Error::Hostile(what))
    }
}

impl Geometry {
    pub fn check(memory: &Memory) -> Result<Self, Error> {
        if memory.len() < V2_HEADER_BYTES {
            return Err(Error::NotGecko);
        }
        match memory.u64(V2_MAGIC) {
            V2_MAGIC_VALUE => {}
            // Being made: the magic comes last. In v1 the second word is the size of the ring, which is
            // neither 0 nor as small as the version.
            0 if matches!(u64::from(memory.u32(8)), 0 | V2_VERSION_VALUE) => {
                return Err(Error::NotReady);
            }
            _ => return Err(Error::NotGecko),
        }
        require(
            u64::from(memory.u32(V2_VERSION)) == V2_VERSION_VALUE,
            "version",
        )?;
        let total = memory.u64(V2_TOTAL_BYTES);
        if total > memory.len() {
            return Err(Error::Truncated {
                size: memory.len(),
                needed: total,
            });
        }
        let data = memory.u64(V2_DATA_OFFSET);
        let ring_bytes = memory.u64(V2_RING_BYTES);
        require(
            data % 4096 == 0 && data >= V2_HEADER_BYTES && data <= total,
            "data offset",
        )?;
        require(ring_bytes <= total - data, "ring bytes")?;
        Ok(Self {
            data_offset: data,
            ring_bytes,
            instance: memory.u64(V2_INSTANCE),
            predecessor: memory.u64(V2_PREDECESSOR),
        })
    }

    /// Whether frame numbers of `before` mean the same frames here: it is the same object, or the one
    /// that follows it.
    pub fn goes_on_from(&self, before: &Self) -> bool {
        let known = before.instance;
        known != 0 && (self.instance == known || self.predecessor == known)
    }
}

struct Snapshot {
    format: Format,
    start: u64,
    bytes_per_frame: u32,
    sample_format: u32,
    timebase: (u32, u32),
}

/// The fields of one generation, with no mixture of two.
fn snapshot(memory: &Memory) -> Option<Snapshot> {
    (0..SNAPSHOT_TRIES).find_map(|_| {
        let generation = memory.u64(V2_GENERATION);
        let snapshot = Snapshot {
            format: Format {
                channels: memory.u32(V2_CHANNELS),
                sample_rate: memory.u32(V2_SAMPLE_RATE),
                ring_frames: memory.u64(V2_RING_FRAMES),
                generation,
                writer_pid: memory.u32(V2_WRITER_PID),
                reported_latency: memory.u32(V2_REPORTED_LATENCY),
            },
            start: memory.u64(V2_GENERATION_START),
            bytes_per_frame: memory.u32(V2_BYTES_PER_FRAME),
            sample_format: memory.u32(V2_SAMPLE_FORMAT),
            timebase: (memory.u32(V2_TIMEBASE_NUMER), memory.u32(V2_TIMEBASE_DENOM)),
        };
        let settled = generation % 2 == 0 && memory.u64(V2_GENERATION) == generation;
        settled.then_some(snapshot)
    })
}

impl Format {
    /// Reads and checks a generation; also returns its first frame.
    pub fn check(memory: &Memory, geometry: Geometry) -> Result<(Self, u64), Error> {
        let Snapshot {
            format,
            start,
            bytes_per_frame,
            sample_format,
            timebase,
        } = snapshot(memory).ok_or(Error::NotReady)?;
        let channels = u64::from(format.channels);
        require((1..=MAX_CHANNELS).contains(&channels), "channels")?;
        require(
            (MIN_SAMPLE_RATE..=MAX_SAMPLE_RATE).contains(&u64::from(format.sample_rate)),
            "sample rate",
        )?;
        require(u64::from(sample_format) == FORMAT_FLOAT32, "sample format")?;
        require(
            u64::from(bytes_per_frame) == channels * 4,
            "bytes per frame",
        )?;
        require(timebase.0 != 0 && timebase.1 != 0, "timebase")?;
        require(
            format.ring_frames.is_power_of_two()
                && (MIN_RING_FRAMES..=MAX_RING_FRAMES).contains(&format.ring_frames),
            "ring frames",
        )?;
        require(
            format.ring_frames * channels * 4 <= geometry.ring_bytes,
            "ring size",
        )?;
        require(memory.u64(V2_WRITE_HEAD) >= start, "write head")?;
        Ok((format, start))
    }
}
