use proptest::prelude::*;

use super::*;

fn check(text: &str) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(text);
    scanner.raw_value()?;
    match scanner.is_at_end() {
        true => Ok(()),
        false => Err(scanner.wrong(Why::NoValue)),
    }
}

fn why(text: &str) -> Why {
    check(text).unwrap_err().why
}

/// JSON, built from pieces that are rarely right together.
fn almost_json() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"\\n\"",
        "\"\\u00e9\"",
        "\"\\x\"",
        "\"\\ud83d\\ude00\"",
        "\"é\"",
        "1",
        "-",
        "0",
        "01",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "1e",
        "-0",
        "+",
        "E",
        "true",
        "tru",
        "false",
        "null",
        " ",
        "\n",
        "\t",
        "\u{a0}",
        "\u{1}",
        "\\",
        "/",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (-1000..1000_i64).prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 30, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map("[a-e_\"\\\\é]{0,2}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn it_takes_what_serde_json_takes(text in almost_json()) {
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn damaged_json_is_judged_as_serde_json_judges_it(value in any_json(), at: usize, with: char) {
        let mut text: Vec<char> = value.to_string().chars().collect();
        let at = at % (text.len() + 1);
        match with {
            '\0' => text.truncate(at),
            with if at < text.len() => text[at] = with,
            with => text.push(with),
        }
        let text: String = text.into_iter().collect();
        let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        prop_assert_eq!(check(&text).is_ok(), theirs, "{}", text);
    }

    #[test]
    fn it_reads_what_serde_json_writes(value in any_json(), pretty: bool) {
        let text = match pretty {
            true => serde_json::to_string_pretty(&value).unwrap(),
            false => value.to_string(),
        };
        let mut scanner = Scanner::new(&text);
        prop_assert_eq!(rebuild(&mut scanner), value);
        prop_assert!(scanner.is_at_end());
    }
}

fn rebuild(scanner: &mut Scanner<'_>) -> serde_json::Value {
    let mut first = true;
    match scanner.value().unwrap() {
        Token::Null => serde_json::Value::Null,
        Token::Boolean(value) => value.into(),
        Token::Number(text) => match number::is_integral(text) {
            true => text.parse::<i64>().unwrap().into(),
            false => text.parse::<f64>().unwrap().into(),
        },
        Token::Text(text) => text.decode().unwrap().into(),
        Token::List => {
            let mut list = Vec::new();
            while scanner.next_element(&mut first).unwrap() {
                list.push(rebuild(scanner));
            }
            list.into()
        }
        Token::Object => {
            let mut map = serde_json::Map::new();
            while let Some(key) = scanner.next_key(&mut first).unwrap() {
                map.insert(key.decode().unwrap().into_owned(), rebuild(scanner));
            }
            map.into()
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    assert_eq!(
        check(r#"{"a":1,"b" 2}"#).unwrap_err().to_string(),
        "A colon is expected at byte 11"
    );
    assert_eq!(why(r#"{"a":1,"#), Why::Ends);
    assert_eq!(why(r#"{"a":1,}"#), Why::NoKey);
    assert_eq!(why(r#"{"a":1 "b":2}"#), Why::ObjectGoesOn);
    assert_eq!(why("[1 2]"), Why::ListGoesOn);
    assert_eq!(why("[1,]"), Why::NoValue);
    assert_eq!(why("-x"), Why::Number);
    assert_eq!(why(r#""\x""#), Why::Escape);
    assert_eq!(why(r#""\u12g4""#), Why::Escape);
    assert_eq!(why("\"a\u{1f}\""), Why::Control);
    assert_eq!(why(r#""\u12"#), Why::Ends);
}

#[test]
fn nesting_has_a_limit_that_no_stack_feels() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(check(&nested(128)), Ok(()));
    assert_eq!(why(&nested(129)), Why::TooDeep);
    assert_eq!(why(&"[".repeat(1_000_000)), Why::TooDeep);
    assert_eq!(why(&r#"{"a":"#.repeat(300_000)), Why::TooDeep);
}

#[test]
fn half_a_character_is_json_and_no_text() {
    let mut scanner = Scanner::new(r#""\ud800""#);
    let Ok(Token::Text(text)) = scanner.value() else {
        panic!("a string");
    };
    assert_eq!(text.decode(), None);
    assert_eq!(text.plain(), None);
}

#[test]
fn a_mark_leads_back() {
    let mut scanner = Scanner::new(r#"{"a":[1,2],"b":3}"#);
    let mark = scanner;
    scanner.value().unwrap();
    scanner.next_key(&mut true).unwrap();
    let token = scanner.value().unwrap();
    assert_eq!(scanner.raw_rest(token).unwrap(), "[1,2]");
    scanner = mark;
    assert_eq!(scanner.raw_value().unwrap(), r#"{"a":[1,2],"b":3}"#);
}
