//! The Firehose door's settings: who may enter, and what the door says of itself.

use std::net::SocketAddr;

use super::created::Created;
use super::listen::patterns;
use super::{StreamPattern, created};
use crate::secret::Secret;
use crate::settings::admin::warn_of_open_door;
use crate::settings::tls::{DOOR_TLS, tls};
use crate::settings::values::{self, is_loopback};
use crate::tls::Tls;
use crate::yaml::{At, Fields, Key, Table};

/// The Firehose door.
#[derive(Clone, PartialEq, Debug)]
pub struct Firehose {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whose signatures are accepted. Empty: only loopback is, and needs no signature.
    pub keys: Vec<AccessKey>,
    /// The region in the names of streams.
    pub region: String,
    /// The account in the names of streams: 12 digits.
    pub account: String,
    /// How it speaks TLS; `None`: it does not.
    pub tls: Option<Tls>,
    /// Where streams that are made over the wire deliver to; `None`: none can be made.
    pub created: Option<Created>,
}

/// An access key, with which clients sign.
#[derive(Clone, PartialEq, Debug)]
pub struct AccessKey {
    /// Its id, which is no secret.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// The streams it opens: patterns with `*`.
    pub streams: Vec<StreamPattern>,
    /// What it may do. To describe and to list is allowed to every key.
    pub actions: Vec<Action>,
}

/// What a key may be allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// To put records.
    Put,
    /// To create, change, tag and delete streams.
    Manage,
}

pub(super) static FIREHOSE: Table = Table {
    path: "listen.firehose",
    keys: &[
        Key::new(
            "address",
            "Where it listens.",
            "",
            "an IP address and a port",
        ),
        Key::new(
            "keys",
            "Whose signatures are accepted. Without keys only loopback is accepted.",
            "none",
            "a list of {id, secret, streams, actions}",
        ),
        Key::new(
            "region",
            "The region in the names (ARNs) of streams.",
            "us-east-1",
            "the name of a region",
        ),
        Key::new(
            "account",
            "The account in the names (ARNs) of streams.",
            "000000000000",
            "12 digits",
        ),
        Key::new(
            "created",
            "Where streams that are made over the wire deliver to. Without it none can be made.",
            "none",
            "a mapping with the key s3",
        ),
        DOOR_TLS,
    ],
};

pub(super) static ACCESS_KEY: Table = Table {
    path: "listen.firehose.keys[]",
    keys: &[
        Key::new("id", "Its id.", "", "a text, each id once"),
        Key::new("secret", "Its secret.", "", "{file: PATH} or {env: NAME}"),
        Key::new(
            "streams",
            "The streams it opens; * stands for any characters.",
            "[\"*\"]",
            "a list of names with *",
        ),
        Key::new(
            "actions",
            "What it may do: put records; manage (create, change, tag, delete) streams.",
            "[put]",
            "a list of put, manage",
        ),
    ],
};

/// Reads the door.
pub(super) fn read(at: &At<'_>) -> Option<Firehose> {
    let fields = at.fields(&FIREHOSE)?;
    let address = fields.read("address", values::address);
    let keys = match fields.get("keys") {
        Some(at) => keys(&at),
        None => Some(Vec::new()),
    };
    let region = fields.read("region", region);
    let account = fields.read("account", account);
    let tls = fields.optional("tls", tls);
    let created = fields.optional("created", created::read);
    let (address, keys, tls) = (address?, keys?, tls?);
    if keys.is_empty() && !is_loopback(&address) {
        open_to_all(&fields, address);
        return None;
    }
    warn_of_open_door(&fields, address, tls.as_ref());
    Some(Firehose {
        address,
        keys,
        region: region?,
        account: account?,
        tls,
        created: created?,
    })
}

fn open_to_all(fields: &Fields<'_>, address: SocketAddr) {
    let message =
        format!("{address} is open to other machines: without keys only loopback is allowed");
    match fields.get("address") {
        Some(at) => at.problem(message),
        None => fields.at.problem(message),
    }
}

fn region(at: &At<'_>) -> Option<String> {
    let allowed = "the name of a region, such as eu-central-1";
    let text = at.filled(allowed)?;
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.chars().all(legal) {
        return Some(text);
    }
    at.wrong_type(allowed);
    None
}

fn account(at: &At<'_>) -> Option<String> {
    let allowed = "12 digits";
    let text = at.filled(allowed)?;
    if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(text);
    }
    at.wrong_type(allowed);
    None
}

fn keys(at: &At<'_>) -> Option<Vec<AccessKey>> {
    let items = at.items()?;
    let keys: Vec<_> = items.iter().map(key).collect();
    let keys: Vec<AccessKey> = keys.into_iter().collect::<Option<_>>()?;
    for (i, key) in keys.iter().enumerate() {
        if keys[..i].iter().any(|other| other.id == key.id) {
            items[i].problem(format!("conflict: another key has the id {:?}", key.id));
            return None;
        }
    }
    Some(keys)
}

fn key(at: &At<'_>) -> Option<AccessKey> {
    let fields = at.fields(&ACCESS_KEY)?;
    let id = fields.read("id", key_id);
    let secret = fields.read("secret", values::secret);
    let streams = match fields.get("streams") {
        Some(at) => patterns(&at),
        None => Some(vec![StreamPattern("*".to_owned())]),
    };
    let actions = match fields.get("actions") {
        Some(at) => actions(&at),
        None => Some(vec![Action::Put]),
    };
    Some(AccessKey {
        id: id?,
        secret: secret?,
        streams: streams?,
        actions: actions?,
    })
}

/// As AWS's ids are: what stands between slashes of a credential.
fn key_id(at: &At<'_>) -> Option<String> {
    let allowed = "the id of an access key: 1 to 128 letters, digits or _";
    let text = at.filled(allowed)?;
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if text.len() <= 128 && text.bytes().all(legal) {
        return Some(text);
    }
    at.wrong_type(allowed);
    None
}

fn actions(at: &At<'_>) -> Option<Vec<Action>> {
    let items = at.items()?;
    if items.is_empty() {
        at.wrong_type("a list of put, manage");
        return None;
    }
    let actions: Vec<_> = items.iter().map(action).collect();
    actions.into_iter().collect()
}

fn action(at: &At<'_>) -> Option<Action> {
    let allowed = "put or manage";
    match at.text(allowed)? {
        "put" => Some(Action::Put),
        "manage" => Some(Action::Manage),
        _ => {
            at.wrong_type(allowed);
            None
        }
    }
}
