//! Who may enter: whoever signs with one of the door's keys, each limited to some streams and to
//! some actions; without any key, this machine only, signed or not.

use std::net::SocketAddr;

use axum::http::{HeaderMap, Method, header};
use standpipe_config::names::{Arrival, StreamName};
use standpipe_config::process::door::is_local;
use standpipe_config::settings::delivery::AccessKey;

use super::exception::{Exception, Kind};
use super::operation::Operation;
use super::sigv4::Signature;

/// The keys of a door.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    keys: Vec<AccessKey>,
}

/// Who says he is at the door. Nothing is believed before [`Keys::verify`].
#[derive(Debug)]
pub(super) enum Claimant {
    /// Someone on this machine, while there are no keys.
    Local,
    /// The bearer of the key at this place, by this signature.
    Bearer(usize, Signature),
}

/// Who came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Caller {
    /// Someone on this machine, while there are no keys.
    Local,
    /// The bearer of the key at this place.
    Bearer(usize),
}

impl Keys {
    /// What these keys open.
    pub(super) fn new(keys: Vec<AccessKey>) -> Self {
        Self { keys }
    }

    /// Looks at the head of a request only, so that nothing is read for strangers.
    pub(super) fn claim(
        &self,
        peer: &SocketAddr,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Claimant, Exception> {
        if self.keys.is_empty() {
            return match is_local(peer) {
                true => Ok(Claimant::Local),
                false => Err(Exception::new(
                    Kind::AccessDenied,
                    "without keys under listen.firehose this door is open to its own machine only",
                )),
            };
        }
        if !headers.contains_key(header::AUTHORIZATION) {
            return Err(Exception::new(
                Kind::MissingToken,
                "Missing Authentication Token",
            ));
        }
        let now = Arrival::now().0 / 1000;
        let signature = Signature::read(method, headers, now)?;
        let place = self.keys.iter().position(|key| key.id == signature.key_id);
        let place = place.ok_or_else(|| {
            let message = "The security token included in the request is invalid.";
            Exception::new(Kind::UnrecognizedClient, message)
        })?;
        Ok(Claimant::Bearer(place, signature))
    }

    /// Believes a claim once the body is there.
    pub(super) fn verify(&self, claimant: Claimant, body: &[u8]) -> Result<Caller, Exception> {
        let (place, signature) = match claimant {
            Claimant::Local => return Ok(Caller::Local),
            Claimant::Bearer(place, signature) => (place, signature),
        };
        let secret = self.keys.get(place).map(|key| key.secret.expose());
        if secret.is_some_and(|secret| signature.is_of(secret, body)) {
            return Ok(Caller::Bearer(place));
        }
        let message = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
        Err(Exception::new(Kind::InvalidSignature, message))
    }

    /// Whether a caller may do this at all, and to this stream. Of others he does not learn
    /// whether they exist.
    pub(super) fn allow(
        &self,
        caller: Caller,
        operation: Operation,
        stream: &StreamName,
    ) -> Result<(), Exception> {
        if self.may(caller, operation) && self.opens(caller, stream) {
            return Ok(());
        }
        let id = match caller {
            Caller::Local => "",
            Caller::Bearer(place) => self.keys.get(place).map_or("", |key| key.id.as_str()),
        };
        let message = format!(
            "User: {id} is not authorized to perform: firehose:{} on resource: {stream}",
            operation.name()
        );
        Err(Exception::new(Kind::AccessDenied, message))
    }

    /// Whether a caller may know of a stream.
    pub(super) fn opens(&self, caller: Caller, stream: &StreamName) -> bool {
        self.allowed(caller, |key| {
            key.streams.iter().any(|pattern| pattern.matches(stream))
        })
    }

    fn may(&self, caller: Caller, operation: Operation) -> bool {
        let needed = operation.action();
        self.allowed(caller, |key| {
            needed.is_none_or(|needed| key.actions.contains(&needed))
        })
    }

    fn allowed(&self, caller: Caller, by: impl FnOnce(&AccessKey) -> bool) -> bool {
        match caller {
            Caller::Local => true,
            Caller::Bearer(place) => self.keys.get(place).is_some_and(by),
        }
    }
}

#[cfg(test)]
mod tests;
