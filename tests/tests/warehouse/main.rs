//! Warehouses: each row is in the table once, or under the error prefix with the reason, whatever
//! the daemon, the server and the network between them do; and the ledger explains every load.

mod faults;
mod loads;
mod poison;
mod redrive;
mod redshift;
mod tls;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::postgresql::{Postgresql, USER};
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, objects};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// The table that all tests load into.
const TABLE: &str =
    "CREATE TABLE web (id bigint NOT NULL, name varchar(40), tags jsonb, rest jsonb)";

/// A stream `web` into the table of that name, at this address; `more` are further keys.
fn stream(at: SocketAddr, more: &str) -> String {
    format!(
        "web:
  buffering: {{size: 1MiB, interval: 1s}}
  destination:
    postgresql:
      url: \"postgresql://{USER}@{at}/postgres\"
      table: public.web
      backup: {{file: {{path: out, prefix: all/, error_output_prefix: \"errors/!{{firehose:error-output-type}}/\"}}}}
      {more}
"
    )
}

/// Rows with these ids, as lines of JSON.
fn rows(ids: impl IntoIterator<Item = u64>) -> String {
    let row = |id| format!("{{\"id\":{id},\"name\":\"name\\t{id}\",\"tags\":[{id},\"\\\\é\"]}}\n");
    ids.into_iter().map(row).collect()
}

/// Sends lines, which must be accepted.
fn send(daemon: &Daemon, lines: &str) -> Outcome {
    daemon.post("web", lines.as_bytes())?.ok().map(drop)
}

/// That the table holds the rows with ids below `count`, each once and as it was sent, and that the
/// ledger's loads add up to them.
fn each_row_once(server: &Postgresql, count: u64) -> Outcome {
    let found = server.ask(
        "SELECT count(*), count(DISTINCT id), coalesce(min(id), 0), coalesce(max(id), 0),
         count(*) FILTER (WHERE name = 'name' || chr(9) || id AND tags = jsonb_build_array(id, E'\\\\é'))
         FROM web",
    )?;
    let last = count.saturating_sub(1);
    assert_eq!(found, [format!("{count}|{count}|0|{last}|{count}")]);
    ledger_explains(server, count)
}

/// That the ledger's loads add up to so many rows, each file once.
fn ledger_explains(server: &Postgresql, rows: u64) -> Outcome {
    let loads = server.ask(
        "SELECT sum(loaded_rows), count(*) - count(DISTINCT object),
         count(*) FILTER (WHERE length(sha256) <> 64 OR loaded_into <> 'public.web' OR last_position < first_position)
         FROM standpipe_ledger",
    )?;
    assert_eq!(loads, [format!("{rows}|0|0")]);
    Ok(())
}

/// The error lines below a folder, by what their raw data says.
fn error_lines(folder: &Path) -> Outcome<BTreeMap<Vec<u8>, Value>> {
    let mut found = BTreeMap::new();
    for path in objects::below(folder)? {
        for line in objects::lines(&path)? {
            let line: Value = serde_json::from_slice(&line)?;
            let raw = line["rawData"].as_str().unwrap_or_default();
            let raw = base64_simd::STANDARD.decode_to_vec(raw.as_bytes())?;
            if let Some(twice) = found.insert(raw, line) {
                return Err(Trouble(format!("there twice: {twice}")));
            }
        }
    }
    Ok(found)
}

/// The ledger as it is where keys are not enforced: what keeps rows from being there twice is the
/// lock, and not the server.
const KEYLESS_LEDGER: &str = "CREATE TABLE standpipe_ledger (object text, sha256 text, loaded_into text, lane text, run text, first_position bigint, last_position bigint, loaded_rows bigint, refused_rows bigint, loaded_at timestamp)";

/// A server with the table and a ledger without a key; `None` without PostgreSQL.
fn server_with_table(folder: &Folder) -> Outcome<Option<Postgresql>> {
    let Some(server) = Postgresql::start(folder.path())? else {
        return Ok(None);
    };
    server.ask(TABLE)?;
    server.ask(KEYLESS_LEDGER)?;
    Ok(Some(server))
}
