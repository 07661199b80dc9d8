use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_config::frame::{
    Encoder, Evidence, Frame, HeldSource, MEDIA_TYPE, Outcome, Range, Reply, Tail,
};
use standpipe_config::names::{AgentId, Fingerprint, SourceId};
use standpipe_config::process::published;
use standpipe_config::records::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings(folder: &Path, native: &str, admin: &str) -> Settings {
    let text = format!(
        "{{data_dir: data, allow_tmpfs: true, limits: {{disk: 1GiB}},
          listen: {{native: {{address: '{native}'}}, admin: {{address: '{admin}'}}}},
          streams: {{web: {{buffering: {{size: 1MiB, interval: 0s}},
                            destination: {{file: {{path: out}}}}}}}}}}"
    );
    delivery::read(&text, "test.yaml", folder).unwrap().settings
}

fn anywhere(folder: &Path) -> Settings {
    settings(folder, "127.0.0.1:0", "127.0.0.1:0")
}

async fn start(settings: Settings) -> Result<Running, CannotStart> {
    Running::start(settings, Metrics::detached()).await
}

fn doors(folder: &Path) -> BTreeMap<String, SocketAddr> {
    let text = std::fs::read(folder.join("data").join(published::FILE)).unwrap();
    serde_json::from_slice(&text).unwrap()
}

async fn get(door: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(door).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

async fn post(door: SocketAddr, headers: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(door).await.unwrap();
    let head = format!(
        "POST /v1/streams/web/records HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    stream.write_all(&request).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

async fn books(admin: SocketAddr) -> [u64; 5] {
    let reply = get(admin, "/status").await;
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    let status: serde_json::Value = serde_json::from_str(body).unwrap();
    let books = &status["streams"]["web"]["books"];
    ["accepted", "delivered", "failed", "dropped", "waiting"]
        .map(|name| books[name].as_u64().unwrap_or_else(|| panic!("{status}")))
}

async fn delivered(admin: SocketAddr, records: u64) {
    for _ in 0..1000 {
        if books(admin).await == [records, records, 0, 0, 0] {
            return;
        }
        tokio::time::sleep(SECOND / 50).await;
    }
    panic!(
        "{records} records were not delivered: {:?}",
        books(admin).await
    );
}

/// All that was delivered, each line once, sorted.
fn lines(folder: &Path) -> Vec<String> {
    let mut folders = vec![folder.to_owned()];
    let mut lines = vec![];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = std::fs::read_to_string(path).unwrap();
                lines.extend(text.lines().map(str::to_owned));
            }
        }
    }
    lines.sort();
    lines
}

fn soon() -> Instant {
    Instant::now() + 5 * SECOND
}

