//! Partitioning: what belongs together, and what is said with its line where it does not.

use std::path::Path;

use super::*;

const START: &str = "data_dir: d\nlisten: {native: {address: 127.0.0.1:1}}\nstreams:\n  s:\n";

/// A stream with these lines and this prefix, which stands in line 5.
fn text(prefix: &str, lines: &str) -> String {
    let errors = "error_output_prefix: \"e/!{firehose:error-output-type}/\"";
    format!(
        "{START}    destination: {{file: {{path: out, prefix: {prefix:?}, {errors}}}}}\n{lines}\n"
    )
}

fn found(prefix: &str, lines: &str) -> Vec<String> {
    problems(&text(prefix, lines))
}

fn read_one(prefix: &str, lines: &str) -> Stream {
    let read = read(&text(prefix, lines), "delivery.yaml", Path::new("/")).unwrap();
    read.settings.streams.into_iter().next().unwrap()
}

#[test]
fn partitioning_has_defaults_and_is_written_out() {
    let stream = read_one(
        "!{partitionKeyFromQuery:a}/",
        "    partitioning: {keys: {a: \".a.b|tostring\"}}",
    );
    let partitioning = stream.partitioning.as_ref().unwrap();
    assert_eq!(partitioning.max_open, 500);
    assert_eq!(partitioning.event_time, None);
    assert_eq!(partitioning.keys[0].query.as_str(), ".a.b|tostring");
    assert_eq!(stream.buffering.size, 64 * 1024 * 1024);
    assert_eq!(read_stream(&write_stream(&stream)).unwrap(), stream);

    let timed = read_one(
        "!{timestamp:yyyy}/",
        "    partitioning: {event_time: {query: .ts, zone: Europe/Berlin}, max_open: 7}",
    );
    let time = timed.partitioning.as_ref().unwrap().event_time.as_ref();
    assert_eq!(time.unwrap().zone, "Europe/Berlin");
    assert_eq!(read_stream(&write_stream(&timed)).unwrap(), timed);
}

#[test]
fn keys_and_prefix_belong_together() {
    let both = "    partitioning: {keys: {a: .a}}";
    for (prefix, lines, expected) in [
        (
            "!{partitionKeyFromQuery:a}/",
            "",
            "5:45: streams.s.destination.file.prefix: !{partitionKeyFromQuery:a} needs partitioning",
        ),
        (
            "!{partitionKeyFromQuery:b}/!{partitionKeyFromQuery:a}/",
            both,
            "5:45: streams.s.destination.file.prefix: !{partitionKeyFromQuery:b}: partitioning.keys does not have it",
        ),
        (
            "!{partitionKeyFromLambda:l}/!{partitionKeyFromQuery:a}/",
            both,
            "5:45: streams.s.destination.file.prefix: !{partitionKeyFromLambda:l}: the stream has no transform",
        ),
        (
            "x/",
            both,
            "6:19: streams.s.partitioning: the prefix does not use the key \"a\"",
        ),
        (
            "x/",
            "    partitioning: {max_open: 3}",
            "5:45: streams.s.destination.file.prefix: has no !{partitionKeyFromQuery:…}",
        ),
        (
            "!{partitionKeyFromQuery:a}/",
            "    partitioning: {keys: {a: .a}, event_time: {query: .t}}",
            "5:45: streams.s.destination.file.prefix: has no !{timestamp:…}",
        ),
        (
            "!{partitionKeyFromQuery:a}/",
            "    partitioning: {keys: {a: \".a |\"}}",
            "6:30: streams.s.partitioning.keys.a: \".a |\" is no jq query: expected",
        ),
        (
            "!{partitionKeyFromQuery:a}/",
            "    partitioning: {keys: {a: .a}, max_open: 5001}",
            "6:45: streams.s.partitioning.max_open: 5001 is out of range",
        ),
        (
            "!{partitionKeyFromQuery:a}/",
            "    partitioning: {keys: {a: .a}}\n    buffering: {interval: 0s}",
            "6:19: streams.s.partitioning: conflict: buffering.interval 0s",
        ),
        (
            "!{timestamp:yyyy}/",
            "    partitioning: {event_time: {query: .t, zone: Mars/Base}}",
            "6:50: streams.s.partitioning.event_time.zone: \"Mars/Base\" is no time zone",
        ),
    ] {
        let found = found(prefix, lines);
        assert_eq!(found.len(), 1, "{found:?}");
        let wanted = format!("delivery.yaml:{expected}");
        assert!(found[0].starts_with(&wanted), "{found:?}\n{wanted}");
    }
}

#[test]
fn only_objects_of_one_place_are_partitioned() {
    let prefix = "!{partitionKeyFromQuery:a}/";
    let backup = text(prefix, "    partitioning: {keys: {a: .a}}").replace(
        "file: {path: out,",
        "file: {backup: {file: {path: b, prefix: \"!{partitionKeyFromQuery:a}/\", error_output_prefix: \"!{firehose:error-output-type}/\"}}, path: out,",
    );
    let found = problems(&backup);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("copies are not partitioned"), "{found:?}");
    let rows = format!(
        "{START}    destination: {{opensearch: {{nodes: [http://127.0.0.1:1], index: i, backup: {{file: {{path: f}}}}}}}}\n    partitioning: {{keys: {{a: .a}}}}\n"
    );
    let found = problems(&rows);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("conflict: only a destination"),
        "{found:?}"
    );
}
