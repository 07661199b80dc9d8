//! What `delivery.yaml` may contain: the single source for its readers, for `check` and for the
//! manual.

use super::created::{CREATED, CREATED_S3};
use super::firehose::{ACCESS_KEY, FIREHOSE};
use super::opensearch::{OPENSEARCH, SIGV4};
use super::warehouse;
use crate::settings::tls::{DOOR_TLS, TLS};
use crate::yaml::{Key, Table};

pub(super) use format::{COLUMN, FORMAT, PARQUET, RAW};
pub(super) use hooks::{HOOK_HINTS, HTTP, LAMBDA, TRANSFORM, WASM};

mod format;
mod hooks;

/// Every mapping of the file.
pub static TABLES: &[&Table] = &[
    &ROOT,
    &LISTEN,
    &FIREHOSE,
    &ACCESS_KEY,
    &CREATED,
    &CREATED_S3,
    &NATIVE,
    &TOKEN,
    &ADMIN,
    &TLS,
    &LIMITS,
    &STREAM,
    &DISK,
    &BUFFERING,
    &TRANSFORM,
    &HTTP,
    &LAMBDA,
    &WASM,
    &HOOK_HINTS,
    &FORMAT,
    &RAW,
    &PARQUET,
    &COLUMN,
    &DESTINATION,
    &FILE,
    &S3,
    &BACKUP,
    &BACKUP_FILE,
    &BACKUP_S3,
    &OPENSEARCH,
    &SIGV4,
    &warehouse::POSTGRESQL,
    &warehouse::SIDE_COLUMN,
];

const ADDRESS: &str = "an IP address and a port";
const PATH: &str = "a path; a relative one is taken from the folder of this file";
const ANYWHERE: &str = "one of file, s3, opensearch, postgresql";
const PREFIX: &str = "text with expressions such as !{timestamp:yyyy/MM/dd}";

pub(super) static ROOT: Table = Table {
    path: "",
    keys: &[
        Key::new("data_dir", "Journal, spool and checkpoints.", "", PATH),
        Key::new(
            "allow_tmpfs",
            "Whether data_dir may lie in memory, where a power cut loses it.",
            "false",
            "true or false",
        ),
        Key::new(
            "listen",
            "The doors. What is not named is not opened.",
            "",
            "a mapping with the keys firehose, native, admin",
        ),
        Key::new("limits", "What the process may use.", "none", "a mapping"),
        Key::new(
            "streams",
            "The streams, by name.",
            "",
            "a mapping of at least one name of [a-zA-Z0-9_.-]{1,64} to a stream",
        ),
    ],
};

pub(super) static LISTEN: Table = Table {
    path: "listen",
    keys: &[
        Key::new(
            "firehose",
            "The Firehose API.",
            "none",
            "a mapping with the key address",
        ),
        Key::new(
            "native",
            "The door for agents and for text.",
            "none",
            "a mapping with the key address",
        ),
        Key::new(
            "admin",
            "Metrics, health and status.",
            "none",
            "a mapping with the key address",
        ),
    ],
};

pub(super) static NATIVE: Table = Table {
    path: "listen.native",
    keys: &[
        Key::new("address", "Where it listens.", "", ADDRESS),
        Key::new(
            "tokens",
            "Who may enter. Without tokens only loopback is accepted.",
            "none",
            "a list of {name, token, streams}",
        ),
        DOOR_TLS,
    ],
};

pub(super) static TOKEN: Table = Table {
    path: "listen.native.tokens[]",
    keys: &[
        Key::new("name", "What logs call it.", "", "a text, each name once"),
        Key::new(
            "token",
            "The bearer token.",
            "",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "streams",
            "The streams it opens; * stands for any characters.",
            "[\"*\"]",
            "a list of names with *",
        ),
    ],
};

pub(super) static ADMIN: Table = Table {
    path: "listen.admin",
    keys: &[
        Key::new("address", "Where it listens; loopback only.", "", ADDRESS),
        Key::later("tokens", "Who may ask from another machine."),
        DOOR_TLS,
    ],
};

pub(super) static LIMITS: Table = Table {
    path: "limits",
    keys: &[
        Key::new(
            "memory",
            "All buffers of the process.",
            "256MiB",
            "a size, 128MiB or more",
        ),
        Key::new(
            "disk",
            "When the file system of data_dir counts as full: used share, or room to leave.",
            "90%",
            "1% to 100%, or a size",
        ),
    ],
};

