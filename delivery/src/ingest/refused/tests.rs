use std::path::PathBuf;

use axum::body::to_bytes;

use super::*;
use crate::disk::Full;

async fn shown(refused: Refused) -> (u16, Option<String>, String) {
    let response = refused.into_response();
    let code = response.status().as_u16();
    let retry = response.headers().get(header::RETRY_AFTER);
    let retry = retry.map(|value| value.to_str().unwrap().to_owned());
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (code, retry, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_refusal_is_a_word_and_a_sentence() {
    let (code, retry, body) = shown(Refused::new(Kind::Wrong, "it \"is\" wrong")).await;
    assert_eq!((code, retry), (400, None));
    assert_eq!(
        body,
        r#"{"error":"wrong_request","message":"it \"is\" wrong"}"#
    );
}

#[tokio::test]
async fn what_passes_says_when_to_come_back() {
    let full = Full::HighWater(PathBuf::from("/data"));
    for (refusal, word) in [
        (Refused::from(Refusal::Full(full)), "full"),
        (Refusal::Halted("why".into()).into(), "halted"),
        (Refusal::Closed.into(), "closed"),
        (
            NoMemory::Busy(std::time::Duration::from_secs(5)).into(),
            "busy",
        ),
    ] {
        let (code, retry, body) = shown(refusal).await;
        assert_eq!(code, 503, "{body}");
        assert!(retry.is_some_and(|r| r.parse::<u32>().is_ok()), "{body}");
        assert!(
            body.starts_with(&format!(r#"{{"error":"{word}","#)),
            "{body}"
        );
    }
}

#[tokio::test]
async fn what_nobody_knows_is_no_refusal_to_rely_on() {
    let unknown = Refusal::Unknown("the disk failed".into());
    let (code, retry, body) = shown(unknown.into()).await;
    assert_eq!((code, retry), (500, None));
    assert!(body.contains("not known"), "{body}");
}

#[tokio::test]
async fn a_request_that_never_fits_is_not_told_to_come_back() {
    let never = NoMemory::Never {
        needed: 2,
        total: 1,
    };
    let (code, retry, _) = shown(never.into()).await;
    assert_eq!((code, retry), (413, None));
}

#[test]
fn a_missing_token_is_asked_for() {
    let response = Refused::new(Kind::Unauthorized, "who?").into_response();
    assert_eq!(response.status(), 401);
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer realm=\"standpipe\""
    );
}

#[tokio::test]
async fn a_stream_that_is_gone_lists_those_the_caller_may_know() {
    let existing = ["mail", "web"].map(|name| name.parse().unwrap()).to_vec();
    let name = "gone".parse().unwrap();
    let error = AppendError::NoSuchStream { existing };
    let refused = Refused::by_stream(&name, error, |name| name.as_str() == "web");
    let (code, _, body) = shown(refused).await;
    assert_eq!(code, 404);
    assert!(
        body.contains("there are: web") && !body.contains("mail"),
        "{body}"
    );
}
