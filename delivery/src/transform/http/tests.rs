//! A function behind a real web server, and what goes wrong on the way.

use std::io::{Read as _, Write as _};

use standpipe_config::settings::delivery::{self as settings, Hook};

use super::*;
use crate::transform::call::LONGEST;
use crate::transform::vocabulary::{portion, serve};

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
    let long = vec![b' '; LONGEST + 1];
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

/// Under `on_unreachable: wait` a function that hangs up at the same records each time must not
/// hold its stream for ever.
#[tokio::test]
async fn a_function_that_hangs_up_was_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hangs_up = async {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut some = [0; 16];
        tokio::io::AsyncReadExt::read(&mut connection, &mut some)
            .await
            .unwrap();
    };
    let (_, answer) = tokio::join!(hangs_up, apply(&url, ""));
    let fault = answer.unwrap_err();
    assert_eq!(fault.code, "Lambda.TargetServerFailedToRespond");
    assert!(!fault.is_unreachable, "{}", fault.message);
}
