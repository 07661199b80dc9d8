//! Queries in jq's language: what a stream's settings ask of each record.
//!
//! A query is compiled once, where the settings are read, so that what is wrong is said with its
//! place in the file. It sees the record and nothing else: no clock, no environment, no files, no
//! further input, so that the same record gives the same value at every time.
//!
//! jaq interprets it. It has no bound on steps: a query of the settings that loops for ever is its
//! author's. One of somebody else is [bounded](Query::bounded). What records hold cannot make it
//! recurse: they are refused beyond [`MAX_DEPTH`], and so is JSON in their texts.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::data::JustLut;
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::{bome, run, v};
use jaq_core::{Ctx, Error, Vars, load, unwrap_valr};
use jaq_json::{Val, read};

mod bounded;

/// Objects and lists within each other, at most: serde_json's limit.
pub const MAX_DEPTH: u32 = 128;

/// What reaches beyond the record: the environment, the clock, the log, the process's end.
const FORBIDDEN: &[&str] = &[
    "env",
    "now",
    "debug",
    "debug_empty",
    "stderr",
    "stderr_empty",
    "halt",
    "halt_error",
    "localtime",
    "mktime",
    "strflocaltime",
];

/// What is done here in jaq's place: its own recurses as deep as a text says.
const FROM_JSON: &str = "fromjson";

type Data = JustLut<Val>;

/// A query as written, compiled.
#[derive(Clone)]
pub struct Query {
    text: String,
    filter: Arc<jaq_core::Filter<Data>>,
}

/// Why a text is no query, or a record gives no value.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueryError(pub String);

/// A record, read once for all queries.
#[derive(Debug)]
pub struct Json(Val);

impl Json {
    /// Reads a record, which must be one JSON value.
    pub fn read(record: &[u8]) -> Result<Self, QueryError> {
        let wrong = |why: &dyn fmt::Display| QueryError(format!("Non JSON record provided: {why}"));
        if is_deep(record) {
            let why = format!("objects and lists are nested more than {MAX_DEPTH} deep");
            return Err(wrong(&why));
        }
        let read = guarded(|| read::parse_single(record))?;
        read.map(Self).map_err(|why| wrong(&why))
    }
}

impl Query {
    /// Compiles a query.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        let wrong = |why: String| QueryError(format!("{text:?} is no jq query: {why}"));
        let allowed = |name: &str| !FORBIDDEN.contains(&name);
        let defs = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs());
        let defs = defs.filter(|def| allowed(def.name));
        let funs = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs());
        let funs = funs.filter(|(name, ..)| allowed(name) && *name != FROM_JSON);
        let ours = run::<Data>((FROM_JSON, v(0), |cv| bome(from_json(&cv.1))));
        let funs = funs.chain([ours]);
        let arena = Arena::default();
        let program = File {
            code: text,
            path: (),
        };
        let modules = Loader::new(defs).load(&arena, program);
        let modules = modules.map_err(|errors| wrong(misread(&errors)))?;
        let compiler = jaq_core::Compiler::default().with_funs(funs);
        let filter = compiler.compile(modules).map_err(|errors| {
            let undefined = errors.iter().flat_map(|(_, errors)| errors).next();
            wrong(undefined.map_or_else(String::new, |(name, kind)| unknown(name, kind)))
        })?;
        Ok(Self {
            text: text.to_owned(),
            filter: Arc::new(filter),
        })
    }

    /// Compiles a query whose work is bounded by the length of its record: that of somebody who must
    /// not be able to hold up others.
    pub fn bounded(text: &str) -> Result<Self, QueryError> {
        bounded::parse(text)
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one value that it gives for a record, as text: a number or a boolean as JSON writes it;
    /// null is an empty text.
    pub fn text(&self, record: &Json) -> Result<String, QueryError> {
        guarded(|| {
            let ctx = Ctx::<Data>::new(&self.filter.lut, Vars::new([]));
            let mut values = self.filter.id.run((ctx, record.0.clone())).map(unwrap_valr);
            let value = match (values.next(), values.next()) {
                (Some(Ok(value)), None) => value,
                (None, _) => return Err(QueryError(format!("{} gives no value", self.text))),
                (Some(Err(why)), _) => return Err(QueryError(format!("{}: {why}", self.text))),
                (Some(Ok(_)), Some(_)) => {
                    return Err(QueryError(format!("{} gives several values", self.text)));
                }
            };
            self.as_text(value)
        })?
    }

    fn as_text(&self, value: Val) -> Result<String, QueryError> {
        match value {
            Val::Null => Ok(String::new()),
            Val::TStr(text) => match std::str::from_utf8(&text) {
                Ok(text) => Ok(text.to_owned()),
                Err(_) => Err(QueryError(format!("{} gives no valid UTF-8", self.text))),
            },
            Val::Bool(_) | Val::Num(_) => Ok(value.to_string()),
            Val::BStr(_) | Val::Arr(_) | Val::Obj(_) => Err(QueryError(format!(
                "{} gives an object or a list; a text, a number or a boolean is allowed",
                self.text
            ))),
        }
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.text).finish()
    }
}

/// The one value that a text holds as JSON.
fn from_json(text: &Val) -> Result<Val, Error<Val>> {
    let (Val::TStr(bytes) | Val::BStr(bytes)) = text else {
        return Err(Error::str("only a text can be read as JSON"));
    };
    match is_deep(bytes) {
        true => Err(Error::str(format_args!(
            "a text nests objects and lists more than {MAX_DEPTH} deep"
        ))),
        false => read::parse_single(bytes)
            .map_err(|why| Error::str(format_args!("a text is no JSON: {why}"))),
    }
}

/// Whether a text nests deeper than can be read without fear for the stack. What is no JSON may be
/// miscounted, and is refused then or later.
fn is_deep(text: &[u8]) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// A panic in the interpreter fails the record, and not the lane: the same record would come again.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, QueryError> {
    catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| QueryError("the interpreter of queries failed on this record".to_owned()))
}

fn misread(errors: &load::Errors<&str, ()>) -> String {
    let place = |rest: &str| match rest.is_empty() {
        true => "at its end".to_owned(),
        false => format!("at {:?}", rest.chars().take(20).collect::<String>()),
    };
    let of = |error: &load::Error<&str>| match error {
        load::Error::Lex(errors) => errors
            .first()
            .map(|(expected, rest)| format!("expected {} {}", expected.as_str(), place(rest))),
        load::Error::Parse(errors) => errors
            .first()
            .map(|(expected, rest)| format!("expected {} {}", expected.as_str(), place(rest))),
        load::Error::Io(errors) => errors.first().map(|(path, why)| format!("{path}: {why}")),
    };
    let mut found = errors.iter().filter_map(|(_, error)| of(error));
    found.next().unwrap_or_default()
}

fn unknown(name: &str, kind: &Undefined) -> String {
    match FORBIDDEN.contains(&name) {
        true => format!("{name} is not available, a query sees the record and nothing else"),
        false => format!("undefined {} {name}", kind.as_str()),
    }
}

#[cfg(test)]
mod tests;
