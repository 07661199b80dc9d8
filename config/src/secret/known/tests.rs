use super::*;
use crate::secret::{Secret, SecretSource};

/// Somebody who knows these.
fn knowing(secrets: &[&str]) -> Known {
    let mut known = Known(VecDeque::new());
    secrets.iter().for_each(|secret| known.remember(secret));
    known
}

#[test]
fn a_secret_that_was_read_is_masked_wherever_it_stands() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "mask-me-please\n").unwrap();
    let text = "Authorization: Bearer mask-me-please\r\n";
    assert_eq!(mask(text), text, "nobody has read it so far");
    Secret::read(SecretSource::File(file.path().to_owned())).unwrap();
    assert_eq!(mask(text), "Authorization: Bearer ***\r\n");
    assert_eq!(mask("xmask-me-pleasex, mask-me-please"), "x***x, ***");
}

#[test]
fn it_is_found_as_json_xml_and_addresses_have_it() {
    let known = knowing(&["a\"b<c&d/e"]);
    for text in [
        "a\"b<c&d/e",
        r#"a\"b<c&d/e"#,
        "a&quot;b&lt;c&amp;d/e",
        "a%22b%3Cc%26d%2Fe",
    ] {
        assert_eq!(
            known.mask(&format!("said: {text}.")),
            "said: ***.",
            "{text}"
        );
    }
}

#[test]
fn the_longer_of_two_is_masked_as_a_whole() {
    let known = knowing(&["inner-part", "outer-inner-part-outer"]);
    assert_eq!(known.mask("outer-inner-part-outer inner-part"), "*** ***");
}

#[test]
fn signatures_are_masked_and_what_is_none_is_not() {
    let header = "AWS4-HMAC-SHA256 Credential=AK/20261129/eu/s3/aws4_request, Signature=";
    let said = format!("{header}0123456789abcdef&X=1, Signature=?");
    let shown = format!("{header}***&X=1, Signature=?");
    assert_eq!(knowing(&[]).mask(&said), shown);
}

#[test]
fn what_is_too_short_blots_out_nothing() {
    assert_eq!(
        knowing(&["secret"]).mask("secret is no secret"),
        "secret is no secret"
    );
}

#[test]
fn only_so_many_are_remembered_and_the_last_ones() {
    let mut known = knowing(&["the-first"]);
    (0..MOST).for_each(|n| known.remember(&format!("secret-{n:06}-of-many")));
    assert_eq!(known.0.len(), MOST);
    assert_eq!(
        known.mask("the-first secret-000999-of-many"),
        "the-first ***"
    );
}

#[test]
fn an_excerpt_shows_no_half_of_a_secret() {
    remember("cut-in-the-middle");
    assert_eq!(excerpt(b"1234 cut-in-the-middle", 7), "1234 **");
    assert_eq!(excerpt("12\u{e4}4".as_bytes(), 3), "12\u{e4}");
    assert_eq!(excerpt(b"\xff", 3), "\u{fffd}");
}
