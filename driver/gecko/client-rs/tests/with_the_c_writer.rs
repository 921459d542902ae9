//! Against the driver's own writer, in another process: `GECKO_SHM_TOOL` names the tool.

use gecko_client::{AudioSource, Options, Reader, Start};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A running `gecko_shm_tool write`; what it leaves is removed at the end.
struct Tool {
    path: String,
    name: String,
    child: Option<Child>,
    output: Option<BufReader<ChildStdout>>,
}

impl Tool {
    /// `None`, and a line that says so, when there is no tool.
    fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Ok(path) = std::env::var("GECKO_SHM_TOOL") else {
            println!("skipped: GECKO_SHM_TOOL does not name the built gecko_shm_tool");
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Some(Self {
            path,
            name: format!("/gkr-{}-{count}", std::process::id()),
            child: None,
            output: None,
        })
    }

    /// Returns what it says when the memory is there: "ready new" or "ready continued".
    fn start(&mut self, options: &[&str]) -> String {
        let mut child = Command::new(&self.path)
            .args(["write", "--name", &self.name])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        self.output = child.stdout.take().map(BufReader::new);
        self.child = Some(child);
        self.line()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("the tool runs");
        output.read_line(&mut line).expect("the tool speaks");
        line.trim_end().to_owned()
    }

    fn wait(&mut self) {
        if let Some(mut child) = self.child.take() {
            assert!(child.wait().expect("the tool ends").success());
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
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

#[test]
fn every_sample_arrives_once_and_in_order() {
    let Some(mut tool) = Tool::new() else { return };
    tool.start(&[
        "--blocks",
        "200",
        "--gap-us",
        "500",
        "--before-us",
        "200000",
    ]);
    let mut source = AudioSource::open(&tool.name, Options::default()).unwrap();
    assert_eq!(source.format().channels, 2);
    assert_eq!(source.format().sample_rate, 48000);
    let audio: Vec<f32> = source.by_ref().collect();
    assert_eq!(audio.len(), 200 * 480 * 2);
    check(&audio, 0, 2);
    let stats = source.stats();
    assert_eq!((stats.frames, stats.lost_frames), (96000, 0));
    assert!(stats.underruns > 0);
    tool.wait();
}

#[test]
fn numbers_go_on_past_2_to_the_32() {
    let Some(mut tool) = Tool::new() else { return };
    tool.start(&[
        "--start-frame",
        "4294966296",
        "--channels",
        "6",
        "--blocks",
        "20",
        "--after-us",
        "300000",
    ]);
    assert_eq!(tool.line(), "done 4294975896");
    let mut reader = Reader::open(&tool.name, Start::Oldest).unwrap();
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 20000).unwrap();
    assert_eq!((read.first_frame, read.frames), (4_294_966_296, 9600));
    check(&audio, read.first_frame, 6);
    tool.wait();
}

#[test]
fn a_slow_reader_knows_what_it_lost() {
    let Some(mut tool) = Tool::new() else { return };
    tool.start(&[
        "--ring-frames",
        "1024",
        "--blocks",
        "50",
        "--before-us",
        "200000",
        "--after-us",
        "300000",
    ]);
    let mut reader = Reader::open(&tool.name, Start::Newest).unwrap();
    tool.line();
    let mut audio = Vec::new();
    let read = reader.read(&mut audio, 20000).unwrap();
    assert_eq!(read.lost_frames, 24000 - 1024);
    assert_eq!((read.first_frame, read.frames), (24000 - 1024, 1024));
    check(&audio, read.first_frame, 2);
    tool.wait();
}

#[test]
fn a_change_of_rate_and_a_killed_driver_are_lived_through() {
    let Some(mut tool) = Tool::new() else { return };
    let write = [
        "--blocks",
        "40",
        "--gap-us",
        "1000",
        "--before-us",
        "150000",
        "--change-rate",
        "96000",
    ];
    let killed = [&write[..], &["--keep"]].concat();
    assert_eq!(tool.start(&killed), "ready new");
    let mut source = AudioSource::open(&tool.name, Options::default()).unwrap();
    let first: Vec<f32> = source.by_ref().take(40 * 480 * 2).collect();
    check(&first, 0, 2);
    assert_eq!(source.format().sample_rate, 96000);
    tool.wait();
    assert_eq!(tool.start(&write), "ready continued");
    let second: Vec<f32> = source.by_ref().collect();
    check(&second, 40 * 480, 2);
    assert_eq!(second.len(), 40 * 480 * 2);
    let stats = source.stats();
    assert_eq!((stats.lost_frames, stats.generations), (0, 3));
    tool.wait();
}

#[test]
fn a_source_can_wait_for_the_driver_and_for_the_next_one() {
    let Some(mut tool) = Tool::new() else { return };
    let name = tool.name.clone();
    let options = Options::default()
        .wait_for_driver(true)
        .start(Start::Oldest)
        .poll(Duration::from_micros(500));
    let (send, receive) = std::sync::mpsc::channel();
    let reading = std::thread::spawn(move || {
        let mut source = AudioSource::open(&name, options).unwrap();
        send.send(source.stop_handle()).unwrap();
        let audio: Vec<f32> = source.by_ref().take(2 * 10 * 480 * 2).collect();
        assert_eq!(source.next(), None); // waits for a third driver until it is stopped
        (audio, source.stats())
    });
    for _ in 0..2 {
        tool.start(&[
            "--blocks",
            "10",
            "--before-us",
            "50000",
            "--after-us",
            "100000",
        ]);
        tool.wait();
    }
    let stop = receive.recv().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    stop.stop();
    let (audio, stats) = reading.join().unwrap();
    check(&audio[..9600], 0, 2);
    check(&audio[9600..], 0, 2);
    assert_eq!((stats.frames, stats.lost_frames), (9600, 0));
    assert_eq!(stats.reopened, 1);
}
