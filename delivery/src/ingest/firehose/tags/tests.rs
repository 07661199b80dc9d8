//! Tags over their whole life, and lists of streams, before real streams.

use std::time::{Duration, Instant};

use super::*;
use crate::ingest::firehose::list as streams;
use crate::ingest::firehose::tests::before_streams;
use crate::ingest::store::Store;

fn input(body: &str) -> Input {
    Input::read(body.as_bytes()).unwrap()
}

async fn tag(door: &Firehose, tags: &str) -> Result<Value, Exception> {
    let body = format!(r#"{{"DeliveryStreamName":"web","Tags":{tags}}}"#);
    add(door, Caller::Local, input(&body)).await
}

async fn listed(door: &Firehose, more: &str) -> Value {
    let body = format!(r#"{{"DeliveryStreamName":"web"{more}}}"#);
    list(door, Caller::Local, input(&body)).await.unwrap()
}

#[tokio::test]
async fn tags_are_kept_over_a_restart_changed_paged_and_taken_off() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams(folder.path(), &["web"]).await;
    assert_eq!(
        listed(&door, "").await,
        json!({"Tags": [], "HasMoreTags": false})
    );
    let done = tag(
        &door,
        r#"[{"Key":"b","Value":"1"},{"Key":"a"},{"Key":"é","Value":"x y"}]"#,
    );
    assert_eq!(done.await.unwrap(), json!({}));
    tag(&door, r#"[{"Key":"b","Value":"2"}]"#).await.unwrap();
    let Store::Streams(running) = &door.store else {
        panic!("real streams");
    };
    running
        .stop_all(Instant::now() + Duration::from_secs(20))
        .await;

    let door = before_streams(folder.path(), &["web"]).await;
    let all = json!([{"Key":"a","Value":""},{"Key":"b","Value":"2"},{"Key":"é","Value":"x y"}]);
    assert_eq!(
        listed(&door, "").await,
        json!({"Tags": all, "HasMoreTags": false})
    );
    let first = listed(&door, r#","Limit":2"#).await;
    assert_eq!(
        first,
        json!({"Tags": [all[0], all[1]], "HasMoreTags": true})
    );
    let rest = listed(&door, r#","Limit":2,"ExclusiveStartTagKey":"b""#).await;
    assert_eq!(rest, json!({"Tags": [all[2]], "HasMoreTags": false}));
    let body = r#"{"DeliveryStreamName":"web","TagKeys":["a","never there"]}"#;
    remove(&door, Caller::Local, input(body)).await.unwrap();
    let left = listed(&door, "").await;
    assert_eq!(
        left,
        json!({"Tags": [all[1], all[2]], "HasMoreTags": false})
    );
}

#[tokio::test]
async fn a_stream_has_50_tags_at_most_and_a_call_that_is_refused_changes_none() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams(folder.path(), &["web"]).await;
    let tags: Vec<_> = (0..50).map(|i| json!({"Key": format!("k{i}")})).collect();
    tag(&door, &json!(tags).to_string()).await.unwrap();
    let error = tag(&door, r#"[{"Key":"k0","Value":"new"},{"Key":"one more"}]"#)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::LimitExceeded);
    let kept = listed(&door, "").await;
    assert_eq!(kept["Tags"].as_array().unwrap().len(), 50);
    assert_eq!(kept["Tags"][0], json!({"Key": "k0", "Value": ""}));
}

#[tokio::test]
async fn wrong_tags_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams(folder.path(), &["web"]).await;
    let long = "x".repeat(129);
    for (tags, kind, part) in [
        ("[]".to_owned(), Kind::Validation, "'tags'"),
        ("null".to_owned(), Kind::Validation, "'tags'"),
        ("[{}]".to_owned(), Kind::Validation, "tags.1.member.key"),
        (
            r#"[{"Key":""}]"#.to_owned(),
            Kind::Validation,
            "greater than or equal to 1",
        ),
        (
            r#"[{"Key":"aws:x"}]"#.to_owned(),
            Kind::Validation,
            "regular expression",
        ),
        (
            r#"[{"Key":"a!"}]"#.to_owned(),
            Kind::Validation,
            "regular expression",
        ),
        (
            r#"[{"Key":"a","Value":"\n"}]"#.to_owned(),
            Kind::Validation,
            "tags.1.member.value",
        ),
        (
            format!(r#"[{{"Key":"{long}"}}]"#),
            Kind::Validation,
            "equal to 128",
        ),
        (
            format!(r#"[{{"Key":"a","Value":"{long}{long}"}}]"#),
            Kind::Validation,
            "equal to 256",
        ),
        (r#"["a"]"#.to_owned(), Kind::Serialization, "not an object"),
        (
            r#"[{"Key":"a","Colour":"b"}]"#.to_owned(),
            Kind::InvalidArgument,
            "Colour",
        ),
    ] {
        let error = tag(&door, &tags).await.unwrap_err();
        assert_eq!(error.kind, kind, "{tags}: {error:?}");
        assert!(error.message.contains(part), "{tags}: {error:?}");
    }
    let body = r#"{"DeliveryStreamName":"none","Tags":[{"Key":"a"}]}"#;
    let error = add(&door, Caller::Local, input(body)).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn streams_are_listed_by_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<String> = (0..12).map(|i| format!("s{i:02}")).collect();
    let names: Vec<&str> = all.iter().map(String::as_str).collect();
    let door = before_streams(folder.path(), &names).await;
    let ask = |body: &str| streams::answer(&door, Caller::Local, input(body));
    for (body, expected, more) in [
        ("{}", &names[..10], true),
        (r#"{"Limit":12}"#, &names[..], false),
        (
            r#"{"Limit":3,"ExclusiveStartDeliveryStreamName":"s02"}"#,
            &names[3..6],
            true,
        ),
        (
            r#"{"ExclusiveStartDeliveryStreamName":"s1"}"#,
            &names[10..],
            false,
        ),
        (r#"{"DeliveryStreamType":"MSKAsSource"}"#, &[], false),
        (
            r#"{"DeliveryStreamType":"DirectPut","Limit":1}"#,
            &names[..1],
            true,
        ),
    ] {
        let found = ask(body).unwrap();
        let expected = json!({"DeliveryStreamNames": expected, "HasMoreDeliveryStreams": more});
        assert_eq!(found, expected, "{body}");
    }
    for body in [
        r#"{"Limit":10001}"#,
        r#"{"DeliveryStreamType":"directput"}"#,
    ] {
        assert_eq!(ask(body).unwrap_err().kind, Kind::Validation, "{body}");
    }
}
