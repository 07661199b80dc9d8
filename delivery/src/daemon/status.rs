//! What `/status` and `/metrics` say. The metrics are set from the status at each scrape, so that
//! the two cannot disagree.

use std::collections::BTreeMap;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use serde::Serialize;
use standpipe_config::faults;
use standpipe_config::names::StreamName;

use crate::stream::{Backup, State, StreamStatus, Streams};

/// How the daemon is doing.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    streams: BTreeMap<StreamName, StreamStatus>,
}

impl Status {
    /// Now. `None`: the streams are being recovered.
    pub(super) fn of(streams: Option<&Streams>) -> Self {
        faults::takes_time("status");
        Self {
            version: env!("CARGO_PKG_VERSION"),
            streams: streams.map(Streams::status).unwrap_or_default(),
        }
    }
}

const COUNTERS: &[(&str, &str)] = &[
    (
        "standpipe_records_accepted_total",
        "Records acknowledged, since the stream's birth",
    ),
    (
        "standpipe_records_delivered_total",
        "Records in a delivered data object",
    ),
    (
        "standpipe_records_failed_total",
        "Records in a delivered object under the error prefix, by error type",
    ),
    (
        "standpipe_records_dropped_total",
        "Records left out by a transform",
    ),
    (
        "standpipe_bytes_accepted_total",
        "Bytes of records acknowledged",
    ),
    (
        "standpipe_bytes_delivered_total",
        "Bytes of records, as accepted, in a delivered data object",
    ),
    (
        "standpipe_bytes_failed_total",
        "Bytes of records, as accepted, in a delivered object under the error prefix",
    ),
    (
        "standpipe_bytes_dropped_total",
        "Bytes of records left out by a transform",
    ),
    (
        "standpipe_objects_delivered_total",
        "Objects delivered, of every role",
    ),
    (
        "standpipe_backup_records_delivered_total",
        "Records whose copy is in a delivered backup object",
    ),
];

const GAUGES: &[(&str, &str)] = &[
    ("standpipe_build_info", "1, with the version as a label"),
    ("standpipe_records_waiting", "Records in journal or spool"),
    (
        "standpipe_bytes_waiting",
        "Bytes of records, as accepted, in journal or spool",
    ),
    (
        "standpipe_oldest_waiting_seconds",
        "Age of the oldest record that waits",
    ),
    (
        "standpipe_sealed_files",
        "Sealed files that are not delivered yet",
    ),
    (
        "standpipe_disk_used_bytes",
        "Bytes on disk: journal, spool, recycled segments",
    ),
    ("standpipe_disk_quota_bytes", "The stream's disk quota"),
    (
        "standpipe_stream_state",
        "1 for the state that the stream is in",
    ),
    (
        "standpipe_backup_records_waiting",
        "Records whose backup copy waits in a sealed file",
    ),
    (
        "standpipe_backup_sealed_files",
        "Sealed backup files that are not delivered yet",
    ),
    (
        "standpipe_backup_halted",
        "1 when the backup needs an operator",
    ),
];

/// Sets the metrics from a status.
pub(super) fn record(status: &Status) {
    for (name, about) in COUNTERS {
        describe_counter!(*name, *about);
    }
    for (name, about) in GAUGES {
        describe_gauge!(*name, *about);
    }
    gauge!("standpipe_build_info", "version" => status.version).set(1.0);
    for (name, stream) in &status.streams {
        let name = name.to_string();
        books(&name, stream);
        state(&name, stream);
        if let Some(copies) = &stream.backup {
            backup(&name, copies);
        }
    }
}

fn books(name: &str, status: &StreamStatus) {
    let count = |metric: &'static str, number: u64| {
        counter!(metric, "stream" => name.to_owned()).absolute(number);
    };
    count("standpipe_records_accepted_total", status.books.accepted);
    count("standpipe_records_delivered_total", status.books.delivered);
    count("standpipe_records_dropped_total", status.books.dropped);
    count("standpipe_bytes_accepted_total", status.bytes.accepted);
    count("standpipe_bytes_delivered_total", status.bytes.delivered);
    count("standpipe_bytes_failed_total", status.bytes.failed);
    count("standpipe_bytes_dropped_total", status.bytes.dropped);
    count(
        "standpipe_objects_delivered_total",
        status.objects_delivered,
    );
    for (reason, failed) in &status.failed {
        let labels = [("stream", name.to_owned()), ("reason", reason.clone())];
        counter!("standpipe_records_failed_total", &labels).absolute(*failed);
    }
}

fn state(name: &str, status: &StreamStatus) {
    let level = |metric: &'static str, value: f64| {
        gauge!(metric, "stream" => name.to_owned()).set(value);
    };
    level("standpipe_records_waiting", status.books.waiting as f64);
    level("standpipe_bytes_waiting", status.waiting_bytes as f64);
    level(
        "standpipe_oldest_waiting_seconds",
        status.oldest_waiting_seconds,
    );
    level("standpipe_sealed_files", status.sealed_files as f64);
    level("standpipe_disk_used_bytes", status.disk_used as f64);
    level("standpipe_disk_quota_bytes", status.disk_quota as f64);
    for (state, word) in [
        (State::Running, "running"),
        (State::Halted, "halted"),
        (State::Draining, "draining"),
    ] {
        let value = f64::from(u8::from(status.state == state));
        gauge!("standpipe_stream_state", "stream" => name.to_owned(), "state" => word).set(value);
    }
}

fn backup(name: &str, copies: &Backup) {
    let level = |metric: &'static str, value: f64| {
        gauge!(metric, "stream" => name.to_owned()).set(value);
    };
    counter!("standpipe_backup_records_delivered_total", "stream" => name.to_owned())
        .absolute(copies.delivered);
    level("standpipe_backup_records_waiting", copies.waiting as f64);
    level("standpipe_backup_sealed_files", copies.sealed_files as f64);
    level(
        "standpipe_backup_halted",
        f64::from(u8::from(copies.halted)),
    );
}

#[cfg(test)]
mod tests;
