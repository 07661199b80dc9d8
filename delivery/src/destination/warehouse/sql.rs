//! Names and texts as SQL wants them.

/// Which server it is, where that makes a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    /// PostgreSQL.
    Postgresql,
    /// Redshift.
    Redshift,
}

impl Dialect {
    /// A text, quoted. Redshift reads a backslash in a text as an escape, PostgreSQL does not.
    pub(super) fn text(self, text: &str) -> String {
        let doubled = text.replace('\'', "''");
        match self {
            Self::Postgresql => format!("'{doubled}'"),
            Self::Redshift => format!("'{}'", doubled.replace('\\', "\\\\")),
        }
    }
}

/// A name, quoted: it is taken to the letter, and may be a key word.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names, quoted, with commas between them.
pub(super) fn names<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    let all: Vec<_> = all.into_iter().map(name).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests;
