//! Into PostgreSQL: from the door until every row is in the table, beside `psql \copy` of the same
//! rows.

use std::path::Path;
use std::time::Instant;

use standpipe_tests::Daemon;
use standpipe_tests::postgresql::{Postgresql, USER};
use standpipe_tests::trouble::{Outcome, Trouble};

use crate::table::{Sample, Table};
use crate::{Ground, cpu, far};

/// Bytes of JSON that go in.
const MOST: usize = 100_000_000;

/// Lines of one request to the door.
const LINES: usize = 2_000;

const COLUMNS: &str = "host text, ident text, \"user\" text, time text, request text, method text, path text, protocol text, status int, bytes bigint, referer text, user_agent text";

/// One round; nothing where there is no PostgreSQL.
pub(crate) fn run(ground: &Ground, table: &mut Table) -> Outcome {
    let folder = ground.fresh("warehouse")?;
    let Some(server) = Postgresql::start(&folder)? else {
        return Ok(());
    };
    let text = std::fs::read(&ground.json.path)?;
    let end = text.len().min(MOST);
    let end = text[..end].iter().rposition(|byte| *byte == b'\n');
    let text = &text[..end.map_or(0, |end| end + 1)];
    for name in ["ours", "plain"] {
        server.ask(&format!("CREATE TABLE {name} ({COLUMNS})"))?;
    }
    let rows = ours(&server, &folder, text, table)?;
    plain(&server, &folder, (rows, text.len() as u64), table)?;
    Ok(std::fs::remove_dir_all(folder)?)
}

fn ours(server: &Postgresql, folder: &Path, text: &[u8], table: &mut Table) -> Outcome<u64> {
    let streams = format!(
        "rows:
  buffering: {{size: 16MiB, interval: 1s}}
  destination:
    postgresql:
      url: \"postgresql://{USER}@{}/postgres\"
      table: ours
      backup: {{file: {{path: failed}}}}
",
        server.address()
    );
    let mut daemon = Daemon::start(&folder.join("daemon"), &streams)?;
    let process = daemon.program()?.id();
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let (before, started) = (cpu::of(process)?, Instant::now());
    for some in lines.chunks(LINES) {
        daemon.post("rows", &some.concat())?.ok()?;
    }
    let rows = lines.len() as u64;
    let books = daemon.settled("rows", rows, far())?;
    let sample = Sample {
        bytes: text.len() as u64,
        wall: started.elapsed(),
        cpu: cpu::of(process)? - before,
        waits: vec![],
        ..Sample::default()
    };
    if books.delivered != rows || server.count("SELECT count(*) FROM ours")? != rows {
        return Err(Trouble(format!("not every row arrived: {books:?}")));
    }
    say("ours", rows, started);
    table.add("PostgreSQL, from the door to the last row", sample);
    daemon.stop(far())?;
    Ok(rows)
}

fn plain(
    server: &Postgresql,
    folder: &Path,
    (rows, bytes): (u64, u64),
    table: &mut Table,
) -> Outcome {
    let file = folder.join("rows.copy");
    let file = file.display();
    server.psql(&["-c", &format!("\\copy ours to '{file}'")])?;
    let started = Instant::now();
    server.psql(&["-c", &format!("\\copy plain from '{file}'")])?;
    let sample = Sample {
        bytes,
        wall: started.elapsed(),
        ..Sample::default()
    };
    say("psql", rows, started);
    table.add("PostgreSQL, psql \\copy of the same rows", sample);
    Ok(())
}

fn say(what: &str, rows: u64, started: Instant) {
    let per_second = rows as f64 / started.elapsed().as_secs_f64();
    eprintln!("  {what}: {rows} rows, {per_second:.0} a second");
}
