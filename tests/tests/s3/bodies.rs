//! What raw objects look like from outside: each compression, its suffix and its headers, read by
//! Python's own readers, every record once.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, KEY_ID, SECRET};
use standpipe_tests::seen::Seen;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, components};

/// As the settings name them.
const COMPRESSIONS: [&str; 6] = ["none", "gzip", "zip", "snappy", "hadoop-snappy", "zstd"];

/// Enough for several blocks of each kind.
const RECORDS: u64 = 20_000;

const PATIENCE: Duration = Duration::from_secs(120);

fn streams(url: &str) -> String {
    let stream = |compression: &&str| {
        format!(
            "{compression}:
  buffering: {{size: 1MiB, interval: 1s}}
  format: {{raw: {{compression: {compression}}}}}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: {compression}/
      endpoint: \"{url}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
"
        )
    };
    COMPRESSIONS.iter().map(stream).collect()
}

/// What Python finds in the bucket, each object with its headers and lines.
fn read(python: &Path, url: &str) -> Outcome<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/s3/bodies.py");
    let output = Command::new(python)
        .arg(script)
        .args([url, BUCKET, KEY_ID, SECRET])
        .output()?;
    match output.status.success() {
        true => Ok(serde_json::from_slice(&output.stdout)?),
        false => Err(Trouble(String::from_utf8_lossy(&output.stderr).into())),
    }
}

fn each_compression_reads_back(make: Make, name: &str) -> Outcome {
    let folder = Folder::new(name)?;
    let python = components::find("pyarrow and boto3", "STANDPIPE_PYTHON")?;
    let (Some(server), Some(python)) = (Server::start(make, folder.path())?, python) else {
        return folder.done();
    };
    std::fs::write(folder.join("secret"), SECRET)?;
    let url = format!("http://{}", server.address());
    let mut daemon = Daemon::start(folder.path(), &streams(&url))?;
    let record = |number: u64| format!("{number:08} {:016x}\n", number.wrapping_mul(0x9e37_79b9));
    let text: String = (0..RECORDS).map(record).collect();
    for stream in COMPRESSIONS {
        daemon.post(stream, text.as_bytes())?.ok()?;
    }
    for stream in COMPRESSIONS {
        let books = daemon.settled(stream, RECORDS, PATIENCE)?;
        assert_eq!(books.delivered, RECORDS, "{stream}: {books:?}");
    }
    let objects = read(&python, &url)?;
    for stream in COMPRESSIONS {
        each_record_once(stream, &objects)?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

fn each_record_once(stream: &str, objects: &[Value]) -> Outcome {
    let mut seen = Seen::default();
    let begins = format!("{stream}/");
    let is_of = |object: &&Value| {
        object["key"]
            .as_str()
            .is_some_and(|k| k.starts_with(&begins))
    };
    for object in objects.iter().filter(is_of) {
        assert_eq!(object["type"], "application/octet-stream", "{stream}");
        for line in object["lines"].as_array().into_iter().flatten() {
            let number = line.as_str().and_then(|line| line.get(..8));
            let number = number.and_then(|number| number.parse().ok());
            seen.add(number.ok_or_else(|| Trouble(format!("{stream}: {line}")))?);
        }
    }
    seen.settle(RECORDS)
        .map_err(|why| Trouble(format!("{stream}: {why}")))
}

#[test]
fn each_compression_reads_back_from_minio() -> Outcome {
    each_compression_reads_back(Make::MinIo, "s3-bodies-minio")
}

#[test]
fn each_compression_reads_back_from_versity() -> Outcome {
    each_compression_reads_back(Make::Versity, "s3-bodies-versity")
}
