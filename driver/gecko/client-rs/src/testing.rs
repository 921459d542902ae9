//! A writer in the memory of this process, and the tests that use it.

use crate::layout::*;
use crate::memory::Memory;
use crate::{AudioSource, Error, Options, Reader, Start, StopHandle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const RING_FRAMES: u64 = 256;
const DATA: u64 = 8192;

/// Plays the driver. Stereo unless the channels are changed.
#[derive(Clone)]
struct Writer {
    words: Arc<Vec<AtomicU64>>,
}

impl Writer {
    fn new() -> Self {
        let bytes = DATA + RING_FRAMES * 8;
        let writer = Self {
            words: Arc::new((0..bytes / 8).map(|_| AtomicU64::new(0)).collect()),
        };
        writer.put32(V2_VERSION, V2_VERSION_VALUE);
        writer.put64(V2_TOTAL_BYTES, bytes);
        writer.put64(V2_DATA_OFFSET, DATA);
        writer.put64(V2_RING_BYTES, RING_FRAMES * 8);
        writer.put64(V2_INSTANCE, 1000);
        writer.put64(V2_RING_FRAMES, RING_FRAMES);
        writer.put32(V2_CHANNELS, 2);
        writer.put32(V2_BYTES_PER_FRAME, 8);
        writer.put32(V2_SAMPLE_RATE, 48000);
        writer.put32(V2_SAMPLE_FORMAT, FORMAT_FLOAT32);
        writer.put32(V2_TIMEBASE_NUMER, 1);
        writer.put32(V2_TIMEBASE_DENOM, 1);
        writer.put64(V2_GENERATION, 2);
        writer.put32(V2_STATE, STATE_RUNNING);
        writer.put64(V2_MAGIC, V2_MAGIC_VALUE);
        writer
    }

    fn put64(&self, offset: u64, value: u64) {
        self.words[(offset / 8) as usize].store(value, Ordering::Release);
    }

    fn put32(&self, offset: u64, value: u64) {
        let word = &self.words[(offset / 8) as usize];
        let shift = offset % 8 * 8;
        let rest = word.load(Ordering::Acquire) & !(0xFFFF_FFFF << shift);
        word.store(rest | (value & 0xFFFF_FFFF) << shift, Ordering::Release);
    }

    fn get64(&self, offset: u64) -> u64 {
        self.words[(offset / 8) as usize].load(Ordering::Acquire)
    }

    /// Stereo frames that carry their number.
    fn write(&self, frames: u64) {
        let head = self.get64(V2_WRITE_HEAD);
        self.put64(V2_WRITE_CLAIM, head + frames);
        for frame in head..head + frames {
            let at = DATA + frame % RING_FRAMES * 8;
            self.put32(at, u64::from((frame as f32).to_bits()));
            self.put32(at + 4, u64::from((-(frame as f32)).to_bits()));
        }
        self.put64(V2_WRITE_HEAD, head + frames);
    }

    fn change_generation(&self, change: impl Fn(&Self)) {
        let generation = self.get64(V2_GENERATION);
        self.put64(V2_GENERATION, generation + 1);
        change(self);
        self.put64(V2_GENERATION_START, self.get64(V2_WRITE_HEAD));
        self.put64(V2_GENERATION, generation + 2);
    }

    fn reader(&self, start: Start) -> Result<Reader, Error> {
        Reader::attach("/test", Memory::image(self.words.clone()), start)
    }

    fn source(&self, options: Options) -> AudioSource {
        AudioSource::new(self.reader(Start::Newest).unwrap(), options)
    }
}

fn frames_of(audio: &[f32], first: u64) {
    for (i, pair) in audio.chunks(2).enumerate() {
        let number = (first + i as u64) as f32;
        assert_eq!(pair, [number, -number], "frame {}", first + i as u64);
    }
}

#[test]
fn frames_arrive_once_and_in_order() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    let mut next = 0;
    for block in [1, 100, 255, 256, 7, 200, 200] {
        writer.write(block);
        let mut audio = Vec::new();
        let read = reader.read(&mut audio, 1000).unwrap();
        assert_eq!((read.first_frame, read.frames), (next, block));
        assert_eq!(read.lost_frames, 0);
        frames_of(&audio, next);
        next += block;
    }
    assert_eq!(reader.position(), next);
}

#[test]
fn an_overrun_is_counted_to_the_frame() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    for _ in 0..10 {
        writer.write(100);
    }
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 1000).unwrap();
    assert_eq!((read.first_frame, read.frames), (744, 256));
    assert_eq!(read.lost_frames, 744);
    frames_of(&audio, 744);
}

