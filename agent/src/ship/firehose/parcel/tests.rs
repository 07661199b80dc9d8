use serde_json::Value;
use standpipe_config::frame::{Encoder, Range};
use standpipe_config::names::{AgentId, SourceId};
use standpipe_config::records::{Builder, Record};

use super::*;

fn frames(records: &[&[u8]]) -> Bytes {
    let mut builder = Builder::default();
    for bytes in records {
        builder.push(Record {
            bytes,
            part: None,
            unterminated: false,
        });
    }
    let source = SourceId([7; 16]);
    let range = Range {
        source,
        epoch: 0,
        start: 0,
        end: 1,
        committed: 0,
        tail: None,
    };
    let mut encoder = Encoder::new(AgentId([1; 16]));
    encoder.push(&Frame::Live(vec![source]));
    encoder.push(&Frame::Records(range, builder.finish()));
    encoder.finish().into()
}

fn parcel(records: &[&[u8]]) -> Parcel {
    Parcel::new(frames(records)).unwrap()
}

fn stream() -> StreamName {
    "web".parse().unwrap()
}

/// What the next call holds, decoded.
fn call(parcel: &Parcel) -> Vec<Vec<u8>> {
    let (body, count) = parcel.call(&stream()).unwrap();
    assert!(body.len() <= 4 * 1024 * 1024, "{}", body.len());
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["DeliveryStreamName"], "web");
    let records = body["Records"].as_array().unwrap().iter();
    let decoded = records.map(|record| {
        let data = record["Data"].as_str().unwrap();
        base64_simd::STANDARD.decode_to_vec(data).unwrap()
    });
    let decoded: Vec<_> = decoded.collect();
    assert_eq!(decoded.len(), count);
    decoded
}

#[test]
fn records_are_lines_and_those_that_failed_stay_in_order() {
    let mut parcel = parcel(&[b"a", b"", b"\xff\"", b"d"]);
    assert_eq!(call(&parcel), [&b"a\n"[..], b"\n", b"\xff\"\n", b"d\n"]);
    parcel.settle(4, &[1, 3].into());
    assert_eq!(
        (parcel.left(), call(&parcel)),
        (2, vec![b"\n".to_vec(), b"d\n".to_vec()])
    );
    parcel.settle(2, &[0, 1].into());
    assert_eq!(call(&parcel), [&b"\n"[..], b"d\n"]);
    parcel.settle(2, &BTreeSet::new());
    assert!(parcel.call(&stream()).is_none());
    let outcomes: Vec<_> = parcel.reply().answers.iter().map(|a| a.outcome).collect();
    assert_eq!(outcomes, [Outcome::Noted, Outcome::Stored]);
}

#[test]
fn a_call_holds_five_hundred_records_at_most() {
    let lines: Vec<String> = (0..1201).map(|number| number.to_string()).collect();
    let records: Vec<&[u8]> = lines.iter().map(String::as_bytes).collect();
    let mut parcel = parcel(&records);
    let mut sizes = vec![];
    let mut sent = vec![];
    while parcel.left() > 0 {
        let records = call(&parcel);
        sizes.push(records.len());
        // Some fail now and then, and come again before what follows.
        let refused: BTreeSet<usize> = match sizes.len() {
            1 => [0, 499].into(),
            _ => BTreeSet::new(),
        };
        sent.extend(
            records
                .iter()
                .enumerate()
                .filter(|(place, _)| !refused.contains(place))
                .map(|(_, record)| record.clone()),
        );
        parcel.settle(records.len(), &refused);
    }
    assert_eq!(sizes, [500, 500, 203]);
    let mut sorted: Vec<usize> = sent
        .iter()
        .map(|line| String::from_utf8_lossy(line).trim().parse().unwrap())
        .collect();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..1201).collect::<Vec<_>>());
}

#[test]
fn a_call_holds_four_mebibytes_at_most_and_one_record_always() {
    let long = vec![b'x'; MAX_RECORD];
    let mut parcel = parcel(&[&long, &long, &long, &long[1..], b"short"]);
    // A record that fills the limit has no room for a line end.
    let records = call(&parcel);
    assert_eq!(
        records.iter().map(Vec::len).collect::<Vec<_>>(),
        [MAX_RECORD; 3]
    );
    parcel.settle(3, &BTreeSet::new());
    let records = call(&parcel);
    assert_eq!(
        records.iter().map(Vec::len).collect::<Vec<_>>(),
        [MAX_RECORD, 6]
    );
}

#[test]
fn what_holds_no_records_is_done_at_once() {
    let mut encoder = Encoder::new(AgentId([1; 16]));
    encoder.push(&Frame::Live(vec![]));
    let parcel = Parcel::new(encoder.finish().into()).unwrap();
    assert!(parcel.call(&stream()).is_none());
    assert_eq!(parcel.reply().answers.len(), 1);
    assert!(Parcel::new(Bytes::from_static(b"nonsense")).is_err());
}
