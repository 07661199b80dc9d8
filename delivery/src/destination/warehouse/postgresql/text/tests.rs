use super::super::UnknownColumns;
use super::super::columns::tests::columns;
use super::*;

/// The line of a record for the columns text, number, json.
fn line(record: &str, unknown: UnknownColumns) -> Result<String, NoRow> {
    let columns = columns(&["text", "number", "json"], unknown).unwrap();
    let mut out = Vec::new();
    let written = write(record.as_bytes(), &columns, &mut out);
    assert_eq!(written.is_err(), out.is_empty(), "all of it or nothing");
    written.map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn members_go_into_the_columns_of_their_names() {
    let cases = [
        (
            r#"{"text":"a","number":1,"json":{"b":[1,"x"]}}"#,
            "a\t1\t{\"b\":[1,\"x\"]}\n",
        ),
        (r#" { "number" : -1.50e3 } "#, "\\N\t-1.50e3\t\\N\n"),
        (r#"{}"#, "\\N\t\\N\t\\N\n"),
        (
            r#"{"text":null,"number":null,"json":null}"#,
            "\\N\t\\N\t\\N\n",
        ),
        (
            r#"{"text":true,"number":false,"json":true}"#,
            "true\tfalse\ttrue\n",
        ),
        // A text in a column of JSON keeps its quotes.
        (r#"{"text":"é","json":"é"}"#, "é\t\\N\t\"é\"\n"),
        // Objects and lists are JSON text elsewhere.
        (
            r#"{"text":[1, "a"],"number":{"a":{}}}"#,
            "[1, \"a\"]\t{\"a\":{}}\t\\N\n",
        ),
        // All digits of a number stay.
        (
            r#"{"number":12345678901234567890.10}"#,
            "\\N\t12345678901234567890.10\t\\N\n",
        ),
        // The last one of a name counts, however it is written.
        (r#"{"text":"a","\u0074ext":"b"}"#, "b\t\\N\t\\N\n"),
        // What would end a column or a line is escaped; so is what looks like null.
        (
            r#"{"text":"a\tb\nc\rd\\e"}"#,
            "a\\tb\\nc\\rd\\\\e\t\\N\t\\N\n",
        ),
        (
            r#"{"text":"\\N","json":"a\tb"}"#,
            "\\\\N\t\\N\t\"a\\\\tb\"\n",
        ),
        (r#"{"text":"\\."}"#, "\\\\.\t\\N\t\\N\n"),
        ("{\"json\":{\"a\":\n1}}", "\\N\t\\N\t{\"a\":\\n1}\n"),
        (r#"{"other":[{}],"text":""}"#, "\t\\N\t\\N\n"),
    ];
    for (record, expected) in cases {
        let found = line(record, UnknownColumns::Ignore);
        assert_eq!(found.as_deref(), Ok(expected), "{record}");
    }
}

#[test]
fn members_without_a_column_go_where_the_settings_say() {
    let record = r#"{"text":"a","b":{"c":1},"d\n":"e"}"#;
    let ignored = line(record, UnknownColumns::Ignore);
    assert_eq!(ignored.as_deref(), Ok("a\t\\N\t\\N\n"));
    let refused = line(record, UnknownColumns::Refuse);
    assert_eq!(refused, Err(NoRow::Unknown("b".to_owned())));
    let side = || UnknownColumns::Column("json".to_owned());
    let expected = "a\t\\N\t{\"b\":{\"c\":1},\"d\\\\n\":\"e\"}\n";
    assert_eq!(line(record, side()).as_deref(), Ok(expected));
    // A member of the side column's own name is one of them.
    let own = line(r#"{"json":1}"#, side());
    assert_eq!(own.as_deref(), Ok("\\N\t\\N\t{\"json\":1}\n"));
    assert_eq!(line("{}", side()).as_deref(), Ok("\\N\t\\N\t\\N\n"));
}

#[test]
fn what_is_no_object_is_no_row() {
    let cases = [
        "",
        "5",
        "[{}]",
        "\"{}\"",
        "null",
        "{",
        r#"{"a":}"#,
        r#"{"text":1}x"#,
        "{}{}",
    ];
    for record in cases {
        let why = line(record, UnknownColumns::Ignore).unwrap_err();
        assert_eq!(why.code(), "PostgreSQL.MalformedData", "{record}");
    }
    let half = line(r#"{"text":"\ud800"}"#, UnknownColumns::Ignore);
    assert_eq!(half, Err(NoRow::HalfCharacter("text".to_owned())));
    let columns = columns(&[], UnknownColumns::Ignore).unwrap();
    let latin = write(b"{\"text\":\"\xe9\"}", &columns, &mut Vec::new());
    assert_eq!(latin, Err(NoRow::Encoding));
}
