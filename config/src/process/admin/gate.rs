//! Who may ask at the admin door: the bearers of its tokens; without any, this machine only.
//!
//! A token comes as `Authorization: Bearer TOKEN`, or as the password of `Basic`, so that a browser asks
//! its user for it and sends it with everything that the page asks. Without tokens nobody needs one,
//! and with them everybody does, on this machine too: whether the process lives and is ready is all
//! that is said there without.

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::process::door::is_local;
use crate::settings::AdminToken;

/// What a browser is told, so that it asks its user.
const CHALLENGE: &str = "Basic realm=\"Standpipe\", charset=\"UTF-8\"";

/// What this machine learns without a token.
const HEALTH: [&str; 2] = ["/live", "/ready"];

/// Who holds a token.
#[derive(Clone, Debug)]
struct Bearer {
    token: SecretString,
    /// Whether he may order something, and not only look.
    may_command: bool,
}

/// Whom the door answers. A handle: clones change together.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    bearers: Arc<RwLock<Vec<Bearer>>>,
    /// Of the process's own commands, which find it where they may read the data.
    own: Option<SecretString>,
}

/// Why the door does not answer.
struct Refused(StatusCode, &'static str);

impl Gate {
    /// A gate for the bearers of these; for this machine, if there are none. `own` lets the process's
    /// own commands in.
    pub fn new(tokens: &[AdminToken], own: Option<SecretString>) -> Self {
        Self {
            bearers: Arc::new(RwLock::new(bearers(tokens))),
            own,
        }
    }

    /// From the next request on it opens for the bearers of `after`, and for nobody else; `now` are
    /// those for whom it opened until now, and become the same. The log says so if they differ.
    pub fn change(&self, now: &mut Vec<AdminToken>, after: &[AdminToken]) {
        if same(now, after) {
            return;
        }
        let names: Vec<_> = after.iter().map(|token| token.name.as_str()).collect();
        let names = match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(", "),
        };
        tracing::info!(
            door = "admin",
            "tokens that are accepted from now on: {names}"
        );
        *self.bearers.write().unwrap_or_else(PoisonError::into_inner) = bearers(after);
        *now = after.to_vec();
    }

    fn admit(&self, peer: &SocketAddr, request: &Request) -> Result<(), Refused> {
        let bearers = self.bearers.read().unwrap_or_else(PoisonError::into_inner);
        if bearers.is_empty() {
            return match is_local(peer) {
                true => Ok(()),
                false => Err(Refused(
                    StatusCode::FORBIDDEN,
                    "without listen.admin.tokens the admin door answers this machine only: ask it there, or through a tunnel\n",
                )),
            };
        }
        if is_local(peer) && HEALTH.contains(&request.uri().path()) {
            return Ok(());
        }
        let may_command =
            token_of(request.headers()).and_then(|token| self.known(&bearers, &token));
        match may_command {
            Some(true) => Ok(()),
            Some(false) if request.method().is_safe() => Ok(()),
            Some(false) => Err(Refused(
                StatusCode::FORBIDDEN,
                "this token may look only: give it `actions: [read, command]` under listen.admin.tokens\n",
            )),
            None => Err(Refused(
                StatusCode::UNAUTHORIZED,
                "a token of listen.admin.tokens is needed: send `Authorization: Bearer TOKEN`, or the token as the password of any user\n",
            )),
        }
    }

    /// Whether the bearer of a token may order something; `None`: nobody has it. All tokens are
    /// compared, each in constant time, whichever fits.
    fn known(&self, bearers: &[Bearer], given: &[u8]) -> Option<bool> {
        let own = self.own.iter().map(|own| (own, true));
        let others = bearers.iter().map(|b| (&b.token, b.may_command));
        let mut found = None;
        for (token, may_command) in own.chain(others) {
            let same = token.expose_secret().as_bytes().ct_eq(given);
            if bool::from(same) {
                found = Some(may_command || found == Some(true));
            }
        }
        found
    }
}

fn bearers(tokens: &[AdminToken]) -> Vec<Bearer> {
    let bearer = |token: &AdminToken| Bearer {
        token: token.token.expose().into(),
        may_command: token.may_command,
    };
    tokens.iter().map(bearer).collect()
}

/// By content: a secret alone compares by its source.
fn same(before: &[AdminToken], after: &[AdminToken]) -> bool {
    let mut pairs = before.iter().zip(after);
    before == after && pairs.all(|(a, b)| a.token.expose() == b.token.expose())
}

/// The middleware: lets through whom the gate admits.
pub(super) async fn guard(
    State(gate): State<Gate>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match gate.admit(&peer, &request) {
        Ok(()) => next.run(request).await,
        Err(Refused(status @ StatusCode::UNAUTHORIZED, why)) => {
            (status, [(header::WWW_AUTHENTICATE, CHALLENGE)], why).into_response()
        }
        Err(Refused(status, why)) => (status, why).into_response(),
    }
}

/// The token that a request carries.
fn token_of(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let end = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, given) = (&value[..end], value[end..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"Bearer") {
        return Some(given.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"Basic") {
        return None;
    }
    let pair = base64_simd::STANDARD.decode_to_vec(given).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests;
