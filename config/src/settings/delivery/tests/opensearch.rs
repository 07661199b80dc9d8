//! OpenSearch and Elasticsearch as a destination.

use super::*;
use crate::settings::delivery::{DocumentIds, OpenSearchDestination, Rotation, SearchAccess};

/// Every key, in two streams, since not all go together.
pub(super) const SEARCH: &str = "data_dir: data
listen: {native: {address: 127.0.0.1:4574}}
streams:
  web:
    destination:
      opensearch:
        nodes: [\"https://a:9200\", \"http://127.0.0.1:9200/\"]
        index: web
        rotation: iso-week
        data_stream: false
        id: {field: order id}
        routing: customer
        pipeline: geo
        ca: ca.pem
        template: /etc/t.json
        timeout: 10s
        retry: 1h
        backup_mode: all
        user: us
        password: {env: PATH}
        backup: {s3: {bucket: failed}}
  logs:
    destination:
      opensearch:
        nodes: [\"https://a\"]
        index: logs
        data_stream: true
        sigv4: {service: aoss, region: eu-1, access_key_id: AK, secret_access_key: {env: PATH}}
        backup: {file: {path: failed}}
  keyed:
    destination:
      opensearch: {nodes: [\"https://a\"], index: k, api_key: {env: PATH}, id: none, backup: {file: {path: failed}}}
";

fn all() -> Vec<(Stream, OpenSearchDestination)> {
    let streams = read_here(SEARCH).unwrap().settings.streams;
    let found = |stream: Stream| match stream.destination.clone() {
        Destination::OpenSearch(found) => (stream, found),
        other => panic!("{other:?}"),
    };
    streams.into_iter().map(found).collect()
}

#[test]
fn every_key_is_read() {
    let found: Vec<_> = all().into_iter().map(|(_, found)| found).collect();
    let [web, logs, keyed] = &found[..] else {
        panic!("three streams");
    };
    assert_eq!(web.nodes, ["https://a:9200", "http://127.0.0.1:9200"]);
    assert_eq!(web.rotation, Rotation::IsoWeek);
    assert_eq!(web.ids, DocumentIds::Field("order id".into()));
    assert_eq!(web.ca, Some(PathBuf::from("/etc/standpipe/ca.pem")));
    assert_eq!(web.timeout, Duration::from_secs(10));
    assert_eq!(web.retry, Duration::from_secs(3600));
    assert!(matches!(&web.access, SearchAccess::Basic { user, .. } if user == "us"));
    assert!(logs.is_data_stream && logs.rotation == Rotation::None);
    assert!(matches!(&logs.access, SearchAccess::SigV4 { service, .. } if service == "aoss"));
    assert_eq!(keyed.ids, DocumentIds::None);
    assert_eq!(
        (keyed.rotation, keyed.retry),
        (Rotation::Day, Duration::from_secs(300))
    );
    assert!(matches!(keyed.access, SearchAccess::ApiKey(_)));
}

/// Rule 16: what a stream's folder keeps is what it ran with.
#[test]
fn what_is_written_of_it_reads_back() {
    for (stream, _) in all() {
        let text = write_stream(&stream);
        assert_eq!(read_stream(&text), Ok(stream), "{text}");
    }
}

/// Failed records go to their own place, copies only where they are wanted.
#[test]
fn what_failed_goes_to_the_backup() {
    let streams = read_here(SEARCH).unwrap().settings.streams;
    let copies: Vec<_> = streams
        .iter()
        .map(|s| s.destination.backup().is_some())
        .collect();
    assert_eq!(copies, [true, false, false]);
    let elsewhere = |s: &Stream| !matches!(s.destination.errors(), Destination::OpenSearch(_));
    assert!(streams.iter().all(elsewhere));
}

#[test]
fn what_does_not_go_together_is_said() {
    for (more, part) in [
        (
            "index: Web",
            "index: found \"Web\", allowed is the name of an index",
        ),
        (
            "index: _web",
            "index: found \"_web\", allowed is the name of an index",
        ),
        ("nodes: []", "nodes: is empty"),
        ("nodes: [\"http://u:p@h\"]", "contains a user"),
        (
            "id: name",
            "id: found \"name\", allowed is position, none or {field: NAME}",
        ),
        ("user: us", "password: is missing"),
        ("api_key: {env: PATH}, sigv4: {}", "conflict: one of user"),
        ("data_stream: true, rotation: day", "rotation must be none"),
        (
            "data_stream: true, id: {field: a}",
            "id cannot be that of a field",
        ),
        (
            "pipeline: a/b",
            "pipeline: found \"a/b\", allowed is a name",
        ),
    ] {
        let usual = ["nodes: [\"https://a\"]", "index: w"];
        let given = |key: &&&str| !more.contains(&key[..key.find(':').unwrap_or(0) + 1]);
        let usual: Vec<_> = usual.iter().filter(given).copied().collect();
        let usual = usual.join(", ");
        let text = format!(
            "data_dir: data\nlisten: {{native: {{address: 127.0.0.1:4574}}}}\nstreams:\n  s:\n    destination: {{opensearch: {{{usual}, {more}, backup: {{file: {{path: o}}}}}}}}\n"
        );
        let found = problems(&text);
        assert!(
            found.iter().any(|problem| problem.contains(part)),
            "{more}: {found:?}"
        );
    }
}

#[test]
fn documents_are_lines_and_nothing_else() {
    let format = "    format: {raw: {compression: gzip}}\n    destination:\n      opensearch: {nodes: [\"https://a\"], index: w, backup: {file: {path: o}}}\n";
    let text = format!(
        "data_dir: data\nlisten: {{native: {{address: 127.0.0.1:4574}}}}\nstreams:\n  s:\n{format}"
    );
    let found = problems(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("opensearch takes documents"), "{found:?}");
}
