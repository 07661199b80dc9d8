use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use tower::Service;

use super::*;

#[derive(Serialize)]
struct Status {
    read: u64,
}

fn record(status: &Status) {
    ::metrics::counter!("test_bytes_read_total", "path" => "a").absolute(status.read);
}

fn surface(readiness: &Readiness) -> Router {
    let status = || Status { read: 7 };
    let more = Router::new().route("/go", axum::routing::post(async || "gone\n"));
    let shown = Shown {
        readiness: readiness.clone(),
        metrics: Metrics::detached(),
        gate: Gate::default(),
    };
    router(shown, status, record, more)
}

async fn ask(router: Router, path: &str, peer: &str) -> (u16, String) {
    send(
        router,
        Request::get(path).body(Body::empty()).unwrap(),
        peer,
    )
    .await
}

async fn send(mut router: Router, mut request: Request, peer: &str) -> (u16, String) {
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.call(request).await.unwrap();
    let code = response.status().as_u16();
    let body = to_bytes(response.into_body(), 100_000).await.unwrap();
    (code, String::from_utf8(body.to_vec()).unwrap())
}

const HERE: &str = "127.0.0.1:9";

#[tokio::test]
async fn live_at_once_but_ready_only_when_nothing_is_missing() {
    let readiness = Readiness::default();
    let latch = readiness.latch("the streams");
    let router = surface(&readiness);
    assert_eq!(ask(router.clone(), "/live", HERE).await.0, 200);
    let refused = ask(router.clone(), "/ready", HERE).await;
    assert_eq!(refused, (503, "not ready: the streams\n".into()));
    latch.release();
    assert_eq!(ask(router.clone(), "/ready", HERE).await.0, 200);
    readiness.stopping();
    assert_eq!(ask(router, "/ready", HERE).await.0, 503);
}

#[tokio::test]
async fn metrics_say_what_the_status_says() {
    let router = surface(&Readiness::default());
    let status = ask(router.clone(), "/status", HERE).await;
    assert_eq!(status, (200, r#"{"read":7}"#.into()));
    let (code, text) = ask(router, "/metrics", HERE).await;
    assert_eq!(code, 200);
    assert!(
        text.contains("test_bytes_read_total{path=\"a\"} 7"),
        "{text}"
    );
}

#[tokio::test]
async fn only_this_machine_is_answered() {
    let router = surface(&Readiness::default());
    for path in ["/live", "/ready", "/metrics", "/status", "/more", "/other"] {
        let (code, text) = ask(router.clone(), path, "192.0.2.1:9").await;
        assert_eq!(code, 403, "{path}: {text}");
    }
}

#[tokio::test]
async fn an_unknown_path_says_which_there_are() {
    let (code, text) = ask(surface(&Readiness::default()), "/", HERE).await;
    assert_eq!((code, text.as_str()), (404, ENDPOINTS));
}

#[tokio::test]
async fn a_command_needs_its_header_and_comes_from_no_browser_and_no_other_machine() {
    let command = |headers: &[(&str, &str)]| {
        let request = Request::post("/go");
        let named = headers.iter();
        let request = named.fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        request.body(Body::empty()).unwrap()
    };
    let surface = || surface(&Readiness::default());
    let meant = [(COMMAND, "1")];
    assert_eq!(send(surface(), command(&meant), HERE).await.0, 200);
    assert_eq!(send(surface(), command(&[]), HERE).await.0, 403);
    let page = [(COMMAND, "1"), ("origin", "http://evil.example")];
    assert_eq!(send(surface(), command(&page), HERE).await.0, 403);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(send(surface(), command(&form), HERE).await.0, 403);
    assert_eq!(send(surface(), command(&meant), "192.0.2.1:9").await.0, 403);
}
