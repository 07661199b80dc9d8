//! The request against reference D.2.

use serde_json::Value;
use standpipe_config::names::Arrival;

use super::*;
use crate::transform::vocabulary::portion;

#[test]
fn a_request_is_the_event_that_firehose_sends() {
    let head = Head::new(&"orders".parse().unwrap(), "eu-west-1");
    let event = head.event("f7d3c2a0", &portion(&[b"{\"id\":1}\n", b""]));
    let event: Value = serde_json::from_slice(&event).unwrap();
    let arn = "arn:aws:firehose:eu-west-1:000000000000:deliverystream/orders";
    let record = |position: u32, data: &str| {
        serde_json::json!({
            "recordId": format!("0202020202020202-{position}-0"),
            "approximateArrivalTimestamp": 1_795_000_000_123_i64,
            "data": data,
        })
    };
    let expected = serde_json::json!({
        "invocationId": "f7d3c2a0",
        "deliveryStreamArn": arn,
        "region": "eu-west-1",
        "records": [record(7, "eyJpZCI6MX0K"), record(8, "")],
    });
    assert_eq!(event, expected);
}

#[test]
fn no_request_is_longer_than_its_size_says() {
    let head = Head::new(&"s".repeat(64).parse().unwrap(), "ap-southeast-2");
    for records in [0, 1, 2, 500] {
        let rows: Vec<&[u8]> = [&b"a"[..], b"ab", b"abc", b""].repeat(records);
        let mut longest = Portion::default();
        for row in portion(&rows).rows() {
            longest.push(&Row {
                position: u64::MAX,
                index: u32::MAX,
                arrival: Arrival(i64::MIN),
                ..row
            });
        }
        let event = head.event("f7d3c2a0-5d0f-4a57-9e4b-0a3f0e6a7c11", &longest);
        assert!(event.len() <= size(longest.len(), longest.bytes()));
    }
}
