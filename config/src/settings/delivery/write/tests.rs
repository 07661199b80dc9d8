//! What is written reads back as the same settings (rule 16).

use std::time::Duration;

use proptest::prelude::*;

use super::super::*;
use crate::prefix::Zone;
use crate::secret::SecretSource;

fn error_prefix(prefix: &Prefix) -> impl Strategy<Value = ErrorPrefix> + use<> {
    let prefix = prefix.clone();
    let mut written = vec![Some("bad/"), Some("!{firehose:error-output-type}/e'\"\\ü/")];
    if prefix.is_literal() {
        written.push(None);
    }
    prop::sample::select(written).prop_map(move |text| ErrorPrefix::parse(text, &prefix).unwrap())
}

fn file() -> impl Strategy<Value = FileDestination> {
    let prefixes = vec![
        "",
        "raw/",
        "y=!{timestamp:yyyy}/#: ",
        "!{firehose:random-string}/",
    ];
    let zones = prop::sample::select(vec!["UTC", "Europe/Berlin", "America/St_Johns"]);
    let prefix = (prop::sample::select(prefixes), zones).prop_map(|(text, zone)| {
        let zone = Zone::named(zone).unwrap();
        Prefix::parse(text).unwrap().in_zone(zone)
    });
    let extension = prop::option::of("\\.[a-z0-9!_.*'()-]{1,9}");
    let prefixes = prefix.prop_flat_map(|prefix| (error_prefix(&prefix), Just(prefix)));
    ("/[^\0/]{1,12}", prefixes, extension).prop_map(
        |(path, (error_output_prefix, prefix), file_extension)| FileDestination {
            path: path.into(),
            prefix,
            error_output_prefix,
            file_extension,
            backup: None,
            backup_failed: false,
        },
    )
}

fn s3() -> impl Strategy<Value = S3Destination> {
    let endpoints = vec![None, Some("http://127.0.0.1:9000".to_owned())];
    let sources = vec![
        None,
        Some(SecretSource::Env("PATH".into())),
        // Any file will do.
        Some(SecretSource::File("/proc/self/status".into())),
    ];
    let access =
        ("[A-Z0-9'\\\\]{1,20}", prop::sample::select(sources)).prop_map(|(key_id, source)| {
            source.map(|source| Access {
                key_id,
                secret: Secret::read(source).unwrap(),
            })
        });
    let bucket = (
        "[a-z0-9-]{3,63}",
        prop::sample::select(endpoints),
        "[a-z0-9-]{1,9}",
        any::<bool>(),
        access,
    );
    let bucket = bucket.prop_map(|(name, endpoint, region, path_style, access)| Bucket {
        name,
        endpoint,
        region,
        path_style,
        access,
    });
    (bucket, storing(), file()).prop_map(|(bucket, storing, file)| S3Destination {
        bucket,
        storing,
        prefix: file.prefix,
        error_output_prefix: file.error_output_prefix,
        file_extension: file.file_extension,
        backup: None,
        backup_failed: false,
    })
}

fn storing() -> impl Strategy<Value = Storing> {
    let key = Secret::read(SecretSource::Env("PATH".into())).unwrap();
    let kms = ("[a-z:/0-9'-]{1,20}", any::<bool>());
    let encryption = prop_oneof![
        Just(Encryption::Store),
        kms.prop_map(|(key, bucket_key)| Encryption::Kms { key, bucket_key }),
        Just(Encryption::Customer(key)),
    ];
    let class = prop::option::of("[A-Z_]{1,9}");
    let tags = prop::collection::btree_map("[a-zé :/=+@-]{1,9}", "[a-z0-9 .]{0,9}", 0..4);
    let all = (prop::option::of(encryption), class, tags, any::<bool>());
    all.prop_map(|(encryption, class, tags, checksum)| Storing {
        encryption,
        class,
        tags,
        checksum,
    })
}

fn anywhere() -> impl Strategy<Value = Destination> {
    prop_oneof![
        file().prop_map(Destination::File),
        s3().prop_map(Destination::S3)
    ]
}

