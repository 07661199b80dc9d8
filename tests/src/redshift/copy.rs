//! Reads a COPY as Redshift does, as far as the stand-in can load it:
//! <https://docs.aws.amazon.com/redshift/latest/dg/r_COPY.html>.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::wire::Message;
use crate::trouble::Trouble;

/// A COPY.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Copy {
    /// As it is written.
    pub(super) table: String,
    /// By name, without quotes; `None`: all.
    pub(super) columns: Option<Vec<String>>,
    /// The address of the manifest.
    pub(super) manifest: String,
    /// What stands in quotes behind `IAM_ROLE` or `CREDENTIALS`.
    pub(super) access: String,
    pub(super) format: Format,
    pub(super) compression: Compression,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// `JSON 'auto'`
    Json,
    /// The same with keys in any case.
    JsonIgnoreCase,
    Parquet,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// Why a COPY is not done.
#[derive(Debug)]
pub(super) enum Refused {
    /// With this SQLSTATE and these words.
    Code(&'static str, String),
    /// The server has refused, and the client hears this.
    Here(Message),
    /// The connection is of no use any more.
    Broken(Trouble),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self::Broken(trouble)
    }
}

/// Words that say nothing about what the stand-in does, and what follows them.
const OTHERS: &[(&str, &[&str])] = &[
    ("ACCEPTANYDATE", &[]),
    ("ACCEPTINVCHARS", &[]),
    ("BLANKSASNULL", &[]),
    ("COMPUPDATE", &["ON", "OFF", "PRESET"]),
    ("DATEFORMAT", &["'"]),
    ("EMPTYASNULL", &[]),
    ("EXPLICIT_IDS", &[]),
    ("REGION", &["'"]),
    ("ROUNDEC", &[]),
    ("STATUPDATE", &["ON", "OFF"]),
    ("TIMEFORMAT", &["'"]),
    ("TRUNCATECOLUMNS", &[]),
];

/// What COPY of Parquet takes of these.
const COLUMNAR: &[&str] = &["ACCEPTINVCHARS", "EXPLICIT_IDS", "STATUPDATE"];

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token {
    /// In capitals.
    Word(String),
    /// In double quotes.
    Name(String),
    /// In quotes.
    Text(String),
    Sign(char),
}

type Tokens = Peekable<IntoIter<Token>>;

fn wrong(near: &str) -> Refused {
    Refused::Code("42601", format!("syntax error at or near \"{near}\""))
}

impl Copy {
    /// Reads one.
    pub(super) fn parse(sql: &str) -> Result<Self, Refused> {
        let mut tokens = tokens(sql)?.into_iter().peekable();
        word(&mut tokens, "COPY")?;
        let mut table = name(&mut tokens)?;
        if tokens.next_if_eq(&Token::Sign('.')).is_some() {
            table = format!("{table}.{}", name(&mut tokens)?);
        }
        let mut columns = None;
        if tokens.next_if_eq(&Token::Sign('(')).is_some() {
            let mut names = vec![unquoted(name(&mut tokens)?)];
            while tokens.next_if_eq(&Token::Sign(',')).is_some() {
                names.push(unquoted(name(&mut tokens)?));
            }
            sign(&mut tokens, ')')?;
            columns = Some(names);
        }
        word(&mut tokens, "FROM")?;
        let mut copy = Self {
            table,
            columns,
            manifest: text(&mut tokens)?,
            access: String::new(),
            format: Format::Json,
            compression: Compression::None,
        };
        copy.options(&mut tokens)?;
        Ok(copy)
    }

