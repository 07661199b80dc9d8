//! Values that both programs' settings have: paths, addresses, names, secrets, keys.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::names::StreamName;
use crate::secret::{Secret, SecretSource};
use crate::yaml::{At, Fields, Key, Table, Value};

/// Where a secret comes from.
pub static SECRET: Table = Table {
    path: "(any secret)",
    keys: &[
        Key::new(
            "file",
            "A file with the secret; white space at its end does not count.",
            "none",
            "the path of a file",
        ),
        Key::new(
            "env",
            "An environment variable with the secret.",
            "none",
            "the name of a variable",
        ),
    ],
};

const SECRET_ALLOWED: &str = "a secret is never written in place: {file: PATH} or {env: NAME}";

/// A path; a relative one is taken from the folder of the file.
pub(crate) fn path(at: &At<'_>) -> Option<PathBuf> {
    let text = at.text("a path")?;
    if text.is_empty() || text.contains('\0') {
        at.wrong_type("a path");
        return None;
    }
    let path: PathBuf = at.folder().join(text).components().collect();
    if path.to_str().is_none() {
        at.problem("the folder of this file is not UTF-8: write an absolute path");
        return None;
    }
    Some(path)
}

/// An IP address and a port.
pub(crate) fn address(at: &At<'_>) -> Option<SocketAddr> {
    let allowed = "an IP address and a port, such as 127.0.0.1:4574";
    let address = at.text(allowed)?.parse().ok();
    if address.is_none() {
        at.wrong_type(allowed);
    }
    address
}

/// Whether only this machine reaches an address.
pub(crate) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The name of a stream.
pub(crate) fn stream_name(at: &At<'_>) -> Option<StreamName> {
    at.parsed("the name of a stream", str::parse)
}

/// A secret. What stands here is never repeated in a message.
pub(crate) fn secret(at: &At<'_>) -> Option<Secret> {
    let source = secret_source(at)?;
    Secret::read(source).map_err(|error| at.problem(error)).ok()
}

/// Both halves of an access key of AWS, its id first, or neither. The outer `None`: a problem was
/// noted.
pub(crate) fn access_key(fields: &Fields<'_>) -> Option<Option<(String, Secret)>> {
    let id = fields.optional("access_key_id", key_id)?;
    let secret = fields.optional("secret_access_key", secret)?;
    match (id, secret) {
        (Some(id), Some(secret)) => Some(Some((id, secret))),
        (None, None) => Some(None),
        (Some(_), None) => {
            fields.missing("secret_access_key");
            None
        }
        (None, Some(_)) => {
            fields.missing("access_key_id");
            None
        }
    }
}

fn key_id(at: &At<'_>) -> Option<String> {
    let allowed = "the id of an access key";
    let text = at.filled(allowed)?;
    if !text.chars().all(|c| c.is_ascii_graphic() && c != '/') {
        at.wrong_type(allowed);
        return None;
    }
    Some(text)
}

fn secret_source(at: &At<'_>) -> Option<SecretSource> {
    let one = at.entries_if_map().filter(|entries| entries.len() == 1);
    let Some([(key, value)]) = one.as_deref() else {
        at.problem(SECRET_ALLOWED);
        return None;
    };
    match (key.value(), value.value()) {
        (Value::Scalar(key), Value::Scalar(name)) if !name.text.is_empty() => {
            match key.text.as_str() {
                "file" => path(value).map(SecretSource::File),
                "env" => Some(SecretSource::Env(name.text.clone())),
                _ => {
                    at.problem(SECRET_ALLOWED);
                    None
                }
            }
        }
        _ => {
            at.problem(SECRET_ALLOWED);
            None
        }
    }
}
