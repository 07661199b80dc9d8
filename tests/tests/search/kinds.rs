//! Other kinds of names than an index and positions: a data stream that rolls over, ids from a field
//! with an index for each day, and templates that the daemon puts there.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use standpipe_tests::search::Cluster;
use standpipe_tests::{Daemon, Folder, Outcome};

const PATIENCE: Duration = Duration::from_secs(300);

/// Records of a step.
const SOME: u64 = 300;

fn streams(cluster: &Cluster) -> String {
    let stream = |name: &str, more: &str| {
        format!(
            "{name}:
  buffering: {{size: 1MiB, interval: 0s}}
  destination:
    opensearch:
      nodes: [\"http://{}\"]
      index: {name}
      template: {name}.json
      {more}
      backup: {{file: {{path: failed}}}}
",
            cluster.address()
        )
    };
    stream("flow", "data_stream: true") + &stream("last", "id: {field: key}")
}

/// A data stream takes each record once, before and after it rolls over.
pub(crate) fn a_data_stream(cluster: &Cluster) -> Outcome {
    let folder = Folder::new("search-stream")?;
    let mut daemon = daemon(&folder, cluster)?;
    for step in 0..3 {
        let line = |n| format!("{{\"@timestamp\":1795000000000,\"n\":{n}}}\n");
        let text: String = (step * SOME..(step + 1) * SOME).map(line).collect();
        daemon.post("flow", text.as_bytes())?.ok()?;
        daemon.settled("flow", (step + 1) * SOME, PATIENCE)?;
        cluster.ask("POST /flow/_rollover", &Value::Null)?;
    }
    let mut found = BTreeMap::new();
    for (_, source) in cluster.documents("flow")? {
        *found.entry(source["n"].as_u64().unwrap()).or_insert(0) += 1;
    }
    assert_eq!(found, (0..3 * SOME).map(|n| (n, 1)).collect());
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// The last record of an id stays, also over a new data folder; the index is that of the day, made
/// by the template.
pub(crate) fn ids_of_a_field(cluster: &Cluster) -> Outcome {
    let folder = Folder::new("search-field")?;
    let mut daemon = daemon(&folder, cluster)?;
    for step in 0..3 {
        let line = |n| format!("{{\"key\":\"k{n}\",\"step\":{step}}}\n");
        let text: String = (0..SOME).map(line).collect();
        daemon.post("last", text.as_bytes())?.ok()?;
        daemon.settled(
            "last",
            SOME * if step == 2 { 1 } else { step + 1 },
            PATIENCE,
        )?;
        if step == 1 {
            daemon.stop(PATIENCE)?;
            std::fs::remove_dir_all(daemon.data())?;
            daemon.up()?;
        }
    }
    let found = cluster.documents("last-*")?;
    assert_eq!(found.len() as u64, SOME);
    for (id, source) in found {
        assert_eq!(source, json!({"key": id, "step": 2}), "the last one");
    }
    let mapping = cluster.ask("GET /last-*/_mapping", &Value::Null)?;
    let (index, mapping) = mapping.as_object().unwrap().iter().next().unwrap();
    assert_eq!(index.len(), "last-2026-01-01".len(), "{index}");
    let made = &mapping["mappings"]["properties"]["key"]["type"];
    assert_eq!(made, "keyword", "the template made {index}");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

fn daemon(folder: &Folder, cluster: &Cluster) -> Outcome<Daemon> {
    let flow = json!({"index_patterns": ["flow"], "data_stream": {}});
    let properties = json!({"key": {"type": "keyword"}});
    let template = json!({"mappings": {"properties": properties}});
    let last = json!({"index_patterns": ["last-*"], "template": template});
    std::fs::write(folder.join("flow.json"), flow.to_string())?;
    std::fs::write(folder.join("last.json"), last.to_string())?;
    Daemon::start(folder.path(), &streams(cluster))
}
