use super::*;

#[test]
fn comments_go_and_strings_stay() {
    for (text, expected) in [
        ("{\"a\": 1} // x", "{\"a\": 1}  "),
        ("a /* b\n c */ d", "a  \n d"),
        ("\"// no /* comment */\"", "\"// no /* comment */\""),
        (r#""\"// in" // out"#, r#""\"// in"  "#),
        ("a // b\nc", "a  \nc"),
        ("/ 1 /* open", "/ 1  "),
        ("\"open // x", "\"open // x"),
    ] {
        assert_eq!(without(text), expected, "{text:?}");
    }
}
