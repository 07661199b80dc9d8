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
        (
            "{path: o, backup: {}}",
            "backup: is missing: one of file, s3",
        ),
        (
            "{path: o, backup_mode: failed}",
            "backup_mode: conflict: there is no backup",
        ),
        (
            "{path: o, backup: {file: {path: b}}, backup_mode: some}",
            "backup_mode: found \"some\"",
        ),
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
    assert_eq!(stream.format, Format::Parquet(Parquet::default()));
    let expected = ParquetLayout {
        page_size: 1 << 20,
        dictionary: true,
        version: ParquetVersion::V1,
    };
    assert_eq!(Parquet::default().layout, expected);
    assert_eq!(Parquet::default().compression, ParquetCompression::Snappy);
}

#[test]
fn what_records_are_taken_apart_into_is_checked() {
    for (written, part) in [
        (
            "xml",
            "found \"xml\", allowed is one of none, kpl, json, or {delimited: TEXT}",
        ),
        ("[json]", "found a list"),
        ("{}", "deaggregate.delimited: is missing"),
        (
            "{delimited: ''}",
            "found \"\", allowed is a text of 1 to 64 bytes",
        ),
        ("{delimiter: x}", "did you mean \"delimited\"?"),
    ] {
        let found = problems(&with_stream(&format!("    deaggregate: {written}")));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert!(found[0].contains(part), "{written}: {found:?}");
    }
    let long = format!("    deaggregate: {{delimited: {}}}", "x".repeat(65));
    assert!(problems(&with_stream(&long))[0].contains("has 65 bytes"));
}

#[test]
fn orc_has_firehoses_defaults_and_refuses_what_it_cannot_do() {
    let settings = read_here(&with_stream("    format: {orc: }"))
        .unwrap()
        .settings;
    let stream = &settings.streams[0];
    assert_eq!(stream.buffering.size, 128 << 20);
    let expected = Orc {
        compression: OrcCompression::Snappy,
        schema: Schema::Inferred,
        json: JsonSerDe::default(),
        stripe_size: 64 << 20,
    };
    assert_eq!(stream.format, Format::Orc(expected));
    for (written, part) in [
        (
            "compression: lz4",
            "allowed is one of none, zlib, snappy, zstd",
        ),
        ("stripe_size: 256MiB", "out of range: 8MiB to 64MiB"),
        (
            "block_size: 256MiB",
            "block_size: cannot be set, remove it: it pads",
        ),
        ("enable_padding: true", "cannot be set, remove it: it pads"),
        (
            "padding_tolerance: 0.1",
            "cannot be set, remove it: it pads",
        ),
        ("row_index_stride: 1000", "which stripe_size makes smaller"),
        ("bloom_filter_columns: [a]", "no Bloom filters"),
        (
            "bloom_filter_false_positive_probability: 0.1",
            "no Bloom filters",
        ),
        ("dictionary_key_threshold: 0.8", "without dictionaries"),
        ("format_version: v0_11", "files are V0_12"),
        (
            "json: hive",
            "how records are read is for a declared schema",
        ),
    ] {
        let found = problems(&with_stream(&format!("    format: {{orc: {{{written}}}}}")));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert!(found[0].contains(part), "{written}: {found:?}");
    }
}

