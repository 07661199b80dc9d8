use super::super::storing::Encryption;
use super::*;

fn place(path_style: bool) -> Place {
    Place {
        endpoint: Some("http://s3.local:9000".into()),
        bucket: "logs".into(),
        region: "us-east-1".into(),
        path_style,
        access: Some(Access {
            key_id: "standpipe".into(),
            secret: SecretSource::Env("MINIO_SECRET".into()),
        }),
        storing: Storing::default(),
    }
}

/// Rule 16: how objects are stored is part of where they go, and a key is kept by reference.
#[test]
fn how_objects_are_stored_is_kept() {
    let mut stored = place(true);
    stored.storing = Storing {
        encryption: Some(Encryption::Customer(SecretSource::Env("KEY".into()))),
        class: Some("STANDARD_IA".into()),
        tags: [("team".to_owned(), "web".to_owned())].into(),
        checksum: true,
    };
    let target = crate::destination::Target::S3(stored);
    let kept = serde_json::to_string(&target).unwrap();
    let expected = r#""storing":{"encryption":{"customer":{"env":"KEY"}},"class":"STANDARD_IA","tags":{"team":"web"},"checksum":true}}"#;
    assert!(kept.ends_with(expected), "{kept}");
    let read: crate::destination::Target = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, target);
    let plain = crate::destination::Target::S3(place(true));
    assert!(read.is_place(&plain) && !read.stores_as(&plain));
}

#[test]
fn a_customer_key_of_another_length_halts() {
    let mut stored = place(true);
    stored.access = None;
    stored.storing.encryption = Some(Encryption::Customer(SecretSource::Env("PATH".into())));
    let failure = stored.connect(0).unwrap_err();
    assert!(
        failure.message.contains("does not hold 32 bytes in base64"),
        "{failure}"
    );
}

#[test]
fn the_bucket_stands_in_the_path_or_in_the_host() {
    assert_eq!(
        place(true).address("http://s3.local:9000"),
        "http://s3.local:9000"
    );
    assert_eq!(
        place(false).address("http://s3.local:9000"),
        "http://logs.s3.local:9000"
    );
}

/// Rule 16: a checkpoint names the place and whose key it is, by reference.
#[test]
fn what_is_kept_is_a_reference_and_no_secret() {
    let kept = serde_json::to_string(&crate::destination::Target::S3(place(true))).unwrap();
    assert_eq!(
        kept,
        r#"{"kind":"s3","endpoint":"http://s3.local:9000","bucket":"logs","region":"us-east-1","path_style":true,"access":{"key_id":"standpipe","secret":{"env":"MINIO_SECRET"}}}"#
    );
    let read: crate::destination::Target = serde_json::from_str(&kept).unwrap();
    assert_eq!(read, crate::destination::Target::S3(place(true)));
}

#[test]
fn a_secret_that_is_gone_halts_and_is_named() {
    let Err(failure) = place(true).connect(0) else {
        panic!("the variable is not set");
    };
    assert!(failure.message.contains("MINIO_SECRET"), "{failure}");
}
