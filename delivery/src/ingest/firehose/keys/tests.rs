use standpipe_config::secret::{Secret, SecretSource};
use standpipe_config::settings::delivery::{Action, StreamPattern};

use super::*;

fn keys() -> Keys {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hunter2").unwrap();
    let key = |id: &str, streams: &str, actions: &[Action]| AccessKey {
        id: id.to_owned(),
        secret: Secret::read(SecretSource::File(file.path().into())).unwrap(),
        streams: vec![StreamPattern(streams.to_owned())],
        actions: actions.to_vec(),
    };
    Keys::new(vec![
        key("WRITER", "web-*", &[Action::Put]),
        key("OPERATOR", "*", &[Action::Manage]),
    ])
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[test]
fn without_keys_this_machine_may_do_all_and_others_nothing() {
    let keys = Keys::new(vec![]);
    for local in ["127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
        let claimant = keys.claim(&at(local), &Method::POST, &HeaderMap::new());
        let caller = keys.verify(claimant.unwrap(), b"").unwrap();
        let stream = "any".parse().unwrap();
        keys.allow(caller, Operation::Delete, &stream).unwrap();
    }
    let error = keys
        .claim(&at("10.0.0.1:1"), &Method::POST, &HeaderMap::new())
        .unwrap_err();
    assert_eq!(error.kind, Kind::AccessDenied);
}

#[test]
fn with_keys_nobody_enters_unsigned() {
    let error = keys()
        .claim(&at("127.0.0.1:1"), &Method::POST, &HeaderMap::new())
        .unwrap_err();
    assert_eq!(error.kind, Kind::MissingToken);
}

#[test]
fn a_key_opens_its_streams_for_its_actions() {
    let keys = keys();
    let (writer, operator) = (Caller::Bearer(0), Caller::Bearer(1));
    let (web, mail) = ("web-1".parse().unwrap(), "mail".parse().unwrap());
    for (caller, operation, stream, may) in [
        (writer, Operation::PutRecord, &web, true),
        (writer, Operation::Describe, &web, true),
        (writer, Operation::ListTags, &web, true),
        (writer, Operation::PutRecord, &mail, false),
        (writer, Operation::Describe, &mail, false),
        (writer, Operation::Tag, &web, false),
        (writer, Operation::Delete, &web, false),
        (operator, Operation::Delete, &mail, true),
        (operator, Operation::PutRecordBatch, &mail, false),
    ] {
        let allowed = keys.allow(caller, operation, stream);
        assert_eq!(allowed.is_ok(), may, "{operation:?} {stream}: {allowed:?}");
    }
    let error = keys.allow(writer, Operation::PutRecord, &mail).unwrap_err();
    assert_eq!(
        error.message,
        "User: WRITER is not authorized to perform: firehose:PutRecord on resource: mail"
    );
}
