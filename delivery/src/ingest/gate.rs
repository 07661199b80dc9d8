//! Who may enter: bearer tokens, each limited to some streams; without any token, this machine
//! only.

use std::net::SocketAddr;

use axum::http::{HeaderMap, header};
use standpipe_config::names::StreamName;
use standpipe_config::process::door::is_local;
use standpipe_config::settings::delivery::Token;
use subtle::{Choice, ConstantTimeEq};

use super::refused::{Kind, Refused};

/// The tokens of a door.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    tokens: Vec<Token>,
}

/// Who came in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Visitor {
    /// Someone on this machine, while there are no tokens.
    Local,
    /// The bearer of the token at this place.
    Bearer(usize),
}

impl Gate {
    /// A gate that these tokens open.
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        Self { tokens }
    }

    /// Looks at the head of a request only, so that nothing is read for strangers.
    pub(super) fn admit(&self, peer: &SocketAddr, headers: &HeaderMap) -> Result<Visitor, Refused> {
        if !self.tokens.is_empty() {
            return self.bearer(headers);
        }
        if is_local(peer) {
            return Ok(Visitor::Local);
        }
        let message =
            "without tokens under listen.native this door is open to its own machine only";
        Err(Refused::new(Kind::Unauthorized, message))
    }

    /// Whether a visitor may use a stream. Of others he does not learn that they exist.
    pub(super) fn opens(&self, visitor: Visitor, stream: &StreamName) -> bool {
        match visitor {
            Visitor::Local => true,
            Visitor::Bearer(place) => self
                .tokens
                .get(place)
                .is_some_and(|token| token.streams.iter().any(|pattern| pattern.matches(stream))),
        }
    }

    fn bearer(&self, headers: &HeaderMap) -> Result<Visitor, Refused> {
        let refused = |message: &str| Refused::new(Kind::Unauthorized, message);
        let given = headers
            .get(header::AUTHORIZATION)
            .ok_or_else(|| refused("a token is needed: send `Authorization: Bearer TOKEN`"))?;
        let given = token_of(given.as_bytes())
            .ok_or_else(|| refused("the Authorization header is not of the form `Bearer TOKEN`"))?;
        // All tokens are compared, each in constant time, whichever fits.
        let mut found = None;
        for (place, token) in self.tokens.iter().enumerate() {
            let same: Choice = token.token.expose().as_bytes().ct_eq(given);
            if bool::from(same) {
                found = Some(Visitor::Bearer(place));
            }
        }
        found.ok_or_else(|| refused("the token is not one of those under listen.native"))
    }
}

fn token_of(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests;
