use super::*;

/// The documented options, and what they say of the objects.
#[test]
fn documented_options_are_taken_as_they_are() {
    let lines = CopyReads::Plain;
    let gzip = CopyReads::Gzip;
    let cases = [
        ("", lines),
        ("JSON 'auto'", lines),
        ("json as 'auto ignorecase' gzip", gzip),
        ("FORMAT AS JSON 's3://lake/paths.json' GZIP", gzip),
        ("FORMAT JSON 'noshred' ZSTD", CopyReads::Zstd),
        ("FORMAT AS PARQUET", CopyReads::Parquet),
        ("PARQUET STATUPDATE OFF ACCEPTINVCHARS", CopyReads::Parquet),
        (
            "FORMAT CSV QUOTE AS '%' DELIMITER AS ';' NULL AS '\\000'",
            lines,
        ),
        (
            "DELIMITER '|' ESCAPE REMOVEQUOTES EMPTYASNULL BLANKSASNULL",
            lines,
        ),
        ("fixedwidth 'id:8,name:40' TRIMBLANKS FILLRECORD", lines),
        ("delimiter '\\t' null 'it''s MANIFEST FROM' gzip", gzip),
        (
            "JSON 'auto' TIMEFORMAT AS 'epochmillisecs' DATEFORMAT 'auto'",
            lines,
        ),
        (
            "JSON 'auto' REGION AS 'eu-west-1' COMPUPDATE OFF STATUPDATE ON",
            lines,
        ),
        (
            "JSON 'auto' ACCEPTANYDATE ACCEPTINVCHARS AS '?' TRUNCATECOLUMNS",
            lines,
        ),
        (
            "JSON 'auto' ROUNDEC EXPLICIT_IDS IGNOREBLANKLINES COMPROWS 1000",
            lines,
        ),
        ("JSON 'auto'\n  ENCODING UTF8", lines),
    ];
    for (text, reads) in cases {
        let found = CopyOptions::parse(text);
        assert_eq!(found.as_ref().map(CopyOptions::reads), Ok(reads), "{text}");
    }
    let text = "JSON 'auto' NULL '  '\n  GZIP\n";
    let found = CopyOptions::parse(text).unwrap();
    assert_eq!(found.to_string(), text.trim(), "to the letter");
}

#[test]
fn what_contradicts_is_refused_and_not_repeated() {
    let cases = [
        ("FROM 's3://hunter2/b' JSON 'auto'", "found FROM"),
        ("json 'auto' manifest", "found MANIFEST"),
        ("CREDENTIALS 'aws_iam_role=hunter2'", "found CREDENTIALS"),
        ("with credentials as 'hunter2'", "found CREDENTIALS"),
        ("IAM_ROLE 'hunter2'", "found IAM_ROLE"),
        (
            "access_key_id 'a' secret_access_key 'hunter2'",
            "found ACCESS_KEY_ID",
        ),
        ("SESSION_TOKEN 'hunter2'", "found SESSION_TOKEN"),
        (
            "MASTER_SYMMETRIC_KEY 'hunter2' ENCRYPTED",
            "found ENCRYPTED",
        ),
        ("JSON 'auto' MAXERROR 10", "found MAXERROR"),
        ("JSON 'auto' IGNOREALLERRORS", "found IGNOREALLERRORS"),
        ("CSV IGNOREHEADER 1", "found IGNOREHEADER"),
        ("CSV NOLOAD", "found NOLOAD"),
        ("FORMAT ORC", "found ORC"),
        ("FORMAT AVRO 'auto'", "found AVRO"),
        ("JSON 'auto' BZIP2", "found BZIP2"),
        ("CSV JSON 'auto'", "found CSV and JSON"),
        (
            "DELIMITER '|' FIXEDWIDTH 'a:1'",
            "found DELIMITER and FIXEDWIDTH",
        ),
        ("JSON 'auto' GZIP ZSTD", "found GZIP and ZSTD"),
        ("FORMAT PARQUET GZIP", "found PARQUET and GZIP"),
        ("JSON 'auto'; DROP TABLE web", "found ';' outside of quotes"),
        ("JSON 'auto' -- hunter2", "found a comment"),
        ("JSON 'auto' /* hunter2 */", "found a comment"),
        ("JSON 'auto", "a quote that does not end"),
        ("NULL '\\'", "a quote that does not end"),
        ("NULL '\u{1}'", "a control character"),
    ];
    for (text, part) in cases {
        let said = CopyOptions::parse(text).unwrap_err();
        assert!(said.contains(part), "{text}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
