//! A cluster that is away for longer than it is tried: its records lie under the error prefix.

use std::collections::BTreeMap;
use std::time::Duration;

use standpipe_tests::search::Cluster;
use standpipe_tests::{Daemon, Folder, Outcome, objects, port, redrive};

use crate::world::stream;

#[test]
fn a_cluster_that_is_away_too_long_leaves_its_records_under_the_error_prefix() -> Outcome {
    let folder = Folder::new("search-outage")?;
    let nobody = format!("http://127.0.0.1:{}", port::free()?);
    let mut daemon = Daemon::start(folder.path(), &stream(&nobody, "retry: 1s"))?;
    let records: String = (0..1000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    daemon.post("docs", records.as_bytes())?.ok()?;
    let books = daemon.settled("docs", 1000, Duration::from_secs(120))?;
    assert_eq!((books.failed, books.delivered), (1000, 0));
    let mut lines = 0;
    for path in objects::below(&folder.join("failed/errors"))? {
        for line in objects::lines(&path)? {
            let line: serde_json::Value = serde_json::from_slice(&line)?;
            assert_eq!(line["errorCode"], "OS.ConnectionError", "{line}");
            lines += 1;
        }
    }
    assert_eq!(lines, 1000);
    assert_eq!(daemon.stop(Duration::from_secs(60))?, 0);
    folder.done()
}

/// Back again, it has each of them once, by a redrive, under the ids that they failed under.
pub(crate) fn a_redrive_brings_them_in(cluster: &Cluster) -> Outcome {
    const PATIENCE: Duration = Duration::from_secs(300);
    let folder = Folder::new("search-redrive")?;
    let at = |url: &str, more: &str| stream(url, more).replace("index: docs", "index: later");
    let nobody = format!("http://127.0.0.1:{}", port::free()?);
    let mut daemon = Daemon::start(folder.path(), &at(&nobody, "retry: 1s"))?;
    let records: String = (0..500).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    daemon.post("docs", records.as_bytes())?.ok()?;
    let books = daemon.settled("docs", 500, PATIENCE)?;
    assert_eq!((books.failed, books.delivered), (500, 0));
    let mut named = BTreeMap::new();
    for path in objects::below(&folder.join("failed/errors"))? {
        for line in objects::json_lines(&path)? {
            let raw = line["rawData"].as_str().unwrap_or_default();
            let raw: serde_json::Value =
                serde_json::from_slice(&base64_simd::STANDARD.decode_to_vec(raw)?)?;
            let id = line["standpipe"]["id"].as_str().unwrap_or_default();
            assert_eq!(line["esDocumentId"], id);
            named.insert(id.to_owned(), raw);
        }
    }
    assert_eq!(named.len(), 500);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    daemon.configure(&at(&format!("http://{}", cluster.address()), "retry: 1h"))?;
    daemon.up()?;
    assert_eq!(redrive::redrive(&daemon, "docs", &["--limit", "200"])?, 200);
    daemon.kill()?;
    daemon.up()?;
    assert_eq!(redrive::redrive(&daemon, "docs", &[])?, 300);
    assert_eq!(redrive::redrive(&daemon, "docs", &[])?, 0);
    let books = daemon.settled("docs", 1000, PATIENCE)?;
    assert_eq!((books.failed, books.delivered), (500, 500), "{books:?}");
    let found: BTreeMap<_, _> = cluster.documents("later")?.into_iter().collect();
    assert_eq!(found, named, "each once, under its name");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
