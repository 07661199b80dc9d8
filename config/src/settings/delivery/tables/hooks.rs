//! What `transform` may contain.

use super::{ACCESS_KEY_ID, ENDPOINT, SECRET_ACCESS_KEY};
use crate::yaml::{Key, Table};

pub(in crate::settings::delivery) static TRANSFORM: Table = Table {
    path: "streams.*.transform",
    keys: &[
        Key::new(
            "http",
            "A function behind a web server, called as Firehose calls a Lambda function.",
            "none",
            "a mapping with the key url",
        ),
        Key::new(
            "lambda",
            "A function of AWS Lambda, or of what speaks its Invoke API.",
            "none",
            "a mapping with the key function",
        ),
        Key::new(
            "wasm",
            "A WebAssembly component, run inside the daemon.",
            "none",
            "a mapping with the key component",
        ),
    ],
};

const TIMEOUT: Key = Key::new(
    "timeout",
    "How long one attempt may take, its answer included.",
    "60s",
    "100ms to 15m",
);
const RETRIES: Key = Key::new(
    "retries",
    "Attempts after the first; then the records have failed.",
    "3",
    "0 to 300",
);
const RETRY_PAUSE: Key = Key::new(
    "retry_pause",
    "How long the first retry waits; the next ones five times as long each, at most five minutes.",
    "1s",
    "10ms to 5m",
);
const HOOK_BUFFERING: Key = Key::new(
    "buffering",
    "Which records are sent together: first reached wins.",
    "none",
    "a mapping",
);
const IN_FLIGHT: Key = Key::new(
    "in_flight",
    "How many requests may be under way at once, memory permitting. Order is kept.",
    "5",
    "1 to 64",
);
const ON_UNREACHABLE: Key = Key::new(
    "on_unreachable",
    "What becomes of records while nobody answers: they fail after the retries, or wait.",
    "fail",
    "fail or wait",
);
const TOLD_REGION: Key = Key::new(
    "region",
    "The region that the function is told.",
    "us-east-1",
    "the name of a region",
);

pub(in crate::settings::delivery) static HTTP: Table = Table {
    path: "streams.*.transform.http",
    keys: &[
        Key::new(
            "url",
            "Where requests are posted.",
            "",
            "http://HOST:PORT/PATH or https://HOST:PORT/PATH",
        ),
        TIMEOUT,
        RETRIES,
        RETRY_PAUSE,
        HOOK_BUFFERING,
        IN_FLIGHT,
        ON_UNREACHABLE,
        Key::new(
            "compression",
            "How requests are compressed. Answers may be gzip in any case.",
            "none",
            "none or gzip",
        ),
        TOLD_REGION,
    ],
};

pub(in crate::settings::delivery) static LAMBDA: Table = Table {
    path: "streams.*.transform.lambda",
    keys: &[
        Key::new(
            "function",
            "Which function.",
            "",
            "a name or an ARN, with or without a version",
        ),
        ENDPOINT,
        Key::new(
            "region",
            "The region that requests are signed for, and that the function is told.",
            "that of the ARN, else us-east-1",
            "the name of a region",
        ),
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        TIMEOUT,
        RETRIES,
        RETRY_PAUSE,
        HOOK_BUFFERING,
        IN_FLIGHT,
        ON_UNREACHABLE,
    ],
};

pub(in crate::settings::delivery) static WASM: Table = Table {
    path: "streams.*.transform.wasm",
    keys: &[
        Key::new(
            "component",
            "The component's file.",
            "",
            "a path; a relative one is taken from the folder of this file",
        ),
        Key::new(
            "memory",
            "What all memories and tables of one call may take.",
            "64MiB",
            "a size, 1MiB to 4GiB",
        ),
        Key::new(
            "timeout",
            "How long one call may take.",
            "5s",
            "100ms to 15m",
        ),
        RETRIES,
        RETRY_PAUSE,
        Key::new(
            "in_flight",
            "How many calls may run at once. Order is kept.",
            "1",
            "1 to 64",
        ),
    ],
};

pub(in crate::settings::delivery) static HOOK_HINTS: Table = Table {
    path: "streams.*.transform.*.buffering",
    keys: &[
        Key::new(
            "size",
            "Bytes of records per request, before base64.",
            "1MiB",
            "200KiB to 3MiB",
        ),
        Key::new(
            "interval",
            "How long the first record of a request waits for others.",
            "60s",
            "0s to 900s",
        ),
    ],
};
