//! What `agent.yaml` may contain: the single source for its readers, for `check` and for the
//! manual.

use crate::settings::admin::{ADMIN, ADMIN_TOKEN};
use crate::settings::tls::{CERTIFICATE, KEY, TLS};
use crate::yaml::{Key, Table};

/// Every mapping of the file, and of the files that it includes.
pub static TABLES: &[&Table] = &[
    &ROOT,
    &INCLUDED,
    &LISTEN,
    &ADMIN,
    &ADMIN_TOKEN,
    &TLS,
    &SHIP,
    &STANDPIPE,
    &IDENTITY,
    &FIREHOSE,
    &LIMITS,
    &FLOW,
    &PARSE,
    &OPTION,
    &MULTI_LINE,
    &JOURNALD,
];

const FLOWS: &str = "a list of flows; each needs stream, and paths or journald";

pub(super) static ROOT: Table = Table {
    path: "",
    keys: &[
        Key::new(
            "data_dir",
            "Progress.",
            "",
            "a path; a relative one is taken from the folder of this file",
        ),
        Key::new(
            "allow_tmpfs",
            "Whether data_dir may lie in memory, where a power cut loses it.",
            "false",
            "true or false",
        ),
        Key::new(
            "listen",
            "The doors.",
            "none",
            "a mapping with the key admin",
        ),
        Key::new(
            "include",
            "More flows: files that contain only flows.",
            "none",
            "a list of paths, with * in the file name",
        ),
        Key::new(
            "ship",
            "Where records go.",
            "",
            "one of standpipe, firehose",
        ),
        Key::new("limits", "What the process may use.", "none", "a mapping"),
        Key::new("flows", "What is followed.", "none", FLOWS),
    ],
};

pub(super) static INCLUDED: Table = Table {
    path: "(included file)",
    keys: &[Key::new("flows", "What is followed.", "", FLOWS)],
};

pub(super) static LISTEN: Table = Table {
    path: "listen",
    keys: &[Key::new(
        "admin",
        "Metrics, health and status.",
        "none",
        "a mapping with the key address",
    )],
};

pub(super) static SHIP: Table = Table {
    path: "ship",
    keys: &[
        Key::new(
            "standpipe",
            "A daemon of ours: exactly once.",
            "none",
            "a mapping with the key url",
        ),
        Key::new(
            "firehose",
            "Amazon Data Firehose, or whoever speaks its API: at least once.",
            "none",
            "a mapping with the key region",
        ),
    ],
};

pub(super) static FIREHOSE: Table = Table {
    path: "ship.firehose",
    keys: &[
        Key::new(
            "region",
            "The region that requests are signed for. Without it: the endpoint's, or that of AWS_REGION or AWS_DEFAULT_REGION.",
            "none",
            "the name of a region, such as eu-central-1",
        ),
        Key::new(
            "endpoint",
            "Where it is. Without it: Amazon's in the region.",
            "none",
            "http://HOST:PORT or https://HOST:PORT",
        ),
        Key::new(
            "access_key_id",
            "Who asks. Without it: whom the usual chain of AWS finds.",
            "none",
            "the id of an access key",
        ),
        Key::new(
            "secret_access_key",
            "The secret of that key.",
            "none",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "ca",
            "Who signs the endpoint's certificate. Without it: whom this machine believes.",
            "none",
            "the path of a PEM file",
        ),
    ],
};

pub(super) static STANDPIPE: Table = Table {
    path: "ship.standpipe",
    keys: &[
        Key::new(
            "url",
            "The daemon's native door.",
            "",
            "http://HOST:PORT or https://HOST:PORT",
        ),
        Key::new(
            "token",
            "The bearer token.",
            "none",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "ca",
            "Who signs the daemon's certificate. Without it: whom this machine believes.",
            "none",
            "the path of a PEM file",
        ),
        Key::new(
            "identity",
            "What is shown to a daemon that asks for a certificate.",
            "none",
            "a mapping with the keys certificate, key",
        ),
    ],
};

pub(super) static IDENTITY: Table = Table {
    path: "ship.standpipe.identity",
    keys: &[CERTIFICATE, KEY],
};

pub(super) static LIMITS: Table = Table {
    path: "limits",
    keys: &[Key::new(
        "in_flight",
        "Bytes that were read and are not acknowledged.",
        "32MiB",
        "1MiB to 1GiB",
    )],
};

