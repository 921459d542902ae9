//! Samples as an iterator that waits.

use crate::error::Error;
use crate::header::Format;
use crate::reader::{Read, Reader, Start};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Frames fetched at a time.
const CHUNK_FRAMES: u64 = 1024;

/// How an [`AudioSource`] behaves.
#[derive(Clone, Debug)]
pub struct Options {
    start: Start,
    poll: Duration,
    wait_for_driver: bool,
    end_on_format_change: bool,
    stop: StopHandle,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            start: Start::Newest,
            poll: Duration::from_millis(1),
            wait_for_driver: false,
            end_on_format_change: false,
            stop: StopHandle::default(),
        }
    }
}

impl Options {
    /// Where to begin; default: with what is played next.
    #[must_use]
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// How long to sleep between two looks while there is nothing to read; default 1 ms.
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Wait for a driver that is not there yet, and for the next one when it has gone, instead of
    /// failing and ending; default: no.
    #[must_use]
    pub fn wait_for_driver(mut self, wait: bool) -> Self {
        self.wait_for_driver = wait;
        self
    }

    /// End the iteration where channels or sample rate change; calling [`Iterator::next`] again goes
    /// on with the new format. Default: no, the samples of the new format follow.
    #[must_use]
    pub fn end_on_format_change(mut self, end: bool) -> Self {
        self.end_on_format_change = end;
        self
    }

    /// The handle that ends the source, also while [`AudioSource::open`] still waits for a driver;
    /// default: one of its own, see [`AudioSource::stop_handle`].
    #[must_use]
    pub fn stop(mut self, handle: StopHandle) -> Self {
        self.stop = handle;
        self
    }
}

/// What an [`AudioSource`] has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Frames read.
    pub frames: u64,
    /// Frames missed.
    pub lost_frames: u64,
    /// Of those, the ones that were overwritten while they were being copied.
    pub torn_frames: u64,
    /// Times that there was nothing to read and it waited.
    pub underruns: u64,
    /// Generations met: restarts and changes of the driver.
    pub generations: u64,
    /// Objects opened again.
    pub reopened: u64,
}

/// Ends an [`AudioSource`] from another thread. Clones end the same sources.
#[derive(Clone, Debug, Default)]
pub struct StopHandle(Arc<AtomicBool>);

impl StopHandle {
    /// The source ends with the frame that it is handing out, or when it wakes up from the poll
    /// interval that it sleeps, and stays at its end. What it had fetched beyond is dropped.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Interleaved samples of what is played. Waits on an underrun; ends when the driver has gone in good
/// order (unless [`Options::wait_for_driver`]), when it is stopped, or on an error, which
/// [`AudioSource::error`] then tells.
///
/// The iterator always ends, and a lost frame always falls, between two frames.
#[derive(Debug)]
pub struct AudioSource {
    reader: Reader,
    options: Options,
    stats: Stats,
    error: Option<Error>,
    chunk: Vec<f32>,
    at: usize,
    frame_end: usize,
    was_empty: bool,
}

enum Step {
    Samples,
    Nothing,
    End,
}

impl AudioSource {
    /// Opens the shared memory, e.g. [`crate::DEFAULT_NAME`].
    ///
    /// # Errors
    /// As [`Reader::open`]; with [`Options::wait_for_driver`] only those that waiting cannot mend, and
    /// [`Error::Stopped`] when it is stopped while it waits.
    pub fn open(name: &str, options: Options) -> Result<Self, Error> {
        let reader = loop {
            match Reader::open(name, options.start) {
                Err(error) if options.wait_for_driver && error.is_temporary() => {
                    if options.stop.is_stopped() {
                        return Err(Error::Stopped);
                    }
                    thread::sleep(options.poll);
                }
                result => break result?,
            }
        };
        Ok(Self::new(reader, options))
    }

    pub(crate) fn new(reader: Reader, options: Options) -> Self {
        Self {
            reader,
            options,
            stats: Stats::default(),
            error: None,
            chunk: Vec::new(),
            at: 0,
            frame_end: 0,
            was_empty: false,
        }
    }

    /// Channels and rate of the samples that come next.
    #[must_use]
    pub fn format(&self) -> Format {
        self.reader.format()
    }

    /// What it has seen so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// To end it from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> StopHandle {
        self.options.stop.clone()
    }

    /// Why it ended, when that was an error.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn count(&mut self, read: &Read) {
        self.stats.frames += read.frames;
        self.stats.lost_frames += read.lost_frames;
        self.stats.torn_frames += read.torn_frames;
        self.stats.generations += u64::from(read.new_generation);
    }

    /// Fetches the next samples, without waiting.
    fn fetch(&mut self) -> Result<Step, Error> {
        self.chunk.clear();
        self.at = 0;
        self.frame_end = 0;
        let before = self.reader.format();
        let read = self.reader.read(&mut self.chunk, CHUNK_FRAMES)?;
        self.count(&read);
        if read.frames > 0 {
            return Ok(Step::Samples);
        }
        if read.new_generation {
            return Ok(self.after_change(before));
        }
        if read.closed && !self.options.wait_for_driver {
            return Ok(Step::End);
        }
        if read.retired || read.closed {
            match self.reader.reopen() {
                Ok(lost) => {
                    self.stats.lost_frames += lost;
                    self.stats.reopened += 1;
                    return Ok(self.after_change(before));
                }
                Err(error) if error.is_temporary() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Step::Nothing)
    }

    fn after_change(&self, before: Format) -> Step {
        let now = self.reader.format();
        let same = (now.channels, now.sample_rate) == (before.channels, before.sample_rate);
        if self.options.end_on_format_change && !same {
            Step::End
        } else {
            Step::Nothing
        }
    }

    /// Waits until there are samples in the chunk. False at the end.
    fn fill(&mut self) -> bool {
        loop {
            if self.options.stop.is_stopped() || self.error.is_some() {
                return false;
            }
            match self.fetch() {
                Ok(Step::Samples) => {
                    self.was_empty = false;
                    return true;
                }
                Ok(Step::End) => return false,
                Ok(Step::Nothing) => {
                    self.stats.underruns += u64::from(!self.was_empty);
                    self.was_empty = true;
                    thread::sleep(self.options.poll);
                }
                Err(error) => {
                    self.error = Some(error);
                    return false;
                }
            }
        }
    }
}

impl Iterator for AudioSource {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        if self.at == self.frame_end {
            if self.options.stop.is_stopped() || (self.at == self.chunk.len() && !self.fill()) {
                return None;
            }
            // A chunk holds whole frames of one format.
            self.frame_end += self.reader.format().channels as usize;
        }
        let sample = self.chunk[self.at];
        self.at += 1;
        Some(sample)
    }
}
