//! Streams without a transform; what a transform adds is shown from outside, with real ones.

use standpipe_config::limits::MAX_RECORD;
use standpipe_config::settings::delivery as settings;

use super::*;

fn stream(more: &str) -> Stream {
    let text = format!("web: {{destination: {{file: {{path: /nowhere, prefix: in/}}}}{more}}}");
    settings::read_stream(&text).unwrap()
}

async fn tried(stream: &Stream, input: &[u8]) -> Result<Report, Failure> {
    let input = std::io::Cursor::new(input.to_vec());
    run(stream, input, |trouble| panic!("{trouble}")).await
}

#[tokio::test]
async fn each_line_is_a_record_and_nothing_is_delivered() {
    let report = tried(&stream(""), b"one\r\n\ntwo\nthree").await.unwrap();
    assert_eq!((report.records, report.bytes), (3, 11));
    assert_eq!(report.outcomes.ok, 3);
    assert_eq!(report.output, ["one", "two", "three"]);
    let [object] = report.objects.as_slice() else {
        panic!("{report}");
    };
    assert!(object.key.starts_with("in/"), "{object}");
    assert!(object.key.contains("web-1-"), "{object}");
    assert_eq!(object.to, "the folder /nowhere");
    assert_eq!((object.records, object.bytes), (3, 14));
    assert_eq!(report.schema, None);
    assert!(!std::path::Path::new("/nowhere").exists());
}

#[tokio::test]
async fn rows_are_shown_as_readers_have_them_beside_what_cannot_be_converted() {
    let schema = "[{name: n, type: int}, {name: at, type: \"list<timestamp>\"}]";
    let stream = stream(&format!(", format: {{parquet: {{schema: {schema}}}}}"));
    let input = b"{\"n\": \"7\", \"at\": [\"2026-11-29T00:00:00Z\"]}\nno JSON\nno more\n";
    let report = tried(&stream, input).await.unwrap();
    assert_eq!((report.outcomes.ok, report.outcomes.failed), (1, 2));
    assert_eq!(report.output, [r#"{"n":7,"at":["2026-11-29T00:00:00Z"]}"#]);
    let [failed] = report.failures.as_slice() else {
        panic!("{report}");
    };
    assert_eq!(failed.kind, "format-conversion-failed");
    assert_eq!((failed.records, failed.attempts), (2, 1));
    assert_eq!(failed.samples, ["no JSON", "no more"]);
    let keys: Vec<_> = report.objects.iter().map(|o| o.role.as_str()).collect();
    assert!(
        keys.contains(&"data") && keys.contains(&"format-conversion-failed"),
        "{keys:?}"
    );
}

/// Nothing here reads ORC.
#[tokio::test]
async fn what_became_rows_of_orc_is_shown_as_it_came() {
    let stream = stream(", format: {orc: {compression: zlib}}");
    let report = tried(&stream, b"{\"a\": 1}\n[]\n").await.unwrap();
    assert_eq!((report.outcomes.ok, report.outcomes.failed), (1, 1));
    assert_eq!(report.output, ["{\"a\": 1}"]);
    let data: Vec<_> = report.objects.iter().filter(|o| o.role == "data").collect();
    let [object] = data.as_slice() else {
        panic!("{report}");
    };
    assert!(object.key.ends_with(".orc"), "{object}");
    assert!(object.bytes > 0, "{object}");
}

#[tokio::test]
async fn an_inferred_schema_is_told_in_the_words_of_the_settings() {
    let stream = stream(", format: {parquet: {}}");
    let report = tried(&stream, b"{\"a\": 1, \"b\": [true]}\n")
        .await
        .unwrap();
    let columns: Vec<_> = report.schema.into_iter().flatten().collect();
    let columns: Vec<_> = columns
        .iter()
        .map(|c| format!("{}: {}", c.name, c.kind))
        .collect();
    assert_eq!(columns, ["a: int", "b: list<boolean>", "_rest: string"]);
}

/// Files of several seals, and no more of them shown than fit on a screen.
#[tokio::test]
async fn batches_close_at_their_size() {
    let stream = stream(", buffering: {size: 1MiB}");
    let line = [vec![b'x'; 100_000], vec![b'\n']].concat();
    let report = tried(&stream, &line.repeat(300)).await.unwrap();
    assert_eq!(report.outcomes.ok, 300);
    assert_eq!(report.objects.len(), 28, "11 records pass 1 MiB");
    let text = report.to_string();
    assert!(text.contains("and 8 more"), "{text}");
    assert!(text.len() < 20_000, "{} characters", text.len());
}

#[tokio::test]
async fn a_line_that_the_door_would_refuse_is_named() {
    let longest = vec![b'x'; MAX_RECORD];
    let fits = [&longest[..], b"\r\n"].concat();
    assert_eq!(tried(&stream(""), &fits).await.unwrap().outcomes.ok, 1);
    let input = [b"\nshort\n", &longest[..], b"x"].concat();
    let failure = tried(&stream(""), &input).await.unwrap_err();
    assert!(failure.message.contains("line 3"), "{failure}");
}

#[tokio::test]
async fn nothing_at_all_is_no_trouble() {
    let report = tried(&stream(""), b"").await.unwrap();
    assert_eq!((report.records, report.objects.len()), (0, 0));
}
