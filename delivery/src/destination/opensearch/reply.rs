//! What a cluster says of a bulk request, document by document.

use serde::Deserialize;
use serde_json::Value;

/// Types of errors with a status of 400 that say something of the index or the request, not of the
/// document: all others would be refused like this one.
const OPERATOR: &[&str] = &[
    "alias_not_found_exception",
    "index_closed_exception",
    "invalid_alias_name_exception",
    "invalid_index_name_exception",
    "validation_exception",
];

/// The same, by what is said under a type that may also mean the document.
const OPERATOR_REASONS: &[&str] = &[
    "pipeline with id",
    "no write index is defined",
    "with an op_type of create are allowed in data streams",
    "explicit index in bulk is not allowed",
];

/// Types of errors after which a document is certainly not there.
const NOT_DONE: &[&str] = &[
    "cluster_block_exception",
    "master_not_discovered_exception",
    "no_shard_available_action_exception",
    "unavailable_shards_exception",
];

/// What became of a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Item {
    /// It is there: made now, or before (409).
    Done,
    /// It may be sent again; the code and what was said.
    Busy(String, String),
    /// The cluster failed over it; whether it is there is unknown.
    Unknown(String, String),
    /// It will never be there.
    Rejected(String, String),
    /// An operator is needed.
    Halt(String),
}

#[derive(Deserialize)]
struct Bulk {
    items: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(alias = "index")]
    create: Said,
}

#[derive(Deserialize)]
struct Said {
    status: u16,
    #[serde(default)]
    error: Value,
}

/// What became of each document, in their order; `None`: the answer is not one to that many.
pub(super) fn items(body: &[u8], count: usize) -> Option<Vec<Item>> {
    let bulk: Bulk = serde_json::from_slice(body).ok()?;
    let items: Vec<_> = bulk.items.iter().map(|line| item(&line.create)).collect();
    (items.len() == count).then_some(items)
}

fn item(said: &Said) -> Item {
    let kind = said.error["type"].as_str().unwrap_or_default();
    let message = said.error.to_string();
    let code = said.status.to_string();
    match said.status {
        200..=299 | 409 => Item::Done,
        429 => Item::Busy(code, message),
        status if status >= 500 => match NOT_DONE.contains(&kind) {
            true => Item::Busy(code, message),
            false => Item::Unknown(code, message),
        },
        401 | 403 | 404 => Item::Halt(message),
        _ if concerns_all(kind, &message) => Item::Halt(message),
        _ => Item::Rejected(code, message),
    }
}

fn concerns_all(kind: &str, message: &str) -> bool {
    OPERATOR.contains(&kind) || OPERATOR_REASONS.iter().any(|said| message.contains(said))
}

/// Whether an answer that is no success says that nothing was done.
pub(super) fn did_nothing(status: u16, body: &[u8]) -> bool {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = said["error"]["type"].as_str().unwrap_or_default();
    status < 500 || NOT_DONE.contains(&kind)
}

#[cfg(test)]
mod tests;
