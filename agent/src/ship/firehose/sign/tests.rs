//! Held against signatures that botocore makes of the same requests.

use super::*;

fn signature(token: Option<&str>) -> String {
    let time = "20261121T101500Z";
    let mut headers = vec![
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("host", "firehose.eu-central-1.amazonaws.com".to_owned()),
        ("x-amz-date", time.to_owned()),
    ];
    headers.extend(token.map(|token| ("x-amz-security-token", token.to_owned())));
    let target = "Firehose_20150804.PutRecordBatch".to_owned();
    headers.push(("x-amz-target", target));
    let request = Request {
        path: "/",
        headers: &headers,
        body: br#"{"DeliveryStreamName":"web","Records":[{"Data":"YQo="}]}"#,
        time,
    };
    let keys = Keys {
        id: "AKIDEXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        token: token.map(str::to_owned),
    };
    authorization(&request, &keys, "eu-central-1")
}

#[test]
fn botocore_signs_the_same() {
    assert_eq!(
        signature(None),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-central-1/firehose/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=c0101a1f26727a784b8d71a2ae8b7d4eda42f306a3474cf12cb29878e7dc823c"
    );
    assert_eq!(
        signature(Some("SESSION/token+1=")),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261121/eu-central-1/firehose/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=c2a9c391d1c310d5b34469905961837c61fa03465d48817b1f96089c3b097c1a"
    );
}
