//! What must not be repeated: every secret that this process has read, in the forms in which it
//! travels.
//!
//! A server may echo the headers that we sent, in an answer that we show: in a log, a status, an error
//! line. We cannot know what it echoes, but we know our secrets. So whatever was said outside goes
//! through [`mask`] before it becomes a message of ours, and so does every line of the log.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

/// What stands in a text instead of a secret.
pub const MASK: &str = "***";

/// Shorter secrets are not looked for, in bytes: they are words, which would be blotted out of every
/// message ("cannot read the *** file"). Eight is the least that NIST SP 800-63B allows a password.
const SHORTEST: usize = 8;

/// How many forms are remembered. Roles get new keys every hour, and the oldest are worth nothing any
/// more.
const MOST: usize = 1000;

/// The longest secret that an excerpt shows nothing of, in bytes: the token of a role, in base64.
const LONGEST: usize = 8 * 1024;

/// What goes before the signature of a request, of Signature Version 4. It is no secret that lasts,
/// but the request could be sent once more with it.
const SIGNATURE: &str = "Signature=";

static KNOWN: RwLock<Known> = RwLock::new(Known(VecDeque::new()));

/// The forms of the secrets, the oldest first.
struct Known(VecDeque<String>);

/// From now on this text is masked, also as it is written in JSON, in XML and in an address.
pub fn remember(secret: &str) {
    let is_new = |known: &Known| !known.0.iter().any(|form| form == secret);
    // Mostly it is known: then nobody has to wait.
    if is_new(&KNOWN.read().unwrap_or_else(PoisonError::into_inner)) {
        let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
        known.remember(secret);
    }
}

/// The text without what this process knows as secrets, and without signatures.
pub fn mask(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.mask(text)
}

/// The beginning of what was said outside, masked: a secret in it is not cut in two, and so found.
pub fn excerpt(said: &[u8], characters: usize) -> String {
    let read = said.len().min(4 * characters + LONGEST);
    let text = String::from_utf8_lossy(&said[..read]);
    mask(&text).chars().take(characters).collect()
}

impl Known {
    fn remember(&mut self, secret: &str) {
        let forms = [
            secret.to_owned(),
            in_json(secret),
            in_xml(secret),
            in_address(secret),
        ];
        for form in forms {
            if form.len() < SHORTEST || self.0.contains(&form) {
                continue;
            }
            if self.0.len() >= MOST {
                self.0.pop_front();
            }
            self.0.push_back(form);
        }
    }

    fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let text = unsigned(text);
        let found = self.0.iter().filter(|form| text.contains(form.as_str()));
        let mut found: Vec<&String> = found.collect();
        if found.is_empty() {
            return text;
        }
        // One may be a part of another.
        found.sort_by_key(|form| Reverse(form.len()));
        let replace = |text: String, form: &&String| text.replace(form.as_str(), MASK);
        Cow::Owned(found.iter().fold(text.into_owned(), replace))
    }
}

fn unsigned(text: &str) -> Cow<'_, str> {
    if !text.contains(SIGNATURE) {
        return Cow::Borrowed(text);
    }
    let mut pieces = text.split(SIGNATURE);
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        shown.push_str(SIGNATURE);
        shown.push_str(if rest.len() < piece.len() { MASK } else { "" });
        shown.push_str(rest);
    }
    Cow::Owned(shown)
}

fn in_json(secret: &str) -> String {
    let quoted = serde_json::Value::from(secret).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn in_xml(secret: &str) -> String {
    let escapes = [('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")];
    let text = secret.replace('&', "&amp;");
    escapes
        .iter()
        .fold(text, |text, (plain, escape)| text.replace(*plain, escape))
}

fn in_address(secret: &str) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte));
            }
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