    fn options(&mut self, tokens: &mut Tokens) -> Result<(), Refused> {
        let (mut format, mut has_manifest, mut others) = (None, false, Vec::new());
        while let Some(token) = tokens.next() {
            let Token::Word(option) = token else {
                return Err(wrong(&format!("{token:?}")));
            };
            match option.as_str() {
                "IAM_ROLE" if tokens.next_if_eq(&Token::Word("DEFAULT".into())).is_some() => {
                    self.access = "default".to_owned();
                }
                "IAM_ROLE" | "CREDENTIALS" => {
                    skip_as(tokens);
                    self.access = text(tokens)?;
                }
                "MANIFEST" if !has_manifest => has_manifest = true,
                "FORMAT" => skip_as(tokens),
                "JSON" if format.is_none() => {
                    skip_as(tokens);
                    format = Some(match text(tokens)?.as_str() {
                        "auto" => Format::Json,
                        "auto ignorecase" => Format::JsonIgnoreCase,
                        other => return Err(wrong(other)),
                    });
                }
                "PARQUET" if format.is_none() => format = Some(Format::Parquet),
                "GZIP" if self.compression == Compression::None => {
                    self.compression = Compression::Gzip;
                }
                "ZSTD" if self.compression == Compression::None => {
                    self.compression = Compression::Zstd;
                }
                _ => others.push(other(&option, tokens)?),
            }
        }
        if !has_manifest || self.access.is_empty() {
            let why = "the stand-in loads what a manifest lists, in a role or with a key";
            return Err(Refused::Code("0A000", why.to_owned()));
        }
        self.format = format.ok_or_else(|| wrong("the end: no format that is known here"))?;
        let is_columnar = |option: &&str| COLUMNAR.contains(option);
        let all_columnar = self.compression == Compression::None && others.iter().all(is_columnar);
        if self.format == Format::Parquet && !all_columnar {
            let why = "an option is not supported for COPY from columnar formats";
            return Err(Refused::Code("0A000", why.to_owned()));
        }
        Ok(())
    }
}

fn other(option: &str, tokens: &mut Tokens) -> Result<&'static str, Refused> {
    let known = OTHERS.iter().find(|(name, _)| *name == option);
    let (name, follows) = known.ok_or_else(|| wrong(option))?;
    match *follows {
        [] => {}
        ["'"] => {
            skip_as(tokens);
            text(tokens)?;
        }
        words => match tokens.next() {
            Some(Token::Word(word)) if words.contains(&word.as_str()) => {}
            other => return Err(wrong(&format!("{other:?}"))),
        },
    }
    Ok(name)
}

fn tokens(sql: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut characters = sql.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\'' | '"' => {
                let mut inner = String::new();
                loop {
                    match characters.next() {
                        None => return Err(wrong("a quote without an end")),
                        Some('\\') if c == '\'' => inner.extend(characters.next()),
                        Some(end) if end == c => match characters.next_if_eq(&c) {
                            Some(doubled) => inner.push(doubled),
                            None => break,
                        },
                        Some(other) => inner.push(other),
                    }
                }
                tokens.push(match c {
                    '\'' => Token::Text(inner),
                    _ => Token::Name(inner),
                });
            }
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_uppercase().to_string();
                while let Some(c) = characters.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.extend(c.to_uppercase());
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Sign(c)),
        }
    }
    Ok(tokens)
}

fn word(tokens: &mut Tokens, expected: &str) -> Result<(), Refused> {
    match tokens.next() {
        Some(Token::Word(word)) if word == expected => Ok(()),
        other => Err(wrong(&format!("{other:?}"))),
    }
}

fn sign(tokens: &mut Tokens, expected: char) -> Result<(), Refused> {
    match tokens.next() {
        Some(Token::Sign(sign)) if sign == expected => Ok(()),
        other => Err(wrong(&format!("{other:?}"))),
    }
}

fn text(tokens: &mut Tokens) -> Result<String, Refused> {
    match tokens.next() {
        Some(Token::Text(text)) => Ok(text),
        other => Err(wrong(&format!("{other:?}"))),
    }
}

/// A name with its quotes.
fn name(tokens: &mut Tokens) -> Result<String, Refused> {
    match tokens.next() {
        Some(Token::Name(name)) => Ok(format!("\"{name}\"")),
        Some(Token::Word(word)) => Ok(format!("\"{}\"", word.to_lowercase())),
        other => Err(wrong(&format!("{other:?}"))),
    }
}

fn unquoted(name: String) -> String {
    name.trim_matches('"').to_owned()
}

fn skip_as(tokens: &mut Tokens) {
    let _ = tokens.next_if_eq(&Token::Word("AS".to_owned()));
}
