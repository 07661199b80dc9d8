use std::time::Duration;

use http_body_util::BodyExt;

use super::*;
use crate::ingest::firehose::exception::Kind;

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

async fn body(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn an_exception_says_its_name_in_body_and_head() {
    let exception = Exception::unavailable("Slow down.", Duration::from_millis(1500));
    let response = reply(Err(exception));
    assert_eq!(response.status(), 503);
    let name = "ServiceUnavailableException";
    assert_eq!(header(&response, "x-amzn-errortype"), name);
    assert_eq!(header(&response, "x-amz-retry-after"), "1500");
    assert_eq!(
        header(&response, "content-type"),
        "application/x-amz-json-1.1"
    );
    assert_eq!(
        body(response).await,
        r#"{"__type":"ServiceUnavailableException","message":"Slow down."}"#
    );
    let response = reply(Err(Exception::new(Kind::NoSuchMethod, "")));
    assert_eq!(header(&response, "allow"), "POST");
    assert!(response.headers().get("x-amz-retry-after").is_none());
}

#[tokio::test]
async fn each_answer_has_an_id_of_its_own() {
    let (one, other) = (reply(Ok(b"{}".to_vec())), reply(Ok(b"{}".to_vec())));
    let id = header(&one, "x-amzn-requestid");
    assert_ne!(id, header(&other, "x-amzn-requestid"));
    assert_eq!(id.len(), 36, "{id}");
    let version = id.as_bytes()[14];
    assert_eq!(version, b'4', "{id}");
    assert_eq!(one.status(), 200);
    assert_eq!(body(one).await, "{}");
}
