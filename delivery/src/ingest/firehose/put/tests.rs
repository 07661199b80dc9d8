//! Bodies, quick and strict, and what is said of wrong ones.

use proptest::prelude::*;
use standpipe_config::limits::MAX_RECORD;

use super::*;
use crate::ingest::firehose::exception::Kind;

const BATCH: Operation = Operation::PutRecordBatch;

fn base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

fn batch(records: &[&[u8]]) -> String {
    let records: Vec<_> = records
        .iter()
        .map(|record| format!(r#"{{"Data":"{}"}}"#, base64(record)))
        .collect();
    format!(
        r#"{{"DeliveryStreamName":"web","Records":[{}]}}"#,
        records.join(",")
    )
}

fn records(put: &Put) -> Vec<Vec<u8>> {
    put.records.iter().map(|r| r.bytes.to_vec()).collect()
}

fn refused(body: &str) -> Exception {
    assert_eq!(quick::read(BATCH, body.as_bytes()), None, "{body}");
    Put::read(BATCH, body.as_bytes()).unwrap_err()
}

#[test]
fn both_ways_read_the_same() {
    let body = batch(&[b"one", b"", b"three", &[0, 255, 10]]);
    let spaced = body.replace(':', ": ").replace(',', ", ");
    let turned =
        r#" { "Records" : [ { "Data" : "b25l" } ] , "DeliveryStreamName" : "web" } "#.to_owned();
    for body in [&body, &spaced, &turned] {
        let quick = quick::read(BATCH, body.as_bytes()).expect(body);
        let strict = strict::read(BATCH, body.as_bytes()).expect(body);
        assert_eq!(quick, strict);
    }
    let put = Put::read(BATCH, body.as_bytes()).unwrap();
    assert_eq!(put.stream.as_str(), "web");
    let expected: [&[u8]; 4] = [b"one", b"", b"three", &[0, 255, 10]];
    assert_eq!(records(&put), expected);

    let one = br#"{"DeliveryStreamName": "web", "Record": {"Data": "YQ=="}}"#;
    let quick = quick::read(Operation::PutRecord, one).unwrap();
    assert_eq!(records(&quick), [b"a"]);
    assert_eq!(strict::read(Operation::PutRecord, one).unwrap(), quick);
}

#[test]
fn what_is_unusual_and_right_is_read_strictly() {
    for body in [
        // PHP escapes slashes.
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"\/\/8="}]}"#,
        r#"{"DeliveryStreamName":"we\u0062","Records":[{"Data":"//8="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"//8="}],"Nothing":null}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Nothing":null,"Data":"//8="}]}"#,
        "{\"DeliveryStreamName\":\"web\",\"Records\":[{\"D\\u0061ta\":\"//8=\"}]}",
    ] {
        assert_eq!(quick::read(BATCH, body.as_bytes()), None, "{body}");
        let put = Put::read(BATCH, body.as_bytes()).expect(body);
        assert_eq!(records(&put), [[255, 255]], "{body}");
        assert_eq!(put.stream.as_str(), "web");
    }
}

#[test]
fn what_is_no_json_or_no_base64_is_said() {
    for body in [
        "",
        "{",
        "null",
        "[]",
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ=="}]}}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ=="},]}"#,
        r#"{"DeliveryStreamName":"web","Records":{"Data":"YQ=="}}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":1}]}"#,
        r#"{"DeliveryStreamName":"web","Records":["YQ=="]}"#,
        r#"{"DeliveryStreamName":7,"Records":[{"Data":"YQ=="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ"}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"Y Q=="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"_-8="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ==","Data":"YQ=="}]}"#,
        r#"{"DeliveryStreamName":"web","DeliveryStreamName":"web","Records":[{"Data":"YQ=="}]}"#,
        r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ=="}],"Records":[{"Data":"YQ=="}]}"#,
    ] {
        assert_eq!(refused(body).kind, Kind::Serialization, "{body}");
    }
}

