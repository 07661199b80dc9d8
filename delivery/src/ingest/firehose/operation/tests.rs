use axum::http::HeaderValue;

use super::*;

fn of(target: &str) -> Result<Operation, Exception> {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-target", HeaderValue::from_str(target).unwrap());
    Operation::of(&headers)
}

#[test]
fn every_operation_has_its_target() {
    for (operation, name) in NAMES {
        assert_eq!(of(&format!("{VERSION}{name}")).unwrap(), operation);
        assert_eq!(operation.name(), name);
    }
}

#[test]
fn another_target_is_no_operation() {
    for target in [
        "",
        "PutRecord",
        "Firehose_20150804.",
        "Firehose_20150804.putrecord",
        "Kinesis_20131202.PutRecord",
        "Firehose_20150804.PutRecord ",
    ] {
        let error = of(target);
        // A header's value has no white space at its end once it is read from the wire.
        assert!(
            error.is_err_and(|e| e.kind == Kind::UnknownOperation),
            "{target:?}"
        );
    }
    let error = Operation::of(&HeaderMap::new()).unwrap_err();
    assert_eq!(error.kind, Kind::UnknownOperation);
}

#[test]
fn who_only_puts_cannot_manage() {
    assert_eq!(Operation::PutRecordBatch.action(), Some(Action::Put));
    assert_eq!(Operation::Describe.action(), None);
    for operation in [Operation::Tag, Operation::Create, Operation::Delete] {
        assert_eq!(operation.action(), Some(Action::Manage));
        assert!(!operation.puts());
    }
}
