//! What `streams.*.destination.opensearch` may contain.

use crate::settings::delivery::tables::{ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY};
use crate::yaml::{Key, Table};

pub(in crate::settings::delivery) static OPENSEARCH: Table = Table {
    path: "streams.*.destination.opensearch",
    keys: &[
        Key::new(
            "nodes",
            "The cluster. The next one is asked when one does not answer.",
            "",
            "a list of http://HOST:PORT or https://HOST:PORT",
        ),
        Key::new(
            "index",
            "The index, or its beginning where the name rotates, or the data stream.",
            "",
            "a name in small letters",
        ),
        Key::new(
            "rotation",
            "What is appended to it of a record's arrival, UTC. week begins on Sunday.",
            "day, for a data stream none",
            "one of none, hour, day, week, iso-week, month",
        ),
        Key::new(
            "data_stream",
            "Whether index is a data stream.",
            "false",
            "true or false",
        ),
        Key::new(
            "id",
            "Where documents have their ids from; none is the cluster's, which may double them.",
            "position",
            "position, none or {field: NAME}",
        ),
        Key::new(
            "routing",
            "The field whose value is the routing.",
            "none",
            "the name of a field",
        ),
        Key::new(
            "pipeline",
            "The ingest pipeline that documents pass.",
            "none",
            "the name of a pipeline",
        ),
        Key::new("user", "Who asks.", "none", "a text"),
        Key::new(
            "password",
            "The user's password.",
            "none",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "api_key",
            "An API key, as Elasticsearch encodes it.",
            "none",
            "{file: PATH} or {env: NAME}",
        ),
        Key::new(
            "sigv4",
            "Requests are signed for AWS.",
            "none",
            "a mapping with the keys service, region",
        ),
        Key::new(
            "ca",
            "Certificates to trust beside the system's.",
            "none",
            "the path of a PEM file",
        ),
        Key::new(
            "template",
            "An index template, put there if the cluster has none of the name of index.",
            "none",
            "the path of a JSON file",
        ),
        Key::new(
            "timeout",
            "How long the cluster may take over a bulk request; we wait twice as long.",
            "30s",
            "1s to 5m",
        ),
        Key::new(
            "retry",
            "How long a file is tried again before its records go under the error prefix.",
            "300s",
            "0s to 24h",
        ),
        Key::new("backup", "Where failed records go.", "", "one of file, s3"),
        Key::new(
            "backup_mode",
            "Which records go there: those that failed, or copies of all too.",
            "failed",
            "failed or all",
        ),
    ],
};

pub(in crate::settings::delivery) static SIGV4: Table = Table {
    path: "streams.*.destination.opensearch.sigv4",
    keys: &[
        Key::new(
            "service",
            "What is signed for: es, or aoss for a serverless collection.",
            "es",
            "es or aoss",
        ),
        REGION,
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
    ],
};