fn format() -> impl Strategy<Value = Format> {
    let raw = prop::sample::select(vec![
        RawCompression::None,
        RawCompression::Gzip,
        RawCompression::Zip,
        RawCompression::Snappy,
        RawCompression::HadoopSnappy,
        RawCompression::Zstd,
    ]);
    let raw = (any::<bool>(), raw).prop_map(|(newline, compression)| {
        Format::Raw(Raw {
            newline,
            compression,
        })
    });
    let compression = prop::sample::select(vec![
        ParquetCompression::None,
        ParquetCompression::Snappy,
        ParquetCompression::Gzip,
        ParquetCompression::Zstd,
        ParquetCompression::Lz4,
    ]);
    let kind = prop::sample::select(vec![
        "int",
        "int16",
        "decimal(12,3)",
        "map<string,float32>",
        "date",
        "list<string>",
        "struct<a b:int,c:list<double>>",
    ]);
    let columns = || {
        prop::collection::btree_map(".{1,8}", kind.clone(), 0..4).prop_map(|columns| {
            let column = |(name, kind): (String, &str)| Column {
                name,
                kind: kind.parse().unwrap(),
            };
            match columns.is_empty() {
                true => Schema::Inferred,
                false => Schema::Declared(columns.into_iter().map(column).collect()),
            }
        })
    };
    let layout = (64 * 1024..=16u64 << 20, any::<bool>(), any::<bool>());
    let layout = layout.prop_map(|(page_size, dictionary, second)| ParquetLayout {
        page_size,
        dictionary,
        version: match second {
            true => ParquetVersion::V2,
            false => ParquetVersion::V1,
        },
    });
    let reading = || {
        (columns(), serde()).prop_map(|(schema, json)| match schema {
            Schema::Inferred => (schema, JsonSerDe::default()),
            Schema::Declared(_) => (schema, json),
        })
    };
    let parquet = (compression, reading(), layout);
    let parquet = parquet.prop_map(|(compression, (schema, json), layout)| {
        Format::Parquet(Parquet {
            compression,
            schema,
            json,
            layout,
        })
    });
    let compression = prop::sample::select(vec![
        OrcCompression::None,
        OrcCompression::Zlib,
        OrcCompression::Snappy,
        OrcCompression::Zstd,
    ]);
    let orc = (compression, reading(), 8u64 << 20..=64 << 20);
    let orc = orc.prop_map(|(compression, (schema, json), stripe_size)| {
        Format::Orc(Orc {
            compression,
            schema,
            json,
            stripe_size,
        })
    });
    prop_oneof![raw, parquet, orc]
}

fn deaggregation() -> impl Strategy<Value = Deaggregation> {
    prop_oneof![
        Just(Deaggregation::Kpl),
        Just(Deaggregation::Json),
        "[%\\n\u{1}'\"é]{1,9}".prop_map(Deaggregation::Delimited),
    ]
}

fn serde() -> impl Strategy<Value = JsonSerDe> {
    let keys = prop::collection::btree_map("[a-z_ é]{1,9}", "[a-zA-Z.'\"]{1,9}", 0..3);
    let openx = (any::<bool>(), any::<bool>(), keys);
    let formats = prop::sample::select(vec![
        vec![],
        vec!["millis".to_owned(), "yyyy-MM-dd'T'HH:mm:ss.SSSZ".to_owned()],
    ]);
    prop_oneof![
        openx.prop_map(|(case_insensitive, dots_are_underscores, keys)| {
            JsonSerDe::OpenX(OpenXJson {
                case_insensitive,
                dots_are_underscores,
                keys,
            })
        }),
        formats.prop_map(|timestamp_formats| JsonSerDe::Hive(HiveJson { timestamp_formats })),
    ]
}

