use super::*;

/// As AWS answers: the prefix finds neighbours too, and names are escaped.
#[test]
fn only_uploads_of_just_the_key_are_ours() {
    let listed = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Bucket>logs</Bucket><KeyMarker/><Prefix>web/a&amp;b</Prefix><IsTruncated>false</IsTruncated>
  <Upload><Key>web/a&amp;b</Key><UploadId>one</UploadId><StorageClass>STANDARD</StorageClass></Upload>
  <CommonPrefixes><Prefix>x</Prefix></CommonPrefixes>
  <Upload><Key>web/a&amp;b.parquet</Key><UploadId>another's</UploadId></Upload>
  <Upload><Initiated>2026-11-21T10:30:05.000Z</Initiated><UploadId>two</UploadId><Key>web/a&amp;b</Key></Upload>
</ListMultipartUploadsResult>"#;
    assert_eq!(of_key(listed, "web/a&b").unwrap(), ["one", "two"]);
    assert_eq!(of_key(listed, "web/").unwrap(), [""; 0]);
}

#[test]
fn an_empty_list_and_no_list_are_told_apart() {
    let empty = "<ListMultipartUploadsResult><Bucket>b</Bucket></ListMultipartUploadsResult>";
    assert_eq!(of_key(empty, "k").unwrap(), [""; 0]);
    assert!(of_key("<html><body>busy", "k").is_err());
}
