use super::*;

#[test]
fn the_page_takes_nothing_from_outside_and_puts_nothing_in_as_markup() {
    for outside in [
        "src=",
        "@import",
        "url(",
        "//cdn",
        "innerHTML",
        "insertAdjacentHTML",
        "eval(",
    ] {
        assert!(!PAGE.contains(outside), "{outside}");
    }
    let addresses = PAGE.matches("http").count();
    let of_svg = PAGE.matches("\"http://www.w3.org/2000/svg\"").count();
    assert_eq!(addresses, of_svg, "an address that is no name of SVG");
}

#[test]
fn the_page_shows_fields_that_the_status_has() {
    let status = super::super::status::tests::status();
    let status = serde_json::to_value(status).unwrap();
    let stream = &status["streams"]["web"];
    for (prefix, of) in [
        ("said.", &status),
        ("said.memory.", &status["memory"]),
        ("said.settings.", &status["settings"]),
        ("s.", stream),
        ("b.", &stream["books"]),
        ("s.backup.", &stream["backup"]),
        (
            "g.",
            &stream["errors"]["DataFormatConversion.MalformedData"],
        ),
        (
            "m.",
            &stream["errors"]["DataFormatConversion.MalformedData"]["samples"][0],
        ),
        (
            "a.",
            &serde_json::json!({"delivered": 0, "retry": 0, "divert": 0, "halt": 0,
            "host": 0, "agent": 0, "stream": 0, "seconds_ago": 0, "waiting": 0}),
        ),
    ] {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for (at, _) in PAGE.match_indices(prefix) {
            let before = PAGE[..at].chars().next_back().unwrap_or(' ');
            if word(before) || before == '.' {
                continue;
            }
            let name = PAGE[at + prefix.len()..].chars();
            let name: String = name.take_while(|c| word(*c)).collect();
            // A name in two words is a method of the language.
            let is_field = !name.contains(|c: char| c.is_ascii_uppercase());
            assert!(!is_field || of.get(&name).is_some(), "{prefix}{name}");
        }
    }
}
