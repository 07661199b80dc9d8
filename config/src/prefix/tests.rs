//! Prefixes against the tables of Firehose's behaviour, and against Java's patterns.

use super::*;

/// 2026-11-21T10:30:05.042Z, a Saturday.
const ARRIVAL: Arrival = Arrival(1_795_257_005_042);

fn values() -> PrefixValues<'static> {
    PrefixValues {
        oldest: ARRIVAL,
        random_seed: b"lane, run, position",
    }
}

fn data(prefix: &str) -> Result<String, String> {
    let prefix = Prefix::parse(prefix).map_err(|e| e.0)?;
    prefix.evaluate(&values()).map_err(|e| e.0)
}

fn failed(prefix: &str, error: Option<&str>) -> Result<String, String> {
    let prefix = Prefix::parse(prefix).map_err(|e| e.0)?;
    let error = ErrorPrefix::parse(error, &prefix).map_err(|e| e.0)?;
    error
        .evaluate("processing-failed", &values())
        .map_err(|e| e.0)
}

fn time(pattern: &str) -> Result<String, String> {
    data(&format!("!{{timestamp:{pattern}}}"))
}

#[test]
fn the_examples_of_the_reference_hold() {
    let both = "bad/!{firehose:error-output-type}/!{timestamp:yyyy}/";
    let typed = "e/!{firehose:error-output-type}/";
    let dated = "y=!{timestamp:yyyy}/d=!{timestamp:dd}/";
    let random = "!{firehose:random-string}/!{timestamp:HH}/";
    let ok = |text: &str| Ok(text.to_owned());

    assert_eq!(data(""), ok("2026/11/21/10/"));
    assert_eq!(failed("", None), ok("processing-failed/2026/11/21/10/"));
    assert_eq!(data("raw/"), ok("raw/2026/11/21/10/"));
    assert_eq!(data("raw"), ok("raw2026/11/21/10/"), "no slash is inserted");
    assert_eq!(
        failed("raw/", None),
        ok("raw/processing-failed/2026/11/21/10/")
    );
    assert_eq!(data(dated), ok("y=2026/d=21/"));
    assert_eq!(failed(dated, Some(both)), ok("bad/processing-failed/2026/"));
    assert_eq!(failed(random, Some(typed)), ok("e/processing-failed/"));
    assert_eq!(
        failed("a/", Some("bad/")),
        ok("bad/processing-failed/2026/11/21/10/")
    );
    assert_eq!(failed("a/", Some("")), failed("a/", None));

    let missing = failed("!{timestamp:yyyy}/", None).unwrap_err();
    assert!(missing.contains("is missing"), "{missing}");
    let untyped = failed("a/", Some("bad/!{timestamp:yyyy}/")).unwrap_err();
    assert!(untyped.contains("must contain"), "{untyped}");
}

/// Rule 21: the same values make the same string, and each occurrence its own.
#[test]
fn random_strings_derive_from_the_seed_and_the_occurrence() {
    let twice = data("!{firehose:random-string}/!{firehose:random-string}/").unwrap();
    let (first, second) = (&twice[..11], &twice[12..23]);
    assert_ne!(first, second);
    for text in [first, second] {
        let hex = |t: &str| t.chars().all(|c| c.is_ascii_hexdigit());
        assert!(
            hex(&text[..8]) && &text[8..9] == "-" && hex(&text[9..]),
            "{text}"
        );
    }
    assert_eq!(data("!{firehose:random-string}").unwrap(), first);

    let other = PrefixValues {
        random_seed: b"another position",
        ..values()
    };
    let prefix = Prefix::parse("!{firehose:random-string}").unwrap();
    assert_ne!(prefix.evaluate(&other).unwrap(), first);
}

#[test]
fn patterns_write_what_java_writes() {
    let table = [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2026-11-21T10:30:05.042Z"),
        ("yy/M/d", "26/11/21"),
        ("uuuu_DDD_D", "2026_325_325"),
        ("MMM MMMM MMMMM", "Nov November N"),
        ("E EEEE EEEEE e", "Sat Saturday S 7"),
        ("hh h a KK kk", "10 10 AM 10 10"),
        ("A n N", "37805042 42000000 37805042000000"),
        ("x xx xxx Z ZZZZ ZZZZZ", "+00 +0000 +00:00 +0000 GMT Z"),
        ("'year='yyyy''", "year=2026'"),
        ("'o''clock' H", "o'clock 10"),
        ("Q QQQ", "4 Q4"),
    ];
    for (pattern, expected) in table {
        assert_eq!(time(pattern), Ok(expected.to_owned()), "{pattern}");
    }
}

