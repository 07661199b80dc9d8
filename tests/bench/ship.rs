//! The agent: from a file to acknowledged frames, and the whole path from a file to sealed Parquet.

use std::process::Command;
use std::time::Instant;

use standpipe_tests::trouble::{Attempting, Outcome, Trouble};
use standpipe_tests::{Agent, Daemon};

use crate::table::{Sample, Table};
use crate::{Ground, cpu, far};

const STREAM: &str = "web";

/// Takes records as they are.
const RAW: &str = "web:
  disk: {quota: 100GiB}
  buffering: {size: 128MiB, interval: 1s}
  destination: {file: {path: out}}
";

/// The default batch. The interval is for the last one only.
const PARQUET: &str = "web:
  disk: {quota: 100GiB}
  buffering: {size: 64MiB, interval: 10s}
  format: {parquet: {compression: zstd}}
  destination: {file: {path: out}}
";

/// One round of the agent alone: its own processor time, beside `wc -l` on the same file.
pub(crate) fn agent(ground: &Ground, table: &mut Table) -> Outcome {
    let (before, started) = (cpu::children()?, Instant::now());
    let counted = Command::new("wc").arg("-l").arg(&ground.log.path).output();
    let counted = counted.attempting("run wc")?;
    let wc = Sample {
        bytes: ground.log.bytes,
        wall: started.elapsed(),
        cpu: cpu::children()? - before,
        waits: vec![],
        ..Sample::default()
    };
    let said = String::from_utf8_lossy(&counted.stdout).into_owned();
    if said.split(' ').next() != Some(&ground.log.lines.to_string()) {
        return Err(Trouble(format!(
            "wc -l says {said}, not {}",
            ground.log.lines
        )));
    }
    table.add("wc -l", wc);
    let shipped = ship(ground, RAW, "none")?;
    table.add("agent, file to acknowledged frame (zstd-1)", shipped.agent);
    Ok(())
}

/// One round of the whole path: both programs' processor time, until all is delivered.
pub(crate) fn whole(ground: &Ground, table: &mut Table) -> Outcome {
    let shipped = ship(ground, PARQUET, "combined")?;
    table.add("whole path, agent (parses combined)", shipped.agent);
    table.add("whole path, daemon (to sealed Parquet)", shipped.daemon);
    table.add("whole path, both", shipped.both);
    Ok(())
}

struct Shipped {
    agent: Sample,
    daemon: Sample,
    both: Sample,
}

/// Ships the log once, and waits until all of it is delivered.
fn ship(ground: &Ground, streams: &str, format: &str) -> Outcome<Shipped> {
    let folder = ground.fresh("ship")?;
    let mut daemon = Daemon::start(&folder.join("daemon"), streams)?;
    let flow = format!(
        "- paths: [{}]\n  stream: {STREAM}\n  parse: {{format: {format}}}\n",
        ground.log.path.display()
    );
    let mut agent = Agent::new(&folder.join("agent"), &daemon.url()?, &flow)?;
    let process = daemon.program()?.id();
    let (agent_before, daemon_before) = (cpu::children()?, cpu::of(process)?);
    let started = Instant::now();
    if agent.once(far())? != 0 {
        return Err(Trouble(format!(
            "the agent failed: see {}",
            agent.log().display()
        )));
    }
    let sample = |cpu| Sample {
        bytes: ground.log.bytes,
        wall: started.elapsed(),
        cpu,
        waits: vec![],
        ..Sample::default()
    };
    let agent = sample(cpu::children()? - agent_before);
    let books = daemon.settled(STREAM, ground.log.lines, far())?;
    if (books.accepted, books.failed) != (ground.log.lines, 0) {
        return Err(Trouble(format!("not every line arrived: {books:?}")));
    }
    let daemon_cpu = cpu::of(process)? - daemon_before;
    let shipped = Shipped {
        daemon: sample(daemon_cpu),
        both: sample(daemon_cpu + agent.cpu),
        agent,
    };
    daemon.stop(far())?;
    std::fs::remove_dir_all(folder)?;
    Ok(shipped)
}
