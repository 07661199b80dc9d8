//! The Kinesis Agent reads JSON with comments, as of Java: `//` to the end of a line, and `/*` to
//! `*/`.

/// The text with a space for each comment. Line ends stay, so that messages name the right line.
pub(super) fn without(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut left = text;
    while let Some(at) = left.find(['"', '/']) {
        out.push_str(&left[..at]);
        left = &left[at..];
        let end = if left.starts_with('"') {
            let end = string_end(left);
            out.push_str(&left[..end]);
            end
        } else if left.starts_with("//") {
            out.push(' ');
            left.find('\n').unwrap_or(left.len())
        } else if left.starts_with("/*") {
            let end = left.find("*/").map_or(left.len(), |end| end + 2);
            out.push(' ');
            let lines = left[..end].matches('\n').count();
            out.extend(std::iter::repeat_n('\n', lines));
            end
        } else {
            out.push('/');
            1
        };
        left = &left[end..];
    }
    out.push_str(left);
    out
}

/// Behind the closing quote of a string that begins the text, or its end.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests;
