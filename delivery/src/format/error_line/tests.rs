use serde_json::{Value, json};
use standpipe_config::names::Run;

use super::*;
use crate::record::Stage;

fn failed(bytes: &[u8]) -> Failed<'_> {
    Failed {
        lane: LaneId([0xab; 16]),
        row: Row {
            run: Run([1; 8]),
            position: 42,
            index: 3,
            arrival: Arrival(1_795_000_000_123),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes,
        },
        code: "DataFormatConversion.MalformedData",
        message: "not \"this\"\nway",
        attempts: 1,
        ended: Arrival(1_795_000_063_001),
    }
}

fn keys(line: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(line).unwrap();
    let mut keys: Vec<_> = serde_json::from_str::<Value>(text)
        .unwrap()
        .as_object()
        .unwrap()
        .keys()
        .map(|key| (text.find(&format!("\"{key}\":")).unwrap(), key.clone()))
        .collect();
    keys.sort();
    keys.into_iter().map(|(_, key)| key).collect()
}

/// Rule 27, and the capture in E.4 of the reference.
#[test]
fn a_failed_conversion_has_the_fields_of_firehose_in_its_order() {
    let mut out = Vec::new();
    conversion_failed(&failed(br#"{"id":"oops"}"#), &mut out);
    assert_eq!(
        keys(&out),
        [
            "attemptsMade",
            "arrivalTimestamp",
            "lastErrorCode",
            "lastErrorMessage",
            "attemptEndingTimestamp",
            "rawData",
            "sequenceNumber",
            "subSequenceNumber",
            "dataCatalogTable",
            "standpipe"
        ]
    );
    let line: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        line,
        json!({
            "attemptsMade": 1,
            "arrivalTimestamp": 1_795_000_000_123_i64,
            "lastErrorCode": "DataFormatConversion.MalformedData",
            "lastErrorMessage": "not \"this\"\nway",
            "attemptEndingTimestamp": 1_795_000_063_001_i64,
            "rawData": "eyJpZCI6Im9vcHMifQ==",
            "sequenceNumber": null,
            "subSequenceNumber": null,
            "dataCatalogTable": null,
            "standpipe": {
                "id": format!("{}-{}-42-3", "ab".repeat(16), "01".repeat(8)),
                "arrival": 1_795_000_000_123_i64,
                "stage": "accepted",
            },
        })
    );
}

/// The capture in D.5 of the reference.
#[test]
fn a_refused_record_has_the_common_fields_of_firehose() {
    let mut out = Vec::new();
    refused(&failed(b"x"), &mut out);
    assert_eq!(
        keys(&out),
        [
            "rawData",
            "errorCode",
            "errorMessage",
            "attemptsMade",
            "arrivalTimestamp",
            "attemptEndingTimestamp",
            "standpipe"
        ]
    );
}

#[test]
fn any_bytes_and_any_message_stay_on_one_line() {
    let mut out = Vec::new();
    for bytes in [&b""[..], b"\n\n", &[0xff, 0, 0x80], b"\"}"] {
        let start = out.len();
        conversion_failed(&failed(bytes), &mut out);
        let line = &out[start..];
        assert_eq!(memchr::memchr_iter(b'\n', line).count(), 1);
        assert!(line.ends_with(b"}\n"));
        let value: Value = serde_json::from_slice(line).unwrap();
        let raw = value["rawData"].as_str().unwrap();
        assert_eq!(base64_simd::STANDARD.decode_to_vec(raw).unwrap(), bytes);
    }
}
