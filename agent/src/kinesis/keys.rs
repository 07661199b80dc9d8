//! What is said of keys that have no place in our settings.

use super::{Notes, Object, Target};

const METRICS: &str = "ignored: metrics are at http://127.0.0.1:4576/metrics, for Prometheus";
const LOG: &str = "ignored: --log, --log-format and RUST_LOG say what is logged";
const PROGRESS: &str = "ignored: progress is kept in data_dir, in a form of its own";
const SENDING: &str =
    "ignored: each stream has one connection, and limits.in_flight bounds the memory of all";
const HTTP: &str = "ignored: the time a connection and a reply may take is fixed (5 s and 60 s)";
const CLASS: &str =
    "ignored: a class of Java cannot be carried over; the usual chain of AWS finds credentials";
const ROLE: &str = "ignored: this agent assumes no role; give it credentials that may call firehose:PutRecordBatch";
const DATA_STREAMS: &str = "ignored: this agent does not send to Kinesis Data Streams";

/// Keys of the file itself that are ignored whatever they say, and why.
const TOP: &[(&str, &str)] = &[
    ("userDefinedCredentialsProvider.classname", CLASS),
    ("userDefinedCredentialsProvider.location", CLASS),
    ("assumeRoleARN", ROLE),
    ("assumeRoleExternalId", ROLE),
    ("sts.endpoint", ROLE),
    ("kinesis.endpoint", DATA_STREAMS),
    ("kinesis.region", DATA_STREAMS),
    ("cloudwatch.endpoint", METRICS),
    ("cloudwatch.emitMetrics", METRICS),
    ("cloudwatch.tagInstance", METRICS),
    ("cloudwatch.namespace", METRICS),
    ("cloudwatch.metricsBufferTimeMillis", METRICS),
    ("cloudwatch.metricsQueueSize", METRICS),
    (
        "checkpointFile",
        "ignored: progress is kept in data_dir; standpipe-kinesis-checkpoints takes over what this file says",
    ),
    (
        "checkpointTimeToLiveDays",
        "ignored: a file is forgotten when all of it is acknowledged and it is gone, not by age",
    ),
    ("checkpoints.queryTimeoutSeconds", PROGRESS),
    ("checkpoints.connectionTimeoutSeconds", PROGRESS),
    ("log.emitMetrics", METRICS),
    ("log.emitInternalMetrics", METRICS),
    (
        "log.statusReportingPeriodSeconds",
        "ignored: standpipe-agent status says how files stand, whenever it is asked",
    ),
    ("log.level", LOG),
    ("log.file", LOG),
    ("maxSendingThreads", SENDING),
    ("maxSendingThreadsPerCore", SENDING),
    ("sendingThreadsKeepAliveMillis", SENDING),
    ("sendingThreadsMaxQueueSize", SENDING),
    ("maxConnections", SENDING),
    ("connectionTimeoutMillis", HTTP),
    ("connectionTTLMillis", HTTP),
    ("socketTimeoutMillis", HTTP),
    ("useTcpKeepAlive", HTTP),
    (
        "useHttpGzip",
        "ignored: what goes to a Standpipe daemon is always compressed, with zstd; what goes to Firehose is not",
    ),
    (
        "shutdownTimeoutMillis",
        "ignored: what is on its way at a stop is waited for up to 10 s; the files keep the rest",
    ),
    ("userAgent", "ignored: the agent says who it is"),
    ("userAgentOverride", "ignored: the agent says who it is"),
];

/// Keys of the file that more is said of than why they are ignored.
const SPECIAL: &[&str] = &[
    "flows",
    "awsAccessKeyId",
    "awsSecretAccessKey",
    "firehose.endpoint",
];

const AT_ONCE: &str = "ignored: the agent ships at once, as much as there is; the stream's buffering says how much is collected where it is delivered";
const RETRIES: &str = "ignored: the agent tries again for ever, after 100 ms at first and 5 s at most; the files keep what waits";
const WATCHING: &str =
    "ignored: the system gives notice of changes, and everything is looked at every 5 s";

