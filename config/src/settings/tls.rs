//! The readers of `tls`, the same at every door, and of what a client of ours shows.

use rustls::pki_types::UnixTime;

use super::values;
use crate::tls::{Identity, Pair, Part, Tls, Wrong};
use crate::yaml::{At, Fields, Key, Table};

pub(crate) const CERTIFICATE: Key = Key::new(
    "certificate",
    "The certificate, and those between it and its authority.",
    "",
    "the path of a PEM file",
);
pub(crate) const KEY: Key = Key::new(
    "key",
    "The key of the certificate, as PEM, without a passphrase.",
    "",
    "{file: PATH} or {env: NAME}",
);

/// Of every door.
pub(crate) const DOOR_TLS: Key = Key::new(
    "tls",
    "How it speaks TLS. Without it what is sent can be read on the way.",
    "none",
    "a mapping with the keys certificate, key, client_ca",
);

/// How a door speaks TLS.
pub static TLS: Table = Table {
    path: "listen.*.tls",
    keys: &[
        CERTIFICATE,
        KEY,
        Key::new(
            "client_ca",
            "Who signs the certificates of callers. Without it callers need none.",
            "none",
            "the path of a PEM file",
        ),
    ],
};

/// Reads how a door speaks TLS, and the files that it names.
pub(crate) fn tls(at: &At<'_>) -> Option<Tls> {
    let fields = at.fields(&TLS)?;
    let identity = identity(&fields);
    let client_ca = fields.optional("client_ca", values::path);
    let tls = Tls {
        identity: identity?,
        client_ca: client_ca?,
    };
    let written = tls.read().and_then(|written| {
        written.server()?;
        Ok(written)
    });
    let written = written.map_err(|wrong| report(&fields, "client_ca", &wrong));
    warn(&fields, &written.ok()?.pair);
    Some(tls)
}

/// Reads a certificate and its key, which are not looked into.
pub(crate) fn identity(fields: &Fields<'_>) -> Option<Identity> {
    let certificate = fields.read("certificate", values::path);
    let key = fields.read("key", values::secret);
    Some(Identity {
        certificate: certificate?,
        key: key?.source().clone(),
    })
}

/// Notes what is wrong where it was written. `authority` is what that is called here.
pub(crate) fn report(fields: &Fields<'_>, authority: &'static str, wrong: &Wrong) {
    let name = match wrong.part {
        Part::Certificate => "certificate",
        Part::Key => "key",
        Part::Authority => authority,
    };
    let at = fields.get(name);
    at.as_ref().unwrap_or(&fields.at).problem(wrong);
}

/// Warns of a certificate whose time is not now.
pub(crate) fn warn(fields: &Fields<'_>, pair: &Pair) {
    if let Some(worry) = pair.worry(UnixTime::now()) {
        let at = fields.get("certificate");
        at.as_ref().unwrap_or(&fields.at).warn(worry);
    }
}

#[cfg(test)]
mod tests;