#[test]
fn frames_under_the_claim_are_not_handed_out() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    writer.write(256);
    writer.put64(V2_WRITE_CLAIM, 300);
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 1000).unwrap();
    assert_eq!(
        (read.first_frame, read.frames, read.lost_frames),
        (44, 212, 44)
    );
    frames_of(&audio, 44);
}

#[test]
fn a_late_reader_begins_where_it_wants() {
    let writer = Writer::new();
    writer.write(200);
    writer.write(200);
    assert_eq!(writer.reader(Start::Newest).unwrap().position(), 400);
    assert_eq!(writer.reader(Start::Oldest).unwrap().position(), 144);
}

#[test]
fn reading_goes_on_past_2_to_the_32() {
    let writer = Writer::new();
    let start = (1 << 32) - 100;
    writer.put64(V2_WRITE_HEAD, start);
    writer.put64(V2_GENERATION_START, start);
    let mut reader = writer.reader(Start::Oldest).unwrap();
    writer.write(200);
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 1000).unwrap();
    assert_eq!((read.first_frame, read.frames), (start, 200));
    frames_of(&audio, start);
}

#[test]
fn a_new_generation_comes_alone_and_before_its_frames() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    writer.write(50);
    writer.change_generation(|w| {
        w.put32(V2_CHANNELS, 1);
        w.put32(V2_BYTES_PER_FRAME, 4);
        w.put32(V2_SAMPLE_RATE, 96000);
    });
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 1000).unwrap();
    assert!(read.new_generation && audio.is_empty());
    assert_eq!(read.lost_frames, 50);
    assert_eq!(reader.format().channels, 1);
    assert_eq!(reader.format().sample_rate, 96000);
    assert_eq!(reader.format().generation, 4);
    writer.put64(V2_WRITE_CLAIM, 60);
    writer.put64(V2_WRITE_HEAD, 60);
    let read = reader.read(&mut audio, 1000).unwrap();
    assert_eq!((read.first_frame, read.frames, audio.len()), (50, 10, 10));
}

#[test]
fn a_generation_that_is_being_made_is_waited_for() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    writer.put64(V2_GENERATION, 3);
    let read = reader.read(&mut Vec::new(), 10).unwrap();
    assert!(!read.new_generation && read.frames == 0);
    assert!(matches!(writer.reader(Start::Newest), Err(Error::NotReady)));
}

#[test]
fn a_generation_that_will_never_settle_does_not_hide_the_end() {
    for (state, retired, closed) in [(STATE_RETIRED, true, false), (STATE_CLOSED, false, true)] {
        let writer = Writer::new();
        let mut reader = writer.reader(Start::Newest).unwrap();
        writer.put64(V2_GENERATION, 3);
        writer.put32(V2_STATE, state);
        let read = reader.read(&mut Vec::new(), 10).unwrap();
        assert_eq!(
            (read.frames, read.retired, read.closed),
            (0, retired, closed)
        );
    }
}

/// A reader of frame 100 comes to an object of 300 frames whose ring holds 256.
fn comes_over(instance: u64, predecessor: u64, closed: bool) -> (u64, u64) {
    let old = Writer::new();
    let mut before = old.reader(Start::Newest).unwrap();
    old.write(100);
    before.read(&mut Vec::new(), 100).unwrap();
    old.put32(V2_STATE, if closed { STATE_CLOSED } else { STATE_RETIRED });
    let new = Writer::new();
    new.put64(V2_INSTANCE, instance);
    new.put64(V2_PREDECESSOR, predecessor);
    new.put64(V2_GENERATION, 8);
    new.write(200);
    let mut reader = new.reader(Start::Oldest).unwrap();
    let lost = reader.continue_from(&before);
    (reader.position(), lost)
}

#[test]
fn a_reader_goes_on_in_the_same_object_and_in_the_next_one_only() {
    assert_eq!(comes_over(1000, 0, false), (100, 0)); // the same
    assert_eq!(comes_over(2000, 1000, false), (100, 0)); // the next
    assert_eq!(comes_over(2000, 0, false), (0, 0));
    assert_eq!(comes_over(2000, 1001, false), (0, 0));
    assert_eq!(comes_over(2000, 1000, true), (0, 0)); // after a goodbye there is none
}

