use std::time::Instant;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

mod tls;

const SECOND: Duration = Duration::from_secs(1);

/// A door that runs, and the means to close it.
struct Running {
    address: SocketAddr,
    close: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

async fn run(router: Router, bounds: Bounds) -> Running {
    run_with(router, None, bounds).await
}

async fn run_with(router: Router, tls: Option<Tls>, bounds: Bounds) -> Running {
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let door = Door::open("test", anywhere, tls, bounds).await.unwrap();
    assert_eq!(door.name(), "test");
    let address = door.address();
    let (close, closing) = oneshot::channel();
    let served = tokio::spawn(door.serve(router, async { drop(closing.await) }));
    Running {
        address,
        close,
        served,
    }
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

async fn connect(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Everything until the other side closes.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text).await;
    text
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    rest(stream).await
}

#[tokio::test]
async fn a_taken_address_is_reported_with_what_to_do() {
    let running = run(hello(), Bounds::default()).await;
    let error = Door::open("admin", running.address, None, Bounds::default())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&format!(
            "cannot open the admin door at {}",
            running.address
        )),
        "{text}"
    );
    assert!(
        text.contains("in use") && text.contains("ss -ltnp"),
        "{text}"
    );
}

#[tokio::test]
async fn at_most_so_many_callers_are_served_at_once() {
    let bounds = Bounds {
        connections: 1,
        ..Bounds::default()
    };
    let running = run(hello(), bounds).await;
    let first = connect(running.address).await;
    let mut second = connect(running.address).await;
    let waited = tokio::time::timeout(SECOND / 5, ask(&mut second)).await;
    assert!(
        waited.is_err(),
        "the second caller was served beside the first: {waited:?}"
    );
    drop(first);
    assert!(rest(&mut second).await.ends_with("hello"));
}

#[tokio::test]
async fn a_caller_that_never_finishes_its_head_is_hung_up_on() {
    let bounds = Bounds {
        head_timeout: SECOND / 5,
        ..Bounds::default()
    };
    let running = run(hello(), bounds).await;
    let mut slow = connect(running.address).await;
    slow.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    let ended = tokio::time::timeout(SECOND * 5, rest(&mut slow)).await;
    assert!(ended.is_ok(), "the door still listens to a slow caller");
}

#[tokio::test]
async fn a_half_closed_caller_gets_its_answer() {
    let slow = async || {
        tokio::time::sleep(SECOND / 5).await;
        "hello"
    };
    let running = run(Router::new().route("/", get(slow)), Bounds::default()).await;
    let mut caller = connect(running.address).await;
    caller
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    caller.shutdown().await.unwrap();
    assert!(rest(&mut caller).await.ends_with("hello"));
}

#[tokio::test]
async fn closing_answers_requests_in_hand_and_takes_no_more() {
    let (entered, has_entered) = oneshot::channel();
    let entered = Arc::new(std::sync::Mutex::new(Some(entered)));
    let slow = async move || {
        if let Some(entered) = entered.lock().unwrap().take() {
            entered.send(()).unwrap();
        }
        tokio::time::sleep(SECOND / 3).await;
        "late"
    };
    let running = run(Router::new().route("/", post(slow)), Bounds::default()).await;
    let mut caller = connect(running.address).await;
    caller
        .write_all(b"POST / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    has_entered.await.unwrap();
    running.close.send(()).unwrap();
    assert!(rest(&mut caller).await.ends_with("late"));
    running.served.await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn closing_does_not_wait_for_callers_that_ask_nothing() {
    let running = run(hello(), Bounds::default()).await;
    let _silent = connect(running.address).await;
    let mut stuttering = connect(running.address).await;
    stuttering.write_all(b"GET / HT").await.unwrap();
    let mut kept = connect(running.address).await;
    kept.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut byte = [0];
    kept.read_exact(&mut byte).await.unwrap();
    let start = Instant::now();
    running.close.send(()).unwrap();
    running.served.await.unwrap();
    assert!(start.elapsed() < SECOND * 5, "{:?}", start.elapsed());
}

#[test]
fn local_is_local_in_both_families() {
    let local = |text: &str| is_local(&text.parse().unwrap());
    assert!(local("127.0.0.1:1") && local("127.9.9.9:1") && local("[::1]:1"));
    assert!(local("[::ffff:127.0.0.1]:1"));
    assert!(!local("10.0.0.1:1") && !local("[2001:db8::1]:1"));
}
