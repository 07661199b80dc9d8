use super::*;

#[test]
fn texts_end_where_they_are_meant_to() {
    let cases = [
        ("plain", "'plain'", "'plain'"),
        ("it's", "'it''s'", "'it''s'"),
        (r"a\'b", r"'a\''b'", r"'a\\''b'"),
        (r"end\", r"'end\'", r"'end\\'"),
    ];
    for (text, postgresql, redshift) in cases {
        assert_eq!(Dialect::Postgresql.text(text), postgresql);
        assert_eq!(Dialect::Redshift.text(text), redshift);
    }
}

#[test]
fn names_are_taken_to_the_letter() {
    assert_eq!(name("Order"), "\"Order\"");
    assert_eq!(name("a\"; drop table b; --"), "\"a\"\"; drop table b; --\"");
    assert_eq!(names(["a", "b c"]), "\"a\", \"b c\"");
    assert_eq!(names([]), "");
}
