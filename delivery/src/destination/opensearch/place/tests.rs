use standpipe_config::names::Run;

use super::*;
use crate::record::Stage;

fn place() -> Place {
    Place {
        nodes: vec!["http://a:9200".into(), "http://b:9200".into()],
        index: "orders".into(),
        rotation: Rotation::None,
        is_data_stream: false,
        ids: DocumentIds::Position,
        routing: None,
        pipeline: None,
        access: Access::Open,
        ca: None,
        template: None,
        timeout: 30_000,
        retry: 300_000,
    }
}

fn row(bytes: &[u8], position: u64, arrival: i64) -> Row<'_> {
    Row {
        run: Run([2; 8]),
        position,
        index: 0,
        arrival: Arrival(arrival),
        stage: Stage::Accepted,
        part: None,
        redriven: None,
        bytes,
    }
}

fn index(rotation: Rotation, time: &str) -> String {
    let place = Place {
        rotation,
        ..place()
    };
    let time: Timestamp = time.parse().unwrap();
    place.index_of(Arrival(time.as_millisecond())).unwrap()
}

/// Firehose's own table (reference G.1).
#[test]
fn an_index_is_called_as_in_firehose() {
    let time = "2016-02-25T13:00:00Z";
    assert_eq!(index(Rotation::None, time), "orders");
    assert_eq!(index(Rotation::Hour, time), "orders-2016-02-25-13");
    assert_eq!(index(Rotation::Day, time), "orders-2016-02-25");
    assert_eq!(index(Rotation::Week, time), "orders-2016-w09");
    assert_eq!(index(Rotation::IsoWeek, time), "orders-2016-w08");
    assert_eq!(index(Rotation::Month, time), "orders-2016-02");
}

#[test]
fn weeks_at_the_end_of_a_year_belong_to_that_of_their_saturday() {
    let week = |time: &str| index(Rotation::Week, time);
    assert_eq!(week("2016-12-31T23:59:59Z"), "orders-2016-w53");
    assert_eq!(week("2017-01-01T00:00:00Z"), "orders-2017-w01");
    assert_eq!(week("2024-12-29T00:00:00Z"), "orders-2025-w01");
    assert_eq!(week("2016-01-02T00:00:00Z"), "orders-2016-w01");
    assert_eq!(week("2016-01-03T00:00:00Z"), "orders-2016-w02");
}

#[test]
fn a_document_is_called_after_its_record() {
    let document = place()
        .document(LaneId([1; 16]), &row(b"{}", 17, 5))
        .unwrap();
    let lane = "01".repeat(16);
    assert_eq!(
        document.id.unwrap(),
        format!("{lane}-{}-17-0", "02".repeat(8))
    );
    assert_eq!(document.version, None);
}

#[test]
fn a_field_gives_id_and_routing_and_says_why_it_cannot() {
    let place = Place {
        ids: DocumentIds::Field("id".into()),
        routing: Some("to".into()),
        ..place()
    };
    let of = |text: &str| place.document(LaneId([1; 16]), &row(text.as_bytes(), 3, 1));
    let document = of(r#"{"a":{"id":1},"id":7,"to":"x"}"#).unwrap();
    assert_eq!(document.id.as_deref(), Some("7"));
    assert_eq!(document.routing.as_deref(), Some("x"));
    assert_eq!(of(r#"{"id":"é"}"#).unwrap().id.as_deref(), Some("é"));
    for text in [
        r#"{"a":1}"#,
        r#"{"id":null}"#,
        r#"{"id":[1]}"#,
        r#"{"id":""}"#,
        "text",
        "[1]",
        r#"{"id":1} {"id":2}"#,
        &format!(r#"{{"id":"{}"}}"#, "x".repeat(513)),
    ] {
        assert!(of(text).is_err(), "{text}");
    }
}

/// The last record wins: within a lane whatever the clock does, and over lanes.
#[test]
fn versions_grow_with_position_and_over_lanes() {
    let now = 1_795_000_000_000;
    let of = |position, arrival| version(&row(b"", position, arrival)).unwrap();
    assert!(of(1, now) > of(0, now), "a clock that stands still");
    assert!(
        of(1 << 40, now) > of((1 << 40) - 1, now),
        "however long it does"
    );
    assert!(of(0, now + 477) > of(1_000_000_000, now), "a new lane");
    assert!(of(0, now + 1) > of(2_000_000, now));
    let far = 4_102_444_800_000; // the year 2100
    assert!(of(u64::from(u32::MAX), far) < i64::MAX as u64);
    assert!(version(&row(b"", 0, -1)).is_err());
    assert!(version(&row(b"", 0, i64::MAX)).is_err());
}

#[test]
fn it_is_one_place_while_names_stay_and_a_node_does() {
    let moved = Place {
        nodes: vec!["http://c:9200".into(), "http://b:9200".into()],
        access: Access::ApiKey(SecretSource::Env("X".into())),
        retry: 1,
        ..place()
    };
    assert!(place().is_place(&moved));
    let elsewhere = Place {
        nodes: vec!["http://c:9200".into()],
        ..place()
    };
    assert!(!place().is_place(&elsewhere));
    let other = Place {
        rotation: Rotation::Day,
        ..place()
    };
    assert!(!place().is_place(&other), "sealed names would change");
}