#[test]
fn how_records_are_read_is_checked_where_it_stands() {
    let declared = "schema: [{name: a, type: int}]";
    for (written, part) in [
        (
            "json: hive".to_owned(),
            "json: conflict: how records are read is for a declared schema",
        ),
        (format!("{declared}, json: xml"), "json: found \"xml\""),
        (
            format!("{declared}, json: {{openx: {{}}, hive: {{}}}}"),
            "conflict: found openx and hive",
        ),
        (
            format!("{declared}, json: {{hive: {{timestamp_formats: [\"yyyy b\"]}}}}"),
            "the letter 'b' of the pattern \"yyyy b\"",
        ),
        (
            format!("{declared}, json: {{hive: {{timestamp_formats: [\"yyyy'T\"]}}}}"),
            "does not end",
        ),
        (
            "schema: {glue: nowhere.json}".to_owned(),
            "/etc/standpipe/nowhere.json is no table",
        ),
        ("schema: {}".to_owned(), "schema.glue: is missing"),
        (
            "page_size: 1KiB".to_owned(),
            "page_size: \"1KiB\" is out of range",
        ),
        (
            "writer_version: v3".to_owned(),
            "writer_version: found \"v3\"",
        ),
    ] {
        let text = with_stream(&format!("    format: {{parquet: {{{written}}}}}"));
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert!(found[0].contains(part), "{written}: {found:?}");
    }
    let unknown = format!(
        "    format: {{parquet: {{{declared}, json: {{openx: {{column_to_json_key_mappings: {{b: c}}}}}}}}}}"
    );
    let warnings = read_here(&with_stream(&unknown)).unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

fn bucket(written: &str) -> String {
    with_stream("").replace("file: {path: out}", &format!("s3: {{{written}}}"))
}

#[test]
fn a_bucket_has_defaults_for_all_but_its_name() {
    let of = |written: &str| {
        let stream = read_here(&bucket(written))
            .unwrap()
            .settings
            .streams
            .remove(0);
        match stream.destination {
            Destination::S3(s3) => s3,
            other => panic!("s3, not {other:?}"),
        }
    };
    let aws = of("bucket: logs");
    let expected = Bucket {
        name: "logs".into(),
        endpoint: None,
        region: "us-east-1".into(),
        path_style: false,
        access: None,
    };
    assert_eq!(aws.bucket, expected);
    assert_eq!((aws.prefix.as_str(), aws.backup), ("", None));
    // Of other servers hardly one finds the bucket in a host.
    assert!(
        of("bucket: logs, endpoint: \"https://s3.local\"")
            .bucket
            .path_style
    );
}

#[test]
fn what_is_wrong_with_a_bucket_is_said_where_it_stands() {
    for (written, part) in [
        ("", "s3.bucket: is missing, allowed is the name of a bucket"),
        (
            "bucket: a",
            "s3.bucket: found \"a\", allowed is the name of a bucket: 3 to 63",
        ),
        ("bucket: a/b/c", "s3.bucket: found"),
        (
            "bucket: logs, endpoint: 127.0.0.1:9000",
            "endpoint: is no address with a known scheme",
        ),
        (
            "bucket: logs, endpoint: 'http://me:pw@x'",
            "endpoint: contains a user",
        ),
        ("bucket: logs, region: 'a b'", "region: found \"a b\""),
        (
            "bucket: logs, path_style: yes",
            "path_style: found \"yes\", allowed is true or false",
        ),
        (
            "bucket: logs, access_key_id: k",
            "secret_access_key: is missing, allowed is {file: PATH}",
        ),
        (
            "bucket: logs, secret_access_key: {env: PATH}",
            "access_key_id: is missing",
        ),
        (
            "bucket: logs, access_key_id: k, secret_access_key: hunter2",
            "never written in place",
        ),
        ("bucket: logs, prefix: /a", "prefix: an empty segment"),
        (
            "bucket: logs, encryption: aes",
            "encryption: found \"aes\", allowed is one of store",
        ),
        (
            "bucket: logs, encryption: {kms: k, customer_key: {env: PATH}}",
            "encryption: conflict",
        ),
        (
            "bucket: logs, encryption: {bucket_key: true}",
            "encryption: is missing: one of kms",
        ),
        (
            "bucket: logs, encryption: {customer_key: hunter2}",
            "never written in place",
        ),
        ("bucket: logs, storage_class: 'A B'", "storage_class: found"),
        ("bucket: logs, tags: {a: '<'}", "tags.a: found"),
        (
            "bucket: logs, tags: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1}",
            "11 tags are too many",
        ),
        ("bucket: logs, checksum: md5", "checksum: found \"md5\""),
        (
            "bucket: logs, time_zone: Atlantis",
            "time_zone: \"Atlantis\" is no time zone",
        ),
        (
            "bucket: logs, file_extension: log",
            "file_extension: found \"log\", allowed is a dot and",
        ),
        (
            "bucket: logs, backup: {s3: {}}",
            "backup.s3.bucket: is missing",
        ),
    ] {
        let found = problems(&bucket(written));
        assert_eq!(found.len(), 1, "{written}: {found:?}");
        assert!(found[0].contains(part), "{written}: {found:?}");
        assert!(
            !found[0].contains("hunter2") && !found[0].contains("pw@"),
            "{found:?}"
        );
    }
}
