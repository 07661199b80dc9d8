use std::time::Duration;

use super::super::super::{read_stream, write_stream};
use super::*;

const PLACE: &str = "url: \"redshift://u@127.0.0.1/d\", table: public.web";
const STAGED: &str = "staging: {s3: {bucket: lake, endpoint: \"http://127.0.0.1:9000\"}}";
const ROLE: &str = "iam_role: \"arn:aws:iam::111122223333:role/load\"";

/// Reads a stream with this format and this Redshift destination.
fn read(format: &str, written: &str) -> Result<RedshiftDestination, Vec<String>> {
    let format = match format {
        "" => String::new(),
        format => format!("format: {{{format}}}, "),
    };
    let text = format!("s: {{{format}destination: {{redshift: {{{written}}}}}}}");
    let said = |problem: &crate::yaml::Problem| problem.to_string();
    let stream = read_stream(&text).map_err(|p| p.0.iter().map(said).collect::<Vec<_>>())?;
    let again = read_stream(&write_stream(&stream));
    assert_eq!(again.as_ref(), Ok(&stream), "{}", write_stream(&stream));
    match stream.destination {
        Destination::Redshift(found) => Ok(*found),
        other => panic!("{other:?}"),
    }
}

fn usual(more: &str) -> Result<RedshiftDestination, Vec<String>> {
    read("", &format!("{PLACE}, {STAGED}, {ROLE}{more}"))
}

#[test]
fn a_cluster_has_defaults_for_all_but_its_place() {
    let found = usual("").unwrap();
    assert_eq!(found.loading.server.port, 5439);
    assert_eq!(found.loading.retry, Duration::from_secs(3600));
    assert_eq!(found.options.to_string(), "JSON 'auto'");
    let role = "arn:aws:iam::111122223333:role/load".to_owned();
    assert_eq!(found.access, CopyAccess::Role(role));
    let errors = "errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/";
    assert_eq!(found.staging.error_output_prefix.as_str(), Some(errors));
    // Failed records go where objects are staged, and there is no copy of all.
    assert_eq!(*found.backup, Destination::S3(found.staging.clone()));
    let destination = Destination::Redshift(Box::new(found));
    assert_eq!(destination.error_output_prefix().as_str(), Some(errors));
    assert_eq!(destination.backup(), None);
}

#[test]
fn failed_records_and_copies_go_where_a_backup_is_named() {
    let found = usual(", backup: {file: {path: /failed}}, backup_mode: all").unwrap();
    let destination = Destination::Redshift(Box::new(found));
    assert!(matches!(destination.errors(), Destination::File(_)));
    assert!(matches!(destination.backup(), Some(Destination::File(_))));
}

#[test]
fn what_is_wrong_with_a_cluster_is_said_where_it_stands() {
    let key = "access_key_id: a, secret_access_key: {env: PATH}";
    let cases = [
        (format!("{PLACE}, {STAGED}"), "iam_role: is missing"),
        (format!("{PLACE}, {ROLE}"), "staging: is missing"),
        (
            format!("{PLACE}, {STAGED}, {ROLE}, {key}"),
            "conflict: found iam_role and access_key_id",
        ),
        (
            format!("{PLACE}, {STAGED}, iam_role: \"hunter2\""),
            "iam_role: is no role",
        ),
        (
            format!("{PLACE}, {STAGED}, iam_role: \"arn:hunter2' FROM\""),
            "iam_role: is no role",
        ),
        (
            format!("{PLACE}, {STAGED}, access_key_id: a"),
            "secret_access_key: is missing",
        ),
        (
            format!("{PLACE}, staging: {{}}, {ROLE}"),
            "staging: is missing: one of s3",
        ),
        (
            format!("{PLACE}, {STAGED}, {ROLE}, backup_mode: all"),
            "backup: is missing",
        ),
        (
            format!(
                "{PLACE}, {STAGED}, {ROLE}, copy_options: \"JSON 'auto' CREDENTIALS 'hunter2'\""
            ),
            "copy_options: found CREDENTIALS",
        ),
    ];
    for (written, part) in cases {
        let problems = read("", &written).unwrap_err();
        assert_eq!(problems.len(), 1, "{written}: {problems:?}");
        assert!(problems[0].contains(part), "{written}: {problems:?}");
        assert!(!problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn copy_must_take_objects_for_what_they_are() {
    let parquet = "parquet: {schema: [{name: id, type: int}, {name: name, type: string}]}";
    let of_parquet = ", copy_options: FORMAT AS PARQUET";
    let fits = [
        ("", ""),
        (
            "raw: {compression: gzip}",
            ", copy_options: \"JSON 'auto' GZIP\"",
        ),
        ("raw: {compression: zstd}", ", copy_options: CSV ZSTD"),
        (parquet, of_parquet),
        (parquet, ", copy_options: PARQUET, columns: [id, name]"),
    ];
    for (format, options) in fits {
        let found = read(format, &format!("{PLACE}, {STAGED}, {ROLE}{options}"));
        assert!(found.is_ok(), "{format}{options}: {found:?}");
    }
    let conflicts = [
        (
            "",
            ", copy_options: \"JSON 'auto' GZIP\"",
            "raw with delimiter newline",
        ),
        ("raw: {compression: gzip}", "", "raw with delimiter newline"),
        ("raw: {delimiter: none}", "", "raw with delimiter newline"),
        ("", of_parquet, "copy_options say PARQUET"),
        (parquet, "", "must say FORMAT AS PARQUET"),
        ("orc: {}", "", "redshift takes lines or Parquet"),
        ("parquet: {}", of_parquet, "declare the schema"),
        (
            parquet,
            ", copy_options: PARQUET, columns: [id]",
            "the schema has 2 columns",
        ),
    ];
    for (format, options, part) in conflicts {
        let written = format!("{PLACE}, {STAGED}, {ROLE}{options}");
        let problems = read(format, &written).unwrap_err();
        assert_eq!(problems.len(), 1, "{format}{options}: {problems:?}");
        assert!(problems[0].contains("conflict"), "{problems:?}");
        assert!(
            problems[0].contains(part),
            "{format}{options}: {problems:?}"
        );
    }
}
