use axum::http::HeaderValue;

use super::*;

fn read(headers: &[(&'static str, &str)]) -> Result<Head, Refused> {
    let parse = |(name, value): &(&'static str, &str)| {
        let value = HeaderValue::from_str(value).unwrap();
        (HeaderName::from_static(name), value)
    };
    Head::read(&headers.iter().map(parse).collect())
}

#[test]
fn what_curl_sends_without_being_told_is_text() {
    let text = Head {
        shape: Shape::Text,
        encoding: Encoding::Identity,
        idempotency_key: None,
    };
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "Text/Plain; charset=utf-8",
        "application/x-ndjson",
        "",
    ] {
        assert_eq!(read(&[("content-type", kind)]), Ok(text.clone()), "{kind}");
    }
    assert_eq!(read(&[]), Ok(text));
}

#[test]
fn frames_have_a_type_of_their_own() {
    let head = read(&[("content-type", frame::MEDIA_TYPE)]).unwrap();
    assert_eq!(head.shape, Shape::Frames);
}

#[test]
fn other_types_and_encodings_are_refused_with_what_to_send() {
    for (header, value, advice) in [
        ("content-type", "application/json", "application/x-ndjson"),
        ("content-type", "\u{e9}", "text/plain"),
        ("content-encoding", "br", "gzip, zstd or none"),
        ("content-encoding", "gzip, zstd", "gzip, zstd or none"),
    ] {
        let refused = read(&[(header, value)]).unwrap_err();
        assert_eq!(refused.kind(), Kind::Unsupported, "{value}");
        assert!(format!("{refused:?}").contains(advice), "{refused:?}");
    }
}

#[test]
fn encodings_are_known_by_their_names() {
    let encoding = |name| read(&[("content-encoding", name)]).unwrap().encoding;
    assert_eq!(encoding("gzip"), Encoding::Gzip);
    assert_eq!(encoding("X-GZIP"), Encoding::Gzip);
    assert_eq!(encoding("zstd"), Encoding::Zstd);
    assert_eq!(encoding("identity"), Encoding::Identity);
}

#[test]
fn an_idempotency_key_is_short_and_visible() {
    let key = |value: &str| read(&[("idempotency-key", value)]).map(|head| head.idempotency_key);
    let longest = "k".repeat(128);
    assert_eq!(key(&longest), Ok(Some(longest.clone())));
    for wrong in ["", "two words", "\u{e9}", &"k".repeat(129)] {
        assert_eq!(
            key(wrong).map_err(|r| r.kind()),
            Err(Kind::Wrong),
            "{wrong}"
        );
    }
}
