//! Addresses of daemons.

use super::*;

#[test]
fn addresses_are_read_without_a_slash_at_the_end() {
    for (text, expected) in [
        ("http://127.0.0.1:4574", "http://127.0.0.1:4574"),
        ("http://[::1]:4574/", "http://[::1]:4574"),
        ("https://logs.example.com", "https://logs.example.com"),
        (
            "https://example.com/standpipe/",
            "https://example.com/standpipe",
        ),
    ] {
        assert_eq!(parse(text), Ok(expected.to_owned()));
    }
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "127.0.0.1:4574",
        "ftp://a",
        "http://",
        "http://:80",
        "http://a:0",
        "http://a:65536",
        "http://a:b",
        "http://a b",
        "http://a?b",
        "http://a/#b",
        "http://::1",
        "http://[::x]",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_user_is_refused_and_not_repeated() {
    let error = parse("http://me:hunter2@a").unwrap_err();
    assert!(
        error.contains("user") && !error.contains("hunter2"),
        "{error}"
    );
    let error = parse("me:hunter2@a").unwrap_err();
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn only_plain_http_to_another_machine_is_open() {
    for (url, open) in [
        ("http://10.0.0.1:1", true),
        ("http://logs", true),
        ("https://logs", false),
        ("http://localhost:1", false),
        ("http://127.1.2.3", false),
        ("http://[::1]:1/x", false),
    ] {
        assert_eq!(is_open(url), open, "{url}");
    }
}
