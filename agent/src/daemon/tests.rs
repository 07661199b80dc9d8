//! The whole agent on real files, against a daemon that misbehaves.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use standpipe_config::process::exit::Exit;
use standpipe_config::settings::agent::{Flow, Settings, Ship};
use standpipe_config::tls::Trust;
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::run::{CannotStart, Wish, run_until};
use super::stand_in::{Mood, StandIn};

/// With good ones between, so that the waits stay short.
const ALL_MOODS: [Mood; 12] = [
    Mood::Status(503),
    Mood::ReplyLost,
    Mood::Cut,
    Mood::Good,
    Mood::Status(429),
    Mood::Status(500),
    Mood::Nonsense,
    Mood::Good,
    Mood::TooFew,
    Mood::ReplyLost,
    Mood::Cut,
    Mood::Good,
];

struct Place {
    folder: TempDir,
    daemon: StandIn,
    written: usize,
    in_flight: u64,
}

struct Running {
    wish: mpsc::Sender<Wish>,
    done: tokio::task::JoinHandle<Result<Exit, CannotStart>>,
}

impl Place {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("log")).unwrap();
        Self {
            folder,
            daemon: StandIn::start(),
            written: 0,
            in_flight: 4 << 20,
        }
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.path().join("log").join(name)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn settings(&self) -> Settings {
        Settings {
            data_dir: self.data(),
            allow_tmpfs: true,
            admin: None,
            ship: Ship::Standpipe {
                url: self.daemon.url.clone(),
                token: None,
                trust: Trust::default(),
            },
            in_flight: self.in_flight,
            flows: vec![Flow {
                exclude: vec!["*.gz".into()],
                max_line: 1000,
                ..Flow::new(
                    vec![self.log("app.log*").to_str().unwrap().to_owned()],
                    "web".parse().unwrap(),
                )
            }],
        }
    }

    fn start(&self, once: bool) -> Running {
        let (wish, wishes) = mpsc::channel(2);
        let done = tokio::spawn(run_until(self.settings(), once, wishes));
        Running { wish, done }
    }

    async fn once(&self) -> Exit {
        let running = self.start(true);
        let ended = tokio::time::timeout(Duration::from_secs(60), running.done).await;
        ended.unwrap().unwrap().unwrap()
    }

    fn write(&mut self, name: &str, lines: usize) {
        let mut text = String::new();
        for _ in 0..lines {
            text.push_str(&format!(
                "line {} {}\n",
                self.written,
                "x".repeat(self.written % 90)
            ));
            self.written += 1;
        }
        append(&self.log(name), text.as_bytes());
    }

    async fn arrived(&self) {
        let began = Instant::now();
        while self.daemon.lines("web").len() < self.written {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "it does not arrive"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn check(&self) {
        let lines = self.daemon.lines("web");
        assert_eq!(lines.len(), self.written);
        assert!(lines.values().all(|times| *times == 1), "nothing twice");
    }
}

impl Running {
    async fn stop(self) -> Exit {
        self.wish.send(Wish::Stop("the test")).await.unwrap();
        self.done.await.unwrap().unwrap()
    }
}

fn append(path: &Path, bytes: &[u8]) {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.unwrap().write_all(bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ships_everything_and_ends() {
    let mut place = Place::new();
    place.write("app.log", 3000);
    place.write("app.log.1", 10);
    append(&place.log("app.log.2.gz"), b"excluded\n");
    assert_eq!(place.once().await, Exit::Done);
    place.check();
    place.write("app.log", 5);
    assert_eq!(place.once().await, Exit::Done);
    place.check();
    let head = place.daemon.state().heads[0].to_ascii_lowercase();
    for part in [
        "post /v1/streams/web/records http/1.1",
        "content-type: application/vnd.standpipe.frames",
        "content-encoding: zstd",
    ] {
        assert!(head.contains(part), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mood_of_the_daemon_loses_or_repeats_a_line() {
    let mut place = Place::new();
    place.in_flight = 256 << 10;
    place.write("app.log", 15_000);
    place.write("app.log.1", 15_000);
    place.daemon.moods(&ALL_MOODS);
    assert_eq!(place.once().await, Exit::Done);
    place.check();
    assert!(place.daemon.state().moods.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_large_is_sent_in_halves() {
    let mut place = Place::new();
    place.write("app.log", 20_000);
    place.daemon.state().most = Some(2000);
    assert_eq!(place.once().await, Exit::Done);
    place.check();
    assert!(place.daemon.state().requests > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_and_rotated_arrives_within_moments() {
    let mut place = Place::new();
    place.write("app.log", 100);
    let running = place.start(false);
    place.arrived().await;
    for round in 0..5 {
        place.write("app.log", 50);
        fs::rename(place.log("app.log"), place.log(&format!("old.{round}"))).unwrap();
        place.write("app.log", 50);
        place.write(&format!("old.{round}"), 5);
        let began = Instant::now();
        place.arrived().await;
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "at the next scan at the latest"
        );
    }
    place.write("app.log", 1);
    let began = Instant::now();
    place.arrived().await;
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "notices make it quick"
    );
    assert_eq!(running.stop().await, Exit::Done);
    place.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_daemon_stops_nobody_from_stopping() {
    let mut place = Place::new();
    place.write("app.log", 10);
    place.daemon.moods(&[Mood::Status(503); 1000]);
    for (once, exit) in [(false, Exit::Done), (true, Exit::Failed)] {
        let running = place.start(once);
        tokio::time::sleep(Duration::from_millis(300)).await;
        let began = Instant::now();
        assert_eq!(running.stop().await, exit);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    place.daemon.state().moods.clear();
    assert_eq!(place.once().await, Exit::Done);
    place.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_6_lost_progress_is_rebuilt_from_what_the_daemon_holds() {
    for damage in [damage_progress, delete_progress] {
        let mut place = Place::new();
        place.write("app.log", 100);
        place.write("app.log.1", 100);
        assert_eq!(place.once().await, Exit::Done);
        damage(&place.data());
        place.write("app.log", 10);
        assert_eq!(place.once().await, Exit::Done);
        place.check();
        place.write("app.log.1", 10);
        assert_eq!(place.once().await, Exit::Done);
        place.check();
    }
}

fn progress_files(data: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(data).unwrap().map(|file| file.unwrap().path());
    let found: Vec<_> = files
        .filter(|p| {
            p.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("progress.")
        })
        .collect();
    assert!(!found.is_empty());
    found
}

fn damage_progress(data: &Path) {
    for file in progress_files(data) {
        let mut bytes = fs::read(&file).unwrap();
        bytes[40] ^= 1;
        fs::write(&file, bytes).unwrap();
    }
}

fn delete_progress(data: &Path) {
    progress_files(data)
        .into_iter()
        .for_each(|file| fs::remove_file(file).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_do_not_share_a_folder() {
    let place = Place::new();
    let running = place.start(false);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (_stop, stops) = mpsc::channel(2);
    let second = run_until(place.settings(), true, stops).await;
    assert!(matches!(second, Err(CannotStart::Folder(_))), "{second:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn once_says_that_something_could_not_be_read() {
    let mut place = Place::new();
    place.write("app.log", 10);
    // Root reads everything, but nobody gets through a link to itself.
    std::os::unix::fs::symlink("loop", place.log("loop")).unwrap();
    let mut settings = place.settings();
    let path = place.log("loop").to_str().unwrap().to_owned();
    settings.flows[0].paths.push(path);
    let (_stop, stops) = mpsc::channel(2);
    assert_eq!(
        run_until(settings, true, stops).await.unwrap(),
        Exit::Failed
    );
    place.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_positions_and_what_only_a_descriptor_can_read() {
    let mut place = Place::new();
    place.write("app.log", 50);
    let running = place.start(false);
    place.arrived().await;
    // Unread, without a name, and the daemon takes nothing for a while.
    place.daemon.moods(&[Mood::Status(503); 3]);
    place.write("app.log", 5000);
    until_seen(&place, 5050).await;
    fs::remove_file(place.log("app.log")).unwrap();
    place.write("other.log", 20);
    let mut settings = place.settings();
    let other = place.log("other.log").to_str().unwrap().to_owned();
    settings
        .flows
        .push(Flow::new(vec![other], "other".parse().unwrap()));
    running
        .wish
        .send(Wish::Reload(Box::new(settings)))
        .await
        .unwrap();
    let began = Instant::now();
    let both = || [place.daemon.lines("web"), place.daemon.lines("other")];
    while both().iter().map(|lines| lines.len()).sum::<usize>() < place.written {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it does not arrive"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(running.stop().await, Exit::Done);
    let [web, other] = both();
    assert_eq!((web.len(), other.len()), (5050, 20));
    assert!(
        web.values().chain(other.values()).all(|times| *times == 1),
        "nothing twice"
    );
}

/// The agent holds a descriptor of the file: it has asked for what is in it.
async fn until_seen(place: &Place, lines: usize) {
    let requests = place.daemon.state().requests;
    let began = Instant::now();
    while place.daemon.state().requests == requests && place.daemon.lines("web").len() < lines {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "it asks for nothing"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
