use standpipe_config::settings::delivery::{CopyOptions, CopyReads, Destination, read_stream};

use super::*;

/// A place into `table` with these columns and options.
fn place(table: &str, columns: &str, options: &str) -> Place {
    let format = match CopyOptions::parse(options).unwrap().reads() {
        CopyReads::Parquet => "parquet: {schema: [{name: a, type: int}]}",
        CopyReads::Gzip => "raw: {compression: gzip}",
        _ => "raw: {}",
    };
    let text = format!(
        "s: {{format: {{{format}}}, destination: {{redshift: {{url: \"redshift://u@localhost/d\", table: '{table}'{columns}, copy_options: \"{options}\", iam_role: default, staging: {{s3: {{bucket: lake}}}}}}}}}}"
    );
    match read_stream(&text).unwrap().destination {
        Destination::Redshift(found) => Place::of(&found),
        other => panic!("{other:?}"),
    }
}

fn role() -> Credentials {
    Credentials::Role("arn:aws:iam::111122223333:role/fh".to_owned())
}

/// As Firehose writes it, with names to the letter; options stand behind MANIFEST as they are.
#[test]
fn the_statement_is_the_one_that_redshift_documents() {
    let from = "FROM 's3://lake/manifests/k' IAM_ROLE 'arn:aws:iam::111122223333:role/fh' MANIFEST";
    let cases = [
        (
            "web",
            "",
            "JSON 'auto'",
            format!("COPY \"web\" {from} JSON 'auto'"),
        ),
        (
            "public.web",
            ", columns: [id, Total]",
            "json as 'auto ignorecase' GZIP",
            format!(
                "COPY \"public\".\"web\" (\"id\", \"Total\") {from} json as 'auto ignorecase' GZIP"
            ),
        ),
        (
            "web",
            ", columns: [a]",
            "FORMAT AS PARQUET",
            format!("COPY \"web\" (\"a\") {from} FORMAT AS PARQUET"),
        ),
        ("web", "", "", format!("COPY \"web\" {from}")),
        (
            "web",
            "",
            "FORMAT CSV QUOTE AS '%' NULL AS '-' ACCEPTINVCHARS TIMEFORMAT 'auto' REGION 'eu-west-1'",
            format!(
                "COPY \"web\" {from} FORMAT CSV QUOTE AS '%' NULL AS '-' ACCEPTINVCHARS TIMEFORMAT 'auto' REGION 'eu-west-1'"
            ),
        ),
    ];
    for (table, columns, options, expected) in cases {
        let place = place(table, columns, options);
        let found = statement(&place, &role(), "s3://lake/manifests/k");
        assert_eq!(found, expected);
    }
}

#[test]
fn credentials_are_said_in_the_form_that_all_formats_take() {
    let place = place("web", "", "JSON 'auto'");
    let cases = [
        (Credentials::Role("default".to_owned()), "IAM_ROLE default"),
        (role(), "IAM_ROLE 'arn:aws:iam::111122223333:role/fh'"),
        (
            Credentials::Key {
                id: "AKID".to_owned(),
                secret: "a/b+c'd".to_owned(),
            },
            "CREDENTIALS 'aws_access_key_id=AKID;aws_secret_access_key=a/b+c''d'",
        ),
    ];
    for (credentials, expected) in cases {
        let found = statement(&place, &credentials, "s3://lake/it's");
        let expected =
            format!("COPY \"web\" FROM 's3://lake/it''s' {expected} MANIFEST JSON 'auto'");
        assert_eq!(found, expected);
    }
}

#[test]
fn a_manifest_names_each_object_with_its_length() {
    let piece = |key: &str, size| Piece {
        key: key.to_owned(),
        size,
    };
    let pieces = [piece("a/1.parquet", 5_956_875), piece("b \"c\"", 0)];
    let found = manifest(&pieces, |key| format!("s3://lake/{key}")).unwrap();
    let expected = r#"{"entries":[{"url":"s3://lake/a/1.parquet","mandatory":true,"meta":{"content_length":5956875}},{"url":"s3://lake/b \"c\"","mandatory":true,"meta":{"content_length":0}}]}"#;
    assert_eq!(String::from_utf8(found).unwrap(), expected);
}
