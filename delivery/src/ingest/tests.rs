//! The door over a real socket, with raw HTTP, before streams that live in the test.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use flate2::{Compression, write::GzEncoder};
use standpipe_config::frame::{Encoder, Frame, HeldSource, MEDIA_TYPE, Mark};
use standpipe_config::limits::{MAX_BODY, MAX_RECORD};
use standpipe_config::names::{AgentId, SourceId};
use standpipe_config::process::door::{Bounds, Door};
use standpipe_config::secret::{Secret, SecretSource};
use standpipe_config::settings::delivery::StreamPattern;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::store::StandIn;
use super::*;
use crate::disk::Full;
use crate::journal::{Content, Refusal};

const MIB: usize = 1024 * 1024;
const MEMORY: usize = 100 * MIB;
const SHORT: Duration = Duration::from_millis(200);
const RECORDS: &str = "POST /v1/streams/web-access/records HTTP/1.1\r\nhost: x\r\n";

struct Running {
    address: SocketAddr,
    streams: Arc<StandIn>,
    admission: Admission,
    served: tokio::task::JoinHandle<()>,
}

async fn open(streams: StandIn, tokens: Vec<Token>) -> Running {
    let streams = Arc::new(streams);
    let admission = Admission::new(MEMORY as u64, SHORT);
    let router = routes(Current::new(Ingest {
        store: Store::StandIn(streams.clone()),
        gate: Gate::new(tokens),
        admission: admission.clone(),
        agents: Agents::default(),
        workers: Workers::default(),
        pace: body::Pace {
            silence: SHORT,
            whole: 5 * SHORT,
        },
    }));
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let door = Door::open("native", anywhere, None, Bounds::default())
        .await
        .unwrap();
    let address = door.address();
    let served = tokio::spawn(door.serve(router, std::future::pending()));
    Running {
        address,
        streams,
        admission,
        served,
    }
}

async fn door() -> Running {
    open(StandIn::new(&["mail", "web-access"]), vec![]).await
}

