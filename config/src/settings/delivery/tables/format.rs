//! What `streams.*.format` may contain.

use crate::settings::delivery::json::JSON;
use crate::settings::delivery::parquet::{DICTIONARY, PAGE, WRITER_VERSION};
use crate::yaml::{Key, Table};

pub(in crate::settings::delivery) static FORMAT: Table = Table {
    path: "streams.*.format",
    keys: &[
        Key::new("raw", "Records as they are.", "none", "a mapping"),
        Key::new("parquet", "JSON records as rows.", "none", "a mapping"),
        Key::new("orc", "JSON records as rows of ORC.", "none", "a mapping"),
    ],
};

pub(in crate::settings::delivery) static RAW: Table = Table {
    path: "streams.*.format.raw",
    keys: &[
        Key::new(
            "delimiter",
            "What follows a record that does not end in it.",
            "newline",
            "newline or none",
        ),
        Key::new(
            "compression",
            "How the object is compressed.",
            "none",
            "one of none, gzip, zip, snappy, hadoop-snappy, zstd",
        ),
    ],
};

pub(in crate::settings::delivery) static PARQUET: Table = Table {
    path: "streams.*.format.parquet",
    keys: &[
        Key::new(
            "compression",
            "How columns are compressed.",
            "snappy",
            "one of none, snappy, gzip, zstd, lz4",
        ),
        SCHEMA,
        JSON,
        PAGE,
        DICTIONARY,
        WRITER_VERSION,
    ],
};

pub(in crate::settings::delivery) const SCHEMA: Key = Key::new(
    "schema",
    "The columns: learned from the records, declared, or those of a Glue table.",
    "inferred",
    "inferred, a list of {name, type}, or {glue: PATH}",
);

pub(in crate::settings::delivery) static COLUMN: Table = Table {
    path: "streams.*.format.parquet.schema[]",
    keys: &[
        Key::new(
            "name",
            "The JSON key, to the letter.",
            "",
            "a text, each name once",
        ),
        Key::new(
            "type",
            "What its values are.",
            "",
            "boolean, int, int8, int16, int32, double, float32, decimal(PRECISION,SCALE), string, timestamp, date, list<TYPE>, map<string,TYPE> or struct<NAME:TYPE,…>",
        ),
    ],
};
