use proptest::prelude::*;

use super::super::{Token, Why};
use super::*;
use crate::record::json::number::integer;

/// What is read in one go is what is read letter by letter, and ends there.
fn check(text: &str) -> Result<(), TestCaseError> {
    let (mut usual, mut slow) = (Scanner::new(text), Scanner::new(text));
    let token = slow.value();
    if usual.null() {
        prop_assert_eq!(token, Ok(Token::Null));
        prop_assert_eq!(usual.position(), slow.position());
        return Ok(());
    }
    prop_assert_eq!(usual.position(), 0);
    if let Some(found) = usual.plain_text() {
        let plain = match token {
            Ok(Token::Text(text)) => text.plain(),
            _ => None,
        };
        prop_assert_eq!(plain, Some(found));
        prop_assert_eq!(usual.position(), slow.position());
        return Ok(());
    }
    prop_assert_eq!(usual.position(), 0);
    if let Some(found) = usual.short_integer() {
        let exact = match token {
            Ok(Token::Number(text)) => integer(text),
            _ => None,
        };
        prop_assert_eq!(exact, Some(found));
        prop_assert_eq!(usual.position(), slow.position());
        return Ok(());
    }
    prop_assert_eq!(usual.position(), 0);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_read_in_one_go_is_right(text in "[-\"\\\\0-9.eaé \u{1}]{0,12}[,}]?", number in any::<i64>()) {
        check(&text)?;
        check(&format!("\"{text}\","))?;
        check(&format!("{number},"))?;
        check(&format!("null{text}"))?;
        check(&format!("{}}}", number >> 40))?;
    }
}

proptest! {
    #[test]
    fn what_is_unescaped_in_one_go_is_what_was_meant(text in "([aé]|\\\\[\"\\\\/nu]){0,9}") {
        let quoted = format!("\"{text}\"");
        let meant: Option<String> = serde_json::from_str(&quoted).ok();
        let found = unescaped(&text);
        prop_assert!(found.is_none() || found == meant);
        prop_assert!(found.is_some() || text.contains("\\n") || text.contains("\\u"));
    }
}

#[test]
fn the_usual_is_read_in_one_go() {
    assert_eq!(Scanner::new("\"é x\"").plain_text(), Some("é x"));
    assert!(Scanner::new("null}").null() && !Scanner::new("nul}").null());
    for (text, value) in [
        ("0,", 0),
        ("-7}", -7),
        ("999999999999999999,", 10_i64.pow(18) - 1),
    ] {
        assert_eq!(Scanner::new(text).short_integer(), Some(value), "{text}");
    }
    for text in [
        "",
        "-",
        "-,",
        "01,",
        "1",
        "1.0,",
        "1e2,",
        "1 ,",
        "1000000000000000000,",
        "x",
    ] {
        assert_eq!(Scanner::new(text).short_integer(), None, "{text}");
    }
    let mut first = true;
    let mut scanner = Scanner::new("\"a\":1,\"b\":2}");
    assert!(!scanner.next_expected(&mut first, "\"b\":") && first);
    assert!(scanner.next_expected(&mut first, "\"a\":") && !first);
    let value_first = !scanner.next_expected(&mut first, "\"b\":");
    assert!(value_first && scanner.short_integer() == Some(1));
    assert!(scanner.next_expected(&mut first, "\"b\":"));
    for spaced in ["\"a\": 1", " \"a\":1"] {
        let mut scanner = Scanner::new(spaced);
        assert!(scanner.next_expected(&mut true, "\"a\":"));
        assert_eq!(scanner.value(), Ok(Token::Number("1")));
        let no_comma = Scanner::new(spaced).next_expected(&mut false, "\"a\":");
        assert!(!no_comma);
        let mut scanner = Scanner::new(", \"a\": 1");
        assert!(scanner.next_expected(&mut false, "\"a\":"));
    }
    let wrong = Scanner::new("x").value().unwrap_err();
    assert_eq!(wrong.why, Why::NoValue);
}
