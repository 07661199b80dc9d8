//! The keys of partitioning.

use crate::yaml::{Key, Table};

pub(in crate::settings::delivery) static PARTITIONING: Table = Table {
    path: "streams.*.partitioning",
    keys: &[
        Key::new(
            "keys",
            "Keys by name, each a jq query that is asked of each record.",
            "none",
            "a mapping of at most 50 names to queries, each used in the prefix",
        ),
        Key::new(
            "event_time",
            "Where the time stands that !{timestamp:…} in the prefix means. Without it: arrival.",
            "none",
            "a mapping with the key query",
        ),
        Key::new(
            "max_open",
            "Partitions that may be open at once. A record that would open one more fails.",
            "500",
            "1 to 5000",
        ),
    ],
};

pub(in crate::settings::delivery) static EVENT_TIME: Table = Table {
    path: "streams.*.partitioning.event_time",
    keys: &[
        Key::new(
            "query",
            "A jq query that gives a text of RFC 3339 or ISO 8601, or seconds or milliseconds since 1970.",
            "",
            "a jq query",
        ),
        Key::new(
            "zone",
            "The zone of texts that name none. Prefixes write times in time_zone.",
            "UTC",
            "the IANA name of a zone, such as Europe/Berlin",
        ),
    ],
};
