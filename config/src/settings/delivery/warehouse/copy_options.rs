//! The options of Redshift's COPY as an operator writes them: what of them is ours to say, and what
//! they say of the objects that are loaded.
//!
//! Only what would break a promise is refused: a second source or other credentials, and options by
//! which COPY leaves rows out without a word. What Redshift does not know, it refuses itself.
//! The options: <https://docs.aws.amazon.com/redshift/latest/dg/r_COPY-parameters.html>.

use std::fmt;

/// Options of COPY that go together with what we add.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyOptions {
    text: String,
    reads: CopyReads,
}

/// What COPY takes the objects for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyReads {
    /// Lines, each a record.
    Plain,
    /// The same, compressed by gzip.
    Gzip,
    /// The same, compressed by Zstandard.
    Zstd,
    /// Parquet.
    Parquet,
}

/// Words that are not for an operator to say, and why.
const REFUSED: &[(&[&str], &str)] = &[
    (
        &["FROM", "MANIFEST"],
        "what is loaded is said by Standpipe: leave it out",
    ),
    (
        &[
            "ACCESS_KEY_ID",
            "CREDENTIALS",
            "IAM_ROLE",
            "SECRET_ACCESS_KEY",
            "SESSION_TOKEN",
        ],
        "who loads is said by iam_role, or by access_key_id and secret_access_key",
    ),
    (
        &["ENCRYPTED", "MASTER_SYMMETRIC_KEY"],
        "objects are not encrypted before they are staged",
    ),
    (
        &["MAXERROR", "IGNOREALLERRORS"],
        "rows would be left out without a word: leave it out, and bad rows go under the error prefix",
    ),
    (
        &["IGNOREHEADER"],
        "objects have no header: each would lose a record",
    ),
    (&["NOLOAD"], "nothing would be loaded"),
    (&["SSH", "READRATIO", "JOB"], "objects are loaded from S3"),
    (
        &["AVRO", "ORC", "SHAPEFILE"],
        "objects are lines or Parquet",
    ),
    (
        &["BZIP2", "LZOP"],
        "objects are compressed by gzip, zstd or not at all",
    ),
];

/// Formats; CSV may have a delimiter of its own.
const FORMATS: &[&str] = &["CSV", "DELIMITER", "FIXEDWIDTH", "JSON", "PARQUET"];

const COMPRESSIONS: &[(&str, CopyReads)] = &[("GZIP", CopyReads::Gzip), ("ZSTD", CopyReads::Zstd)];

impl CopyOptions {
    /// Reads them; what is wrong is said without what is written, which may hold a secret.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words = words(text)?;
        let has = |word: &&str| words.iter().any(|found| found == word);
        for (refused, why) in REFUSED {
            if let Some(word) = refused.iter().find(|word| has(word)) {
                return Err(format!("found {word}: {why}"));
            }
        }
        let mut formats: Vec<_> = FORMATS.iter().copied().filter(|word| has(word)).collect();
        if formats.contains(&"CSV") {
            formats.retain(|word| *word != "DELIMITER");
        }
        let compressions: Vec<_> = COMPRESSIONS.iter().filter(|(word, _)| has(word)).collect();
        let reads = match (&formats[..], &compressions[..]) {
            (["PARQUET"], []) => CopyReads::Parquet,
            (["PARQUET"], [(word, _), ..]) => {
                return Err(format!(
                    "found PARQUET and {word}: Parquet is not compressed as a whole"
                ));
            }
            ([a, b, ..], _) => return Err(format!("found {a} and {b}: one format is allowed")),
            (_, [(a, _), (b, _), ..]) => {
                return Err(format!("found {a} and {b}: one compression is allowed"));
            }
            (_, [(_, compressed)]) => *compressed,
            (_, []) => CopyReads::Plain,
        };
        Ok(Self {
            text: text.trim().to_owned(),
            reads,
        })
    }

    /// What COPY takes the objects for.
    pub fn reads(&self) -> CopyReads {
        self.reads
    }
}

impl fmt::Display for CopyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The words outside of quotes, in capitals. A backslash in quotes takes what follows as it is, as
/// Redshift reads it.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        match (c, next) {
            ('\'', _) => {
                skip_quoted(&mut characters)?;
                words.push(String::new());
            }
            (';' | '(' | ')' | '"' | '$' | '\\', _) => {
                return Err(format!(
                    "found {c:?} outside of quotes, where no option has it"
                ));
            }
            ('-', Some('-')) | ('/', Some('*')) => {
                return Err("found a comment: leave it out".to_owned());
            }
            (c, _) if c.is_alphanumeric() || c == '_' => {
                if let Some(word) = words.last_mut() {
                    word.extend(c.to_uppercase());
                }
            }
            (c, _) if c.is_control() && !c.is_whitespace() => {
                return Err("found a control character".to_owned());
            }
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    Ok(words)
}

/// Goes behind the end of what is quoted.
fn skip_quoted(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<(), String> {
    while let Some(c) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '\'' if characters.next_if_eq(&'\'').is_none() => return Ok(()),
            c if c.is_control() => {
                return Err("found a control character in quotes: write \\t for a tab".to_owned());
            }
            _ => {}
        }
    }
    Err("found a quote that does not end".to_owned())
}

#[cfg(test)]
mod tests;
