//! The tree and its places, the tables' suggestions, and text for YAML.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Node {
    Node::parse(text).unwrap()
}

fn wrong(text: &str) -> String {
    let problems = Document::parse(text, "f.yaml", Path::new("/")).unwrap_err();
    problems.to_string()
}

/// Each node on a line of its own: place, text, `T` where YAML sees more than text in it.
fn show(node: &Node) -> Vec<String> {
    let at = format!("{}:{}", node.place.line, node.place.column);
    match &node.value {
        Value::Null => vec![format!("{at} ~")],
        Value::Scalar(scalar) => {
            let typed = if scalar.typed { " T" } else { "" };
            vec![format!("{at} {:?}{typed}", scalar.text)]
        }
        Value::List(list) => list.iter().flat_map(show).collect(),
        Value::Map(pairs) => pairs
            .iter()
            .flat_map(|(key, value)| [show(key), show(value)].concat())
            .collect(),
    }
}

#[test]
fn scalars_keep_their_text_and_their_place() {
    let text = "a: 0123 # c\nü: 'x'\n\"c\": [1e3, true , ~, yes, \"5\", '']\nd:\n  e: 0x10\n  f: abc\n    def\n  g:\n";
    let expected = [
        r#"1:1 "a""#,
        r#"1:4 "0123" T"#,
        r#"2:1 "ü""#,
        r#"2:4 "x""#,
        r#"3:1 "c""#,
        r#"3:7 "1e3" T"#,
        r#"3:12 "true" T"#,
        "3:19 ~",
        r#"3:22 "yes""#,
        r#"3:27 "5""#,
        r#"3:32 """#,
        r#"4:1 "d""#,
        r#"5:3 "e""#,
        r#"5:6 "0x10" T"#,
        r#"6:3 "f""#,
        r#"6:6 "abc def""#,
        r#"8:3 "g""#,
        "8:4 ~",
    ];
    assert_eq!(show(&parse(text)), expected);
}

#[test]
fn places_count_bytes_too() {
    let text = "ü: é\nb: 12\n";
    let Value::Map(pairs) = parse(text).value else {
        panic!("a mapping");
    };
    let place = pairs[1].1.place;
    assert_eq!(&text[place.start..place.end], "12");
}

/// An alias stands where it is used; its text is that of its definition.
#[test]
fn aliases_and_merges_stand_where_they_are_used() {
    let text = "x: &d {a: 007}\ny:\n  <<: *d\n  b: *d\n";
    let shown = show(&parse(text));
    assert_eq!(shown[..3], [r#"1:1 "x""#, r#"1:8 "a""#, r#"1:11 "007" T"#]);
    assert!(shown.contains(&r#"3:7 "007" T"#.to_owned()), "{shown:?}");
    assert!(shown.contains(&r#"4:6 "007" T"#.to_owned()), "{shown:?}");
}

#[test]
fn what_is_no_yaml_is_said_with_its_place() {
    let duplicate = "f.yaml:3:1: the key \"a\" is there twice";
    assert_eq!(wrong("a: 1\nb: 2\na: 3\n"), duplicate);
    assert_eq!(
        wrong("a: 1\n---\nb: 2\n"),
        "f.yaml:3:1: more than one document"
    );
    assert!(wrong("a: b: c").starts_with("f.yaml:1:5: "));
    assert!(wrong("a: *b").starts_with("f.yaml:1:4: "));
    assert!(wrong("a: \"open\nb: 1").starts_with("f.yaml:"));
}

#[test]
fn a_byte_order_mark_moves_no_column() {
    let document = Document::parse("\u{feff}a: 5\n", "f", Path::new("/")).unwrap();
    let entries = document.root().entries().unwrap();
    entries[0].1.flag();
    let (problems, _) = document.finish();
    assert!(problems[0].to_string().starts_with("f:1:4: a: found 5"));
}

static COLOURS: Table = Table {
    path: "",
    keys: &[
        Key::new("buffering", "", "none", "anything"),
        Key::new("data_dir", "", "none", "anything"),
        Key::later("tls", ""),
    ],
};

#[test]
fn the_nearest_name_is_suggested_only_if_it_is_near() {
    for (wrong, nearest) in [
        ("bufering", Some("buffering")),
        ("bufefring", Some("buffering")),
        ("datadir", Some("data_dir")),
        ("data-dir", Some("data_dir")),
        ("DATA_DIR", Some("data_dir")),
        ("tsl", Some("tls")),
        ("colour", None),
        ("", None),
    ] {
        assert_eq!(COLOURS.nearest(wrong), nearest, "{wrong}");
    }
    assert_eq!(COLOURS.names(), "buffering, data_dir");
}

#[test]
fn problems_are_in_the_order_of_the_file() {
    let document = Document::parse("b: 1\na: [2]\n", "f", Path::new("/")).unwrap();
    let root = document.root();
    let entries = root.entries().unwrap();
    entries[1].1.flag();
    entries[0].1.flag();
    let (problems, _) = document.finish();
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "f:1:4: b: found 1, allowed is true or false",
            "f:2:4: a: found a list, allowed is true or false"
        ]
    );
}

#[test]
fn a_key_that_is_no_text_is_unknown() {
    let document = Document::parse("? [1]\n: 2\n", "f", Path::new("/")).unwrap();
    document.root().fields(&COLOURS);
    let (problems, _) = document.finish();
    assert!(problems[0].message.contains("is no known key; allowed are"));
}

proptest! {
    #[test]
    fn quoted_text_reads_back(text in any::<String>()) {
        let node = parse(&format!("[{}]", quoted(&text)));
        let scalar = Value::Scalar(Scalar { text, typed: false });
        let Value::List(list) = node.value else { panic!("a list") };
        prop_assert_eq!(&list[0].value, &scalar);
    }

    #[test]
    fn any_text_is_a_tree_or_an_error(text in "[ a-c:\\[\\]{},'\"\n&*!|>#?0-9-]{0,60}") {
        let _ = Document::parse(&text, "f", Path::new("/"));
    }
}
