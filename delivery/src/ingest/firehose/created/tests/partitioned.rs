//! Processors and partitions of streams that are made over the wire: shown as they were asked for,
//! meant in the words of our settings, and refused where they do not go together.

use standpipe_config::settings::delivery::{Deaggregation, Format, Raw};

use super::*;

const PROGRAM: &str = "{customer:.customer.id,year:.ts|strftime(\"%Y\")} # both";
const PREFIX: &str = "!{partitionKeyFromQuery:customer}/!{partitionKeyFromQuery:year}/";

fn processor(kind: &str, parameters: &[(&str, &str)]) -> Value {
    let parameter =
        |(name, value): &(&str, &str)| json!({"ParameterName": name, "ParameterValue": value});
    let parameters: Vec<_> = parameters.iter().map(parameter).collect();
    json!({"Type": kind, "Parameters": parameters})
}

fn processing(processors: &[Value]) -> Value {
    json!({"ProcessingConfiguration": {"Enabled": true, "Processors": processors}})
}

fn extraction(program: &str) -> Value {
    let engine = ("JsonParsingEngine", "JQ-1.6");
    processor(
        "MetadataExtraction",
        &[("MetadataExtractionQuery", program), engine],
    )
}

fn apart(parameters: &[(&str, &str)]) -> Value {
    processor("RecordDeAggregation", parameters)
}

/// A stream with partitions, and what differs from that.
fn partitioned(more: Value) -> Value {
    let mut members = processing(&[
        extraction(PROGRAM),
        apart(&[("SubRecordType", "JSON")]),
        processor("AppendDelimiterToRecord", &[("Delimiter", "\\n")]),
    ]);
    members["DynamicPartitioningConfiguration"] =
        json!({"Enabled": true, "RetryOptions": {"DurationInSeconds": 60}});
    members["Prefix"] = json!(PREFIX);
    members["ErrorOutputPrefix"] = json!("bad/!{firehose:error-output-type}/");
    let members_of = members.as_object_mut().unwrap();
    members_of.extend(more.as_object().unwrap().clone());
    members
}

async fn settings(door: &Firehose, name: &str) -> Stream {
    let name = name.parse().unwrap();
    let kept = door.created.definition(&name).unwrap();
    let stream = door.created.stream(&name, &kept.configuration).await;
    stream.unwrap()
}

#[tokio::test]
async fn partitions_are_shown_as_they_were_asked_for_and_asked_of_each_record() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let wanted = partitioned(json!({}));
    make(&door, "orders", wanted.clone()).await;
    let description = described(&door, "orders").await.unwrap();
    let found = &description["Destinations"][0]["ExtendedS3DestinationDescription"];
    for (member, value) in wanted.as_object().unwrap() {
        assert_eq!(&found[member], value);
    }
    let hints = json!({"SizeInMBs": 64, "IntervalInSeconds": 300});
    assert_eq!(found["BufferingHints"], hints);
    let stream = settings(&door, "orders").await;
    assert_eq!(stream.deaggregation, Some(Deaggregation::Json));
    assert!(matches!(
        stream.format,
        Format::Raw(Raw { newline: true, .. })
    ));
    let partitioning = stream.partitioning.unwrap();
    assert_eq!(partitioning.max_open, 500);
    let record = br#"{"customer":{"id":7},"ts":1795000000}"#;
    let record = standpipe_config::query::Json::read(record).unwrap();
    let values = partitioning.keys.iter();
    let values: Vec<_> = values
        .map(|key| (key.name.as_str(), key.query.text(&record).unwrap()))
        .collect();
    let expected = [("customer", "7".to_owned()), ("year", "2026".to_owned())];
    assert_eq!(values, expected);
}

#[tokio::test]
async fn keys_change_and_partitions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    make(&door, "orders", partitioned(json!({}))).await;
    make(&door, "plain", json!({})).await;
    let mut other = processing(&[extraction("{shop}")]);
    other["Prefix"] = json!("!{partitionKeyFromQuery:shop}/");
    ask(&door, Operation::Update, update("orders", "1", other))
        .await
        .unwrap();
    let stream = settings(&door, "orders").await;
    assert_eq!(stream.deaggregation, None);
    assert_eq!(stream.partitioning.unwrap().keys[0].name, "shop");
    let on_and_off = [
        ("orders", "2", json!({"Enabled": false})),
        ("plain", "1", json!({"Enabled": true})),
    ];
    for (name, version, dynamic) in on_and_off {
        let wrong = json!({"DynamicPartitioningConfiguration": dynamic});
        let (kind, why) = refused(&door, Operation::Update, update(name, version, wrong)).await;
        assert_eq!(kind, Kind::InvalidArgument);
        assert!(why.contains("neither on nor off later"), "{why}");
    }
}

