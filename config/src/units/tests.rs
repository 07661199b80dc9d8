//! Sizes and spans: what is read, what is refused, and that what is printed reads back.

use proptest::prelude::*;

use super::*;

#[test]
fn sizes_are_read() {
    for (text, bytes) in [
        ("0", 0),
        ("4096", 4096),
        ("64MiB", 64 << 20),
        ("64mib", 64 << 20),
        ("64 MiB", 64 << 20),
        ("1GiB", 1 << 30),
        ("500KB", 500_000),
        ("3tib", 3 << 40),
        ("18446744073709551615", u64::MAX),
    ] {
        assert_eq!(parse_size(text), Ok(bytes), "{text}");
    }
}

#[test]
fn what_is_no_size_is_refused_and_named() {
    for (text, part) in [
        ("", "a whole number"),
        ("MiB", "a whole number"),
        ("-5MiB", "a whole number"),
        ("1.5GiB", "units"),
        ("64 apples", "units"),
        ("64MiBs", "units"),
        ("18446744073709551616", "too large"),
        ("99999999TiB", "too large"),
    ] {
        let error = parse_size(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(error.contains(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn spans_are_read() {
    let seconds = Duration::from_secs;
    for (text, span) in [
        ("0s", seconds(0)),
        ("60s", seconds(60)),
        ("5m", seconds(300)),
        ("1h", seconds(3600)),
        ("1h30m", seconds(5400)),
        ("200ms", Duration::from_millis(200)),
        ("1.5s", Duration::from_millis(1500)),
    ] {
        assert_eq!(parse_span(text), Ok(span), "{text}");
    }
}

#[test]
fn what_is_no_span_is_refused_and_named() {
    for (text, part) in [
        ("60", "needs a unit"),
        ("0", "needs a unit"),
        ("", "a number and a unit"),
        ("s", "a number and a unit"),
        ("-5s", "a number and a unit"),
        ("PT5M", "a number and a unit"),
        ("5 s", "a number and a unit"),
        ("5x", "units h, m, s, ms"),
        ("99999999999999999999h", "units"),
    ] {
        let error = parse_span(text).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_largest_whole_unit_is_printed() {
    for bytes in ["0", "1", "5MiB", "1025KiB", "10GiB", "1000000"] {
        assert_eq!(print_size(parse_size(bytes).unwrap()), bytes);
    }
    for span in ["0s", "5m", "90s", "1500ms", "2h", "7us", "3ns"] {
        assert_eq!(print_span(parse_span(span).unwrap()), span);
    }
}

proptest! {
    #[test]
    fn a_printed_size_reads_back(bytes: u64, shift in 0u32..50) {
        let bytes = bytes >> shift << (shift / 2);
        prop_assert_eq!(parse_size(&print_size(bytes)), Ok(bytes));
    }

    #[test]
    fn a_printed_span_reads_back(seconds in 0u64..1_000_000, nanos in 0u32..1_000_000_000) {
        for span in [Duration::new(seconds, nanos), Duration::new(seconds, nanos / 1_000_000 * 1_000_000)] {
            prop_assert_eq!(parse_span(&print_span(span)), Ok(span));
        }
    }
}
