//! Calls, over a socket.

use std::io::Write as _;

use serde_json::Value;
use standpipe_config::frame::{Encoder, Frame, Range};
use standpipe_config::names::{AgentId, SourceId};
use standpipe_config::records::{Builder, Record};
use standpipe_config::secret::{Secret, SecretSource};

use super::stand_in::{Says, StandIn, says};
use super::*;

fn parcel(count: usize) -> Parcel {
    let mut builder = Builder::default();
    for number in 0..count {
        builder.push(Record {
            bytes: number.to_string().as_bytes(),
            part: None,
            unterminated: false,
        });
    }
    let range = Range {
        source: SourceId([7; 16]),
        epoch: 0,
        start: 0,
        end: 1,
        committed: 0,
        tail: None,
    };
    let mut encoder = Encoder::new(AgentId([1; 16]));
    encoder.push(&Frame::Records(range, builder.finish()));
    Parcel::new(encoder.finish().into()).unwrap()
}

fn firehose(url: &str) -> Firehose {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"secret").unwrap();
    let secret = Secret::read(SecretSource::File(file.path().to_owned())).unwrap();
    Firehose::new(&agent::Firehose {
        endpoint: url.to_owned(),
        region: "eu-central-1".to_owned(),
        key: Some(("AKIDEXAMPLE".to_owned(), secret)),
        ca: None,
    })
    .unwrap()
}

/// An answer about so many records, of which these failed.
fn taken(count: usize, failed: &[usize]) -> Says {
    let each: Vec<&str> = (0..count)
        .map(|place| match failed.contains(&place) {
            true => r#"{"ErrorCode":"ServiceUnavailableException","ErrorMessage":"Slow down."}"#,
            false => r#"{"RecordId":"x"}"#,
        })
        .collect();
    says(
        200,
        &format!(
            r#"{{"FailedPutCount":{},"Encrypted":false,"RequestResponses":[{}]}}"#,
            failed.len(),
            each.join(",")
        ),
    )
}

/// The records of each call, as numbers.
fn calls(server: &StandIn) -> Vec<Vec<usize>> {
    let numbers = |body: Vec<u8>| {
        let body: Value = serde_json::from_slice(&body).unwrap();
        let records = body["Records"].as_array().unwrap().iter();
        let number = |record: &Value| {
            let data = base64_simd::STANDARD.decode_to_vec(record["Data"].as_str().unwrap());
            String::from_utf8(data.unwrap())
                .unwrap()
                .trim()
                .parse()
                .unwrap()
        };
        records.map(number).collect()
    };
    server
        .asked()
        .into_iter()
        .map(|(_, body)| numbers(body))
        .collect()
}

#[tokio::test]
async fn only_what_failed_is_sent_again() {
    let server = StandIn::saying([taken(4, &[1, 3]), taken(2, &[0]), taken(1, &[])]);
    let (firehose, stream) = (firehose(&server.url), "web".parse().unwrap());
    let mut parcel = parcel(4);
    for left in [2, 1] {
        let trouble = firehose.send(&stream, &mut parcel).await.unwrap_err();
        assert!(trouble.to_string().contains("Slow down."), "{trouble}");
        assert_eq!(parcel.left(), left);
    }
    let reply = firehose.send(&stream, &mut parcel).await.unwrap();
    assert_eq!(reply.answers.len(), 1);
    assert_eq!(calls(&server), [vec![0, 1, 2, 3], vec![1, 3], vec![1]]);
    let head = &server.asked()[0].0;
    for part in [
        "post / http/1.1\r\n",
        "x-amz-target: firehose_20150804.putrecordbatch\r\n",
        "content-type: application/x-amz-json-1.1\r\n",
        "authorization: aws4-hmac-sha256 credential=akidexample/",
        "/eu-central-1/firehose/aws4_request, signedheaders=content-type;host;x-amz-date;x-amz-target, signature=",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
}

#[tokio::test]
async fn a_refusal_or_a_lost_reply_takes_nothing_off() {
    let server = StandIn::saying([
        says(
            503,
            r#"{"__type":"ServiceUnavailableException","message":"Slow down."}"#,
        ),
        None,
        says(
            400,
            r#"{"__type":"ResourceNotFoundException","message":"Firehose web not found."}"#,
        ),
        taken(2, &[]),
    ]);
    let (firehose, stream) = (firehose(&server.url), "web".parse().unwrap());
    let mut parcel = parcel(2);
    let mut fails = async || firehose.send(&stream, &mut parcel).await.unwrap_err();
    assert!(matches!(fails().await, Trouble::Passing { .. }));
    assert!(matches!(fails().await, Trouble::Passing { .. }));
    assert!(matches!(fails().await, Trouble::Operator(_)));
    firehose.send(&stream, &mut parcel).await.unwrap();
    assert_eq!(calls(&server), [[0, 1]; 4]);
}

#[test]
fn the_host_is_signed_as_it_is_sent() {
    for (url, expected) in [
        (
            "https://firehose.eu-central-1.amazonaws.com",
            "firehose.eu-central-1.amazonaws.com",
        ),
        ("http://127.0.0.1:4573", "127.0.0.1:4573"),
        ("http://[::1]:4573", "[::1]:4573"),
        ("https://h:443", "h"),
    ] {
        assert_eq!(host(&Url::parse(url).unwrap()), expected);
    }
}
