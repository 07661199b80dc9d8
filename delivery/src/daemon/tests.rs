use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_config::process::published;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn settings(folder: &Path, native: &str, admin: &str) -> Settings {
    let text = format!(
        "{{data_dir: data, allow_tmpfs: true,
          listen: {{native: {{address: '{native}'}}, admin: {{address: '{admin}'}}}},
          streams: {{web: {{destination: {{file: {{path: out}}}}}}}}}}"
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
    assert!(began.elapsed() < 3 * SECOND, "{:?}", began.elapsed());
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery.yaml");
    std::fs::write(&path, "data_dir: data\nstrems: {}\n").unwrap();
    assert_eq!(run(&path, SECOND), Exit::Wrong);
    assert_eq!(check(&path, false), Exit::Wrong);
    assert!(!folder.path().join("data").exists());
    assert_eq!(run(&folder.path().join("none.yaml"), SECOND), Exit::Wrong);
}
