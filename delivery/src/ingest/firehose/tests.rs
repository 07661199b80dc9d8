//! The door over a real socket, with raw HTTP, before streams that live in the test.

use std::time::Duration;

use standpipe_config::process::door::{Bounds, Door};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::disk::Full;
use crate::ingest::store::StandIn;
use crate::journal::{Content, Refusal};

const MIB: usize = 1024 * 1024;
const MEMORY: usize = 64 * MIB;
const SHORT: Duration = Duration::from_millis(300);
const PUT: &str = "PutRecord";
const ONE: &str = r#"{"DeliveryStreamName":"web","Record":{"Data":"YQ=="}}"#;

struct Running {
    address: SocketAddr,
    streams: Arc<StandIn>,
    admission: Admission,
}

/// A door without keys before some streams.
pub(super) fn before(store: Store, created: Created) -> Firehose {
    let admission = Admission::new(MEMORY as u64, SHORT);
    let mut waiting = WaitingRoom::beside(&admission);
    waiting.patience = 2 * SHORT;
    Firehose {
        store,
        created,
        keys: Keys::new(vec![]),
        names: Names {
            region: "eu-1".into(),
            account: "111122223333".into(),
        },
        waiting,
        admission,
        workers: Workers::default(),
        pace: body::Pace {
            silence: SHORT,
            whole: 5 * SHORT,
        },
    }
}

async fn real_streams(folder: &std::path::Path) -> Streams {
    let resources = crate::stream::Resources {
        data_dir: folder.join("data"),
        high_water: standpipe_config::settings::delivery::HighWater::Free(0),
        memory: 128 << 20,
        threads: crate::lane::Threads::here(),
    };
    Streams::open(resources).await.unwrap()
}

/// A door before real streams, which deliver to a folder. None can be made.
pub(super) async fn before_streams(folder: &std::path::Path, names: &[&str]) -> Firehose {
    before_streams_with(folder, names, "null").await
}

/// The same, with `listen.firehose.created`.
pub(super) async fn before_streams_with(
    folder: &std::path::Path,
    names: &[&str],
    created: &str,
) -> Firehose {
    let text = format!(
        "data_dir: d\nlisten: {{firehose: {{address: '127.0.0.1:0', created: {created}}}}}\n\
         streams: {{any: {{destination: {{file: {{path: out}}}}}}}}\n"
    );
    let read = standpipe_config::settings::delivery::read(&text, "test.yaml", folder);
    let settings = read.unwrap().settings;
    let streams = real_streams(folder).await;
    for name in names {
        let mut stream = settings.streams[0].clone();
        stream.name = name.parse().unwrap();
        streams.start(&stream).await.unwrap();
    }
    let firehose = settings.listen.firehose.as_ref();
    let created = Created::start(&folder.join("data"), firehose, &streams).await;
    streams.drain_removed().await;
    before(Store::Streams(streams), created.unwrap())
}

async fn open() -> Running {
    open_with(2 * SHORT).await
}

/// A door at which a request waits so long for room.
async fn open_with(patience: Duration) -> Running {
    let streams = Arc::new(StandIn::new(&["mail", "web"]));
    // Its streams are real, and not asked for anything.
    let folder = tempfile::tempdir().unwrap();
    let others = real_streams(folder.path()).await;
    let created = Created::start(folder.path(), None, &others).await.unwrap();
    let mut door = before(Store::StandIn(streams.clone()), created);
    door.waiting.patience = patience;
    let admission = door.admission.clone();
    let router = routes(Current::new(door));
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let door = Door::open("firehose", anywhere, None, Bounds::default())
        .await
        .unwrap();
    let address = door.address();
    tokio::spawn(door.serve(router, std::future::pending()));
    Running {
        address,
        streams,
        admission,
    }
}