pub(super) static FLOW: Table = Table {
    path: "flows[]",
    keys: &[
        Key::new(
            "paths",
            "Files to follow; relative ones are taken from the folder of this file.",
            "",
            "a list of at least one pattern such as /var/log/nginx/access.log*",
        ),
        Key::new(
            "exclude",
            "Files not to follow, by their path or their name.",
            "none",
            "a list of patterns such as *.gz",
        ),
        Key::new(
            "stream",
            "The stream at the daemon.",
            "",
            "[a-zA-Z0-9_.-]{1,64}",
        ),
        Key::new(
            "start",
            "Where to begin in files, or a journal, that exist at the very first start.",
            "beginning",
            "beginning or end",
        ),
        Key::new(
            "parse",
            "What a line becomes.",
            "none",
            "a mapping with the keys format, on_error and record_id",
        ),
        Key::new(
            "dataProcessingOptions",
            "What a line becomes, in the Kinesis Agent's own words.",
            "none",
            "a list of mappings with the key optionName",
        ),
        Key::new(
            "max_line",
            "Bytes after which a line is cut into parts.",
            "1000000",
            "1 to 1000000; up to 500000 for encodings other than utf-8",
        ),
        Key::new(
            "multi_line",
            "Which lines belong together.",
            "none",
            "a mapping with the key start",
        ),
        Key::new(
            "skip_header_lines",
            "Lines at the beginning of each file to pass over.",
            "0",
            "0 to 1000000",
        ),
        Key::new(
            "encoding",
            "How the files write text; what is shipped is UTF-8.",
            "utf-8",
            "one of utf-8, utf-16le, utf-16be, latin-1",
        ),
        Key::new(
            "watch",
            "How changes are noticed: auto takes the system's notices where there are some, poll looks several times a second.",
            "auto",
            "auto or poll",
        ),
        Key::new(
            "journald",
            "The system's journal instead of files; each entry is a record, as JSON.",
            "none",
            "a mapping with the keys units, matches, directory; {} for all of it",
        ),
    ],
};

pub(super) static JOURNALD: Table = Table {
    path: "flows[].journald",
    keys: &[
        Key::new(
            "units",
            "Only what these units say, and what is said of them.",
            "none",
            "a list of units such as nginx.service",
        ),
        Key::new(
            "matches",
            "Only entries with these fields; of a field that is there twice, either.",
            "none",
            "a list such as [_TRANSPORT=kernel, PRIORITY=3]",
        ),
        Key::new(
            "directory",
            "Where the journal's files are. Without it: where this machine keeps them.",
            "none",
            "a path; a relative one is taken from the folder of this file",
        ),
    ],
};

pub(super) static MULTI_LINE: Table = Table {
    path: "flows[].multi_line",
    keys: &[
        Key::new(
            "start",
            "A line that it matches begins a record; all others belong to the one before.",
            "",
            "a regular expression such as '^[0-9]{4}-'",
        ),
        Key::new(
            "wait",
            "The last record of a file is whole when nothing was written for so long.",
            "5s",
            "100ms to 1h",
        ),
    ],
};

pub(super) static PARSE: Table = Table {
    path: "flows[].parse",
    keys: &[
        Key::new(
            "format",
            "none: the line as it is; line: {\"line\": …}; all others: the fields of that format as JSON.",
            "none",
            "one of none, line, combined, apache_error, syslog, rfc5424",
        ),
        Key::new(
            "on_error",
            "What becomes of a line that does not parse; raw: {\"line\": …, \"parse_error\": …}; dead-letter: the same into a file in data_dir/dead-letter, which is not shipped.",
            "raw",
            "raw, drop or dead-letter",
        ),
        Key::new(
            "record_id",
            "Whether each record says which line it is, under standpipe_id: the same for a repeat, and for nothing else.",
            "false",
            "true or false",
        ),
    ],
};

pub(super) static OPTION: Table = Table {
    path: "flows[].dataProcessingOptions[]",
    keys: &[
        Key::new(
            "optionName",
            "What is done.",
            "",
            "one of SINGLELINE, CSVTOJSON, LOGTOJSON, ADDMETADATA, ADDBRACKETS",
        ),
        Key::new(
            "parseOptions",
            "SINGLELINE: how lines are put together.",
            "none",
            "a list of NO_TRIM, ESCAPE_NEW_LINE",
        ),
        Key::new(
            "customFieldNames",
            "CSVTOJSON: the columns; LOGTOJSON: the groups of matchPattern.",
            "",
            "a list of names",
        ),
        Key::new(
            "delimiter",
            "CSVTOJSON: what stands between two columns.",
            ",",
            "one character, or \\t",
        ),
        Key::new("jsonFormat", "How JSON is written.", "COMPACT", "COMPACT"),
        Key::new(
            "logFormat",
            "LOGTOJSON: how lines are written.",
            "",
            "one of COMMONAPACHELOG, COMBINEDAPACHELOG, APACHEERRORLOG, SYSLOG, RFC3339SYSLOG, RFC5424",
        ),
        Key::new(
            "matchPattern",
            "LOGTOJSON: what the whole line must match.",
            "none",
            "a regular expression",
        ),
        Key::new(
            "metadata",
            "ADDMETADATA: what is added.",
            "none",
            "a mapping",
        ),
        Key::new(
            "timestamp",
            "ADDMETADATA: whether the time when the line was read is added as ts.",
            "false",
            "true or false",
        ),
        Key::new(
            "add",
            "ADDMETADATA: what more is added, as this agent knows it.",
            "none",
            "a list of file, host, offset, time",
        ),
    ],
};
