//! What `streams.*.destination` may contain, for places that take objects.

use super::{PATH, PREFIX};
use crate::settings::delivery::storing::{CHECKSUM, ENCRYPTION, STORAGE_CLASS, TAGS};
use crate::settings::delivery::warehouse;
use crate::yaml::{Key, Table};

pub(in crate::settings::delivery) static DESTINATION: Table = Table {
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
        warehouse::REDSHIFT_KEY,
        warehouse::POSTGRESQL_KEY,
    ],
};

const FILE_PATH: Key = Key::new("path", "The folder.", "", PATH);
const SOURCE_BACKUP: Key = Key::new(
    "backup",
    "All records as they came, to a place of their own; or those that failed.",
    "none",
    "one of file, s3",
);
const BACKUP_MODE: Key = Key::new(
    "backup_mode",
    "Which records go to the backup: all as they came, or those that failed, in place of the error output prefix here.",
    "all",
    "all or failed",
);
pub(in crate::settings::delivery) const OBJECT_PREFIX: Key = Key::new(
    "prefix",
    "Where data objects go. Without an expression, yyyy/MM/dd/HH/ is appended.",
    "none",
    PREFIX,
);
const ERROR_PREFIX: Key = Key::new(
    "error_output_prefix",
    "Where records that failed go. Must be there if the prefix has an expression.",
    "<prefix><error type>/yyyy/MM/dd/HH/",
    PREFIX,
);

pub(in crate::settings::delivery) const TIME_ZONE: Key = Key::new(
    "time_zone",
    "The zone of the times in keys.",
    "UTC",
    "a name of the IANA time zone database, such as Europe/Berlin",
);
const FILE_EXTENSION: Key = Key::new(
    "file_extension",
    "What keys of data objects end in, in place of the format's suffix.",
    "none",
    "a dot and at most 127 characters of [0-9a-z!_.*'()-]",
);

pub(in crate::settings::delivery) static FILE: Table = Table {
    path: "streams.*.destination.file",
    keys: &[
        FILE_PATH,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        TIME_ZONE,
        FILE_EXTENSION,
        SOURCE_BACKUP,
        BACKUP_MODE,
    ],
};

pub(in crate::settings::delivery) const BUCKET: Key = Key::new(
    "bucket",
    "The bucket. It must be there.",
    "",
    "the name of a bucket: 3 to 63 characters of [a-zA-Z0-9._-]",
);
pub(in crate::settings::delivery) const ENDPOINT: Key = Key::new(
    "endpoint",
    "The address of the server. Without it: AWS.",
    "none",
    "http://HOST:PORT or https://HOST:PORT",
);
pub(in crate::settings::delivery) const REGION: Key = Key::new(
    "region",
    "The region that requests are signed for.",
    "us-east-1",
    "the name of a region",
);
pub(in crate::settings::delivery) const PATH_STYLE: Key = Key::new(
    "path_style",
    "Whether the bucket stands in the path of an address, and not in its host.",
    "true with an endpoint, else false",
    "true or false",
);
pub(in crate::settings::delivery) const ACCESS_KEY_ID: Key = Key::new(
    "access_key_id",
    "Who asks. Without it whom the usual AWS chain finds.",
    "none",
    "the id of an access key",
);
pub(in crate::settings::delivery) const SECRET_ACCESS_KEY: Key = Key::new(
    "secret_access_key",
    "The secret of the access key.",
    "none",
    "{file: PATH} or {env: NAME}",
);

pub(in crate::settings::delivery) static S3: Table = Table {
    path: "streams.*.destination.s3",
    keys: &[
        BUCKET,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        TIME_ZONE,
        FILE_EXTENSION,
        ENDPOINT,
        REGION,
        PATH_STYLE,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        ENCRYPTION,
        STORAGE_CLASS,
        TAGS,
        CHECKSUM,
        SOURCE_BACKUP,
        BACKUP_MODE,
    ],
};

pub(in crate::settings::delivery) static BACKUP: Table = Table {
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

pub(in crate::settings::delivery) static BACKUP_FILE: Table = Table {
    path: "streams.*.destination.*.backup.file",
    keys: &[
        FILE_PATH,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        TIME_ZONE,
        FILE_EXTENSION,
    ],
};

pub(in crate::settings::delivery) static BACKUP_S3: Table = Table {
    path: "streams.*.destination.*.backup.s3",
    keys: &[
        BUCKET,
        OBJECT_PREFIX,
        ERROR_PREFIX,
        TIME_ZONE,
        FILE_EXTENSION,
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