async fn send(door: &Running, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Status, head and body of what comes until the door hangs up.
async fn reply(mut stream: TcpStream) -> (u16, String, String) {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").expect(&text);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

fn request(operation: &str, headers: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-amz-target: Firehose_20150804.{operation}\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

async fn ask(door: &Running, operation: &str, body: &str) -> (u16, String, String) {
    reply(send(door, request(operation, "", body).as_bytes()).await).await
}

fn stored(door: &Running) -> Vec<Vec<u8>> {
    let stored = door.streams.stored.lock().unwrap();
    let texts = stored.iter().filter_map(|(content, _, _)| match content {
        Content::Text(records) => Some(records),
        Content::Frames(..) | Content::Redriven(_) => None,
    });
    texts
        .flat_map(|records| records.iter().map(|r| r.bytes.to_vec()).collect::<Vec<_>>())
        .collect()
}

/// All memory is given back, sooner or later.
async fn all_is_given_back(door: &Running) {
    for _ in 0..1000 {
        if door.admission.free() == MEMORY {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} bytes of memory are free", door.admission.free());
}

#[tokio::test]
async fn a_record_is_stored_and_named() {
    let door = open().await;
    let (status, head, body) = ask(&door, PUT, ONE).await;
    assert_eq!(status, 200, "{body}");
    assert!(
        head.contains("content-type: application/x-amz-json-1.1"),
        "{head}"
    );
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert!(body.contains("-17-0\",\"Encrypted\":false}"), "{body}");
    assert_eq!(stored(&door), [b"a"]);
    all_is_given_back(&door).await;
}

#[tokio::test]
async fn an_unknown_stream_is_not_found() {
    let door = open().await;
    let (status, head, body) = ask(&door, PUT, &ONE.replace("web", "none")).await;
    assert_eq!(status, 400);
    assert!(
        head.contains("x-amzn-errortype: resourcenotfoundexception"),
        "{head}"
    );
    assert_eq!(
        body,
        r#"{"__type":"ResourceNotFoundException","message":"Firehose none under account 111122223333 not found."}"#
    );
}

#[tokio::test]
async fn what_is_no_request_of_the_api_is_answered_with_json() {
    let door = open().await;
    let close = "host: x\r\nconnection: close\r\n";
    let target = "x-amz-target: Firehose_20150804.PutRecord\r\n";
    for (request, expected, name) in [
        (
            format!("GET / HTTP/1.1\r\n{close}\r\n"),
            405,
            "UnknownOperationException",
        ),
        (
            format!("POST /x HTTP/1.1\r\n{close}{target}content-length: 0\r\n\r\n"),
            404,
            "UnknownOperationException",
        ),
        (
            format!("POST / HTTP/1.1\r\n{close}content-length: 0\r\n\r\n"),
            400,
            "UnknownOperationException",
        ),
        (
            format!(
                "POST /?X-Amz-Signature=00 HTTP/1.1\r\n{close}{target}content-length: 0\r\n\r\n"
            ),
            400,
            "IncompleteSignatureException",
        ),
        (
            request(PUT, "content-encoding: gzip\r\n", ONE),
            400,
            "SerializationException",
        ),
        (request(PUT, "", "x"), 400, "SerializationException"),
        (
            format!("POST / HTTP/1.1\r\n{close}{target}content-length: 8388609\r\n\r\n"),
            413,
            "RequestEntityTooLargeException",
        ),
        (
            request("DescribeDeliveryStream", "", &" ".repeat(65537)),
            413,
            "RequestEntityTooLargeException",
        ),
    ] {
        let (status, head, body) = reply(send(&door, request.as_bytes()).await).await;
        assert_eq!(status, expected, "{head}\n{body}");
        assert!(body.contains(name), "{body}");
        assert!(head.contains(&name.to_ascii_lowercase()), "{head}\n{body}");
    }
    assert!(stored(&door).is_empty());
    all_is_given_back(&door).await;
}

fn full() -> Refusal {
    Full::Quota { quota: 1, used: 1 }.into()
}

// A stream whose door opens again within the patience.
#[tokio::test]
async fn a_request_waits_for_room() {
    let door = open_with(Duration::from_secs(60)).await;
    *door.streams.refusal.lock().unwrap() = Some(full());
    let waiting = send(&door, request(PUT, "", ONE).as_bytes()).await;
    tokio::time::sleep(SHORT / 3).await;
    *door.streams.refusal.lock().unwrap() = None;
    let (status, _, body) = reply(waiting).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(stored(&door), [b"a"]);
}

#[tokio::test]
async fn who_finds_no_room_is_refused_whole_and_told_when_to_come_back() {
    let door = open().await;
    *door.streams.refusal.lock().unwrap() = Some(full());
    let body = r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ=="},{"Data":"YQ=="}]}"#;
    let (status, head, body) = ask(&door, "PutRecordBatch", body).await;
    assert_eq!(status, 503, "{body}");
    assert!(head.contains("x-amz-retry-after: 2000"), "{head}");
    assert!(body.contains("Slow down."), "{body}");
    all_is_given_back(&door).await;
}

// Rule 28: those who wait for a dead destination leave memory to the others.
#[tokio::test]
async fn those_who_wait_do_not_hold_all_memory() {
    let door = open().await;
    *door.streams.refusal.lock().unwrap() = Some(full());
    let data = "A".repeat(4 * MIB / 3 * 4 / 5 / 4 * 4);
    let record = format!(r#"{{"Data":"{}"}}"#, &data[..1024 * 1024]);
    let body = format!(
        r#"{{"DeliveryStreamName":"web","Records":[{}]}}"#,
        vec![record; 4].join(",")
    );
    let all = (0..20).map(|_| ask(&door, "PutRecordBatch", &body));
    for (status, _, body) in futures::future::join_all(all).await {
        assert_eq!(status, 503, "{body}");
    }
    all_is_given_back(&door).await;
}

#[tokio::test]
async fn other_refusals_do_not_wait() {
    let door = open().await;
    for (refusal, expected, name) in [
        (
            Refusal::Halted("damaged".into()),
            503,
            "ServiceUnavailableException",
        ),
        (Refusal::Closed, 503, "ServiceUnavailableException"),
        (
            Refusal::Unknown("the disk failed".into()),
            500,
            "InternalFailure",
        ),
    ] {
        *door.streams.refusal.lock().unwrap() = Some(refusal);
        let (status, _, body) = ask(&door, PUT, ONE).await;
        assert_eq!(status, expected, "{body}");
        assert!(body.contains(name), "{body}");
    }
}

#[tokio::test]
async fn a_caller_that_hangs_up_changes_nothing() {
    let door = open().await;
    // The store answers nobody until the caller has gone.
    door.streams.gate.forget_permits(usize::MAX >> 3);
    let caller = send(&door, request(PUT, "", ONE).as_bytes()).await;
    tokio::time::sleep(SHORT / 3).await;
    drop(caller);
    tokio::time::sleep(SHORT / 3).await;
    door.streams.gate.add_permits(1);
    for _ in 0..1000 {
        if stored(&door) == [b"a"] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stored(&door), [b"a"]);
    all_is_given_back(&door).await;
}

#[tokio::test]
async fn who_sends_too_slowly_is_hung_up_on() {
    let door = open().await;
    let whole = request(PUT, "", ONE);
    let slow = send(&door, &whole.as_bytes()[..whole.len() - 5]).await;
    let (status, _, body) = reply(slow).await;
    assert_eq!(status, 400);
    assert!(body.contains("RequestTimeoutException"), "{body}");
    all_is_given_back(&door).await;
}