/// The records of the texts that were stored.
fn stored(door: &Running) -> Vec<Vec<String>> {
    let stored = door.streams.stored.lock().unwrap();
    let texts = stored.iter().filter_map(|(content, _, _)| match content {
        Content::Text(records) => Some(records),
        Content::Frames(..) | Content::Redriven(_) => None,
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    texts
        .map(|records| records.iter().map(|r| text(r.bytes)).collect())
        .collect()
}

async fn send(door: &Running, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(door.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Head and body of the reply, as they came.
async fn reply(stream: &mut TcpStream) -> (String, String) {
    let mut text = Vec::new();
    let head = loop {
        let found = text.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = found {
            break String::from_utf8(text.drain(..end + 4).collect()).unwrap();
        }
        let read = stream.read_buf(&mut text).await.unwrap();
        assert!(
            read > 0,
            "the door hung up after {:?}",
            String::from_utf8_lossy(&text)
        );
    };
    let length = header(&head, "content-length").map_or(0, |l| l.parse().unwrap());
    while text.len() < length {
        let read = stream.read_buf(&mut text).await.unwrap();
        assert!(read > 0, "the door hung up in the middle of its reply");
    }
    (head, String::from_utf8(text).unwrap())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(": ")?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

async fn ask(door: &Running, bytes: &[u8]) -> (u16, String, String) {
    let (head, body) = reply(&mut send(door, bytes).await).await;
    let code = head.split(' ').nth(1).unwrap().parse().unwrap();
    (code, head, body)
}

fn request(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("{RECORDS}{headers}content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn post(door: &Running, headers: &str, body: &[u8]) -> (u16, String, String) {
    ask(door, &request(headers, body)).await
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn token(value: &str, streams: &str) -> Token {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), value).unwrap();
    Token {
        name: value.into(),
        token: Secret::read(SecretSource::File(file.path().into())).unwrap(),
        streams: vec![StreamPattern(streams.into())],
    }
}

/// Waits for what another task does soon.
async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

#[tokio::test]
async fn lines_as_curl_sends_them_become_records() {
    let door = door().await;
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    let (code, head, body) = post(&door, headers, b"one\ntwo\r\n\nthree").await;
    assert_eq!(code, 200, "{body}");
    assert_eq!(body, r#"{"accepted":3,"first_position":17}"#);
    assert_eq!(header(&head, "content-type"), Some("application/json"));
    assert_eq!(stored(&door), [["one", "two", "three"]]);
}

#[tokio::test]
async fn compressed_lines_become_the_same_records() {
    let door = door().await;
    let gzip = post(&door, "content-encoding: gzip\r\n", &gzipped(b"one\ntwo")).await;
    assert_eq!(gzip.0, 200, "{gzip:?}");
    let zstd = zstd::bulk::compress(b"one\ntwo\n", 1).unwrap();
    let zstd = post(&door, "content-encoding: zstd\r\n", &zstd).await;
    assert_eq!(zstd.0, 200, "{zstd:?}");
    assert_eq!(stored(&door), [["one", "two"], ["one", "two"]]);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_read_too() {
    let door = door().await;
    let chunked = "transfer-encoding: chunked\r\n\r\n3\r\none\r\n4\r\n\ntwo\r\n0\r\n\r\n";
    let (code, _, body) = ask(&door, format!("{RECORDS}{chunked}").as_bytes()).await;
    assert_eq!(code, 200, "{body}");
    assert_eq!(stored(&door), [["one", "two"]]);
}

#[tokio::test]
async fn one_connection_carries_many_requests_and_an_empty_one_is_fine() {
    let door = door().await;
    let mut stream = send(&door, &request("", b"one")).await;
    assert!(reply(&mut stream).await.0.starts_with("HTTP/1.1 200"));
    stream.write_all(&request("", b"\n")).await.unwrap();
    let (_, body) = reply(&mut stream).await;
    assert_eq!(body, r#"{"accepted":0,"first_position":17}"#);
}

#[tokio::test]
async fn an_idempotency_key_reaches_the_stream() {
    let door = door().await;
    let (code, ..) = post(&door, "idempotency-key: abc-1\r\n", b"one").await;
    assert_eq!(code, 200);
    let key = door.streams.stored.lock().unwrap()[0].2.clone();
    assert_eq!(key.as_deref(), Some("abc-1"));
    let (code, _, body) = post(&door, "idempotency-key: a b\r\n", b"one").await;
    assert_eq!(code, 400, "{body}");
}

fn message(agent: AgentId) -> Vec<u8> {
    let mut encoder = Encoder::new(agent);
    encoder.push(&Frame::Live(vec![SourceId([1; 16])]));
    encoder.push(&Frame::Live(vec![]));
    encoder.finish()
}

#[tokio::test]
async fn frames_are_answered_one_by_one() {
    let door = door().await;
    let (agent, headers) = (AgentId([3; 16]), format!("content-type: {MEDIA_TYPE}\r\n"));
    let (code, _, body) = post(&door, &headers, &message(agent)).await;
    assert_eq!(code, 200, "{body}");
    assert_eq!(
        body,
        r#"{"answers":[{"outcome":"stored"},{"outcome":"stored"}]}"#
    );
    let stored = door.streams.stored.lock().unwrap();
    let from_agent =
        matches!(&stored[0].0, Content::Frames(from, two) if *from == agent && two.len() == 2);
    assert!(from_agent, "{stored:?}");
}

#[tokio::test]
async fn damaged_frames_are_refused_with_the_place() {
    let door = door().await;
    let headers = format!("content-type: {MEDIA_TYPE}\r\n");
    let mut damaged = message(AgentId([3; 16]));
    damaged[40] ^= 1;
    let (code, _, body) = post(&door, &headers, &damaged).await;
    assert!(
        code == 400 && body.contains("the frame at byte 24 is damaged"),
        "{body}"
    );
    let (code, _, body) = post(&door, &headers, b"a line").await;
    assert!(code == 400 && body.contains("magic"), "{body}");
    assert!(door.streams.stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_stream_lists_those_there_are() {
    let door = door().await;
    for name in ["web-acces", "no%20name", "%2e%2e"] {
        let head = format!(
            "POST /v1/streams/{name}/records HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
        );
        let (code, _, body) = ask(&door, head.as_bytes()).await;
        assert_eq!(code, 404, "{body}");
        assert!(body.contains(r#"{"error":"no_such_stream","#), "{body}");
        assert!(body.contains("there are: mail, web-access"), "{body}");
    }
}

#[tokio::test]
async fn what_is_not_there_says_what_is() {
    let door = door().await;
    let (code, _, body) = ask(&door, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(
        code == 404 && body.contains("POST /v1/streams/NAME/records"),
        "{body}"
    );
    let get = RECORDS.replace("POST", "GET");
    let (code, _, body) = ask(&door, format!("{get}\r\n").as_bytes()).await;
    assert!(code == 405 && body.contains("records takes POST"), "{body}");
}

#[tokio::test]
async fn strangers_are_refused_before_their_body_is_read() {
    let door = open(StandIn::new(&["web-access"]), vec![token("right", "*")]).await;
    let announced = format!("{RECORDS}content-length: 1000\r\n");
    let all = door.admission.take(MEMORY).await.unwrap();
    for wrong in ["", "authorization: Bearer wrong\r\n"] {
        let (code, head, body) = ask(&door, format!("{announced}{wrong}\r\n").as_bytes()).await;
        assert_eq!(code, 401, "{body}");
        assert_eq!(
            header(&head, "www-authenticate"),
            Some("Bearer realm=\"standpipe\"")
        );
        assert!(
            body.starts_with(r#"{"error":"unauthorized","message":""#),
            "{body}"
        );
    }
    drop(all);
    let (code, ..) = post(&door, "authorization: Bearer right\r\n", b"one").await;
    assert_eq!(code, 200);
}

#[tokio::test]
async fn a_token_opens_its_streams_and_shows_no_others() {
    let streams = StandIn::new(&["mail", "web-access"]);
    let door = open(streams, vec![token("web", "web-*"), token("mail", "mail")]).await;
    let (code, _, body) = post(&door, "authorization: Bearer mail\r\n", b"one").await;
    assert!(
        code == 401 && body.contains("does not open the stream"),
        "{body}"
    );
    let gone = RECORDS.replace("web-access", "web-gone");
    let head = format!("{gone}authorization: Bearer web\r\ncontent-length: 0\r\n\r\n");
    let (code, _, body) = ask(&door, head.as_bytes()).await;
    assert!(
        code == 404 && body.contains("there are: web-access"),
        "{body}"
    );
    assert!(stored(&door).is_empty());
}

#[tokio::test]
async fn a_stream_that_goes_while_the_body_comes_is_said_to_be_gone() {
    let streams = StandIn {
        vanished: true,
        ..StandIn::new(&["mail", "web-access"])
    };
    let door = open(streams, vec![token("web", "web-*")]).await;
    let (code, _, body) = post(&door, "authorization: Bearer web\r\n", b"one").await;
    assert!(code == 404 && !body.contains("mail"), "{body}");
}

#[tokio::test]
async fn a_length_over_the_limit_is_refused_before_anything_is_read() {
    let door = door().await;
    let head = format!("{RECORDS}content-length: {}\r\n\r\n", MAX_BODY + 1);
    let (code, _, body) = ask(&door, head.as_bytes()).await;
    assert!(
        code == 413 && body.contains("longer than 16777216 bytes"),
        "{body}"
    );
}

#[tokio::test]
async fn a_caller_who_asks_first_hears_the_refusal_instead_of_continue() {
    let door = door().await;
    let asks = |length: usize| {
        format!("{RECORDS}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut refused = send(&door, asks(MAX_BODY + 1).as_bytes()).await;
    assert!(reply(&mut refused).await.0.starts_with("HTTP/1.1 413"));
    // Nothing will follow, so nothing is waited for.
    let closed = tokio::time::timeout(SHORT * 5, refused.read_u8()).await;
    assert!(matches!(closed, Ok(Err(_))), "{closed:?}");
    let mut polite = send(&door, asks(3).as_bytes()).await;
    assert!(reply(&mut polite).await.0.starts_with("HTTP/1.1 100"));
    polite.write_all(b"one").await.unwrap();
    assert!(reply(&mut polite).await.0.starts_with("HTTP/1.1 200"));
}

// Without the patience to throw the rest away, the connection would be reset and the reason lost.
#[tokio::test]
async fn a_caller_who_sends_too_much_all_the_same_still_learns_why() {
    let door = door().await;
    let body = vec![b'\n'; MAX_BODY + 1];
    let (code, _, why) = post(&door, "", &body).await;
    assert!(code == 413 && why.contains("the body is longer"), "{why}");
    let head = format!(
        "{RECORDS}transfer-encoding: chunked\r\n\r\n{:x}\r\n",
        body.len()
    );
    let bytes = [head.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    let (code, _, why) = ask(&door, &bytes).await;
    assert!(code == 413 && why.contains("the body is longer"), "{why}");
    soon("giving memory back", || door.admission.free() == MEMORY).await;
}

#[tokio::test]
async fn a_line_over_the_limit_refuses_the_whole_request() {
    let door = door().await;
    let mut body = b"fine\n".to_vec();
    body.resize(body.len() + MAX_RECORD + 1, b'x');
    let (code, _, body) = post(&door, "", &body).await;
    assert!(
        code == 413 && body.contains("line 2 has 1024001 bytes"),
        "{body}"
    );
    assert!(stored(&door).is_empty());
}

#[tokio::test]
async fn a_bomb_is_refused_and_leaves_no_memory_behind() {
    let door = door().await;
    let bomb = gzipped(&vec![b'\n'; 65 * MIB]);
    let (code, _, body) = post(&door, "content-encoding: gzip\r\n", &bomb).await;
    assert!(
        code == 413 && body.contains("decompresses to more than"),
        "{body}"
    );
    // Fits inflated, but its offsets would not: 20 Mi records of 4 bytes each beside 40 MiB.
    let lines = gzipped(&b"a\n".repeat(20 * MIB));
    let (code, _, body) = post(&door, "content-encoding: gzip\r\n", &lines).await;
    assert!(code == 413 && body.contains("limits.memory"), "{body}");
    assert!(stored(&door).is_empty());
    assert_eq!(door.admission.free(), MEMORY);
}

#[tokio::test]
async fn other_types_and_encodings_are_refused() {
    let door = door().await;
    for header in ["content-type: application/json", "content-encoding: br"] {
        let (code, _, body) = post(&door, &format!("{header}\r\n"), b"{}").await;
        assert!(
            code == 415 && body.contains(r#""error":"unsupported""#),
            "{body}"
        );
    }
    let (code, _, body) = post(&door, "content-encoding: gzip\r\n", b"no gzip").await;
    assert!(code == 400 && body.contains("as gzip"), "{body}");
}

// Rule 29: waiting happens before reading, and ends.
#[tokio::test]
async fn without_memory_a_caller_waits_unread_and_is_told_to_come_back() {
    let door = door().await;
    let all = door.admission.take(MEMORY - 10).await.unwrap();
    let head = format!("{RECORDS}content-length: 11\r\n\r\n");
    let (code, head, body) = ask(&door, head.as_bytes()).await;
    assert!(code == 503 && body.contains(r#""error":"busy""#), "{body}");
    assert_eq!(header(&head, "retry-after"), Some("1"));
    drop(all);
    assert_eq!(post(&door, "", b"eleven byte").await.0, 200);
}

#[tokio::test]
async fn a_stream_that_refuses_is_heard() {
    let door = door().await;
    let full = Full::Quota {
        quota: 10,
        used: 10,
    };
    for (refusal, word, seconds) in [
        (Refusal::Full(full), "full", "5"),
        (
            Refusal::Halted("its journal is damaged".into()),
            "halted",
            "30",
        ),
        (Refusal::Closed, "closed", "5"),
    ] {
        *door.streams.refusal.lock().unwrap() = Some(refusal.clone());
        let (code, head, body) = post(&door, "", b"one").await;
        assert_eq!(
            (code, header(&head, "retry-after")),
            (503, Some(seconds)),
            "{body}"
        );
        assert!(
            body.contains(word) && body.contains(&refusal.to_string()),
            "{body}"
        );
    }
    assert_eq!(door.admission.free(), MEMORY);
}

#[tokio::test]
async fn a_slow_caller_is_refused_and_its_memory_given_back() {
    let door = door().await;
    let mut silent = send(
        &door,
        format!("{RECORDS}content-length: 9\r\n\r\nfour").as_bytes(),
    )
    .await;
    let (head, body) = reply(&mut silent).await;
    assert!(
        head.starts_with("HTTP/1.1 408") && body.contains("4 bytes of it came"),
        "{body}"
    );
    let mut trickling = send(
        &door,
        format!("{RECORDS}content-length: 999\r\n\r\n").as_bytes(),
    )
    .await;
    let trickled = async {
        loop {
            tokio::time::sleep(SHORT / 4).await;
            if trickling.write_all(b"x").await.is_err() {
                return;
            }
        }
    };
    let cut_off = tokio::time::timeout(20 * SHORT, trickled).await;
    assert!(cut_off.is_ok(), "a caller may trickle for ever");
    assert_eq!(door.admission.free(), MEMORY);
    assert!(stored(&door).is_empty());
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_its_body_stores_nothing() {
    let door = door().await;
    drop(
        send(
            &door,
            format!("{RECORDS}content-length: 9\r\n\r\none\ntwo").as_bytes(),
        )
        .await,
    );
    soon("giving memory back", || door.admission.free() == MEMORY).await;
    assert!(stored(&door).is_empty());
}

#[tokio::test]
async fn a_caller_that_hangs_up_after_admission_changes_nothing() {
    let streams = StandIn {
        gate: tokio::sync::Semaphore::new(0),
        ..StandIn::new(&["web-access"])
    };
    let door = open(streams, vec![]).await;
    let caller = send(&door, &request("", b"one\ntwo")).await;
    // The memory stays held while the append waits: body and two offsets.
    soon("admission", || door.admission.free() == MEMORY - 7 - 2 * 4).await;
    // Both sides hang up: the caller, and the door as it does at the deadline of a stop.
    drop(caller);
    door.served.abort();
    tokio::time::sleep(SHORT).await;
    assert_eq!(door.admission.free(), MEMORY - 7 - 2 * 4);
    door.streams.gate.add_permits(1);
    soon("storing", || stored(&door) == [["one", "two"]]).await;
    assert_eq!(door.streams.stored.lock().unwrap()[0].1, 7 + 2 * 4);
}

// Rule 6.
#[tokio::test]
async fn an_agent_finds_what_is_held_of_its_sources() {
    let door = door().await;
    let mark = Mark {
        source: SourceId([1; 16]),
        epoch: 2,
        offset: 3,
        tail: None,
    };
    let held = HeldSource {
        mark,
        is_final: false,
        evidence: None,
    };
    door.streams.held.lock().unwrap().push(held.clone());
    let get = |query: &str| {
        format!("GET /v1/streams/web-access/sources{query} HTTP/1.1\r\nhost: x\r\n\r\n")
    };
    let agent = format!("?agent={}", AgentId([5; 16]));
    let (code, _, body) = ask(&door, get(&agent).as_bytes()).await;
    assert_eq!(code, 200, "{body}");
    let listed: Vec<HeldSource> = serde_json::from_str(&body).unwrap();
    assert_eq!(listed, [held]);
    for wrong in ["", "?agent=xyz"] {
        let (code, _, body) = ask(&door, get(wrong).as_bytes()).await;
        assert!(code == 400 && body.contains("?agent=ID"), "{body}");
    }
}
