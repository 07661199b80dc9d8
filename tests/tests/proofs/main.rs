//! What Standpipe must show, shown with the real programs: from a line in a log to a row in a
//! file, through kills, damage, wrong settings and odd records.

mod access;
mod admin;
mod apart;
mod clones;
mod damage;
mod ends;
mod fixture;
mod full;
mod halt;
mod hostile;
mod journald;
mod kills;
mod letters;
mod look;
mod memory;
mod moved;
mod network;
mod odd;
mod orc;
mod page;
mod partitions;
#[cfg(feature = "faults")]
mod points;
mod quickstart;
mod reload;
mod secrets;
mod settings;
mod stops;
#[cfg(feature = "faults")]
mod threads;
mod tls;
mod wrong;

use std::time::Duration;

use standpipe_tests::objects::{lines_arrived, raw_arrived};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A stream of raw objects in `out/NAME`.
fn raw(name: &str, interval: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 1MiB, interval: {interval}}}
  format: {{raw: {{delimiter: newline}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

/// A stream of ORC files in `out/NAME`, with a schema as in the settings.
fn orc(name: &str, compression: &str, schema: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 1MiB, interval: 1s}}
  format: {{orc: {{compression: {compression}, schema: {schema}}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}

/// A stream of Parquet files in `out/NAME`, with a schema as in the settings.
fn parquet(name: &str, interval: &str, schema: &str) -> String {
    format!(
        "{name}:
  buffering: {{size: 1MiB, interval: {interval}}}
  format: {{parquet: {{compression: zstd, schema: {schema}}}}}
  destination: {{file: {{path: out, prefix: {name}/, error_output_prefix: errors/{name}/}}}}
"
    )
}
