//! What `/metrics` says. Most is set from the status at each scrape, so that the two cannot disagree.

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};

use super::status::Status;
use crate::ingest::Seen;
use crate::stream::{Attempts, Backup, State, StreamStatus};
use table::{FROM_STATUS, IN_PASSING, Kind, Metric};

pub mod table;

/// Explains those that are counted in passing, once.
pub(super) fn describe() {
    IN_PASSING.iter().for_each(explain);
}

fn explain(metric: &Metric) {
    match metric.kind {
        Kind::Counter => describe_counter!(metric.name, metric.about),
        Kind::Gauge => describe_gauge!(metric.name, metric.about),
        Kind::Histogram => describe_histogram!(metric.name, metric.about),
    }
}

/// Sets the metrics from a status.
pub(super) fn record(status: &Status) {
    FROM_STATUS.iter().for_each(explain);
    gauge!("standpipe_build_info", "version" => status.version).set(1.0);
    let memory = status.memory;
    gauge!("standpipe_memory_used_bytes").set(memory.used as f64);
    gauge!("standpipe_memory_limit_bytes").set(memory.limit as f64);
    counter!("standpipe_settings_reloads_total").absolute(status.settings.reloads);
    let usable = status.settings.last_error.is_none();
    gauge!("standpipe_settings_usable").set(f64::from(u8::from(usable)));
    status.agents.iter().for_each(agent);
    for (name, stream) in &status.streams {
        let name = name.to_string();
        books(&name, stream);
        attempts(&name, stream);
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
    count("standpipe_records_redriven_total", status.books.redriven);
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

fn agent(seen: &Seen) {
    let labels = [
        ("stream", seen.stream.to_string()),
        ("agent", seen.agent.to_string()),
        ("host", seen.host.clone().unwrap_or_default()),
    ];
    gauge!("standpipe_agent_seen_seconds", &labels).set(seen.seconds_ago);
    if let Some(waiting) = seen.waiting {
        gauge!("standpipe_agent_unsent_bytes", &labels).set(waiting as f64);
    }
}

fn attempts(name: &str, status: &StreamStatus) {
    let Attempts {
        delivered,
        retry,
        divert,
        halt,
    } = status.attempts;
    let counts = [
        ("delivered", delivered),
        ("retry", retry),
        ("divert", divert),
        ("halt", halt),
    ];
    for (result, count) in counts {
        let labels = [
            ("stream", name.to_owned()),
            ("destination", status.destination.clone()),
            ("result", result.to_owned()),
        ];
        counter!("standpipe_delivery_attempts_total", &labels).absolute(count);
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
    level("standpipe_sealed_bytes", status.sealed_bytes as f64);
    level("standpipe_journal_position", status.position as f64);
    level("standpipe_sealed_position", status.sealed_position as f64);
    level("standpipe_disk_used_bytes", status.disk_used as f64);
    level("standpipe_disk_quota_bytes", status.disk_quota as f64);
    for (state, word) in [
        (State::Running, "running"),
        (State::Halted, "halted"),
        (State::Paused, "paused"),
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
