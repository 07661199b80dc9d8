//! A function behind a real web server, and what goes wrong on the way.

use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap as Headers;
use standpipe_config::settings::delivery::{self as settings, Hook};

use super::*;
use crate::transform::vocabulary::portion;

type Answer = (u16, Vec<(&'static str, &'static str)>, Vec<u8>);
type Asked = Arc<Mutex<Vec<(Headers, Bytes)>>>;

/// A server that gives one answer, and notes what it is asked.
async fn serve(answer: Answer) -> (String, Asked) {
    let asked = Asked::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let handler = move |State(asked): State<Asked>, headers: Headers, body: Bytes| async move {
        asked.lock().unwrap().push((headers, body));
        let (status, headers, body) = answer.clone();
        let mut response = axum::response::Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        response.body(axum::body::Body::from(body)).unwrap()
    };
    let post = axum::routing::post(handler);
    let router = Router::new().fallback_service(post.with_state(asked.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

fn settings_for(url: &str, more: &str) -> settings::Transform {
    let text = format!(
        "s: {{destination: {{file: {{path: /o}}}}, transform: {{http: {{url: \"{url}\"{more}}}}}}}"
    );
    settings::read_stream(&text).unwrap().transform.unwrap()
}

async fn apply(url: &str, more: &str) -> Result<Vec<Outcome>, Fault> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = settings_for(url, more);
    let Hook::Http(hook) = &settings.hook else {
        panic!("http");
    };
    let http = Http::open(hook, &settings, &"s".parse().unwrap()).unwrap();
    http.apply(&Arc::new(portion(&[b"a"]))).await
}

fn answer() -> Vec<u8> {
    br#"{"records":[{"recordId":"0202020202020202-7-0","result":"Ok","data":"QQ=="}]}"#.to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn kept(outcomes: &[Outcome]) -> bool {
    matches!(outcomes, [Outcome::Keep { bytes, .. }] if bytes == "A")
}

#[tokio::test]
async fn a_request_is_posted_and_its_answer_judged() {
    let (url, asked) = serve((200, vec![], answer())).await;
    assert!(kept(&apply(&url, "").await.unwrap()));
    let (headers, body) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(headers["content-type"], "application/json");
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["records"][0]["data"], "YQ==");
}

#[tokio::test]
async fn both_ways_may_be_compressed() {
    let zipped = vec![("content-encoding", "gzip")];
    let (url, asked) = serve((200, zipped, gzip(&answer()))).await;
    assert!(kept(&apply(&url, ", compression: gzip").await.unwrap()));
    let (headers, body) = asked.lock().unwrap().pop().unwrap();
    assert_eq!(headers["content-encoding"], "gzip");
    let mut event = String::new();
    flate2::read::GzDecoder::new(&body[..])
        .read_to_string(&mut event)
        .unwrap();
    assert!(event.contains("YQ=="), "{event}");
}

#[tokio::test]
async fn what_is_no_answer_is_an_attempt_that_failed() {
    let cases = [
        (500, "Lambda.FunctionError", false),
        (502, "Lambda.FunctionError", false),
        (503, "Lambda.ServiceUnavailable", true),
        (429, "Lambda.InvokeLimitExceeded", true),
        (403, "Lambda.InvokeAccessDenied", false),
        (404, "Lambda.ResourceNotFound", false),
        (302, "Lambda.InvocationFailure", false),
    ];
    for (status, code, is_unreachable) in cases {
        let (url, _) = serve((status, vec![], b"so <b>sorry".to_vec())).await;
        let fault = apply(&url, "").await.unwrap_err();
        assert_eq!((fault.code, fault.is_unreachable), (code, is_unreachable));
        assert!(fault.message.contains("so <b>sorry"), "{}", fault.message);
    }
}

#[tokio::test]
async fn a_function_that_failed_says_so_in_a_header() {
    let failed = vec![("x-amz-function-error", "Unhandled")];
    let (url, _) = serve((200, failed, b"{}".to_vec())).await;
    let fault = apply(&url, "").await.unwrap_err();
    assert_eq!(fault.code, "Lambda.FunctionError");
}

#[tokio::test]
async fn an_answer_over_the_limit_is_none_however_it_is_packed() {
    let long = vec![b' '; LONGEST_ANSWER + 1];
    let zipped = vec![("content-encoding", "gzip")];
    for answer in [(200, vec![], long.clone()), (200, zipped, gzip(&long))] {
        let (url, _) = serve(answer).await;
        let fault = apply(&url, "").await.unwrap_err();
        assert!(fault.message.contains("longer than"), "{}", fault.message);
    }
}

#[tokio::test]
async fn nobody_there_and_nobody_answering_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let silent = apply(&url, ", timeout: 100ms").await.unwrap_err();
    assert_eq!(silent.code, "Lambda.FunctionTimedOut");
    assert!(!silent.is_unreachable);
    drop(listener);
    let gone = apply(&url, "").await.unwrap_err();
    assert_eq!(gone.code, "Lambda.TargetServerFailedToRespond");
    assert!(gone.is_unreachable);
}
