use axum::body::Body;

use super::*;
use crate::secret::{Secret, SecretSource};

const HERE: &str = "127.0.0.1:9";
const THERE: &str = "192.0.2.1:9";

fn bearer(token: &str, may_command: bool) -> AdminToken {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), token).unwrap();
    AdminToken {
        name: format!("the bearer of {token}"),
        token: Secret::read(SecretSource::File(file.path().to_owned())).unwrap(),
        may_command,
    }
}

/// Of somebody who looks, somebody who orders, and the process itself.
fn gate() -> Gate {
    let bearers = vec![bearer("look", false), bearer("order", true)];
    Gate::new(&bearers, Some("own".into()))
}

/// The status of the refusal; 200 where there is none.
fn asked(gate: &Gate, peer: &str, (method, path): (&str, &str), authorization: &str) -> u16 {
    let request = Request::builder().method(method).uri(path);
    let request = match authorization {
        "" => request,
        value => request.header(header::AUTHORIZATION, value),
    };
    let request = request.body(Body::empty()).unwrap();
    let admitted = gate.admit(&peer.parse().unwrap(), &request);
    admitted.map_or_else(|refused| refused.0.as_u16(), |()| 200)
}

const STATUS: (&str, &str) = ("GET", "/status");
const PAUSE: (&str, &str) = ("POST", "/streams/web/pause");

#[test]
fn without_tokens_this_machine_is_answered_and_no_other() {
    let open = Gate::new(&[], Some("own".into()));
    for what in [STATUS, PAUSE] {
        assert_eq!(asked(&open, HERE, what, ""), 200);
        assert_eq!(asked(&open, THERE, what, ""), 403);
        assert_eq!(asked(&open, THERE, what, "Bearer own"), 403);
    }
}

#[test]
fn with_tokens_everybody_needs_one_wherever_he_is() {
    let gate = gate();
    for peer in [HERE, THERE] {
        for what in [STATUS, PAUSE, ("GET", "/"), ("GET", "/metrics")] {
            for wrong in [
                "",
                "Bearer ",
                "Bearer wrong",
                "Bearer look2",
                "look",
                "Digest look",
            ] {
                assert_eq!(asked(&gate, peer, what, wrong), 401, "{what:?} {wrong:?}");
            }
            assert_eq!(asked(&gate, peer, what, "Bearer order"), 200);
            assert_eq!(asked(&gate, peer, what, "bearer  own"), 200);
        }
        assert_eq!(asked(&gate, peer, STATUS, "Bearer look"), 200);
        assert_eq!(asked(&gate, peer, PAUSE, "Bearer look"), 403);
    }
}

#[test]
fn health_needs_none_on_this_machine() {
    for path in HEALTH {
        assert_eq!(asked(&gate(), HERE, ("GET", path), ""), 200);
        assert_eq!(asked(&gate(), THERE, ("GET", path), ""), 401);
    }
}

#[test]
fn a_browser_sends_it_as_a_password() {
    let basic = |pair: &str| format!("Basic {}", base64_simd::STANDARD.encode_to_string(pair));
    for (pair, status) in [
        ("anybody:look", 200),
        (":look", 200),
        ("look:", 401),
        ("look", 401),
        ("a:b:look", 401),
    ] {
        assert_eq!(
            asked(&gate(), THERE, STATUS, &basic(pair)),
            status,
            "{pair}"
        );
    }
    assert_eq!(asked(&gate(), THERE, STATUS, "Basic ???"), 401);
}

#[test]
fn other_tokens_count_at_once() {
    let gate = gate();
    let same_gate = gate.clone();
    let mut now = vec![bearer("look", false), bearer("order", true)];
    same_gate.change(&mut now, &[bearer("new", true)]);
    assert_eq!(now.len(), 1);
    assert_eq!(asked(&gate, THERE, STATUS, "Bearer look"), 401);
    assert_eq!(asked(&gate, THERE, STATUS, "Bearer new"), 200);
    assert_eq!(asked(&gate, HERE, PAUSE, "Bearer own"), 200);
}
