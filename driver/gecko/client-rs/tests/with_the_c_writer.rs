//! Against the driver's own writer, in another process: `GECKO_SHM_TOOL` names the tool. CTest sets it
//! and asks for these tests; without it they do not run.

use gecko_client::{AudioSource, Options, Reader, Start, Stats};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A running `gecko_shm_tool write --step`; what it leaves is removed at the end.
struct Tool {
    path: String,
    name: String,
    process: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Tool {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self {
            path: std::env::var("GECKO_SHM_TOOL").expect("GECKO_SHM_TOOL names gecko_shm_tool"),
            name: format!("/gkr-{}-{count}", std::process::id()),
            process: None,
        }
    }

    /// Makes the memory; returns "ready new" or "ready continued".
    fn start(&mut self, options: &str) -> String {
        let mut child = Command::new(&self.path)
            .args(["write", "--step", "--name", &self.name])
            .args(options.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        self.process = Some((child, input, output));
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let (_, _, output) = self.process.as_mut().expect("the tool runs");
        output.read_line(&mut line).expect("the tool speaks");
        line.trim_end().to_owned()
    }

    fn go(&mut self) {
        let (_, input, _) = self.process.as_mut().expect("the tool runs");
        writeln!(input).expect("the tool listens");
    }

    /// Lets it write all blocks; returns "done" and the next frame.
    fn write(&mut self) -> String {
        self.go();
        self.line()
    }

    /// Lets it close in good order; a tool with `--keep` has ended by itself.
    fn end(&mut self) {
        let (mut child, mut input, _) = self.process.take().expect("the tool runs");
        let _ = writeln!(input);
        assert!(child.wait().expect("the tool ends").success());
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if let Some((mut child, ..)) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = Command::new(&self.path)
            .args(["unlink", &self.name])
            .stderr(Stdio::null())
            .status();
    }
}

/// What the tool writes: sample k is (k mod M - 2^23) / 2^23.
fn sample(frame: u64, channel: u64, channels: u64) -> f32 {
    let frames = (1 << 24) / channels;
    let code = frame % frames * channels + channel;
    (code as i64 - (1 << 23)) as f32 / (1 << 23) as f32
}

fn check(audio: &[f32], first: u64, channels: u64) {
    for (i, &got) in audio.iter().enumerate() {
        let (frame, channel) = (first + i as u64 / channels, i as u64 % channels);
        assert_eq!(got, sample(frame, channel, channels), "frame {frame}");
    }
}

// The rings hold all that is written: a machine that stalls loses nothing.

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn every_sample_arrives_once_and_in_order() {
    let mut tool = Tool::new();
    tool.start("--ring-frames 131072 --blocks 200 --gap-us 500");
    let mut source = AudioSource::open(&tool.name, Options::default()).unwrap();
    assert_eq!(source.format().channels, 2);
    assert_eq!(source.format().sample_rate, 48000);
    tool.go();
    let audio: Vec<f32> = source.by_ref().take(200 * 480 * 2).collect();
    check(&audio, 0, 2);
    assert_eq!(tool.line(), "done 96000");
    tool.end();
    assert_eq!(source.next(), None);
    let stats = source.stats();
    assert_eq!((stats.frames, stats.lost_frames), (96000, 0));
    assert!(stats.underruns > 0);
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn numbers_go_on_past_2_to_the_32() {
    let mut tool = Tool::new();
    tool.start("--start-frame 4294966296 --channels 6 --blocks 20");
    assert_eq!(tool.write(), "done 4294975896");
    let mut reader = Reader::open(&tool.name, Start::Oldest).unwrap();
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 20000).unwrap();
    assert_eq!((read.first_frame, read.frames), (4_294_966_296, 9600));
    check(&audio, read.first_frame, 6);
    tool.end();
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_slow_reader_knows_what_it_lost() {
    let mut tool = Tool::new();
    tool.start("--ring-frames 1024 --blocks 50");
    let mut reader = Reader::open(&tool.name, Start::Newest).unwrap();
    tool.write();
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 20000).unwrap();
    assert_eq!(read.lost_frames, 24000 - 1024);
    assert_eq!((read.first_frame, read.frames), (24000 - 1024, 1024));
    check(&audio, read.first_frame, 2);
    tool.end();
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_change_of_rate_is_a_new_generation() {
    let mut tool = Tool::new();
    tool.start("--ring-frames 32768 --blocks 40 --change-rate 96000");
    let mut reader = Reader::open(&tool.name, Start::Newest).unwrap();
    tool.write();
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 32768).unwrap();
    assert!(read.new_generation && audio.is_empty());
    assert_eq!(read.lost_frames, 20 * 480);
    assert_eq!(reader.format().sample_rate, 96000);
    let read = reader.read(&mut audio, 32768).unwrap();
    assert_eq!((read.first_frame, read.frames), (20 * 480, 20 * 480));
    check(&audio, read.first_frame, 2);
    tool.end();
}

/// A driver that leaves its memory behind, then one that says `greeting`, each with 20 blocks: a
/// source must give the frames of both.
fn killed_and_followed(first: &str, second: &str, greeting: &str) -> Stats {
    let mut tool = Tool::new();
    assert_eq!(tool.start(&format!("{first} --keep")), "ready new");
    let mut source = AudioSource::open(&tool.name, Options::default()).unwrap();
    tool.write();
    tool.end();
    let audio: Vec<f32> = source.by_ref().take(20 * 480 * 2).collect();
    check(&audio, 0, 2);
    assert_eq!(tool.start(second), greeting);
    tool.write();
    let audio: Vec<f32> = source.by_ref().take(20 * 480 * 2).collect();
    check(&audio, 20 * 480, 2);
    tool.end();
    assert_eq!(source.next(), None);
    source.stats()
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_driver_that_was_killed_is_followed_by_the_next() {
    let stats = killed_and_followed("--blocks 20", "--blocks 20", "ready continued");
    assert_eq!((stats.lost_frames, stats.generations), (0, 1));
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_driver_that_comes_back_with_a_larger_ring_is_followed() {
    let stats = killed_and_followed(
        "--ring-frames 16384 --blocks 20",
        "--ring-frames 65536 --blocks 20",
        "ready new",
    );
    assert_eq!((stats.lost_frames, stats.reopened), (0, 1));
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_reader_that_opens_the_same_object_again_stays_where_it_is() {
    let mut tool = Tool::new();
    tool.start("--blocks 20 --keep");
    tool.write();
    tool.end();
    let mut reader = Reader::open(&tool.name, Start::Oldest).unwrap();
    let mut audio = Vec::new();
    reader.read(&mut audio, 5000).unwrap();
    assert_eq!(reader.reopen().unwrap(), 0);
    assert_eq!(reader.position(), 5000);
    reader.read(&mut audio, 20000).unwrap();
    check(&audio, 0, 2);
    assert_eq!(audio.len(), 20 * 480 * 2);
}

#[test]
#[ignore = "needs GECKO_SHM_TOOL, the built gecko_shm_tool"]
fn a_source_can_wait_for_the_driver_and_for_the_next_one() {
    let mut tool = Tool::new();
    let name = tool.name.clone();
    let options = Options::default()
        .wait_for_driver(true)
        .start(Start::Oldest)
        .poll(Duration::from_micros(500));
    let (send, receive) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut source = AudioSource::open(&name, options).unwrap();
        for _ in 0..2 {
            let audio: Vec<f32> = source.by_ref().take(10 * 480 * 2).collect();
            check(&audio, 0, 2); // each driver counts from 0
            send.send(source.stop_handle()).unwrap();
        }
        assert_eq!(source.next(), None); // waits for a third driver until it is stopped
        source.stats()
    });
    let stops: Vec<_> = (0..2)
        .map(|_| {
            tool.start("--blocks 10");
            tool.write();
            let stop = receive.recv().unwrap();
            tool.end();
            stop
        })
        .collect();
    stops[1].stop();
    let stats = reading.join().unwrap();
    assert_eq!((stats.frames, stats.lost_frames), (9600, 0));
    assert_eq!(stats.reopened, 1);
}