#[test]
fn hours_around_midnight_and_noon() {
    let at = |hour: i64| {
        let values = PrefixValues {
            oldest: Arrival(hour * 3_600_000),
            ..values()
        };
        let prefix = Prefix::parse("!{timestamp:H h K k a D}").unwrap();
        prefix.evaluate(&values).unwrap()
    };
    assert_eq!(at(0), "0 12 0 24 AM 1");
    assert_eq!(at(12), "12 12 0 12 PM 1");
    assert_eq!(at(23), "23 11 11 23 PM 1");
}

#[test]
fn wrong_patterns_name_what_is_wrong() {
    for (pattern, part) in [
        ("YYYY", "use yyyy"),
        ("yyyy/b", "'b'"),
        ("HHH", "'H' 3 times"),
        ("yyyy 'open", "does not end"),
        ("[yyyy]", "'['"),
        ("ww", "'w'"),
    ] {
        let error = time(pattern).unwrap_err();
        assert!(error.contains(part), "{pattern}: {error}");
    }
}

#[test]
fn wrong_prefixes_name_what_is_wrong() {
    let long = "a".repeat(1025);
    let too_long_as_evaluated = "a".repeat(500);
    for (prefix, part) in [
        ("!{firehose:error-output-type}/", "only in the error"),
        ("!{partitionKeyFromQuery:customer}/", "needs partitioning"),
        ("!{partitionKeyFromLambda:x}/", "not available"),
        ("!{timestamp:}/", "is no expression"),
        ("!{date:yyyy}/", "is no expression"),
        ("!{firehose:random}/", "is no expression"),
        ("a!{timestamp:yyyy", "closing brace"),
        ("a!{timestamp:{yyyy}}", "closing brace"),
        ("/a/", "empty segment"),
        ("a//b/", "empty segment"),
        ("a/../", "\"..\""),
        ("./a", "\".\""),
        ("a\u{7}/", "control character"),
        ("!{timestamp:yyyy'//'MM}/", "empty segment"),
        (&long, "1025 bytes"),
        (&too_long_as_evaluated, "too many"),
    ] {
        let error = data(prefix).unwrap_err();
        assert!(error.contains(part), "{prefix}: {error}");
    }
    let error = failed("a/", Some("/e/")).unwrap_err();
    assert!(error.contains("empty segment"), "{error}");
}

/// Rule 20.
#[test]
fn a_key_is_checked_as_evaluated() {
    assert_eq!(check_key("web/2026/x..y/.z/ü.parquet"), Ok(()));
    assert_eq!(check_key(&"k".repeat(512)), Ok(()));
    for key in ["", "/a", "a/", "a//b", "a/./b", "..", "a\nb", "a\u{85}b"] {
        assert!(check_key(key).is_err(), "{key:?}");
    }
    assert!(check_key(&"k".repeat(513)).is_err());
    assert!(check_key(&"ü".repeat(257)).is_err(), "bytes count");
}

#[test]
fn what_was_written_is_kept() {
    let prefix = Prefix::parse("raw/").unwrap();
    assert_eq!(prefix.as_str(), "raw/");
    assert_eq!(ErrorPrefix::parse(None, &prefix).unwrap().as_str(), None);
    let written = ErrorPrefix::parse(Some("bad/"), &prefix).unwrap();
    assert_eq!(written.as_str(), Some("bad/"));
}

#[test]
fn an_arrival_outside_of_the_calendar_is_an_error() {
    let values = PrefixValues {
        oldest: Arrival(i64::MAX),
        ..values()
    };
    let prefix = Prefix::parse("").unwrap();
    assert!(prefix.evaluate(&values).unwrap_err().0.contains("no time"));
}

#[test]
fn every_key_begins_with_the_text_before_the_first_expression() {
    for (text, start) in [
        ("", ""),
        ("a/b/", "a/b/"),
        ("a/x=!{timestamp:yyyy}/b/", "a/x="),
        ("!{timestamp:yyyy}/", ""),
    ] {
        let prefix = Prefix::parse(text).unwrap();
        assert_eq!(prefix.start(), start, "{text}");
        let errors = ErrorPrefix::parse(Some("e/!{firehose:error-output-type}/"), &prefix).unwrap();
        assert_eq!(errors.start(), "e/");
    }
}
