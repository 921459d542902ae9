//! One read at a time, without waiting.

use crate::error::Error;
use crate::header::{Format, Geometry};
use crate::layout::*;
use crate::memory::{fence_before_check, Memory};

/// Each try starts further away from the writer.
const COPY_TRIES: u64 = 4;

/// Where a new reader begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With what is played next.
    #[default]
    Newest,
    /// With the oldest frame that is still there.
    Oldest,
}

/// What one read brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Frames that were appended.
    pub frames: u64,
    /// Number of the first of them.
    pub first_frame: u64,
    /// Frames missed just before it.
    pub lost_frames: u64,
    /// Of those, the ones that were overwritten while they were being copied.
    pub torn_frames: u64,
    /// A new generation began: look at [`Reader::format`] again. No frames come with it.
    pub new_generation: bool,
    /// Everything is read, and the name leads to another object now: open it again.
    pub retired: bool,
    /// Everything is read, and the driver has gone in good order.
    pub closed: bool,
    /// The output is muted.
    pub muted: bool,
}

impl Read {
    /// For a reader that has read all it can.
    fn tell_end(&mut self, state: u64) {
        self.retired = state == STATE_RETIRED;
        self.closed = state == STATE_CLOSED;
    }
}

/// Reads the shared memory of one name.
#[derive(Debug)]
pub struct Reader {
    name: String,
    memory: Memory,
    geometry: Geometry,
    format: Format,
    generation_start: u64,
    position: u64,
}

impl Reader {
    /// Maps the shared memory read-only and checks its header.
    ///
    /// # Errors
    /// [`Error::is_temporary`] tells whether to try again: no driver yet, or not ready.
    pub fn open(name: &str, start: Start) -> Result<Self, Error> {
        let reader = Self::attach(name, Memory::open(name)?, start)?;
        // A driver that leaves an object says so first and takes its name away a moment later. Opened
        // in between, it would be read a second time.
        match u64::from(reader.memory.u32(V2_STATE)) {
            STATE_RETIRED | STATE_CLOSED => Err(Error::NotReady),
            _ => Ok(reader),
        }
    }

    pub(crate) fn attach(name: &str, memory: Memory, start: Start) -> Result<Self, Error> {
        let geometry = Geometry::check(&memory)?;
        let (format, generation_start) = Format::check(&memory, geometry)?;
        let mut reader = Self {
            name: name.to_owned(),
            memory,
            geometry,
            format,
            generation_start,
            position: 0,
        };
        reader.position = match start {
            Start::Newest => reader.memory.u64(V2_WRITE_HEAD),
            Start::Oldest => reader.oldest_frame(),
        };
        Ok(reader)
    }

    /// Opens the name again, after [`Read::retired`] or [`Read::closed`], and returns the frames that
    /// were missed meanwhile. The reader goes on at its frame number when it finds the same object, or
    /// the one that follows it; any other driver counts anew, and the reader begins at its oldest frame.
    ///
    /// # Errors
    /// As [`Reader::open`]; the reader is then as it was.
    pub fn reopen(&mut self) -> Result<u64, Error> {
        let mut next = Self::open(&self.name, Start::Oldest)?;
        let lost = next.continue_from(self);
        *self = next;
        Ok(lost)
    }

    pub(crate) fn continue_from(&mut self, before: &Self) -> u64 {
        let closed = u64::from(before.memory.u32(V2_STATE)) == STATE_CLOSED;
        let continued = !closed
            && self.geometry.goes_on_from(&before.geometry)
            && before.position <= self.memory.u64(V2_WRITE_HEAD);
        if !continued {
            return 0;
        }
        let oldest = self.position;
        self.position = oldest.max(before.position);
        oldest.saturating_sub(before.position)
    }

    /// What the frames look like.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Number of the next frame.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The oldest frame that the writer leaves alone at this moment.
    fn oldest_frame(&self) -> u64 {
        let head = self.memory.u64(V2_WRITE_HEAD);
        let claim = self.memory.u64(V2_WRITE_CLAIM);
        head.max(claim)
            .saturating_sub(self.format.ring_frames)
            .max(self.generation_start)
    }

    /// Appends at most `most` frames to `audio`, without waiting.
    ///
    /// # Errors
    /// The header has become nonsense, or the object shorter.
    pub fn read(&mut self, audio: &mut Vec<f32>, most: u64) -> Result<Read, Error> {
        let mut read = Read::default();
        if self.memory.u64(V2_GENERATION) != self.format.generation {
            self.meet_generation(&mut read)?;
            read.first_frame = self.position;
            return Ok(read);
        }
        // The state before the head: once it says that no more will come, the head is final.
        let state = u64::from(self.memory.u32(V2_STATE));
        read.muted = u64::from(self.memory.u32(V2_FLAGS)) & FLAG_MUTED != 0;
        if self.memory.u64(V2_WRITE_HEAD) < self.position {
            return Err(Error::Hostile("the write head went back"));
        }
        let ring = self.format.ring_frames;
        let most = most.min(ring);
        for attempt in 0..COPY_TRIES {
            let oldest = self.oldest_frame();
            if self.position < oldest {
                // Right behind the writer the next copy would be torn again: leave it some room.
                let head = self.memory.u64(V2_WRITE_HEAD);
                let target = oldest.saturating_add(attempt * (ring / 8)).min(head);
                self.skip_to(target.max(oldest), &mut read);
            }
            if self.try_copy(audio, most, &mut read) {
                break;
            }
        }
        if read.frames == 0 {
            read.first_frame = self.position;
        }
        if self.position >= self.memory.u64(V2_WRITE_HEAD) {
            read.tell_end(state);
        }
        Ok(read)
    }

    fn skip_to(&mut self, frame: u64, read: &mut Read) {
        read.lost_frames += frame - self.position;
        self.position = frame;
    }

    /// One copy. False when all of it was overwritten meanwhile.
    fn try_copy(&mut self, audio: &mut Vec<f32>, most: u64, read: &mut Read) -> bool {
        let channels = u64::from(self.format.channels);
        let ring = self.format.ring_frames;
        let first = self.position;
        let head = self.memory.u64(V2_WRITE_HEAD);
        let frames = head.saturating_sub(first).min(most);
        let before = audio.len();
        let at = first & (ring - 1);
        let to_end = frames.min(ring - at);
        let data = self.geometry.data_offset;
        self.memory
            .append_samples(data + at * channels * 4, to_end * channels, audio);
        self.memory
            .append_samples(data, (frames - to_end) * channels, audio);
        fence_before_check();
        if self.memory.u64(V2_GENERATION) != self.format.generation {
            audio.truncate(before); // the next read will find out and count
            return true;
        }
        let bad = self.oldest_frame().saturating_sub(first).min(frames);
        if bad > 0 {
            audio.drain(before..before + (bad * channels) as usize);
            read.torn_frames += bad;
            self.skip_to(first + bad, read);
        }
        read.first_frame = self.position;
        read.frames = frames - bad;
        self.position = first + frames;
        bad < frames || frames == 0
    }

    fn meet_generation(&mut self, read: &mut Read) -> Result<(), Error> {
        self.memory.check_size()?;
        let (format, start) = match Format::check(&self.memory, self.geometry) {
            Ok(found) => found,
            Err(Error::NotReady) => {
                // A writer that died in the middle of a change never ends it.
                read.tell_end(u64::from(self.memory.u32(V2_STATE)));
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.format = format;
        self.generation_start = start;
        if self.position < start {
            self.skip_to(start, read);
        }
        read.new_generation = true;
        Ok(())
    }
}
