//! Single streams: their quota, names, prefixes and defaults.

use super::*;

/// Rule 28.
#[test]
fn a_quota_under_three_batches_is_warned_of() {
    let quota = |quota: &str| {
        let text = with_stream(&format!(
            "    disk: {{quota: {quota}}}\n    buffering: {{size: 10MiB}}"
        ));
        read_here(&text).unwrap().warnings
    };
    assert_eq!(quota("30MiB"), []);
    let warnings = quota("29MiB");
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0]
            .message
            .contains("under 3 batches of 10MiB: 30MiB or more"),
        "{warnings:?}"
    );
}

#[test]
fn two_streams_cannot_have_the_same_former_name() {
    let other = "    former_name: old\n  t: {former_name: old, destination: {file: {path: o}}}";
    let found = problems(&with_stream(other));
    assert_eq!(
        found,
        [
            "delivery.yaml:7:20: streams.t.former_name: conflict: \"old\" is the name of another stream, now or formerly"
        ]
    );
}

#[test]
fn prefixes_are_checked_where_they_stand() {
    for (file, part) in [
        ("{path: o, prefix: /a}", "prefix: an empty segment"),
        (
            "{path: o, prefix: \"!{timestamp:yyyy}/\"}",
            "error_output_prefix: is missing: a prefix with",
        ),
        (
            "{path: o, error_output_prefix: \"!{timestamp:yyyy}/\"}",
            "must contain",
        ),
        ("{prefix: a/}", "destination.file.path: is missing"),
        ("{path: ''}", "found \"\", allowed is a path"),
        (
            "{path: o, backup: {file: {path: b, backup: {}}}}",
            "backup.file.backup: is no known key",
        ),
        ("{path: o, backup: {}}", "backup: is missing: one of file"),
    ] {
        let text = with_stream("").replace("{path: out}", file);
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{file}: {found:?}");
        assert!(found[0].contains(part), "{file}: {found:?}");
    }
    let both = "{path: o, prefix: //, error_output_prefix: \"!{x}\"}";
    let text = with_stream("").replace("{path: out}", both);
    assert_eq!(problems(&text).len(), 2);
}

#[test]
fn parquet_has_firehoses_defaults() {
    let settings = read_here(&with_stream("    format: {parquet: }"))
        .unwrap()
        .settings;
    let stream = &settings.streams[0];
    assert_eq!(stream.buffering.size, 128 << 20);
    let expected = Parquet {
        compression: ParquetCompression::Snappy,
        schema: Schema::Inferred,
    };
    assert_eq!(stream.format, Format::Parquet(expected));
}
