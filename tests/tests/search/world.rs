//! A daemon that delivers to a cluster, what was sent in, and whether all of it arrived once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use standpipe_tests::search::Cluster;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, objects};

/// Enough to deliver everything on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(600);

/// One record in so many is no document that the index takes.
const POISON: u64 = 100;

/// Records of one request.
const REQUEST: u64 = 500;

/// One cluster at a time: two would take the memory of four.
pub(crate) fn lock() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A daemon with one stream, `docs`, and what was sent to it.
pub(crate) struct World<'a> {
    pub(crate) daemon: Daemon,
    folder: &'a Folder,
    sent: u64,
}

/// The settings of the stream.
pub(crate) fn stream(url: &str, more: &str) -> String {
    format!(
        "docs:
  buffering: {{size: 1MiB, interval: 1s}}
  destination:
    opensearch:
      nodes: [\"{url}\"]
      index: docs
      rotation: none
      timeout: 1s
      {more}
      backup:
        file: {{path: failed, prefix: data/, error_output_prefix: errors/}}
"
    )
}

impl<'a> World<'a> {
    /// An alias with one index behind it, and a daemon that delivers there by way of `url`.
    pub(crate) fn start(folder: &'a Folder, cluster: &Cluster, url: &str) -> Outcome<Self> {
        let mappings = json!({"properties": {"n": {"type": "long"}, "text": {"type": "text"}}});
        let template = json!({
            "index_patterns": ["docs-*"],
            "template": {
                "settings": {"number_of_shards": 1, "number_of_replicas": 0},
                "mappings": mappings,
            },
        });
        cluster.ask("PUT /_index_template/docs", &template)?;
        let alias = json!({"aliases": {"docs": {"is_write_index": true}}});
        cluster.ask("PUT /docs-000001", &alias)?;
        let daemon = Daemon::start(folder.path(), &stream(url, "retry: 1h"))?;
        Ok(Self {
            daemon,
            folder,
            sent: 0,
        })
    }

    /// Sends so many records, and has each acknowledged.
    pub(crate) fn post(&mut self, count: u64) -> Outcome {
        let until = self.sent + count;
        while self.sent < until {
            let next = (self.sent + REQUEST).min(until);
            let text: String = (self.sent..next).map(record).collect();
            self.daemon.post("docs", text.as_bytes())?.ok()?;
            self.sent = next;
        }
        Ok(())
    }

    /// Waits for all, and holds what is there against what was sent.
    pub(crate) fn settle(mut self, cluster: &Cluster) -> Outcome {
        let poison = self.sent.div_ceil(POISON);
        let books = self.daemon.settled("docs", self.sent, PATIENCE)?;
        assert_eq!(books.accepted, self.sent);
        assert_eq!(
            (books.delivered, books.failed),
            (self.sent - poison, poison)
        );
        let mut found = BTreeMap::new();
        for (id, source) in cluster.documents("docs")? {
            let number = source["n"].as_u64();
            let number = number.ok_or_else(|| Trouble(format!("{id} is {source}")))?;
            *found.entry(number).or_insert(0) += 1;
        }
        let expected = (0..self.sent).filter(|n| n % POISON != 0).map(|n| (n, 1));
        assert_eq!(found, expected.collect(), "each document once");
        assert_eq!(
            self.failed()?,
            (0..self.sent).step_by(POISON as usize).collect::<Vec<_>>()
        );
        assert_eq!(self.daemon.stop(PATIENCE)?, 0);
        Ok(())
    }

    /// The numbers of the records under the error prefix, each as often as it is there.
    pub(crate) fn failed(&self) -> Outcome<Vec<u64>> {
        let mut numbers = Vec::new();
        for path in objects::below(&self.folder.join("failed/errors"))? {
            assert!(
                path.to_string_lossy()
                    .contains("AmazonOpenSearchService-failed")
            );
            for line in objects::lines(&path)? {
                let line: Value = serde_json::from_slice(&line)?;
                assert_eq!(line["esIndexName"], "docs", "{line}");
                assert!(line["esDocumentId"].is_string(), "{line}");
                assert!(!line["errorMessage"].as_str().unwrap_or_default().is_empty());
                numbers.push(number_of(&line)?);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn number_of(line: &Value) -> Outcome<u64> {
    let raw = line["rawData"].as_str().unwrap_or_default();
    let raw = base64_simd::STANDARD.decode_to_vec(raw).unwrap_or_default();
    let record: Value = serde_json::from_slice(&raw)?;
    let number = record["number"].as_u64().or(record["n"].as_u64());
    number.ok_or_else(|| Trouble(format!("{line} has no number")))
}

/// A record: poison has text where the index wants a number.
fn record(number: u64) -> String {
    let text = "word ".repeat((number % 40) as usize);
    match number % POISON {
        0 => format!("{{\"n\":\"poison\",\"number\":{number},\"text\":\"{text}\"}}\n"),
        _ => format!("{{\"n\":{number},\"text\":\"{text}\"}}\n"),
    }
}
