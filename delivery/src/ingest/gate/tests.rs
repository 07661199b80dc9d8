use axum::http::HeaderValue;
use standpipe_config::secret::{Secret, SecretSource};
use standpipe_config::settings::delivery::StreamPattern;

use super::*;

fn token(name: &str, value: &str, streams: &[&str]) -> Token {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), value).unwrap();
    Token {
        name: name.into(),
        token: Secret::read(SecretSource::File(file.path().into())).unwrap(),
        streams: streams.iter().map(|s| StreamPattern((*s).into())).collect(),
    }
}

fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

fn gate() -> Gate {
    let web = token("web", "web-secret", &["web-*"]);
    let all = token("all", "all-secret\n", &["*"]);
    Gate::new(vec![web, all])
}

fn with(authorization: &str) -> HeaderMap {
    let value = HeaderValue::from_str(authorization).unwrap();
    HeaderMap::from_iter([(header::AUTHORIZATION, value)])
}

fn here() -> SocketAddr {
    "127.0.0.1:1".parse().unwrap()
}

fn elsewhere() -> SocketAddr {
    "192.0.2.1:1".parse().unwrap()
}

#[test]
fn without_tokens_this_machine_only() {
    let open = Gate::new(vec![]);
    assert_eq!(open.admit(&here(), &HeaderMap::new()), Ok(Visitor::Local));
    assert!(open.opens(Visitor::Local, &stream("any")));
    let refused = open.admit(&elsewhere(), &HeaderMap::new()).unwrap_err();
    assert_eq!(refused.kind(), Kind::Unauthorized);
    assert!(open.admit(&elsewhere(), &with("Bearer ")).is_err());
}

#[test]
fn with_tokens_this_machine_needs_one_too() {
    for headers in [
        HeaderMap::new(),
        with("Bearer"),
        with("Bearer "),
        with("Bearer web-secre"),
        with("Bearer web-secrets"),
        with("Bearer WEB-SECRET"),
        with("Basic web-secret"),
        with("web-secret"),
    ] {
        let refused = gate().admit(&here(), &headers);
        assert!(refused.is_err(), "{headers:?} came in: {refused:?}");
    }
}

#[test]
fn each_of_several_tokens_opens_its_streams_only() {
    let gate = gate();
    let web = gate
        .admit(&elsewhere(), &with("Bearer web-secret"))
        .unwrap();
    let opens = |visitor, name| gate.opens(visitor, &stream(name));
    assert!(opens(web, "web-access") && opens(web, "web-"));
    assert!(!opens(web, "mail") && !opens(web, "my-web-access"));
    let all = gate
        .admit(&elsewhere(), &with("bearer  all-secret"))
        .unwrap();
    assert!(opens(all, "mail"));
}

#[test]
fn a_refusal_never_repeats_a_secret() {
    let refused = gate().admit(&here(), &with("Bearer guess-secret"));
    let shown = format!("{refused:?} {:?}", gate());
    assert!(!shown.contains("-secret"), "{shown}");
}
