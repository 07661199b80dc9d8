//! Into OpenSearch: from the door until every document is there, beside the same bulk bodies sent
//! by curl, one after the other and four at once.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use standpipe_tests::search::{Cluster, Make};
use standpipe_tests::trouble::{Attempting, Outcome, Trouble};
use standpipe_tests::{Daemon, components};

use crate::table::{Sample, Table};
use crate::{Ground, cpu, far};

/// Bytes of JSON that go in: a cluster of one node with half a gigabyte takes some megabytes a second.
const MOST: usize = 100_000_000;

/// Bytes of a bulk body, as ours.
const BODY: usize = 4 * 1024 * 1024;

/// Lines of one request to the door.
const LINES: usize = 2_000;

/// One round; nothing where there is no OpenSearch.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    if components::find("OpenSearch 2.19", "STANDPIPE_OPENSEARCH")?.is_none() {
        return Ok(());
    }
    let text = std::fs::read(&ground.json.path)?;
    let end = text.len().min(MOST);
    let end = text[..end].iter().rposition(|byte| *byte == b'\n');
    let text = &text[..end.map_or(0, |end| end + 1)];
    let folder = ground.fresh("search")?;
    ours(&folder, text, table)?;
    plain(
        &folder,
        text,
        1,
        "OpenSearch, _bulk by curl, 1 at once",
        table,
    )?;
    plain(
        &folder,
        text,
        4,
        "OpenSearch, _bulk by curl, 4 at once",
        table,
    )?;
    Ok(std::fs::remove_dir_all(folder)?)
}

fn cluster() -> Outcome<Cluster> {
    let cluster = Cluster::start(Make::OpenSearch, &[])?;
    cluster.ok_or_else(|| Trouble::new("there is no OpenSearch"))
}

fn ours(folder: &Path, text: &[u8], table: &mut Table) -> Outcome {
    let cluster = cluster()?;
    let streams = format!(
        "docs:
  buffering: {{size: 16MiB, interval: 1s}}
  destination:
    opensearch:
      nodes: [\"http://{}\"]
      index: docs
      rotation: none
      backup: {{file: {{path: failed}}}}
",
        cluster.address()
    );
    let mut daemon = Daemon::start(&folder.join("daemon"), &streams)?;
    let process = daemon.program()?.id();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (before, started) = (cpu::of(process)?, Instant::now());
    for some in lines.chunks(LINES) {
        daemon.post("docs", &some.concat())?.ok()?;
    }
    let books = daemon.settled("docs", lines.len() as u64, far())?;
    let sample = Sample {
        bytes: text.len() as u64,
        wall: started.elapsed(),
        cpu: cpu::of(process)? - before,
        waits: vec![],
        ..Sample::default()
    };
    if books.delivered != lines.len() as u64 {
        return Err(Trouble(format!("not every document arrived: {books:?}")));
    }
    say("ours", lines.len(), started);
    table.add("OpenSearch, from the door to the last document", sample);
    daemon.stop(far())?;
    Ok(())
}

/// The same documents under ids of the same length, sent by as many curls at once.
fn plain(folder: &Path, text: &[u8], at_once: usize, row: &str, table: &mut Table) -> Outcome {
    let cluster = cluster()?;
    let bodies = folder.join(format!("bodies-{at_once}"));
    std::fs::create_dir(&bodies)?;
    let mut body = Vec::new();
    let mut files = 0;
    let mut write = |body: &mut Vec<u8>| {
        files += 1;
        let file = std::fs::File::create(bodies.join(format!("{files:05}")));
        let written = file.and_then(|mut file| file.write_all(body));
        body.clear();
        written
    };
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    for (number, line) in lines.iter().enumerate() {
        let id = format!("{:032x}-{:016x}-{number}-0", 1, 2);
        writeln!(
            body,
            "{{\"create\":{{\"_index\":\"docs\",\"_id\":\"{id}\"}}}}"
        )?;
        body.extend_from_slice(line);
        if body.len() > BODY {
            write(&mut body)?;
        }
    }
    write(&mut body)?;
    let url = format!("http://{}/_bulk", cluster.address());
    let send = format!(
        "ls {} | xargs -P {at_once} -I F curl -sS -o /dev/null -H 'Content-Type: application/x-ndjson' --data-binary @{}/F {url}",
        bodies.display(),
        bodies.display()
    );
    let started = Instant::now();
    let status = Command::new("bash").args(["-c", &send]).status();
    if !status.attempting("run curl")?.success() {
        return Err(Trouble::new("curl failed"));
    }
    let sample = Sample {
        bytes: text.len() as u64,
        wall: started.elapsed(),
        ..Sample::default()
    };
    say(row, lines.len(), started);
    let there = cluster.count("docs")?;
    if there != lines.len() as u64 {
        return Err(Trouble(format!(
            "{there} of {} documents are there",
            lines.len()
        )));
    }
    table.add(row, sample);
    Ok(())
}

fn say(what: &str, documents: usize, started: Instant) {
    let per_second = documents as f64 / started.elapsed().as_secs_f64();
    eprintln!("  {what}: {documents} documents, {per_second:.0} a second");
}
