use standpipe_config::frame::{Encoder, Frame};

use super::*;
use crate::daemon::stand_in::{Mood, StandIn};

fn refusal(status: u16, body: &str) -> Trouble {
    let status = StatusCode::from_u16(status).unwrap();
    trouble(status, Some(Duration::from_secs(3)), body.as_bytes())
}

#[test]
fn each_status_says_what_to_do() {
    let body = r#"{"error":"busy","message":"no room"}"#;
    for status in [408, 429, 500, 502, 503, 504] {
        let Trouble::Passing { why, after } = refusal(status, body) else {
            panic!("{status} passes");
        };
        assert!(
            why.contains("no room") && why.contains(&status.to_string()),
            "{why}"
        );
        assert_eq!(after, Some(Duration::from_secs(3)));
    }
    for status in [400, 413] {
        assert!(
            matches!(refusal(status, body), Trouble::Refused(_)),
            "{status}"
        );
    }
    for status in [301, 401, 403, 404, 415] {
        assert!(
            matches!(refusal(status, body), Trouble::Operator(_)),
            "{status}"
        );
    }
}

#[test]
fn a_reply_of_somebody_else_is_quoted_but_not_at_length() {
    let page = format!("<html>{}", "x".repeat(100_000));
    let said = refusal(404, &page).to_string();
    assert!(said.contains("<html>") && said.len() < 500, "{said}");
}

#[test]
fn retry_after_is_in_seconds_and_a_date_is_passed_over() {
    let mut headers = HeaderMap::new();
    assert_eq!(retry_after(&headers), None);
    headers.insert(RETRY_AFTER, "7".parse().unwrap());
    assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
    headers.insert(
        RETRY_AFTER,
        "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap(),
    );
    assert_eq!(retry_after(&headers), None);
}

#[tokio::test]
async fn nobody_listening_is_trouble_that_passes() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::new("http://127.0.0.1:1/", None, &Trust::default()).unwrap();
    let stream = "web".parse().unwrap();
    let trouble = client.send(&stream, Bytes::new(), 0, 0).await.unwrap_err();
    assert!(matches!(&trouble, Trouble::Passing { .. }), "{trouble:?}");
    assert!(
        trouble.to_string().contains("http://127.0.0.1:1"),
        "{trouble}"
    );
}

#[tokio::test]
async fn a_reply_counts_only_with_one_answer_for_each_frame() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let daemon = StandIn::start();
    daemon.moods(&[Mood::TooFew, Mood::Nonsense]);
    let client = Client::new(&daemon.url, None, &Trust::default()).unwrap();
    let stream = "web".parse().unwrap();
    let mut body = Encoder::new(AgentId([1; 16]));
    body.push(&Frame::Live(Vec::new()));
    let body = Bytes::from(zstd::bulk::compress(&body.finish(), 1).unwrap());
    for _ in 0..2 {
        let trouble = client.send(&stream, body.clone(), 1, 0).await.unwrap_err();
        assert!(matches!(trouble, Trouble::Passing { .. }), "{trouble:?}");
    }
    let reply = client.send(&stream, body, 1, 0).await.unwrap();
    assert_eq!(reply.answers.len(), 1);
}
