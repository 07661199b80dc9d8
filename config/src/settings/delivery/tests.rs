//! Whole files: what they mean, and what is found wrong with them.

use std::sync::LazyLock;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::settings::Loaded;
use crate::settings::damage::{damaged, explained};
use crate::tls::stand_in::{Authority, Signed};
use crate::yaml::{Problems, asked};

mod doors;
mod opensearch;
mod partitioning;
mod streams;

const FULL: &str = include_str!("tests/full.yaml");

static SIGNED: LazyLock<Signed> = LazyLock::new(|| Authority::new().sign());

/// Reads a text; `SECRETS` in it is a folder with a secret in `token`, and a certificate in
/// `door.crt` and `door.key`.
fn read_here(text: &str) -> Result<Loaded<Settings>, Problems> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "hunter2\n").unwrap();
    SIGNED.write(folder.path());
    let text = &text.replace("SECRETS", folder.path().to_str().unwrap());
    read(
        text,
        "delivery.yaml",
        std::path::Path::new("/etc/standpipe"),
    )
}

fn problems(text: &str) -> Vec<String> {
    let Problems(problems) = read_here(text).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

/// A file that is right, except for what is put in the stream.
fn with_stream(lines: &str) -> String {
    format!(
        "data_dir: d\nlisten: {{native: {{address: 127.0.0.1:0}}}}\nstreams:\n  s:\n    \
         destination: {{file: {{path: out}}}}\n{lines}\n"
    )
}

/// A file that is right, except for its doors.
fn with_listen(listen: &str) -> String {
    format!(
        "data_dir: d\nlisten: {listen}\nstreams: {{s: {{destination: {{file: {{path: o}}}}}}}}\n"
    )
}

#[test]
fn the_shortest_file_has_all_defaults() {
    let loaded = read_here(&with_stream("")).unwrap();
    assert_eq!(loaded.warnings, []);
    let settings = loaded.settings;
    assert_eq!(settings.data_dir, PathBuf::from("/etc/standpipe/d"));
    assert!(!settings.allow_tmpfs);
    assert!(settings.listen.admin.is_none());
    assert_eq!(settings.limits.memory, 256 << 20);
    assert_eq!(settings.limits.disk, HighWater::Percent(90));

    let prefix = Prefix::parse("").unwrap();
    let expected = Stream {
        name: "s".parse().unwrap(),
        former_name: None,
        deaggregation: None,
        partitioning: None,
        quota: 10 << 30,
        buffering: Buffering {
            size: 5 << 20,
            interval: Duration::from_secs(300),
        },
        transform: None,
        format: Format::Raw(Raw {
            newline: true,
            compression: RawCompression::None,
        }),
        destination: Destination::File(FileDestination {
            path: "/etc/standpipe/out".into(),
            error_output_prefix: ErrorPrefix::parse(None, &prefix).unwrap(),
            prefix,
            file_extension: None,
            backup: None,
            backup_failed: false,
        }),
    };
    assert_eq!(settings.streams, [expected]);
}

#[test]
fn everything_that_can_be_said_is_understood() {
    let loaded = read_here(FULL).unwrap();
    let settings = loaded.settings;
    assert!(settings.allow_tmpfs);
    assert_eq!(settings.limits.disk, HighWater::Free(1 << 30));
    let firehose = settings.listen.firehose.unwrap();
    assert_eq!(firehose.address.port(), 4573);
    assert_eq!(
        (firehose.region.as_str(), firehose.account.as_str()),
        ("eu-central-1", "111122223333")
    );
    let [key, other] = &firehose.keys[..] else {
        panic!("two keys");
    };
    assert_eq!(
        (key.id.as_str(), key.secret.expose()),
        ("AKIDEXAMPLE", "hunter2")
    );
    assert_eq!(key.streams, [StreamPattern("web-*".into())]);
    assert_eq!(key.actions, [Action::Put, Action::Manage]);
    assert_eq!(other.streams, [StreamPattern("*".into())]);
    assert_eq!(other.actions, [Action::Put], "to put is the default");
    let native = settings.listen.native.unwrap();
    assert_eq!(native.tokens[0].token.expose(), "hunter2");
    assert_eq!(native.tokens[0].streams, [StreamPattern("web-*".into())]);
    let admin = settings.listen.admin.unwrap();
    assert_eq!(admin.address.port(), 4575);
    assert!(admin.tokens[0].may_command);
    let tls = admin.tls.unwrap();
    assert!(tls.identity.certificate.ends_with("door.crt"), "{tls:?}");
    assert_eq!(tls.client_ca, Some(tls.identity.certificate));

    let [web, raw, bucket, _table, _warehouse] = &settings.streams[..] else {
        panic!("five streams");
    };
    assert_eq!(web.former_name, Some("old".parse().unwrap()));
    assert_eq!(web.quota, 2 << 30);
    assert_eq!(web.buffering.interval, Duration::from_millis(1500));
    let Format::Parquet(parquet) = &web.format else {
        panic!("parquet");
    };
    let Schema::Declared(columns) = &parquet.schema else {
        panic!("declared");
    };
    assert_eq!(columns[0].name, "0123", "text stays as it was written");
    assert_eq!(columns[1].kind.to_string(), "list<string>");
    let Destination::File(file) = &web.destination else {
        panic!("file");
    };
    assert_eq!(file.path, PathBuf::from("/srv/out"));
    let Some(Destination::File(backup)) = file.backup.as_deref() else {
        panic!("file");
    };
    assert_eq!(backup.path, PathBuf::from("/etc/standpipe/backup"));
    assert_eq!(backup.prefix.as_str(), "all/");
    let expected = Raw {
        newline: false,
        compression: RawCompression::Zstd,
    };
    assert_eq!(raw.format, Format::Raw(expected));
    let Destination::S3(s3) = &bucket.destination else {
        panic!("s3");
    };
    let access = s3.bucket.access.as_ref().unwrap();
    assert_eq!(
        (access.key_id.as_str(), access.secret.expose()),
        ("standpipe", "hunter2")
    );
    assert_eq!(s3.bucket.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
    assert!(!s3.bucket.path_style);
    let Some(Destination::S3(backup)) = s3.backup.as_deref() else {
        panic!("s3");
    };
    assert_eq!(
        (backup.bucket.region.as_str(), &backup.bucket.endpoint),
        ("us-east-1", &None)
    );
    // Of failed records only, which lie there and not here.
    assert_eq!(bucket.destination.backup(), None);
    assert_eq!(bucket.destination.errors(), &**s3.backup.as_ref().unwrap());
    assert_eq!(
        bucket.destination.error_output_prefix(),
        &backup.error_output_prefix
    );
    assert_eq!(web.destination.errors(), &web.destination);
}

/// Each key that a reader asks for is in its table, and each key of a table is asked for.
#[test]
fn tables_and_readers_agree() {
    read_here(FULL).unwrap();
    read_here(opensearch::SEARCH).unwrap();
    // The table is not there; its key is asked for all the same.
    let hive = "    format: {parquet: {schema: {glue: t.json}, json: {hive: {timestamp_formats: [millis]}}}}";
    read_here(&with_stream(hive)).unwrap_err();
    let mut tabled: Vec<_> = TABLES
        .iter()
        .flat_map(|table| table.keys.iter().map(|key| (table.path, key)))
        .filter(|(_, key)| key.available)
        .map(|(path, key)| (path, key.name))
        .collect();
    tabled.sort_unstable();
    assert_eq!(asked::all().into_iter().collect::<Vec<_>>(), tabled);
}

/// Six mistakes of six kinds in three streams are six problems, each with its place.
#[test]
fn six_mistakes_are_six_problems() {
    let text = include_str!("tests/six_mistakes.yaml");
    let expected = [
        "delivery.yaml:7:5: streams.web.bufering: is no known key, did you mean \"buffering\"?",
        "delivery.yaml:8:19: streams.web.disk.quota: found a list, allowed is a size such as 64MiB, 1MiB or more",
        "delivery.yaml:12:23: streams.app.buffering.size: \"512MiB\" is out of range: 1MiB to 128MiB is allowed",
        "delivery.yaml:15:7: streams.app.format: conflict: found raw and parquet, only one is allowed",
        "delivery.yaml:18:3: streams.bare.destination: is missing, allowed is one of file, s3, opensearch, redshift, postgresql",
        "delivery.yaml:19:20: streams.bare.format.orc.row_index_stride: cannot be set, remove it: files have no row index; readers pass over stripes, which stripe_size makes smaller",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn a_key_without_a_value_is_no_problem() {
    read_here(&with_listen(
        "{native: {address: 127.0.0.1:1, tls: null}, firehose: }",
    ))
    .unwrap();
}

#[test]
fn single_mistakes_say_what_is_allowed() {
    for (line, part) in [
        (
            "    buffering: {interval: 60}",
            "6:27: streams.s.buffering.interval: \"60\" is no span: it needs a unit",
        ),
        (
            "    buffering: {interval: 901s}",
            "901s\" is out of range: 0s to 15m",
        ),
        (
            "    disk: {quota: 1KB}",
            "\"1KB\" is out of range: 1MiB or more",
        ),
        (
            "    format: parquet",
            "found \"parquet\", allowed is a mapping with the keys raw, parquet, orc",
        ),
        (
            "    format: {csv: {}}",
            "streams.s.format.csv: is no known key; allowed are: raw, parquet, orc",
        ),
        (
            "    format: {}",
            "streams.s.format: is missing: one of raw, parquet, orc",
        ),
        (
            "    format: {parquet: {compression: brotli}}",
            "found \"brotli\", allowed is one of none, snappy",
        ),
        (
            "    format: {parquet: {schema: []}}",
            "found a list, allowed is inferred, a list of at least one",
        ),
        (
            "    format: {parquet: {schema: [{name: a, type: text}]}}",
            "\"text\" is no column type",
        ),
        (
            "    format: {parquet: {schema: [{name: a, type: int}, {name: a, type: int}]}}",
            "schema[1]: conflict",
        ),
        (
            "    format: {parquet: {schema: [{type: int}]}}",
            "schema[0].name: is missing",
        ),
        (
            "    format: {raw: {delimiter: \"\\n\"}}",
            "allowed is one of newline, none",
        ),
        (
            "    former_name: s",
            "conflict: \"s\" is the name of another stream",
        ),
        ("    former_name: a b", "\"a b\" is no stream name"),
        (
            "  'a/b': {destination: {file: {path: o}}}",
            "6:3: streams.a/b: \"a/b\" is no stream name",
        ),
        ("  1: 2", "streams.1: found 2, allowed is a mapping"),
        (
            "limits: {memory: 64MiB}",
            "limits.memory: \"64MiB\" is out of range: 128MiB or more",
        ),
        ("limits: {disk: 101%}", "101% is out of range: 1% to 100%"),
        ("limits: {disk: most}", "found \"most\", allowed is a share"),
        (
            "allow_tmpfs: 'true'",
            "found \"true\", allowed is true or false",
        ),
        (
            "allow_tmpfs: yes",
            "found \"yes\", allowed is true or false",
        ),
    ] {
        let found = problems(&with_stream(line));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].contains(part), "{line}: {found:?}");
    }
}

#[test]
fn an_empty_file_names_what_must_be_there() {
    let found = problems("");
    let paths = ["data_dir", "listen", "streams"];
    assert_eq!(found.len(), paths.len(), "{found:?}");
    for (problem, path) in found.iter().zip(paths) {
        assert!(
            problem.starts_with(&format!("delivery.yaml:1:1: {path}: is missing")),
            "{problem}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let problem = load(std::path::Path::new("/no/such.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        problem.starts_with("/no/such.yaml: cannot read the settings: "),
        "{problem}"
    );
}

#[test]
fn relative_paths_are_taken_from_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("delivery.yaml");
    std::fs::write(&file, with_stream("")).unwrap();
    assert_eq!(
        load(&file).unwrap().settings.data_dir,
        folder.path().join("d")
    );
}

#[test]
fn the_summary_says_what_the_file_means_with_defaults_and_without_secrets() {
    let text = summary(&read_here(FULL).unwrap().settings);
    // The secret lies in a folder of its own in every test.
    let from = text.split("its secret from {file: ").nth(1).unwrap();
    let folder = from.split("/token}").next().unwrap();
    assert_eq!(
        text.replace(folder, "SECRETS"),
        include_str!("tests/full.txt")
    );
    assert!(!text.contains("hunter2"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_damaged_file_is_read_or_refused_with_reasons(text in damaged(FULL)) {
        prop_assert!(explained(read_here(&text)), "{}", text);
    }
}
