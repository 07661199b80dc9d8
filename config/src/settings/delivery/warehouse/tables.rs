//! What `streams.*.destination.postgresql` may contain.

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