/// Keys of a flow that are ignored whatever they say, and why.
const FLOW: &[(&str, &str)] = &[
    (
        "partitionKeyOption",
        "ignored: it is for Kinesis Data Streams only",
    ),
    ("maxBufferAgeMillis", AT_ONCE),
    ("maxBufferSizeRecords", AT_ONCE),
    ("maxBufferSizeBytes", AT_ONCE),
    ("waitOnFullPublishQueueMillis", RETRIES),
    ("waitOnEmptyPublishQueueMillis", RETRIES),
    (
        "waitOnFullRetryQueueMillis",
        "ignored: the Kinesis Agent does not read it either",
    ),
    (
        "publishQueueCapacity",
        "ignored: the file itself is the queue; limits.in_flight bounds the memory",
    ),
    ("retryInitialBackoffMillis", RETRIES),
    ("retryMaxBackoffMillis", RETRIES),
    ("minTimeBetweenFilePollsMillis", WATCHING),
    ("maxTimeBetweenFileTrackerRefreshMillis", WATCHING),
    (
        "fileFooterPattern",
        "changes: a file is read to its end, what stands behind its footer too",
    ),
    (
        "truncatedRecordTerminator",
        "changes: a line that is too long is not cut off; it travels in parts, and nothing is put behind them",
    ),
    ("log.emitInternalMetrics", METRICS),
];

/// Keys of a flow that are carried over.
const CARRIED: &[&str] = &[
    "filePattern",
    "deliveryStream",
    "kinesisStream",
    "initialPosition",
    "multiLineStartPattern",
    "skipHeaderLines",
    "dataProcessingOptions",
    "aggregatedRecordSizeBytes",
];

const UNKNOWN: &str = "ignored: it is no key of the Kinesis Agent, which ignores it too";

/// Says what is to be said of the keys of the file, but for its flows.
pub(super) fn say_top(top: &Object, target: &Target, notes: &mut Notes) {
    for key in top.keys() {
        match TOP.iter().find(|(name, _)| name == key) {
            Some((_, why)) => notes.say(key, why),
            None if !SPECIAL.contains(&key.as_str()) => notes.say(key, UNKNOWN),
            None => {}
        }
    }
    for key in ["awsAccessKeyId", "awsSecretAccessKey"] {
        if top.contains_key(key) {
            notes.say(key, match target {
                Target::Standpipe(_) => "ignored: a Standpipe daemon asks for a token, if for anything: ship.standpipe.token",
                Target::Firehose => "not written, as secrets do not stand in settings: put it into the agent's environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or into ~/.aws/credentials, or name its file in ship.firehose",
            });
        }
    }
    if matches!(target, Target::Standpipe(_)) && top.contains_key("firehose.endpoint") {
        let why = "ignored: records go to a Standpipe daemon; --firehose goes on sending there";
        notes.say("firehose.endpoint", why);
    }
}

/// A file of `agent.d` has flows only; the Kinesis Agent uses nothing else of it.
pub(super) fn say_unused(below: &Object, notes: &mut Notes) {
    for key in below.keys().filter(|key| *key != "flows") {
        notes.say(key, "ignored: of a file in agent.d only flows count");
    }
}

/// Says what is to be said of the keys of a flow that are not carried over.
pub(super) fn say_flow(flow: &Object, notes: &mut Notes) {
    for key in flow.keys() {
        match FLOW.iter().find(|(name, _)| name == key) {
            Some((_, why)) => notes.say(key, why),
            None if !CARRIED.contains(&key.as_str()) => notes.say(key, UNKNOWN),
            None => {}
        }
    }
}

/// All keys that are known, for tests: of the file, and of a flow.
#[cfg(test)]
pub(super) fn known() -> (Vec<&'static str>, Vec<&'static str>) {
    let named = |table: &[(&'static str, &str)], more: &[&'static str]| {
        let names = table.iter().map(|(name, _)| *name);
        names.chain(more.iter().copied()).collect()
    };
    (named(TOP, SPECIAL), named(FLOW, CARRIED))
}