pub(super) static STREAM: Table = Table {
    path: "streams.*",
    keys: &[
        Key::new(
            "former_name",
            "The name the stream had before, whose data it takes over.",
            "none",
            "a stream name that no stream has",
        ),
        Key::new(
            "deaggregate",
            "Whose aggregates the Firehose door takes apart, into records of their own.",
            "none",
            "one of none, kpl",
        ),
        Key::new("disk", "What it may use of the disk.", "none", "a mapping"),
        Key::new(
            "buffering",
            "When a batch closes: first reached wins.",
            "none",
            "a mapping",
        ),
        Key::new(
            "transform",
            "A hook that changes records.",
            "none",
            "one of http, lambda, wasm",
        ),
        Key::later("partitioning", "Objects by keys of the record."),
        Key::new(
            "format",
            "How objects are written.",
            "raw",
            "one of raw, parquet",
        ),
        Key::new("destination", "Where records go.", "", ANYWHERE),
    ],
};

pub(super) static DISK: Table = Table {
    path: "streams.*.disk",
    keys: &[Key::new(
        "quota",
        "Journal, spool and recycled segments together.",
        "10GiB",
        "a size, 1MiB or more; three batches at least are sensible",
    )],
};

pub(super) static BUFFERING: Table = Table {
    path: "streams.*.buffering",
    keys: &[
        Key::new(
            "size",
            "Bytes of records per object, before compression or conversion.",
            "5MiB, for parquet 128MiB",
            "1MiB to 128MiB",
        ),
        Key::new("interval", "Age of a batch.", "300s", "0s to 900s"),
    ],
};

pub(super) static DESTINATION: Table = Table {
    path: "streams.*.destination",
    keys: &[
        Key::new(
            "file",
            "A folder of this machine.",
            "none",
            "a mapping with the key path",
        ),
        Key::new(
            "s3",
            "A bucket of object storage.",
            "none",
            "a mapping with the key bucket",
        ),
        Key::new(
            "opensearch",
            "OpenSearch or Elasticsearch.",
            "none",
            "a mapping with the keys nodes, index, backup",
        ),
        Key::later("redshift", "Redshift."),
        warehouse::POSTGRESQL_KEY,
    ],
};

const FILE_PATH: Key = Key::new("path", "The folder.", "", PATH);
const SOURCE_BACKUP: Key = Key::new(
    "backup",
    "All records as they came, to a place of their own.",
    "none",
    "one of file, s3",
);
const OBJECT_PREFIX: Key = Key::new(
    "prefix",
    "Where data objects go. Without an expression, UTC yyyy/MM/dd/HH/ is appended.",
    "none",
    PREFIX,
);
const ERROR_PREFIX: Key = Key::new(
    "error_output_prefix",
    "Where records that failed go. Must be there if the prefix has an expression.",
    "<prefix><error type>/yyyy/MM/dd/HH/",
    PREFIX,
);

pub(super) static FILE: Table = Table {
    path: "streams.*.destination.file",
    keys: &[FILE_PATH, OBJECT_PREFIX, ERROR_PREFIX, SOURCE_BACKUP],
};

const BUCKET: Key = Key::new(
    "bucket",
    "The bucket. It must be there.",
    "",
    "the name of a bucket: 3 to 63 characters of [a-zA-Z0-9._-]",
);
pub(super) const ENDPOINT: Key = Key::new(
    "endpoint",
    "The address of the server. Without it: AWS.",
    "none",
    "http://HOST:PORT or https://HOST:PORT",
);
pub(super) const REGION: Key = Key::new(
    "region",
    "The region that requests are signed for.",
    "us-east-1",
    "the name of a region",
);
pub(super) const PATH_STYLE: Key = Key::new(
    "path_style",
    "Whether the bucket stands in the path of an address, and not in its host.",
    "true with an endpoint, else false",
    "true or false",
);
pub(super) const ACCESS_KEY_ID: Key = Key::new(
    "access_key_id",
    "Who asks. Without it whom the usual AWS chain finds.",
    "none",
    "the id of an access key",
);
pub(super) const SECRET_ACCESS_KEY: Key = Key::new(
    "secret_access_key",
    "The secret of the access key.",
    "none",
    "{file: PATH} or {env: NAME}",
);

pub(super) static S3: Table = Table {
    path: "streams.*.destination.s3",
    keys: &[
        BUCKET,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        SOURCE_BACKUP,
    ],
};

pub(super) static BACKUP: Table = Table {
    path: "streams.*.destination.*.backup",
    keys: &[
        Key::new(
            "file",
            "A folder of this machine.",
            "none",
            "a mapping with the key path",
        ),
        Key::new(
            "s3",
            "A bucket of object storage.",
            "none",
            "a mapping with the key bucket",
        ),
    ],
};

pub(super) static BACKUP_FILE: Table = Table {
    path: "streams.*.destination.*.backup.file",
    keys: &[FILE_PATH, OBJECT_PREFIX, ERROR_PREFIX],
};

pub(super) static BACKUP_S3: Table = Table {
    path: "streams.*.destination.*.backup.s3",
    keys: &[
        BUCKET,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
    ],
};
