//! What the daemon's metrics are called, and what they mean: the table behind `/metrics` and
//! `docs/metrics.md`.

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Whether it only grows.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub about: &'static str,
    /// The metrics of Firehose that mean this; empty where it has none.
    pub firehose: &'static str,
}

/// What kind of metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How often something took how long: `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// Those that are set from the status.
pub const FROM_STATUS: &[Metric] = &[
    Metric {
        name: "standpipe_build_info",
        kind: Kind::Gauge,
        labels: &["version"],
        about: "1, with the version as a label",
        firehose: "",
    },
    Metric {
        name: "standpipe_memory_used_bytes",
        kind: Kind::Gauge,
        labels: &[],
        about: "Resident memory of the process",
        firehose: "",
    },
    Metric {
        name: "standpipe_memory_limit_bytes",
        kind: Kind::Gauge,
        labels: &[],
        about: "`limits.memory`: what all buffers of the process may take",
        firehose: "",
    },
    Metric {
        name: "standpipe_settings_reloads_total",
        kind: Kind::Counter,
        labels: &[],
        about: "How often the settings were read again since the start",
        firehose: "",
    },
    Metric {
        name: "standpipe_settings_usable",
        kind: Kind::Gauge,
        labels: &[],
        about: "1 when the settings could be used the last time they were read, else 0",
        firehose: "",
    },
    Metric {
        name: "standpipe_records_accepted_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records acknowledged, since the stream's birth",
        firehose: "IncomingRecords",
    },
    Metric {
        name: "standpipe_bytes_accepted_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Bytes of records acknowledged",
        firehose: "IncomingBytes",
    },
    Metric {
        name: "standpipe_records_delivered_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records in a delivered data object",
        firehose: "DeliveryTo….Records",
    },
    Metric {
        name: "standpipe_bytes_delivered_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Bytes of records, as accepted, in a delivered data object",
        firehose: "DeliveryTo….Bytes",
    },
    Metric {
        name: "standpipe_records_failed_total",
        kind: Kind::Counter,
        labels: &["stream", "reason"],
        about: "Records in a delivered object under the error prefix, by error type",
        firehose: "FailedConversion.Records, for `format-conversion-failed`",
    },
    Metric {
        name: "standpipe_bytes_failed_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Bytes of records, as accepted, in a delivered object under the error prefix",
        firehose: "FailedConversion.Bytes, likewise",
    },
    Metric {
        name: "standpipe_records_dropped_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records left out by a transform",
        firehose: "",
    },
    Metric {
        name: "standpipe_records_redriven_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Of the records accepted, those put back after they had failed",
        firehose: "",
    },
    Metric {
        name: "standpipe_bytes_dropped_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Bytes of records left out by a transform",
        firehose: "",
    },
    Metric {
        name: "standpipe_records_waiting",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Records in journal or spool",
        firehose: "",
    },
    Metric {
        name: "standpipe_bytes_waiting",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Bytes of records, as accepted, in journal or spool",
        firehose: "",
    },
    Metric {
        name: "standpipe_oldest_waiting_seconds",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Age of the oldest record that is not delivered; 0 where none waits",
        firehose: "DeliveryTo….DataFreshness",
    },
    Metric {
        name: "standpipe_delivery_attempts_total",
        kind: Kind::Counter,
        labels: &["stream", "destination", "result"],
        about: "Attempts to deliver a file since the start, by how they ended: `delivered`, `retry`, `divert` (refused for good), `halt`",
        firehose: "DeliveryTo….Success is the share of `delivered`",
    },
    Metric {
        name: "standpipe_objects_delivered_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Objects delivered, of every role",
        firehose: "",
    },
    Metric {
        name: "standpipe_sealed_files",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Sealed files in the spool that are not delivered yet",
        firehose: "",
    },
    Metric {
        name: "standpipe_sealed_bytes",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Bytes of these files, as they will be delivered",
        firehose: "",
    },
    Metric {
        name: "standpipe_journal_position",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Position behind the last record that the journal holds",
        firehose: "",
    },
    Metric {
        name: "standpipe_sealed_position",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Position up to which the journal is sealed into files",
        firehose: "",
    },
    Metric {
        name: "standpipe_disk_used_bytes",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Bytes on disk: journal, spool, recycled segments",
        firehose: "",
    },
    Metric {
        name: "standpipe_disk_quota_bytes",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "The stream's disk quota",
        firehose: "",
    },
    Metric {
        name: "standpipe_stream_state",
        kind: Kind::Gauge,
        labels: &["stream", "state"],
        about: "1 for the state that the stream is in: `running`, `paused`, `halted`, `draining`",
        firehose: "",
    },
    Metric {
        name: "standpipe_agent_unsent_bytes",
        kind: Kind::Gauge,
        labels: &["stream", "agent", "host"],
        about: "How many bytes waited in an agent's files beside what it had sent, as it said with its last request",
        firehose: "",
    },
    Metric {
        name: "standpipe_agent_seen_seconds",
        kind: Kind::Gauge,
        labels: &["stream", "agent", "host"],
        about: "Seconds since an agent's last request",
        firehose: "",
    },
    Metric {
        name: "standpipe_backup_records_delivered_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records whose copy is in a delivered backup object",
        firehose: "BackupToS3.Records",
    },
    Metric {
        name: "standpipe_backup_records_waiting",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Records whose backup copy waits in a sealed file",
        firehose: "",
    },
    Metric {
        name: "standpipe_backup_sealed_files",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Sealed backup files that are not delivered yet",
        firehose: "",
    },
    Metric {
        name: "standpipe_backup_halted",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "1 when the backup needs an operator",
        firehose: "BackupToS3.Success, turned round",
    },
];