#[tokio::test]
async fn what_was_started_is_found_ready_and_stops_clean() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(anywhere(folder.path())).await.unwrap();
    let doors = doors(folder.path());
    assert_eq!(doors.len(), 2, "{doors:?}");
    let ready = get(doors["admin"], "/ready").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    let status = get(doors["admin"], "/status").await;
    assert!(status.contains(r#"{"version":"#), "{status}");
    let metrics = get(doors["admin"], "/metrics").await;
    assert!(metrics.contains("standpipe_build_info"), "{metrics}");
    let native = get(doors["native"], "/").await;
    assert!(native.starts_with("HTTP/1.1 404"), "{native}");

    assert_eq!(running.stop(soon()).await, Exit::Done);
    assert!(!folder.path().join("data").join(published::FILE).exists());
    for door in doors.values() {
        assert!(TcpStream::connect(door).await.is_err());
    }
    let again = start(anywhere(folder.path())).await.unwrap();
    assert_eq!(again.stop(soon()).await, Exit::Done);
}

#[tokio::test]
async fn what_comes_in_goes_out_over_a_restart_and_the_books_balance() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(anywhere(folder.path())).await.unwrap();
    let at = doors(folder.path());
    let key = "idempotency-key: once\r\n";
    for _ in 0..2 {
        let reply = post(at["native"], key, b"a\nb\n\nc").await;
        assert_eq!(reply, r#"{"accepted":3,"first_position":0}"#);
    }
    let reply = post(at["native"], "", b"\n").await;
    assert_eq!(reply, r#"{"accepted":0,"first_position":3}"#);
    delivered(at["admin"], 3).await;
    assert_eq!(first.stop(soon()).await, Exit::Done);

    let second = start(anywhere(folder.path())).await.unwrap();
    let at = doors(folder.path());
    let reply = post(at["native"], "", b"d").await;
    assert_eq!(reply, r#"{"accepted":1,"first_position":3}"#);
    delivered(at["admin"], 4).await;
    assert_eq!(lines(&folder.path().join("out")), ["a", "b", "c", "d"]);
    assert_eq!(second.stop(soon()).await, Exit::Done);
}

fn evidence(source: SourceId) -> Evidence {
    Evidence {
        source,
        path: "/var/log/app.log".into(),
        device: 1,
        inode: 2,
        generation: 3,
        birth: 4,
        prefix_length: 5,
        prefix: Fingerprint::of(b"line\n"),
    }
}

// Rules 2, 3 and 6, through the door.
#[tokio::test]
async fn an_agent_that_repeats_itself_stores_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(anywhere(folder.path())).await.unwrap();
    let at = doors(folder.path());
    let agent = AgentId([1; 16]);
    let source = SourceId([2; 16]);
    let mut records = Builder::default();
    records.push_plain(b"line");
    let tail = Tail {
        length: 5,
        hash: Fingerprint::of(b"line\n"),
    };
    let (epoch, start, end, committed) = (0, 0, 5, 0);
    let range = Range {
        source,
        epoch,
        start,
        end,
        committed,
        tail: Some(tail),
    };
    let mut frames = Encoder::new(agent);
    frames.push(&Frame::Identify(evidence(source)));
    frames.push(&Frame::Records(range, records.finish()));
    let (frames, kind) = (frames.finish(), format!("content-type: {MEDIA_TYPE}\r\n"));
    for outcome in [Outcome::Stored, Outcome::Held] {
        let reply = post(at["native"], &kind, &frames).await;
        let reply: Reply = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply.answers[1].outcome, outcome, "{reply:?}");
    }
    delivered(at["admin"], 1).await;
    let held = get(
        at["native"],
        &format!("/v1/streams/web/sources?agent={agent}"),
    )
    .await;
    let (_, held) = held.split_once("\r\n\r\n").unwrap();
    let held: Vec<HeldSource> = serde_json::from_str(held).unwrap();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!((held[0].mark.source, held[0].mark.offset), (source, 5));
    assert_eq!(held[0].evidence, Some(evidence(source)));
    running.stop(soon()).await;
}

#[tokio::test]
async fn two_daemons_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = start(anywhere(folder.path())).await.unwrap();
    let published = doors(folder.path());
    let refused = start(anywhere(folder.path())).await.unwrap_err();
    assert!(
        refused.to_string().contains("in use by another process"),
        "{refused}"
    );
    assert_eq!(refused.exit(), Exit::Failed);
    assert_eq!(
        doors(folder.path()),
        published,
        "the second took the first one's addresses away"
    );
}

#[tokio::test]
async fn a_door_that_cannot_open_fails_the_start_by_name() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (native, admin, name) in [
        (taken.as_str(), "127.0.0.1:0", "native"),
        ("127.0.0.1:0", taken.as_str(), "admin"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let refused = start(settings(folder.path(), native, admin))
            .await
            .unwrap_err();
        let expected = format!("cannot open the {name} door at {taken}");
        assert!(refused.to_string().contains(&expected), "{refused}");
        assert_eq!(refused.exit(), Exit::Failed);
    }
}

#[tokio::test]
async fn a_slow_caller_does_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(anywhere(folder.path())).await.unwrap();
    let native = doors(folder.path())["native"];
    let mut slow = TcpStream::connect(native).await.unwrap();
    let head = "POST /v1/streams/web/records HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nfour";
    slow.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(SECOND / 5).await;
    let began = Instant::now();
    running.stop(began + 2 * SECOND).await;
    assert!(began.elapsed() >= SECOND, "nothing was in hand");
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.yaml");
    std::fs::write(&path, "data_dir: data\nstrems: {}\n").unwrap();
    assert_eq!(run(&path, SECOND), Exit::Wrong);
    assert_eq!(check(&path, false, false), Exit::Wrong);
    assert!(!folder.path().join("data").exists());
    assert_eq!(run(&folder.path().join("none.yaml"), SECOND), Exit::Wrong);
}
