//! Text for YAML, between double quotes: any text reads back as it was.

use std::fmt::Write as _;

/// A text as a YAML scalar in double quotes, on one line, in ASCII escapes where it is not
/// printable.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '"' | '\\' => write!(quoted, "\\{c}"),
            ' '..='~' | '\u{a1}'..='\u{2027}' | '\u{2030}'..='\u{d7ff}' => write!(quoted, "{c}"),
            _ => write!(quoted, "\\U{:08x}", u32::from(c)),
        };
    }
    quoted.push('"');
    quoted
}