/// Those that are counted in passing.
pub const IN_PASSING: &[Metric] = &[
    Metric {
        name: "standpipe_requests_refused_total",
        kind: Kind::Counter,
        labels: &["door", "reason"],
        about: "Requests refused at a door since the start, by reason; `full` and `busy` (native) and `ServiceUnavailableException` (firehose) are the throttled ones",
        firehose: "ThrottledRecords, in requests: what a refused request holds is not read",
    },
    Metric {
        name: "standpipe_firehose_requests_total",
        kind: Kind::Counter,
        labels: &["operation"],
        about: "Requests believed at the Firehose door since the start",
        firehose: "PutRecord.Requests, PutRecordBatch.Requests and others",
    },
    Metric {
        name: "standpipe_transform_attempts_total",
        kind: Kind::Counter,
        labels: &["stream", "result"],
        about: "Attempts at portions of records by the stream's transform since the start, by how they ended: `succeeded`, `failed`",
        firehose: "ExecuteProcessing.Success is the share of `succeeded`",
    },
    Metric {
        name: "standpipe_transform_seconds",
        kind: Kind::Histogram,
        labels: &["stream"],
        about: "How long these attempts took",
        firehose: "ExecuteProcessing.Duration, in seconds",
    },
    Metric {
        name: "standpipe_records_transformed_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records that a transform took since the start, to keep or to drop them; again, where a restart repeats it",
        firehose: "SucceedProcessing.Records",
    },
    Metric {
        name: "standpipe_bytes_transformed_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Bytes of these records, as accepted",
        firehose: "SucceedProcessing.Bytes",
    },
    Metric {
        name: "standpipe_rows_with_rest_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Rows of an inferred schema with something in the column `_rest`, since the start",
        firehose: "",
    },
    Metric {
        name: "standpipe_schema_growths_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "How often an inferred schema grew, since the start",
        firehose: "",
    },
    Metric {
        name: "standpipe_partitions_open",
        kind: Kind::Gauge,
        labels: &["stream"],
        about: "Partitions that the open batch has; 0 once it is being sealed",
        firehose: "ActivePartitionsCount, which counts a partition until its objects are delivered",
    },
    Metric {
        name: "standpipe_partitions_exceeded_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Records that would have opened one partition more than `max_open`, since the start; those of a batch that is read again count again",
        firehose: "ActivePartitionExceeded",
    },
    Metric {
        name: "standpipe_partition_files_sealed_total",
        kind: Kind::Counter,
        labels: &["stream"],
        about: "Objects that partitions became at seals, since the start",
        firehose: "PartitionCount",
    },
];
