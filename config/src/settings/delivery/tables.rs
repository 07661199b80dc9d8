//! What `delivery.yaml` may contain: the single source for its readers, for `check` and for the
//! manual.

use super::created::{CREATED, CREATED_S3};
use super::firehose::{ACCESS_KEY, FIREHOSE};
use super::glue::GLUE;
use super::json::{HIVE, OPENX, SERDE};
use super::opensearch::{OPENSEARCH, SIGV4};
use super::orc::ORC;
use super::storing::ENCRYPTIONS;
use super::warehouse;
use crate::settings::admin::{ADDRESS, ADMIN, ADMIN_TOKEN};
use crate::settings::tls::{DOOR_TLS, TLS};
use crate::yaml::{Key, Table};

pub(super) use format::{COLUMN, FORMAT, PARQUET, RAW, SCHEMA};
pub(super) use hooks::{HOOK_HINTS, HTTP, LAMBDA, TRANSFORM, WASM};
pub(super) use partitioning::{EVENT_TIME, PARTITIONING};
pub(super) use places::{
    ACCESS_KEY_ID, BACKUP, BACKUP_FILE, BACKUP_S3, BUCKET, DESTINATION, ENDPOINT, FILE,
    OBJECT_PREFIX, PATH_STYLE, REGION, S3, SECRET_ACCESS_KEY, TIME_ZONE,
};

mod format;
mod hooks;
mod partitioning;
mod places;

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
    &ADMIN_TOKEN,
    &TLS,
    &LIMITS,
    &STREAM,
    &DEAGGREGATE,
    &DISK,
    &BUFFERING,
    &TRANSFORM,
    &HTTP,
    &LAMBDA,
    &WASM,
    &HOOK_HINTS,
    &PARTITIONING,
    &EVENT_TIME,
    &FORMAT,
    &RAW,
    &PARQUET,
    &ORC,
    &COLUMN,
    &GLUE,
    &SERDE,
    &OPENX,
    &HIVE,
    &DESTINATION,
    &FILE,
    &S3,
    &ENCRYPTIONS,
    &BACKUP,
    &BACKUP_FILE,
    &BACKUP_S3,
    &OPENSEARCH,
    &SIGV4,
    &warehouse::POSTGRESQL,
    &warehouse::SIDE_COLUMN,
    &warehouse::REDSHIFT,
    &warehouse::STAGING,
    &warehouse::STAGING_S3,
];

const PATH: &str = "a path; a relative one is taken from the folder of this file";
const ANYWHERE: &str = "one of file, s3, opensearch, redshift, postgresql";
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
            "What records are taken apart into, before they are accepted: aggregates of the Kinesis Producer Library, JSON objects, or what stands between delimiters.",
            "none",
            "one of none, kpl, json, or {delimited: TEXT}",
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
        Key::new(
            "partitioning",
            "Objects by keys of the record, which the prefix uses.",
            "none",
            "a mapping",
        ),
        Key::new(
            "format",
            "How objects are written.",
            "raw",
            "one of raw, parquet, orc",
        ),
        Key::new("destination", "Where records go.", "", ANYWHERE),
    ],
};

pub(super) static DEAGGREGATE: Table = Table {
    path: "streams.*.deaggregate",
    keys: &[Key::new(
        "delimited",
        "What stands between the parts of a record.",
        "",
        "a text of 1 to 64 bytes",
    )],
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
            "5MiB, with partitioning 64MiB, for parquet and orc 128MiB",
            "1MiB to 128MiB",
        ),
        Key::new("interval", "Age of a batch.", "300s", "0s to 900s"),
    ],
};