#[test]
fn problems_of_shape_are_told_in_the_services_words() {
    for (body, expected) in [
        (
            "{}",
            "2 validation errors detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must not be null; Value at 'records' failed to satisfy constraint: Member must not be null",
        ),
        (
            r#"{"DeliveryStreamName":"web","Records":[]}"#,
            "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            r#"{"DeliveryStreamName":"web","Records":null}"#,
            "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must not be null",
        ),
        (
            r#"{"DeliveryStreamName":"web","Records":[{}]}"#,
            "1 validation error detected: Value at 'records.1.member.data' failed to satisfy constraint: Member must not be null",
        ),
        (
            r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ=="},null]}"#,
            "1 validation error detected: Value at 'records.2.member.data' failed to satisfy constraint: Member must not be null",
        ),
        (
            r#"{"DeliveryStreamName":"a b","Records":[{"Data":"YQ=="}]}"#,
            "1 validation error detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
        ),
        (
            r#"{"DeliveryStreamName":"","Records":[{"Data":"YQ=="}]}"#,
            "1 validation error detected: Value at 'deliveryStreamName' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ] {
        let error = refused(body);
        assert_eq!(
            (error.kind, error.message.as_str()),
            (Kind::Validation, expected),
            "{body}"
        );
    }
    let body = r#"{"DeliveryStreamName":"web","Records":[{"Data":"YQ==","ExplicitHashKey":"1"}]}"#;
    let error = refused(body);
    assert_eq!(error.kind, Kind::InvalidArgument);
    assert!(error.message.contains("ExplicitHashKey"), "{error:?}");
}

#[test]
fn a_record_has_1_024_000_bytes_at_most() {
    for less in 0..4 {
        let largest = vec![b'x'; MAX_RECORD - less];
        let put = quick::read(BATCH, batch(&[&largest]).as_bytes()).unwrap();
        assert_eq!(put.records.bytes.len(), MAX_RECORD - less);
        let strict = strict::read(BATCH, batch(&[&largest]).as_bytes()).unwrap();
        assert_eq!(strict, put);
    }
    for more in 1..4 {
        let error = refused(&batch(&[b"a", &vec![b'x'; MAX_RECORD + more]]));
        assert_eq!(error.kind, Kind::Validation);
        assert_eq!(
            error.message,
            "1 validation error detected: Value at 'records.2.member.data' failed to satisfy constraint: Member must have length less than or equal to 1024000"
        );
    }
}

#[test]
fn a_call_has_500_records_at_most() {
    let most = vec![&b"x"[..]; 500];
    let put = quick::read(BATCH, batch(&most).as_bytes()).unwrap();
    assert_eq!(put.records.len(), 500);
    assert_eq!(strict::read(BATCH, batch(&most).as_bytes()).unwrap(), put);
    let error = refused(&batch(&[&b"x"[..]; 501]));
    assert_eq!(error.kind, Kind::Validation);
    assert!(
        error
            .message
            .ends_with("'records' failed to satisfy constraint: Member must have length less than or equal to 500"),
        "{error:?}"
    );
}

#[test]
fn a_call_has_4_mib_of_data_at_most() {
    let large = vec![b'x'; 1024 * 1000];
    let rest = MAX_DATA - 4 * large.len();
    for less in 0..3 {
        let last = vec![b'y'; rest - less];
        let body = batch(&[&large, &large, &large, &large, &last]);
        let put = quick::read(BATCH, body.as_bytes()).unwrap();
        assert_eq!(put.records.bytes.len(), MAX_DATA - less);
        assert_eq!(strict::read(BATCH, body.as_bytes()).unwrap(), put);
    }
    for more in 1..4 {
        let last = vec![b'y'; rest + more];
        let error = refused(&batch(&[&large, &large, &large, &large, &last]));
        assert_eq!(error.kind, Kind::InvalidArgument);
        assert!(error.message.contains("4 MB limit"), "{error:?}");
    }
}

#[test]
fn the_success_marker_is_compact() {
    let stored = Stored {
        lane: standpipe_config::names::LaneId([0xab; 16]),
        run: standpipe_config::names::Run([0xcd; 8]),
        appended: crate::journal::Appended {
            first_position: 9,
            accepted: 2,
            answers: vec![],
        },
    };
    let (lane, run) = ("ab".repeat(16), "cd".repeat(8));
    let text = String::from_utf8(many(&stored, &[0, 1], false)).unwrap();
    assert_eq!(
        text,
        format!(
            r#"{{"FailedPutCount":0,"Encrypted":false,"RequestResponses":[{{"RecordId":"{lane}-{run}-9-0"}},{{"RecordId":"{lane}-{run}-10-0"}}]}}"#
        )
    );
    let text = String::from_utf8(one(&stored, false)).unwrap();
    assert_eq!(
        text,
        format!(r#"{{"RecordId":"{lane}-{run}-9-0","Encrypted":false}}"#)
    );
}

/// Bodies that are nearly right.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let body = batch(&[b"one", b"two records", b""]);
    let changes = prop::collection::vec((0..body.len(), any::<prop::sample::Index>()), 0..4);
    let marks = br#"{}[]:,"\ aD=/+01u"#;
    changes.prop_map(move |changes| {
        let mut bytes = body.clone().into_bytes();
        for (at, mark) in changes {
            bytes[at] = marks[mark.index(marks.len())];
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn the_quick_way_takes_nothing_that_the_strict_one_reads_otherwise(body in damaged()) {
        if let Some(quick) = quick::read(BATCH, &body) {
            prop_assert_eq!(Ok(quick), strict::read(BATCH, &body));
        }
    }
}

#[test]
fn a_record_id_names_the_first_record_that_one_became() {
    let body = batch(&[b"{}{}", b"x", b"{}"]);
    let put = |how: &Deaggregation| {
        let mut put = Put::read(BATCH, body.as_bytes()).unwrap();
        put.take_apart(how);
        put
    };
    let json = put(&Deaggregation::Json);
    assert_eq!(records(&json), [&b"{}"[..], b"{}", b"x", b"{}"]);
    assert_eq!(json.firsts, Some(vec![0, 2, 3]));
    let whole = put(&Deaggregation::Delimited(",".to_owned()));
    assert_eq!((records(&whole).len(), whole.firsts), (3, None));
}
