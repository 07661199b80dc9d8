//! What objects are called: the rules of Firehose's prefixes (C.1 to C.3 of the reference), as whoever
//! lists the bucket sees them.

use std::time::Duration;

use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, Contents, KEY_ID, SECRET};
use standpipe_tests::{Daemon, Folder, Outcome, Trouble};

const PATIENCE: Duration = Duration::from_secs(120);

/// What a stream's settings say of names, and what its data object and its error object lie under.
struct Rule {
    written: &'static str,
    data: &'static str,
    error: &'static str,
}

const fn rule(written: &'static str, data: &'static str, error: &'static str) -> Rule {
    Rule {
        written,
        data,
        error,
    }
}

/// `{yyyy}` and the like stand for the time in the object's name, `{random}` for eleven characters.
const RULES: &[Rule] = &[
    rule(
        "",
        "{yyyy}/{MM}/{dd}/{HH}/",
        "format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: raw/",
        "raw/{yyyy}/{MM}/{dd}/{HH}/",
        "raw/format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: legacy",
        "legacy{yyyy}/{MM}/{dd}/{HH}/",
        "legacyformat-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: a/\nerror_output_prefix: bad/",
        "a/{yyyy}/{MM}/{dd}/{HH}/",
        "bad/format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: \"y=!{timestamp:yyyy}/d=!{timestamp:dd}/\"\nerror_output_prefix: \"bad/!{firehose:error-output-type}/!{timestamp:yyyy}/\"",
        "y={yyyy}/d={dd}/",
        "bad/format-conversion-failed/{yyyy}/",
    ),
    rule(
        "prefix: \"!{firehose:random-string}/!{timestamp:HH}/\"\nerror_output_prefix: \"e/!{firehose:error-output-type}/\"",
        "{random}/{HH}/",
        "e/format-conversion-failed/",
    ),
    rule(
        "prefix: \"x/!{firehose:random-string}-\"\nerror_output_prefix: \"!{firehose:error-output-type}/!{firehose:random-string}/\"",
        "x/{random}-",
        "format-conversion-failed/{random}/",
    ),
    rule(
        "prefix: \"!{timestamp:'at' yyyy''MM}/\"\nerror_output_prefix: e/",
        "at {yyyy}'{MM}/",
        "e/format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: \"!{timestamp:yyyy/MM/dd/HH}/!{timestamp:VV}/\"\nerror_output_prefix: e/\ntime_zone: Asia/Kolkata",
        "{yyyy}/{MM}/{dd}/{HH}/Asia/Kolkata/",
        "e/format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
    rule(
        "prefix: late/\ntime_zone: Pacific/Kiritimati\nfile_extension: .rows",
        "late/{yyyy}/{MM}/{dd}/{HH}/",
        "late/format-conversion-failed/{yyyy}/{MM}/{dd}/{HH}/",
    ),
];

fn streams(url: &str) -> String {
    let stream = |(number, rule): (usize, &Rule)| {
        let written: String = rule
            .written
            .lines()
            .map(|l| format!("      {l}\n"))
            .collect();
        format!(
            "stream-{number}:
  buffering: {{size: 1MiB, interval: 1s}}
  format: {{parquet: {{schema: [{{name: n, type: int}}]}}}}
  destination:
    s3:
      bucket: {BUCKET}
      endpoint: \"{url}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
{written}"
        )
    };
    RULES.iter().enumerate().map(stream).collect()
}

/// What a key begins with, and the rest of it: time, UUID and suffix.
fn parted<'a>(key: &'a str, stream: &str) -> Outcome<(&'a str, &'a str)> {
    let odd = || Trouble(format!("{key} is no key of {stream}"));
    let (before, rest) = key.split_once(&format!("{stream}-")).ok_or_else(odd)?;
    let (version, rest) = rest.split_once('-').ok_or_else(odd)?;
    version.parse::<u64>()?;
    Ok((before, rest))
}

/// Whether a prefix is what the rule says for an object of this time, `yyyy-MM-dd-HH-…`.
fn fits(prefix: &str, rule: &str, time: &str) -> bool {
    let mut expected = rule.to_owned();
    for (token, range) in [
        ("{yyyy}", 0..4),
        ("{MM}", 5..7),
        ("{dd}", 8..10),
        ("{HH}", 11..13),
    ] {
        expected = expected.replace(token, &time[range]);
    }
    let Some((before, behind)) = expected.split_once("{random}") else {
        return prefix == expected;
    };
    let random = prefix.strip_prefix(before);
    let random = random.and_then(|rest| rest.strip_suffix(behind));
    random.is_some_and(|random| {
        let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        random.len() == 11 && hex(&random[..8]) && &random[8..9] == "-" && hex(&random[9..])
    })
}

fn keys_are_as_firehose_makes_them(make: Make, name: &str) -> Outcome {
    let folder = Folder::new(name)?;
    let Some(server) = Server::start(make, folder.path())? else {
        return folder.done();
    };
    std::fs::write(folder.join("secret"), SECRET)?;
    let url = format!("http://{}", server.address());
    let mut daemon = Daemon::start(folder.path(), &streams(&url))?;
    for number in 0..RULES.len() {
        daemon
            .post(&format!("stream-{number}"), b"{\"n\":1}\noops\n")?
            .ok()?;
    }
    for number in 0..RULES.len() {
        let books = daemon.settled(&format!("stream-{number}"), 2, PATIENCE)?;
        assert_eq!(
            (books.delivered, books.failed),
            (1, 1),
            "{number}: {books:?}"
        );
    }
    let keys = Contents::at(server.address())?.keys()?;
    for (number, rule) in RULES.iter().enumerate() {
        let stream = format!("stream-{number}");
        let suffix = if rule.written.contains("file_extension") {
            ".rows"
        } else {
            ".parquet"
        };
        let ours = keys
            .iter()
            .filter(|key| key.contains(&format!("{stream}-")));
        let (data, errors): (Vec<&String>, Vec<_>) = ours.partition(|key| key.ends_with(suffix));
        let ([data], [error]) = (&data[..], &errors[..]) else {
            return Err(Trouble(format!("{stream}: {data:?} and {errors:?}")));
        };
        for (key, rule, length) in [(data, rule.data, suffix.len()), (error, rule.error, 0)] {
            let (prefix, rest) = parted(key, &stream)?;
            assert!(fits(prefix, rule, rest), "{rule}: {key}");
            assert_eq!(
                rest.len(),
                "yyyy-MM-dd-HH-mm-ss-".len() + 36 + length,
                "{key}"
            );
        }
    }
    assert_eq!(keys.len(), 2 * RULES.len(), "{keys:?}");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn keys_are_as_firehose_makes_them_at_minio() -> Outcome {
    keys_are_as_firehose_makes_them(Make::MinIo, "s3-names-minio")
}

#[test]
fn keys_are_as_firehose_makes_them_at_versity() -> Outcome {
    keys_are_as_firehose_makes_them(Make::Versity, "s3-names-versity")
}
