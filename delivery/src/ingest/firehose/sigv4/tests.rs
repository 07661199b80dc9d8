//! The published vectors of AWS's test suite for Signature Version 4 (those without a query, which
//! this door does not take), and what must not pass.

use axum::http::{HeaderName, HeaderValue};

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30T12:36:00Z
const NOW: i64 = 1_440_938_160;
const TIME: &str = "20150830T123600Z";
const BODY: &[u8] = br#"{"DeliveryStreamName": "web", "Record": {"Data": "YQ=="}}"#;
/// Of [`BODY`] and the headers of [`request`], made by botocore.
const SIGNATURE: &str = "28219bf93b69cce18ffb40bfed9ba71152ebdc0e8038d779af31e613b0cfa3ca";

fn headers(given: &[(&str, &str)]) -> HeaderMap {
    let always = [("host", "example.amazonaws.com"), ("x-amz-date", TIME)];
    let mut headers = HeaderMap::new();
    for (name, value) in always.iter().chain(given) {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

#[test]
fn the_published_vectors_pass() {
    let form = "application/x-www-form-urlencoded";
    let form_utf8 = "application/x-www-form-urlencoded; charset=utf8";
    let (one, other) = ("my-header1", "my-header2");
    type Vector<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str, &'a str);
    #[rustfmt::skip]
    let vectors: [Vector; 10] = [
        ("get-vanilla", &[], "host;x-amz-date",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", &[], "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("get-header-key-duplicate", &[(one, "value2"), (one, "value2"), (one, "value1")],
         "host;my-header1;x-amz-date",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        ("get-header-value-order",
         &[(one, "value4"), (one, "value1"), (one, "value3"), (one, "value2")],
         "host;my-header1;x-amz-date",
         "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
        ("get-header-value-trim", &[(one, " value1"), (other, " \"a   b   c\"")],
         "host;my-header1;my-header2;x-amz-date",
         "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
        ("post-header-key-sort", &[(one, "value1")], "host;my-header1;x-amz-date",
         "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
        ("post-header-key-case", &[], "host;x-amz-date",
         "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("post-header-value-case", &[(one, "VALUE1")], "host;my-header1;x-amz-date",
         "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
        ("post-x-www-form-urlencoded", &[("content-type", form)], "content-type;host;x-amz-date",
         "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
        ("post-x-www-form-urlencoded-parameters", &[("content-type", form_utf8)],
         "content-type;host;x-amz-date",
         "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"),
    ];
    for (name, given, signed, signature) in vectors {
        let method = match name.starts_with("get") {
            true => Method::GET,
            false => Method::POST,
        };
        let body: &[u8] = match name.contains("form") {
            true => b"Param1=value1",
            false => b"",
        };
        let text = authorization("service", signed, signature);
        let claim = Claim::read(&text).unwrap();
        let read = Signature::of(&method, &headers(given), claim, TIME).unwrap();
        assert!(read.is_of(SECRET, body), "{name}");
        assert!(!read.is_of(SECRET, b"another body"), "{name}");
        assert!(!read.is_of("another secret", body), "{name}");
    }
}

fn authorization(service: &str, signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, SignedHeaders={signed}, Signature={signature}"
    )
}

const SIGNED: &str = "content-type;host;x-amz-date;x-amz-target";

/// A request to this door.
fn request(authorization: &str) -> HeaderMap {
    headers(&[
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "Firehose_20150804.PutRecord"),
        ("authorization", authorization),
    ])
}

fn read(authorization: &str, now: i64) -> Result<Signature, Exception> {
    Signature::read(&Method::POST, &request(authorization), now)
}

#[test]
fn what_botocore_signs_is_believed_and_nothing_else_in_its_place() {
    let text = authorization("firehose", SIGNED, SIGNATURE);
    let signature = read(&text, NOW).unwrap();
    assert_eq!(signature.key_id, "AKIDEXAMPLE");
    assert!(signature.is_of(SECRET, BODY));
    assert!(!signature.is_of(SECRET, b"{}"));
    for (name, value) in [
        ("content-type", "text/plain"),
        ("host", "elsewhere"),
        ("x-amz-target", "Firehose_20150804.DeleteDeliveryStream"),
    ] {
        let mut headers = request(&text);
        headers.insert(name, HeaderValue::from_static(value));
        let changed = Signature::read(&Method::POST, &headers, NOW).unwrap();
        assert!(!changed.is_of(SECRET, BODY), "{name}");
    }
    let mut more = request(&text);
    more.append("content-type", HeaderValue::from_static("text/plain"));
    let changed = Signature::read(&Method::POST, &more, NOW).unwrap();
    assert!(!changed.is_of(SECRET, BODY), "a header was added");
}

#[test]
fn any_form_of_the_header_that_clients_send_is_read() {
    let usual = authorization("firehose", SIGNED, SIGNATURE);
    for text in [
        usual.replace(", ", ","),
        usual.replace(", ", " , "),
        format!(
            "AWS4-HMAC-SHA256 Signature={SIGNATURE}, SignedHeaders={SIGNED}, Credential=AKIDEXAMPLE/20150830/us-east-1/firehose/aws4_request"
        ),
        usual.replace(SIGNATURE, &SIGNATURE.to_uppercase()),
    ] {
        let signature = read(&text, NOW).unwrap();
        assert!(signature.is_of(SECRET, BODY), "{text}");
    }
}

#[test]
fn a_clock_may_be_off_by_five_minutes() {
    let text = authorization("firehose", SIGNED, SIGNATURE);
    for off in [-300, 0, 300] {
        read(&text, NOW + off).unwrap();
    }
    let late = read(&text, NOW + 301).unwrap_err();
    assert_eq!(late.kind, Kind::InvalidSignature);
    assert_eq!(
        late.message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
    );
    let early = read(&text, NOW - 301).unwrap_err();
    assert!(
        early.message.starts_with("Signature not yet current"),
        "{early:?}"
    );
}

#[test]
fn what_is_incomplete_or_for_something_else_is_said() {
    let usual = authorization("firehose", SIGNED, SIGNATURE);
    for (text, kind, part) in [
        (
            usual.replace("AWS4-", "AWS3-"),
            Kind::IncompleteSignature,
            "AWS4-HMAC-SHA256",
        ),
        (
            "AWS4-HMAC-SHA256".to_owned(),
            Kind::IncompleteSignature,
            "AWS4-HMAC-SHA256",
        ),
        (
            usual.replace("Credential", "Kredential"),
            Kind::IncompleteSignature,
            "'Credential'",
        ),
        (
            format!("{usual}, Signature={SIGNATURE}"),
            Kind::IncompleteSignature,
            "one 'Signature'",
        ),
        (
            usual.replace("AKIDEXAMPLE/", "/"),
            Kind::IncompleteSignature,
            "lacks its id",
        ),
        (
            usual.replace("20150830/", "2015083/"),
            Kind::IncompleteSignature,
            "lacks its id, date",
        ),
        (
            usual.replace("/aws4_request", "/aws5_request"),
            Kind::IncompleteSignature,
            "aws4_request",
        ),
        (
            usual.replace("/firehose/", "/kinesis/"),
            Kind::InvalidSignature,
            "correct service",
        ),
        (
            usual.replace("20150830/", "20150829/"),
            Kind::InvalidSignature,
            "does not match",
        ),
        (
            usual.replace("host;", ""),
            Kind::IncompleteSignature,
            "\"host\" must be",
        ),
        (
            usual.replace(";x-amz-target", ""),
            Kind::IncompleteSignature,
            "\"x-amz-target\" must be",
        ),
        (
            usual.replace("host;", "host;host;"),
            Kind::IncompleteSignature,
            "sorted",
        ),
        (
            usual.replace("host;", "host;nothing;"),
            Kind::IncompleteSignature,
            "no header \"nothing\"",
        ),
        (
            usual.replace(SIGNATURE, "28219b"),
            Kind::IncompleteSignature,
            "64 hex digits",
        ),
        (
            usual.replace("28219b", "+8219b"),
            Kind::IncompleteSignature,
            "64 hex digits",
        ),
    ] {
        let error = read(&text, NOW).unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error:?}");
        assert!(error.message.contains(part), "{text}: {error:?}");
    }
    let mut headers = request(&usual);
    headers.append("x-amz-date", HeaderValue::from_static(TIME));
    let error = Signature::read(&Method::POST, &headers, NOW).unwrap_err();
    assert!(error.message.contains("is there twice"), "{error:?}");
    for time in ["20150830T1236Z", "2015-08-30T12:36", "20151330T123600Z"] {
        let mut headers = request(&usual);
        headers.insert("x-amz-date", HeaderValue::from_static(time));
        let error = Signature::read(&Method::POST, &headers, NOW).unwrap_err();
        assert!(error.message.contains("X-Amz-Date must be"), "{error:?}");
    }
}
