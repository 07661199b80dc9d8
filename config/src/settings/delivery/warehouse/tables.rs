//! What `streams.*.destination.postgresql` and `.redshift` may contain.

use crate::settings::delivery::storing::{CHECKSUM, ENCRYPTION, STORAGE_CLASS, TAGS};
use crate::settings::delivery::tables::{
    ACCESS_KEY_ID, BUCKET, ENDPOINT, OBJECT_PREFIX, PATH_STYLE, REGION, SECRET_ACCESS_KEY,
    TIME_ZONE,
};
use crate::yaml::{Key, Table};

const URL: Key = Key::new(
    "url",
    "Server, database and user.",
    "",
    "postgresql://USER@HOST:PORT/DATABASE",
);
const PASSWORD: Key = Key::new(
    "password",
    "The user's password.",
    "none",
    "{file: PATH} or {env: NAME}",
);
const TLS: Key = Key::new(
    "tls",
    "Whether the connection is encrypted, and the server's certificate verified.",
    "verify, for this machine none",
    "one of none, verify",
);
const CA: Key = Key::new(
    "ca",
    "Certificates to trust instead of the system's.",
    "none",
    "the path of a PEM file",
);
const TABLE: Key = Key::new(
    "table",
    "The table, to the letter. It must be there.",
    "",
    "NAME or SCHEMA.NAME",
);
const COLUMNS: Key = Key::new(
    "columns",
    "The columns that members of a record go into, by name. Without it: all.",
    "none",
    "a list of names",
);
const LEDGER: Key = Key::new(
    "ledger",
    "The table that says which files were loaded.",
    "standpipe_ledger",
    "NAME or SCHEMA.NAME",
);
const CREATE_LEDGER: Key = Key::new(
    "create_ledger",
    "Whether the ledger is created where it is not there.",
    "true",
    "true or false",
);
const LEDGER_MEMORY: Key = Key::new(
    "ledger_memory",
    "How long the ledger remembers at least; as long as a data_dir may be restored from a backup.",
    "720h",
    "0s to 87600h",
);
const STATEMENT_TIMEOUT: Key = Key::new(
    "statement_timeout",
    "How long one statement may take.",
    "10m",
    "1s to 6h",
);
const RETRY: Key = Key::new(
    "retry",
    "How long a file is tried again before its records go under the error prefix.",
    "1h",
    "0s to 24h",
);

pub(in crate::settings::delivery) const POSTGRESQL_KEY: Key = Key::new(
    "postgresql",
    "A table of PostgreSQL.",
    "none",
    "a mapping with the keys url, table, backup",
);

pub(in crate::settings::delivery) static POSTGRESQL: Table = Table {
    path: "streams.*.destination.postgresql",
    keys: &[
        URL,
        PASSWORD,
        TLS,
        CA,
        TABLE,
        COLUMNS,
        Key::new(
            "unknown_columns",
            "What becomes of members that have no column; a column takes them as one JSON object.",
            "ignore",
            "ignore, refuse or {column: NAME}",
        ),
        LEDGER,
        CREATE_LEDGER,
        LEDGER_MEMORY,
        STATEMENT_TIMEOUT,
        RETRY,
        Key::new("backup", "Where failed records go.", "", "one of file, s3"),
        Key::new(
            "backup_mode",
            "Which records go there: those that failed, or copies of all too.",
            "failed",
            "failed or all",
        ),
    ],
};

pub(in crate::settings::delivery) static SIDE_COLUMN: Table = Table {
    path: "streams.*.destination.postgresql.unknown_columns",
    keys: &[Key::new(
        "column",
        "The column that members go into which have none.",
        "",
        "the name of a column",
    )],
};

pub(in crate::settings::delivery) const REDSHIFT_KEY: Key = Key::new(
    "redshift",
    "A table of Redshift, loaded by COPY from a bucket.",
    "none",
    "a mapping with the keys url, table, staging, iam_role",
);

pub(in crate::settings::delivery) static REDSHIFT: Table = Table {
    path: "streams.*.destination.redshift",
    keys: &[
        URL,
        PASSWORD,
        TLS,
        CA,
        TABLE,
        COLUMNS,
        Key::new(
            "copy_options",
            "How COPY reads what is staged: its format, its compression and more, as Redshift has them.",
            "JSON 'auto'",
            "options of COPY",
        ),
        Key::new(
            "iam_role",
            "The role in which Redshift reads what is staged. Or an access key.",
            "none",
            "the ARN of a role, or default",
        ),
        Key::new(
            "access_key_id",
            "With whose key Redshift reads what is staged, where it has no role.",
            "none",
            "the id of an access key",
        ),
        SECRET_ACCESS_KEY,
        Key::new(
            "staging",
            "Where objects are staged for COPY.",
            "",
            "a mapping with the key s3",
        ),
        LEDGER,
        CREATE_LEDGER,
        LEDGER_MEMORY,
        STATEMENT_TIMEOUT,
        RETRY,
        Key::new(
            "backup",
            "Where failed records go. Without it: where objects are staged.",
            "none",
            "one of file, s3",
        ),
        Key::new(
            "backup_mode",
            "Which records go there: those that failed, or copies of all too.",
            "failed",
            "failed or all",
        ),
    ],
};

pub(in crate::settings::delivery) static STAGING: Table = Table {
    path: "streams.*.destination.redshift.staging",
    keys: &[Key::new(
        "s3",
        "A bucket that Redshift can read.",
        "none",
        "a mapping with the key bucket",
    )],
};

pub(in crate::settings::delivery) static STAGING_S3: Table = Table {
    path: "streams.*.destination.redshift.staging.s3",
    keys: &[
        BUCKET,
        OBJECT_PREFIX,
        Key::new(
            "error_output_prefix",
            "Where records that failed go, unless a backup is named.",
            "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/",
            "text with expressions such as !{timestamp:yyyy/MM/dd}",
        ),
        TIME_ZONE,
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        ENCRYPTION,
        STORAGE_CLASS,
        TAGS,
        CHECKSUM,
    ],
};