fn transform() -> impl Strategy<Value = Transform> {
    let http = ("[a-z0-9/]{0,9}", any::<bool>()).prop_map(|(path, gzip)| {
        Hook::Http(HttpHook {
            url: format!("http://h:1/{path}"),
            gzip,
            region: "eu-1".into(),
        })
    });
    let lambda = ("[a-zA-Z0-9:$_-]{1,20}", s3()).prop_map(|(function, s3)| {
        Hook::Lambda(LambdaHook {
            function,
            endpoint: s3.bucket.endpoint,
            region: s3.bucket.region,
            access: s3.bucket.access,
        })
    });
    let numbers = (100u64..900_000, 0u32..300, 10u64..300_000, 1u32..64);
    let hints = (200 * 1024..=3u64 << 20, 0u64..900_000);
    let words = prop::sample::select(vec![OnUnreachable::Fail, OnUnreachable::Wait]);
    (prop_oneof![http, lambda], numbers, hints, words).prop_map(
        |(hook, (timeout, retries, pause, in_flight), (size, interval), on_unreachable)| {
            Transform {
                hook,
                timeout: Duration::from_millis(timeout),
                retries,
                retry_pause: Duration::from_millis(pause),
                buffering: Buffering {
                    size,
                    interval: Duration::from_millis(interval),
                },
                in_flight,
                on_unreachable,
            }
        },
    )
}

/// A component: what other hooks let be chosen and it does not, it has as the reader has it.
fn component() -> impl Strategy<Value = Transform> {
    ("[a-z/ '#]{1,9}", 1u64 << 20..=4 << 30, transform()).prop_map(|(path, memory, other)| {
        Transform {
            hook: Hook::Wasm(WasmHook {
                component: format!("/{path}.wasm").into(),
                memory,
            }),
            buffering: Buffering {
                size: 1 << 20,
                interval: Duration::ZERO,
            },
            on_unreachable: OnUnreachable::Fail,
            ..other
        }
    })
}

fn stream() -> impl Strategy<Value = Stream> {
    let name = || "[a-zA-Z0-9_.-]{2,64}".prop_filter_map("dots", |name| name.parse().ok());
    let backup = (prop::option::of(anywhere()), any::<bool>());
    let destination = (anywhere(), backup).prop_map(|(main, (backup, failed))| {
        let backup_failed = failed && backup.is_some();
        let backup = backup.map(Box::new);
        match main {
            Destination::File(file) => Destination::File(FileDestination {
                backup,
                backup_failed,
                ..file
            }),
            Destination::S3(s3) => Destination::S3(S3Destination {
                backup,
                backup_failed,
                ..s3
            }),
            other => other,
        }
    });
    let numbers = ((1u64 << 20).., (1u64 << 20)..=128 << 20, 0u64..=900_000);
    (
        name(),
        (prop::option::of(name()), prop::option::of(deaggregation())),
        numbers,
        prop::option::of(prop_oneof![transform(), component()]),
        format(),
        destination,
    )
        .prop_filter("its own former name", |(name, (former, _), ..)| {
            former.as_ref() != Some(name)
        })
        .prop_map(
            |(
                name,
                (former_name, deaggregation),
                (quota, size, interval),
                transform,
                format,
                destination,
            )| Stream {
                name,
                former_name,
                deaggregation,
                partitioning: None,
                quota,
                buffering: Buffering {
                    size,
                    interval: Duration::from_millis(interval),
                },
                transform,
                format,
                destination,
            },
        )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(stream in stream()) {
        let text = write_stream(&stream);
        prop_assert_eq!(read_stream(&text), Ok(stream), "{}", text);
    }
}

#[test]
fn every_value_is_written_so_that_new_defaults_change_nothing() {
    let stream = read_stream("s: {destination: {file: {path: /o}}}").unwrap();
    let expected = "\"s\":
  disk: {quota: 10GiB}
  buffering: {size: 5MiB, interval: 5m}
  format:
    raw: {delimiter: newline, compression: none}
  destination:
    file:
      path: \"/o\"
      prefix: \"\"
";
    assert_eq!(write_stream(&stream), expected);
}

#[test]
fn anything_but_one_stream_is_refused() {
    for text in ["", "a: {}\nb: {}", "[1]", "5"] {
        assert!(read_stream(text).is_err(), "{text}");
    }
}