#[test]
fn what_was_overwritten_before_the_reader_came_over_is_lost() {
    let old = Writer::new();
    let mut before = old.reader(Start::Newest).unwrap();
    old.write(100);
    before.read(&mut Vec::new(), 60).unwrap();
    let new = Writer::new();
    new.put64(V2_INSTANCE, 2000);
    new.put64(V2_PREDECESSOR, 1000);
    new.put64(V2_WRITE_HEAD, 100);
    new.put64(V2_GENERATION_START, 100);
    new.write(10);
    let mut reader = new.reader(Start::Oldest).unwrap();
    assert_eq!(reader.continue_from(&before), 40);
    assert_eq!(reader.position(), 100);
}

#[test]
fn what_is_left_is_read_before_the_end_is_told() {
    for (state, retired, closed) in [(STATE_RETIRED, true, false), (STATE_CLOSED, false, true)] {
        let writer = Writer::new();
        let mut reader = writer.reader(Start::Newest).unwrap();
        writer.write(100);
        writer.put32(V2_STATE, state);
        let read = reader.read(&mut Vec::new(), 60).unwrap();
        assert!(!read.retired && !read.closed);
        let read = reader.read(&mut Vec::new(), 60).unwrap();
        assert_eq!(
            (read.frames, read.retired, read.closed),
            (40, retired, closed)
        );
    }
}

#[test]
fn each_field_of_the_header_is_checked() {
    let lies = [
        (V2_VERSION, 4, 3),
        (V2_TOTAL_BYTES, 8, u64::MAX),
        (V2_TOTAL_BYTES, 8, 0),
        (V2_DATA_OFFSET, 8, 0),
        (V2_DATA_OFFSET, 8, 8200),
        (V2_DATA_OFFSET, 8, u64::MAX - 4095),
        (V2_RING_BYTES, 8, u64::MAX),
        (V2_RING_BYTES, 8, 2040),
        (V2_RING_FRAMES, 8, 0),
        (V2_RING_FRAMES, 8, 300),
        (V2_RING_FRAMES, 8, 512),
        (V2_RING_FRAMES, 8, 1 << 61),
        (V2_CHANNELS, 4, 0),
        (V2_CHANNELS, 4, 65),
        (V2_CHANNELS, 4, 0x4000_0002),
        (V2_BYTES_PER_FRAME, 4, 4),
        (V2_SAMPLE_RATE, 4, 1),
        (V2_SAMPLE_RATE, 4, 768_001),
        (V2_SAMPLE_FORMAT, 4, 2),
        (V2_TIMEBASE_NUMER, 4, 0),
        (V2_TIMEBASE_DENOM, 4, 0),
        (V2_GENERATION_START, 8, 1),
        (V2_GENERATION, 8, 3),
        (V2_MAGIC, 8, 1),
        (V2_MAGIC, 8, 0),
    ];
    for (offset, bytes, value) in lies {
        let writer = Writer::new();
        assert!(writer.reader(Start::Newest).is_ok());
        if bytes == 4 {
            writer.put32(offset, value);
        } else {
            writer.put64(offset, value);
        }
        let result = writer.reader(Start::Newest);
        assert!(result.is_err(), "{value:#x} at {offset}");
        assert!(!result.unwrap_err().to_string().is_empty());
    }
}

#[test]
fn an_object_that_is_being_made_may_yet_become_ready() {
    let writer = Writer::new();
    writer.put64(V2_MAGIC, 0); // written last
    assert!(matches!(writer.reader(Start::Newest), Err(Error::NotReady)));
    writer.put32(V2_VERSION, 4096); // as v1: a ring of 4096 samples
    assert!(matches!(writer.reader(Start::Newest), Err(Error::NotGecko)));
}

#[test]
fn a_head_that_goes_back_is_an_error() {
    let writer = Writer::new();
    writer.write(100);
    let mut reader = writer.reader(Start::Newest).unwrap();
    writer.put64(V2_WRITE_HEAD, 10);
    assert!(matches!(
        reader.read(&mut Vec::new(), 10),
        Err(Error::Hostile(_))
    ));
}

