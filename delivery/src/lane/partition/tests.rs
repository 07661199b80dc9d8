//! Where rows belong: keys by query and by transform, times of events, and what belongs nowhere.

use standpipe_config::settings::delivery::{Stream, read_stream};

use super::*;

fn stream(prefix: &str, partitioning: &str) -> Stream {
    let text = format!(
        "s:\n  transform: {{http: {{url: \"http://127.0.0.1:1/\"}}}}\n  partitioning: {partitioning}\n  destination: {{file: {{path: /out, time_zone: Europe/Berlin, prefix: \"{prefix}\", error_output_prefix: \"e/!{{firehose:error-output-type}}/\"}}}}\n"
    );
    read_stream(&text).unwrap_or_else(|e| panic!("{e}"))
}

fn placing(stream: &Stream) -> Placing<'_> {
    Placing {
        partitioning: stream.partitioning.as_ref().unwrap(),
        prefix: stream.destination.prefix().unwrap(),
    }
}

fn keys(pairs: &[(&str, &str)]) -> PartitionKeys {
    let pairs = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    pairs.collect()
}

#[test]
fn values_come_in_the_order_of_the_prefix() {
    let both = stream(
        "!{partitionKeyFromLambda:shard}/!{partitionKeyFromQuery:b}/!{partitionKeyFromQuery:a}/",
        "{keys: {a: .x.a, b: .b}}",
    );
    let placing = placing(&both);
    let given = keys(&[("shard", "s1"), ("other", "o")]);
    let placed = placing
        .place(br#"{"x":{"a":7},"b":true}"#, Some(&given))
        .unwrap();
    assert_eq!(placed.name.values, ["s1", "true", "7"]);
    assert_eq!(placed.time, None);

    let why = |record: &str, given: Option<&PartitionKeys>| {
        let why = placing.place(record.as_bytes(), given).unwrap_err();
        assert_eq!((why.code, why.at), (NO_VALUE, FailedAt::Keys));
        why.message
    };
    let empty = "partitionKeys values must not be null or empty";
    let whole = r#"{"x":{"a":1},"b":2}"#;
    assert!(why(whole, None).starts_with(empty));
    assert!(why(whole, Some(&keys(&[("shard", "")]))).starts_with(empty));
    assert!(why(r#"{"x":{"a":1},"b":""}"#, Some(&given)).starts_with(empty));
    assert!(why(r#"{"x":{"a":1}}"#, Some(&given)).starts_with(empty));
    assert!(why("text", Some(&given)).starts_with("Non JSON record provided"));
}

/// Keys of a transform alone do not ask what the record holds.
#[test]
fn records_that_are_no_json_belong_where_a_transform_says() {
    let stream = stream("!{partitionKeyFromLambda:k}/", "{max_open: 3}");
    let placed = placing(&stream).place(b"\xffnot json", Some(&keys(&[("k", "v")])));
    assert_eq!(placed.unwrap().name.values, ["v"]);
}

#[test]
fn the_time_of_an_event_is_shown_by_the_clock_of_its_zone() {
    let stream = stream(
        "!{timestamp:yyyy/MM/dd/HH}/",
        "{event_time: {query: .t, zone: Europe/Berlin}}",
    );
    let prefix = |time: &str| {
        let record = format!("{{\"t\":{time}}}");
        let placed = placing(&stream).place(record.as_bytes(), None);
        placed.map(|placed| placed.name.prefix.unwrap())
    };
    for (time, expected) in [
        (r#""2026-07-01T22:30:00Z""#, "2026/07/02/00/"),
        (r#""2026-07-01T22:30:00+02:00""#, "2026/07/01/22/"),
        (r#""2026-07-01T22:30:00""#, "2026/07/01/22/"),
        (r#""2026-07-01 22:30:00.5""#, "2026/07/01/22/"),
        (r#""2026-01-01""#, "2026/01/01/00/"),
        ("1782945000", "2026/07/02/00/"),
        ("1782945000123", "2026/07/02/00/"),
        ("1782945000.75", "2026/07/02/00/"),
        (r#""1782945000""#, "2026/07/02/00/"),
        // The hour that there is twice, and the one that there is not.
        (r#""2026-10-25T00:30:00Z""#, "2026/10/25/02/"),
        (r#""2026-10-25T01:30:00Z""#, "2026/10/25/02/"),
        (r#""2026-03-29T01:00:00Z""#, "2026/03/29/03/"),
    ] {
        assert_eq!(prefix(time).unwrap(), expected, "{time}");
    }
    for none in ["null", r#""""#, r#""yesterday""#, "1e300", "[]", "true"] {
        let why = prefix(none).unwrap_err();
        assert_eq!(why.code, NO_VALUE, "{none}: {why:?}");
    }
}

/// Late records are apart; what the prefix does not tell apart is together.
#[test]
fn times_of_one_prefix_are_one_partition() {
    let stream = stream(
        "!{partitionKeyFromQuery:k}/!{timestamp:yyyy-MM-dd}/!{firehose:random-string}/",
        "{keys: {k: .k}, event_time: {query: .t}}",
    );
    let place = |k: &str, t: &str| {
        let record = format!("{{\"k\":\"{k}\",\"t\":\"{t}\"}}");
        placing(&stream)
            .place(record.as_bytes(), None)
            .unwrap()
            .name
    };
    // Midnight in Berlin.
    let day = place("a", "2026-06-30T22:00:00Z");
    assert_eq!(day, place("a", "2026-07-01T21:59:59Z"));
    assert_ne!(day, place("a", "2026-06-30T21:59:59Z"));
    assert_ne!(day, place("b", "2026-06-30T22:00:00Z"));
}
