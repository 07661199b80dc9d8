use std::time::Duration;

use axum::routing::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const SHORT: Duration = Duration::from_millis(200);

async fn open(router: Router) -> (Doors, SocketAddr) {
    let mut doors = Doors::default();
    let anywhere = "127.0.0.1:0".parse().unwrap();
    doors.open("test", anywhere, None, router).await.unwrap();
    let address = doors.addresses()["test"];
    (doors, address)
}

async fn ask(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.unwrap();
    tokio::time::sleep(SHORT).await;
    stream
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_hung_up_on_at_the_deadline() {
    let endless = Router::new().route("/", get(async || std::future::pending::<()>().await));
    let (doors, address) = open(endless).await;
    let mut caller = ask(address).await;
    let began = Instant::now();
    assert!(!doors.close(began + SHORT).await);
    assert!(began.elapsed() < 10 * SHORT, "{:?}", began.elapsed());
    assert_eq!(caller.read(&mut [0]).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_request_that_is_done_in_time_is_answered() {
    let slow = async || tokio::time::sleep(2 * SHORT).await;
    let (doors, address) = open(Router::new().route("/", get(slow))).await;
    let mut caller = ask(address).await;
    assert!(doors.close(Instant::now() + 50 * SHORT).await);
    let mut reply = String::new();
    caller.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
}

#[tokio::test]
async fn no_door_ends_while_it_is_open_and_none_that_is_not_there() {
    let (mut open, _) = open(Router::new()).await;
    let mut none = Doors::default();
    for doors in [&mut open, &mut none] {
        let ended = tokio::time::timeout(SHORT, doors.unexpected_end()).await;
        assert!(ended.is_err(), "{ended:?}");
    }
    open.serving.abort_all();
    let what = open.unexpected_end().await;
    assert!(what.starts_with("a door: "), "{what}");
}
