//! Regular expressions of Java in the words of ours. What ours cannot say is refused with advice.
//!
//! Ours never takes more time than the line is long, and so looks neither ahead nor behind, and
//! does not remember groups.

/// What is no regular expression here, and what to do about it.
type Advice = &'static str;

const LOOK: Advice = "it looks ahead or behind, which this agent's regular expressions cannot: match what shall be there instead, such as '^\\S' for '^(?!\\s)' or '^[^#]' for '^(?!#)'";
const ATOMIC: Advice = "it has an atomic group (?>…) or a possessive quantifier (*+, ++, ?+), which this agent's regular expressions do not need, as they never go back: write (?:…) or leave the second + out, and check that the rest still matches";
const BACK: Advice = "it refers back to a group (\\1, \\k<name>), which this agent's regular expressions cannot: write the pattern of the group once more";
const FLAG: Advice = "it has the flag (?U) or (?d) of Java, which means something else here: leave it out, as \\d, \\w and \\s match all of Unicode anyway";

/// The same expression for this agent.
pub(super) fn translated(java: &str) -> Result<String, Advice> {
    let mut out = String::new();
    let mut left = java;
    // How many classes `[` are open.
    let mut classes = 0;
    while let Some(first) = left.chars().next() {
        if first == '\\' {
            left = escape(left, &mut out)?;
            continue;
        }
        if classes == 0 {
            check(left)?;
        }
        match first {
            '[' => classes += 1,
            ']' if classes > 0 => classes -= 1,
            _ => {}
        }
        out.push(first);
        left = &left[first.len_utf8()..];
    }
    Ok(out)
}

/// Looks at what begins here, outside of classes.
fn check(left: &str) -> Result<(), Advice> {
    if ["(?=", "(?!", "(?<=", "(?<!"]
        .iter()
        .any(|look| left.starts_with(look))
    {
        return Err(LOOK);
    }
    let mut two = left.chars();
    let possessive = matches!(two.next(), Some('*' | '+' | '?' | '}')) && two.next() == Some('+');
    if left.starts_with("(?>") || possessive {
        return Err(ATOMIC);
    }
    if let Some(flags) = left.strip_prefix("(?") {
        let flags = flags.split(|c: char| !c.is_ascii_alphabetic()).next();
        if flags.is_some_and(|flags| flags.contains(['U', 'd'])) {
            return Err(FLAG);
        }
    }
    Ok(())
}

/// Writes an escape in our words, and returns what follows it.
fn escape<'a>(left: &'a str, out: &mut String) -> Result<&'a str, Advice> {
    let Some(letter) = left.chars().nth(1) else {
        out.push('\\');
        return Ok("");
    };
    let behind = &left[1 + letter.len_utf8()..];
    match letter {
        'Q' => {
            let (text, behind) = behind.split_once("\\E").unwrap_or((behind, ""));
            for c in text.chars() {
                if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
                    out.push('\\');
                }
                out.push(c);
            }
            return Ok(behind);
        }
        '1'..='9' | 'k' => return Err(BACK),
        // Ours takes an escaped angle for the edge of a word, Java for itself.
        '<' | '>' => out.push(letter),
        'e' => out.push_str("\\x1B"),
        'h' => out.push_str("[ \\t]"),
        // A record never includes its line end.
        'Z' => out.push_str("\\z"),
        'R' => out.push_str("(?:\\r\\n|\\n|\\r)"),
        _ => {
            out.push('\\');
            out.push(letter);
        }
    }
    Ok(behind)
}

/// An expression that must match at the beginning of a line, as `lookingAt` of Java asks.
pub(super) fn at_the_beginning(pattern: &str) -> String {
    match pattern.starts_with('^') && !pattern.contains('|') {
        true => pattern.to_owned(),
        false => format!("^(?:{pattern})"),
    }
}

#[cfg(test)]
mod tests;