#[tokio::test]
async fn records_are_taken_apart_without_partitions_too() {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    let delimited = apart(&[("SubRecordType", "DELIMITED"), ("Delimiter", "JSUlJQ==")]);
    let wanted = processing(std::slice::from_ref(&delimited));
    make(&door, "orders", wanted.clone()).await;
    let apart_at = Deaggregation::Delimited("%%%%".to_owned());
    assert_eq!(
        settings(&door, "orders").await.deaggregation,
        Some(apart_at)
    );
    let mut off = wanted;
    off["ProcessingConfiguration"]["Enabled"] = json!(false);
    make(&door, "off", off).await;
    assert_eq!(settings(&door, "off").await.deaggregation, None);
}

/// That none of these streams is made, each for a reason.
async fn are_refused(rows: &[(Value, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    let door = before_streams_with(folder.path(), &["web"], STORE).await;
    for (more, part) in rows {
        let (kind, why) = refused(&door, Operation::Create, creation("a", more.clone())).await;
        assert_eq!(kind, Kind::InvalidArgument, "{why}");
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[tokio::test]
async fn partitions_need_a_program_a_prefix_and_a_place_for_what_fails() {
    let off = json!({"DynamicPartitioningConfiguration": {"Enabled": false}});
    let at_once = json!({"BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0}});
    let copies = bucket(json!({"Prefix": PREFIX, "ErrorOutputPrefix": "e/"}));
    let copies = json!({"S3BackupMode": "Enabled", "S3BackupConfiguration": copies});
    let query = ("MetadataExtractionQuery", "{a}");
    let later = processor(
        "MetadataExtraction",
        &[query, ("JsonParsingEngine", "JQ-1.7")],
    );
    let none = apart(&[("SubRecordType", "JSON")]);
    let prefix = |prefix: &str| partitioned(json!({"Prefix": prefix}));
    let of = |processor: Value| partitioned(processing(&[processor]));
    are_refused(&[
        (partitioned(off), "can only be part of a prefix expression"),
        (
            processing(&[extraction("{a}")]),
            "MetadataExtractionProcessor can only be present",
        ),
        (of(none), "needs the processor MetadataExtraction"),
        (prefix("plain/"), "S3 Prefix should contain"),
        (prefix("!{partitionKeyFromLambda:a}/"), "processor Lambda"),
        (
            partitioned(json!({"ErrorOutputPrefix": ""})),
            "ErrorOutputPrefix",
        ),
        (of(extraction("{a:")), "MetadataExtractionQuery: "),
        (of(extraction("def f: f; f")), "may take too long: def"),
        (of(later), "JsonParsingEngine JQ-1.7 is not JQ-1.6"),
        (partitioned(at_once), "IntervalInSeconds 0 is not possible"),
        (
            partitioned(copies),
            "can only be part of a prefix expression",
        ),
    ])
    .await;
}

#[tokio::test]
async fn records_are_taken_apart_as_json_or_at_a_text() {
    let json = ("SubRecordType", "JSON");
    let delimited = ("SubRecordType", "DELIMITED");
    let of = |parameters: &[(&str, &str)]| processing(&[apart(parameters)]);
    are_refused(&[
        (of(&[]), "needs the parameter SubRecordType"),
        (of(&[("SubRecordType", "XML")]), "SubRecordType XML is not"),
        (of(&[delimited]), "Delimiter must be provided"),
        (of(&[json, ("Delimiter", "LA==")]), "only applicable"),
        (of(&[delimited, ("Delimiter", "%%%%")]), "is not base64"),
        (of(&[delimited, ("Delimiter", "/w==")]), "in UTF-8"),
        (of(&[json, ("Size", "1")]), "ParameterName Size"),
        (
            processing(&[apart(&[json]), apart(&[json])]),
            "two processors RecordDeAggregation",
        ),
    ])
    .await;
}
