use super::*;

const COLUMNS: &str = r#""Columns": [{"Name": "ts", "Type": "timestamp", "Comment": "c"},
    {"Name": "n", "Type": "int"}, {"Name": "tags", "Type": "array<string>"}], "Location": "s3://x/""#;

#[test]
fn a_table_is_read_however_it_was_printed() {
    let storage = format!("\"StorageDescriptor\": {{{COLUMNS}}}");
    let partitions = r#""PartitionKeys": [{"Name": "day", "Type": "date"}]"#;
    for text in [
        format!("{{\"Table\": {{\"Name\": \"t\", {storage}, {partitions}}}}}"),
        format!("{{\"TableInput\": {{{storage}}}}}"),
        format!("{{{storage}, {partitions}}}"),
        format!("{{{COLUMNS}}}"),
    ] {
        let columns = columns(&text).unwrap();
        let columns: Vec<_> = columns
            .iter()
            .map(|c| format!("{} {}", c.name, c.kind))
            .collect();
        assert_eq!(
            columns,
            ["ts timestamp", "n int32", "tags list<string>"],
            "{text}"
        );
    }
}

#[test]
fn what_is_no_table_says_why() {
    for (text, part) in [
        ("7", "invalid type"),
        ("{}", "no StorageDescriptor.Columns"),
        (r#"{"Columns": []}"#, "no columns"),
        (
            r#"{"Columns": [{"Name": "a", "Type": "binary"}]}"#,
            "column a: \"binary\" is no column type",
        ),
        (
            r#"{"Columns": [{"Name": "a", "Type": "int"}, {"Name": "a", "Type": "int"}]}"#,
            "twice",
        ),
    ] {
        let why = columns(text).unwrap_err();
        assert!(why.contains(part), "{text}: {why}");
    }
}
