//! Examples that are run against the real servers: each record arrives once.

use std::path::Path;
use std::time::Duration;

use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{Contents, KEY_ID};
use standpipe_tests::search::{self, Cluster};
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, objects};

use crate::example::Example;
use crate::top;

const PATIENCE: Duration = Duration::from_secs(300);
const RECORDS: u64 = 1000;

fn example(name: &str, folder: &Path) -> Outcome<Example> {
    let example = Example::read(&top().join("docs/examples").join(name))?;
    example
        .at_home(folder)?
        .with("interval: 60s", "interval: 1s")
}

/// Sends records to web-access, and waits until they are delivered.
fn deliver(daemon: &mut Daemon, ledger: &mut Ledger) -> Outcome {
    let mut body = String::new();
    for n in 0..RECORDS {
        let line = format!("line {n}");
        ledger.wrote(line.as_bytes());
        body += &format!("{{\"line\":\"{line}\",\"n\":{n}}}\n");
    }
    daemon.post("web-access", body.as_bytes())?.ok()?;
    let books = daemon.settled("web-access", RECORDS, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (RECORDS, 0));
    Ok(())
}

#[test]
fn the_example_for_minio_puts_every_record_there_once() -> Outcome {
    let folder = Folder::new("packages-minio")?;
    let Some(server) = Server::start(Make::MinIo, folder.path())? else {
        return folder.done();
    };
    let example = example("minio.yaml", folder.path())?
        .with("127.0.0.1:9000", &server.address().to_string())?
        .with(
            "access_key_id: standpipe\n",
            &format!("access_key_id: {KEY_ID}\n"),
        )?;
    let mut daemon = example.run(folder.path())?;
    let mut ledger = Ledger::new(usize::MAX);
    deliver(&mut daemon, &mut ledger)?;
    let contents = Contents::at(server.address())?;
    let keys = contents.keys()?;
    assert!(keys.iter().all(|key| key.starts_with("web/20")), "{keys:?}");
    contents.download(&folder.join("found"))?;
    objects::lines_arrived(&folder.join("found"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

#[test]
fn the_example_for_opensearch_makes_every_record_one_document() -> Outcome {
    let folder = Folder::new("packages-opensearch")?;
    let Some(cluster) = Cluster::start(search::Make::OpenSearch, &[])? else {
        return folder.done();
    };
    let example = example("opensearch.yaml", folder.path())?
        .with("127.0.0.1:9200", &cluster.address().to_string())?;
    let mut daemon = example.run(folder.path())?;
    let mut ledger = Ledger::new(usize::MAX);
    deliver(&mut daemon, &mut ledger)?;
    for (_, document) in cluster.documents("web-*")? {
        ledger.arrived(document["line"].as_str().unwrap_or("(no line)").as_bytes());
    }
    ledger.settle()?;
    folder.done()
}

/// As they lie in the packages, but for the ports: what the agent's flows name, the daemon has.
#[test]
fn the_default_of_the_agent_ships_to_a_stream_of_the_default_of_the_daemon() -> Outcome {
    let read = |name: &str| std::fs::read_to_string(top().join("packaging").join(name));
    let (agent, daemon) = (read("agent/agent.yaml")?, read("delivery/delivery.yaml")?);
    assert!(agent.contains("url: http://127.0.0.1:4574"), "{agent}");
    assert!(
        daemon.contains("native: {address: 127.0.0.1:4574}"),
        "{daemon}"
    );
    assert!(agent.contains("\n    stream: web-access\n"), "{agent}");
    assert!(daemon.contains("\n  web-access:\n"), "{daemon}");
    let folder = Folder::new("packages-default")?;
    let file = top().join("packaging/delivery/delivery.yaml");
    let example = Example::read(&file)?.at_home(folder.path())?;
    let mut running = example
        .with("interval: 60s", "interval: 1s")?
        .run(folder.path())?;
    let mut ledger = Ledger::new(usize::MAX);
    deliver(&mut running, &mut ledger)?;
    objects::lines_arrived(&folder.join("delivered"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
