//! Work that takes time (inflating, compressing, encoding, putting the status together) is never
//! done on a thread that answers requests or syncs: a build for tests ends itself where it is
//! (`faults::takes_time`). So every other proof is a proof of it; this one makes sure that each kind
//! of work is met, on threads that have answered.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use standpipe_tests::log::Log;
use standpipe_tests::objects::{raw_arrived, row_count};
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, http, objects};

use crate::{PATIENCE, parquet};

const DAEMONS: [&str; 4] = ["compress", "encode", "inflate", "status"];
const AGENTS: [&str; 2] = ["compress", "status"];

/// How many callers there are at once: more than threads that answer.
const CALLERS: u64 = 16;

fn streams() -> String {
    let zipped = "zipped:
  buffering: {size: 1MiB, interval: 100ms}
  format: {raw: {delimiter: newline, compression: gzip}}
  destination: {file: {path: out, prefix: zipped/}}
";
    zipped.to_owned() + &parquet("rows", "100ms", "inferred")
}

/// Small bodies and one that is not, compressed in both ways.
fn send(daemon: &Daemon, stream: &str, caller: u64) -> Outcome<Vec<String>> {
    let mut sent = vec![];
    for (round, count) in [1_u64, 3, 8_000].into_iter().enumerate() {
        let line = |n| format!("{{\"line\":\"{caller}-{round}-{n:05} of some length\"}}");
        let lines: Vec<_> = (0..count).map(line).collect();
        let text = lines.join("\n");
        let (encoding, body) = match caller % 2 {
            0 => ("zstd", zstd::bulk::compress(text.as_bytes(), 1)?),
            _ => ("gzip", gzip(text.as_bytes())?),
        };
        let headers = [
            "Content-Type: application/x-ndjson",
            &format!("Content-Encoding: {encoding}"),
        ];
        let path = format!("/v1/streams/{stream}/records");
        http::post(daemon.door("native")?, &path, &headers, &body)?.ok()?;
        http::get(daemon.door("admin")?, "/metrics")?.ok()?;
        daemon.status(stream)?;
        sent.extend(lines);
    }
    Ok(sent)
}

fn gzip(text: &[u8]) -> Outcome<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(text)?;
    Ok(encoder.finish()?)
}

/// The kinds of work that a program has met.
fn met(log: &Path) -> Outcome<Vec<String>> {
    let text = std::fs::read_to_string(log)?;
    let mut met: Vec<_> = text.lines().map(str::to_owned).collect();
    met.sort();
    Ok(met)
}

#[test]
fn work_that_takes_time_is_not_done_where_requests_are_answered() -> Outcome {
    let folder = Folder::new("threads")?;
    let mut daemon = Daemon::new(folder.path(), &streams())?;
    let (daemons, agents) = (folder.join("daemon-work"), folder.join("agent-work"));
    let note = |log: &Path| ("STANDPIPE_WORK_LOG".to_owned(), log.display().to_string());
    daemon.environment.extend([note(&daemons)]);
    daemon.up()?;
    let flows = format!(
        "- paths: [\"{}/a.log\"]\n  stream: zipped\n  parse: {{format: none}}",
        folder.path().display()
    );
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows)?;
    agent.environment.extend([note(&agents)]);
    let mut ledger = Ledger::new(1_000_000);
    let mut log = Log::create(&folder.join("a.log"))?;
    log.write(b"from the agent\n")?;
    ledger.wrote(b"from the agent");
    agent.up()?;
    let mut rows = 0;
    std::thread::scope(|scope| -> Outcome {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let (daemon, agent) = (&daemon, &agent);
                let stream = if caller % 4 < 2 { "zipped" } else { "rows" };
                scope.spawn(move || {
                    agent.status()?;
                    Ok::<_, Trouble>((stream, send(daemon, stream, caller)?))
                })
            })
            .collect();
        for caller in callers {
            let failed = |_| Err(Trouble::new("a thread of the test failed"));
            let (stream, lines) = caller.join().unwrap_or_else(failed)?;
            match stream {
                "rows" => rows += lines.len() as u64,
                _ => lines.iter().for_each(|line| ledger.wrote(line.as_bytes())),
            }
        }
        Ok(())
    })?;
    daemon.settled("zipped", ledger.written(), PATIENCE)?;
    daemon.settled("rows", rows, PATIENCE)?;
    until("the agent to have met all", Duration::from_secs(60), || {
        agent.program()?.runs()?;
        agent.status()?;
        match met(&agents)? == AGENTS {
            true => Ok(()),
            false => Err(Trouble(format!("{:?}", met(&agents)))),
        }
    })?;
    assert_eq!(met(&daemons)?, DAEMONS);
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out/zipped"), &mut ledger)?;
    ledger.settle()?;
    let mut there = 0;
    for path in objects::below(&folder.join("out/rows"))? {
        there += row_count(&path)?;
    }
    assert_eq!(there, rows);
    folder.done()
}