#[test]
fn a_reader_that_is_overtaken_gets_no_torn_frame() {
    let writer = Writer::new();
    let mut reader = writer.reader(Start::Newest).unwrap();
    let other = writer.clone();
    let thread = thread::spawn(move || {
        // below 2^24, so that each number is exact
        for _ in 0..200_000 {
            other.write(32);
        }
    });
    let (mut next, mut frames, mut lost) = (0, 0, 0);
    // Also what is left when the writer has ended, so that something is read on any machine.
    loop {
        let over = thread.is_finished();
        let mut audio = Vec::new();
        let read = reader.read(&mut audio, 200).unwrap();
        assert_eq!(read.first_frame, next + read.lost_frames);
        frames_of(&audio, read.first_frame);
        next = read.first_frame + read.frames;
        frames += read.frames;
        lost += read.lost_frames;
        if over && read.frames == 0 {
            break;
        }
    }
    thread.join().unwrap();
    assert!(frames > 0 && lost > 0, "{frames} read, {lost} lost");
    assert_eq!(frames + lost, 200_000 * 32);
}

#[test]
fn the_source_waits_instead_of_ending() {
    let writer = Writer::new();
    let source = writer.source(Options::default());
    let other = writer.clone();
    let thread = thread::spawn(move || {
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(5));
            other.write(50);
        }
        other.put32(V2_STATE, STATE_CLOSED);
    });
    let audio: Vec<f32> = source.collect();
    thread.join().unwrap();
    assert_eq!(audio.len(), 500);
    frames_of(&audio, 0);
}

#[test]
fn the_source_counts_what_it_sees() {
    let writer = Writer::new();
    let mut source = writer.source(Options::default());
    writer.write(256);
    writer.write(100);
    assert_eq!(source.by_ref().take(512).count(), 512);
    writer.change_generation(|_| {});
    writer.write(10);
    writer.put32(V2_STATE, STATE_CLOSED);
    assert_eq!(source.by_ref().count(), 20);
    let stats = source.stats();
    assert_eq!((stats.frames, stats.lost_frames), (266, 100));
    assert_eq!((stats.generations, stats.reopened), (1, 0));
    assert!(stats.underruns >= 1);
    assert!(source.error().is_none());
}

#[test]
fn the_source_ends_when_it_is_stopped() {
    let writer = Writer::new();
    let mut source = writer.source(Options::default());
    let handle = source.stop_handle();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        handle.stop();
    });
    assert_eq!(source.next(), None);
    thread.join().unwrap();
    writer.write(10);
    assert_eq!(source.next(), None);
}

#[test]
fn a_source_that_is_stopped_hands_out_no_more_than_the_frame_it_began() {
    let writer = Writer::new();
    let mut source = writer.source(Options::default());
    writer.write(100);
    assert_eq!(source.by_ref().take(5).count(), 5);
    source.stop_handle().stop();
    assert_eq!(source.next(), Some(-2.0)); // the other half of frame 2
    assert_eq!(source.next(), None);
    assert_eq!(source.next(), None);
}

#[test]
fn a_source_that_waits_for_a_driver_can_be_stopped() {
    let handle = StopHandle::default();
    let options = Options::default()
        .wait_for_driver(true)
        .poll(Duration::from_micros(100))
        .stop(handle.clone());
    let thread = thread::spawn(move || AudioSource::open("/gecko-client-no-such", options));
    thread::sleep(Duration::from_millis(20));
    assert!(!thread.is_finished());
    handle.stop();
    assert!(matches!(thread.join().unwrap(), Err(Error::Stopped)));
}

#[test]
fn the_source_ends_where_the_format_changes_if_asked() {
    let writer = Writer::new();
    let mut source = writer.source(Options::default().end_on_format_change(true));
    writer.write(10);
    assert_eq!(source.by_ref().take(20).count(), 20);
    writer.change_generation(|w| w.put32(V2_SAMPLE_RATE, 44100));
    writer.write(5);
    assert_eq!(source.next(), None);
    assert_eq!(source.format().sample_rate, 44100);
    writer.put32(V2_STATE, STATE_CLOSED);
    assert_eq!(source.count(), 10);
}

#[test]
fn the_source_ends_with_the_error_that_ended_it() {
    let writer = Writer::new();
    let mut source = writer.source(Options::default());
    writer.change_generation(|w| w.put32(V2_CHANNELS, 0));
    assert_eq!(source.next(), None);
    assert!(matches!(source.error(), Some(Error::Hostile("channels"))));
}

#[test]
fn what_cannot_be_opened_says_why() {
    for name in [
        "",
        "/",
        "gecko",
        "/a/b",
        "/1234567890123456789012345678901",
        "/a\0b",
    ] {
        assert!(matches!(
            Reader::open(name, Start::Newest),
            Err(Error::Name(_))
        ));
    }
    let error = Reader::open("/gecko-client-no-such", Start::Newest).unwrap_err();
    assert!(error.is_temporary());
    assert!(error.to_string().contains("/gecko-client-no-such"));
}
