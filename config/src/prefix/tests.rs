//! Prefixes against the tables of Firehose's behaviour, and against Java's patterns.

use super::*;

/// 2026-11-21T10:30:05.042Z, a Saturday.
const ARRIVAL: Arrival = Arrival(1_795_257_005_042);

fn values() -> PrefixValues<'static> {
    PrefixValues {
        oldest: ARRIVAL,
        random_seed: b"lane, run, position",
        keys: &[],
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

/// What `DateTimeFormatter.ofPattern(…, Locale.US)` of a JDK writes.
#[test]
fn patterns_write_what_java_writes() {
    let table = [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2026-11-21T10:30:05.042Z"),
        ("yy/M/d", "26/11/21"),
        ("uuuu_DDD_D", "2026_325_325"),
        ("MMM MMMM MMMMM", "Nov November N"),
        ("LLL LLLL LLLLL", "Nov November N"),
        ("E EEEE EEEEE e", "Sat Saturday S 7"),
        ("ee eee eeee eeeee", "07 Sat Saturday S"),
        ("c ccc cccc ccccc", "7 Sat Saturday S"),
        ("hh h a KK kk", "10 10 AM 10 10"),
        ("A n N", "37805042 42000000 37805042000000"),
        ("x xx xxx xxxx xxxxx", "+00 +0000 +00:00 +0000 +00:00"),
        ("X XX XXX XXXX XXXXX", "Z Z Z Z Z"),
        ("Z ZZ ZZZ ZZZZ ZZZZZ", "+0000 +0000 +0000 GMT Z"),
        ("O OOOO VV", "GMT GMT UTC"),
        ("'year='yyyy''", "year=2026'"),
        ("'o''clock' H", "o'clock 10"),
        ("Q QQ QQQ QQQQ QQQQQ", "4 04 Q4 4th quarter 4"),
        ("q qq qqq qqqq qqqqq", "4 04 Q4 4th quarter 4"),
        ("G GG GGG GGGG GGGGG", "AD AD AD Anno Domini A"),
        ("YYYY YY Y w ww W", "2026 26 2026 47 47 3"),
        ("yyyy[MM]dd", "20261121"),
        ("[yyyy", "2026"),
        ("yyyyy y yyy", "02026 2026 2026"),
        ("SSSSSSSSS S", "042000000 0"),
    ];
    for (pattern, expected) in table {
        assert_eq!(time(pattern), Ok(expected.to_owned()), "{pattern}");
    }
}

/// The same of times in other zones, with other quarters, and around New Year.
#[test]
fn patterns_write_what_java_writes_elsewhere() {
    let table = [
        (
            "Europe/Berlin",
            1_795_257_005_042,
            "yyyy-MM-dd'T'HH:mm:ss.SSSX",
            "2026-11-21T11:30:05.042+01",
        ),
        (
            "Europe/Berlin",
            1_795_257_005_042,
            "x xx xxx xxxx xxxxx",
            "+01 +0100 +01:00 +0100 +01:00",
        ),
        (
            "Europe/Berlin",
            1_795_257_005_042,
            "Z ZZ ZZZ ZZZZ ZZZZZ",
            "+0100 +0100 +0100 GMT+01:00 +01:00",
        ),
        (
            "Europe/Berlin",
            1_795_257_005_042,
            "O OOOO VV",
            "GMT+1 GMT+01:00 Europe/Berlin",
        ),
        (
            "Asia/Kolkata",
            1_795_257_005_042,
            "hh h a KK kk",
            "04 4 PM 04 16",
        ),
        (
            "Asia/Kolkata",
            1_795_257_005_042,
            "X XX XXX XXXX XXXXX",
            "+0530 +0530 +05:30 +0530 +05:30",
        ),
        (
            "Asia/Kolkata",
            1_795_257_005_042,
            "Z ZZ ZZZ ZZZZ ZZZZZ",
            "+0530 +0530 +0530 GMT+05:30 +05:30",
        ),
        (
            "Asia/Kolkata",
            1_795_257_005_042,
            "O OOOO VV",
            "GMT+5:30 GMT+05:30 Asia/Kolkata",
        ),
        (
            "America/New_York",
            1_782_948_605_042,
            "MMM MMMM MMMMM",
            "Jul July J",
        ),
        (
            "America/New_York",
            1_782_948_605_042,
            "E EEEE EEEEE e",
            "Wed Wednesday W 4",
        ),
        (
            "America/New_York",
            1_782_948_605_042,
            "x xx xxx xxxx xxxxx",
            "-04 -0400 -04:00 -0400 -04:00",
        ),
        (
            "America/New_York",
            1_782_948_605_042,
            "Q QQ QQQ QQQQ QQQQQ",
            "3 03 Q3 3rd quarter 3",
        ),
        (
            "America/New_York",
            1_782_948_605_042,
            "YYYY YY Y w ww W",
            "2026 26 2026 27 27 1",
        ),
        ("UTC", 1_546_252_205_042, "yy/M/d", "18/12/31"),
        (
            "UTC",
            1_546_252_205_042,
            "YYYY YY Y w ww W",
            "2019 19 2019 1 01 6",
        ),
        (
            "America/St_Johns",
            1_640_995_200_000,
            "yyyy-MM-dd'T'HH:mm:ss.SSSX",
            "2021-12-31T20:30:00.000-0330",
        ),
        (
            "America/St_Johns",
            1_640_995_200_000,
            "uuuu_DDD_D",
            "2021_365_365",
        ),
        (
            "America/St_Johns",
            1_640_995_200_000,
            "O OOOO VV",
            "GMT-3:30 GMT-03:30 America/St_Johns",
        ),
        (
            "America/St_Johns",
            1_640_995_200_000,
            "YYYY YY Y w ww W",
            "2022 22 2022 1 01 5",
        ),
    ];
    for (zone, arrival, pattern, expected) in table {
        let values = PrefixValues {
            oldest: Arrival(arrival),
            ..values()
        };
        let prefix = Prefix::parse(&format!("!{{timestamp:{pattern}}}")).unwrap();
        let prefix = prefix.in_zone(Zone::named(zone).unwrap());
        let written = prefix.evaluate(&values);
        assert_eq!(written, Ok(expected.to_owned()), "{zone} {pattern}");
    }
}

/// Firehose's `CustomTimeZone`: of both prefixes, also where the date is appended.
#[test]
fn times_are_in_the_zone_that_was_named() {
    let berlin = Zone::named("europe/berlin").unwrap();
    assert_eq!(berlin.name(), "Europe/Berlin");
    let late = PrefixValues {
        // 2026-11-21T23:30Z
        oldest: Arrival(1_795_303_800_000),
        ..values()
    };
    let prefix = Prefix::parse("raw/").unwrap().in_zone(berlin);
    assert_eq!(prefix.evaluate(&late).unwrap(), "raw/2026/11/22/00/");
    for (written, expected) in [
        (None, "raw/processing-failed/2026/11/22/00/"),
        (
            Some("e/!{firehose:error-output-type}/!{timestamp:dd}/"),
            "e/processing-failed/22/",
        ),
    ] {
        let errors = ErrorPrefix::parse(written, &prefix).unwrap();
        let evaluated = errors.evaluate("processing-failed", &late).unwrap();
        assert_eq!(evaluated, expected);
    }
}

#[test]
fn what_is_no_zone_is_named() {
    for name in ["", "Berlin", "Europe/Atlantis", "+02:00", "../etc/passwd"] {
        let error = Zone::named(name).unwrap_err().0;
        assert!(error.contains("is no time zone"), "{name}: {error}");
    }
}

#[test]
fn the_year_of_the_week_is_noticed() {
    for (text, expected) in [
        ("!{timestamp:YYYY/MM}/", true),
        ("!{timestamp:'Y'yyyy}/", false),
        ("YYYY/", false),
    ] {
        let prefix = Prefix::parse(text).unwrap();
        assert_eq!(prefix.has_week_year(), expected, "{text}");
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
        ("yyyy/b", "'b'"),
        ("HHH", "'H' 3 times"),
        ("yyyy 'open", "does not end"),
        ("yyyy]", "']'"),
        ("cc", "'c' 2 times"),
        ("OO", "'O' 2 times"),
        ("{yyyy}", "closing brace"),
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
        ("!{partitionKeyFromQuery:}/", "no name of a key"),
        ("!{partitionKeyFromLambda:a b}/", "no name of a key"),
        ("!{partitionKey:a}/", "is no expression"),
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
fn keys_of_partitioning_stand_where_they_are_used() {
    let key = |source, name: &str| PartitionKey {
        source,
        name: name.to_owned(),
    };
    let text = "c=!{partitionKeyFromQuery:a}/!{partitionKeyFromLambda:a}/!{timestamp:yyyy}/!{partitionKeyFromQuery:a}/";
    let prefix = Prefix::parse(text).unwrap();
    let keys = [key(KeySource::Query, "a"), key(KeySource::Transform, "a")];
    assert_eq!(prefix.keys(), keys);
    assert!(!prefix.is_literal() && prefix.has_time());
    assert_eq!(keys[1].to_string(), "!{partitionKeyFromLambda:a}");
    let found = ["x/y".to_owned(), "ü".to_owned()];
    let with = |keys| PrefixValues { keys, ..values() };
    let evaluated = prefix.evaluate(&with(&found)).unwrap();
    assert_eq!(evaluated, "c=x/y/ü/2026/x/y/");
    let short = prefix.evaluate(&with(&found[..1])).unwrap_err();
    assert!(short.0.contains("no value for !{partitionKeyFromLambda:a}"));

    let only = Prefix::parse("!{partitionKeyFromQuery:a}").unwrap();
    assert!(!only.has_time(), "a date is appended to text only");
    assert!(Prefix::parse("a/").unwrap().has_time());
    let error = "!{firehose:error-output-type}/!{partitionKeyFromQuery:a}/";
    let refused = ErrorPrefix::parse(Some(error), &prefix).unwrap_err();
    assert!(refused.0.contains("not allowed in an error output prefix"));
    assert!(ErrorPrefix::parse(None, &only).is_err());
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
