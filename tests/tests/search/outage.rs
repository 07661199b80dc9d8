//! A cluster that is away for longer than it is tried: its records lie under the error prefix.

use std::time::Duration;

use standpipe_tests::{Daemon, Folder, Outcome, objects, port};

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
