//! What an error of a warehouse means.

use std::fmt;

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::sql::Dialect;
use crate::failure::{Failure, Verdict};

/// Classes of SQLSTATE that say that a row, or a file, is not taken for what is in it.
const DATA: &[&str] = &[
    "21", // cardinality violation
    "22", // data exception: no number, too long, out of range, not in this encoding
    "23", // integrity constraint violation
    "27", // triggered data change violation
    "44", // with check option violation
    "54", // program limit exceeded: a value too large for its index
    "P0", // raised by a trigger
];

/// SQLSTATEs, or their classes, that need an operator.
const OPERATOR: &[&str] = &[
    "0A",    // not supported: an option, or a view that takes no rows
    "0L",    // invalid grantor
    "0P",    // invalid role
    "28",    // invalid authorization: user or password
    "2F",    // SQL routine exception
    "38",    // external routine
    "39",    // external routine invocation
    "3D",    // no such database
    "3F",    // no such schema
    "42",    // no such table or column, no privilege, syntax
    "58P01", // a file of the server is missing
    "F0",    // configuration file of the server
    "HV",    // foreign data wrapper
];

/// Texts of Redshift's errors, which all have SQLSTATE XX000, that a load failed for its data.
const REDSHIFT_DATA: &[&str] = &[
    "stl_load_errors",
    "sys_load_error_detail",
    "Load into table",
    "incompatible Parquet schema",
    "is longer than the length defined in the table",
    "has an invalid version number",
];

/// Texts of Redshift's errors that need an operator.
const REDSHIFT_OPERATOR: &[&str] = &[
    "Access Denied",
    "AccessDenied",
    "Forbidden",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "NoSuchBucket",
    "PermanentRedirect",
    "not authorized to assume IAM Role",
    "not authorized to get credentials",
    "Invalid credentials",
    "CREDENTIALS argument",
    "AuthorizationHeaderMalformed",
    "Cannot COPY into nonexistent table",
    "Unmatched number of columns between table and file",
];

/// The code of rows that Redshift refuses; Firehose's.
pub(super) const LOAD_FAILED: &str = "Redshift.DataLoadFailed";

/// What our side says of a connection that will not come to be before an operator was there.
const WANTS_OPERATOR: &[&str] = &[
    "authentication error",
    "invalid configuration",
    "invalid peer certificate",
    "server does not support TLS",
];

/// An error, and what it means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Refusal {
    /// What was loaded is refused for what is in it; the code of the error line, and the message.
    Data(String, String),
    /// Anything else.
    Other(Failure),
}

impl Refusal {
    /// Of something that says nothing about data.
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Data(code, message) => Failure::retry(format!("{code}: {message}")),
            Self::Other(failure) => failure,
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// What a server may repeat of what it was told, and we may not: keys, and whom they belong to.
#[derive(Clone, Default)]
pub(super) struct Hidden(Vec<String>);

impl Hidden {
    /// These texts.
    pub(super) fn new(texts: impl IntoIterator<Item = String>) -> Self {
        Self(texts.into_iter().filter(|text| !text.is_empty()).collect())
    }

    fn mask(&self, said: String) -> String {
        let mask = |said: String, text: &String| said.replace(text, "***");
        self.0.iter().fold(said, mask)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

/// What an error means; `doing` says what was attempted, and on what.
pub(super) fn judge(dialect: Dialect, doing: &str, error: &Error, hidden: &Hidden) -> Refusal {
    let Some(said) = error.as_db_error() else {
        return Refusal::Other(unanswered(doing, error));
    };
    let state = said.code().code();
    let message = hidden.mask(words(said));
    match meaning(dialect, state, &message) {
        Meaning::Data => Refusal::Data(code(dialect, state), message),
        Meaning::Operator => Refusal::Other(Failure::halt(format!(
            "cannot {doing}: {message} ({state}){}",
            advice(state)
        ))),
        Meaning::Passing => Refusal::Other(Failure::retry(format!(
            "cannot {doing}: {message} ({state})"
        ))),
    }
}

/// What a SQLSTATE means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    Data,
    Operator,
    /// Also everything that is unknown: it never costs a record.
    Passing,
}

fn meaning(dialect: Dialect, state: &str, message: &str) -> Meaning {
    let begins = |classes: &[&str]| classes.iter().any(|class| state.starts_with(class));
    let holds = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if dialect == Dialect::Redshift && state == "XX000" {
        return match () {
            () if holds(REDSHIFT_OPERATOR) => Meaning::Operator,
            () if holds(REDSHIFT_DATA) => Meaning::Data,
            () => Meaning::Passing,
        };
    }
    match () {
        () if begins(OPERATOR) => Meaning::Operator,
        () if begins(DATA) => Meaning::Data,
        () => Meaning::Passing,
    }
}

/// The code of an error line, in Firehose's style.
fn code(dialect: Dialect, state: &str) -> String {
    match dialect {
        Dialect::Postgresql => format!("PostgreSQL.{state}"),
        Dialect::Redshift => LOAD_FAILED.to_owned(),
    }
}

fn advice(state: &str) -> &'static str {
    match state {
        "42P01" | "3F000" => {
            "; create it, or correct its name in the settings: names are taken to the letter"
        }
        "42501" => "; grant what docs/warehouse.md lists",
        "3D000" => "; create the database, or correct the url in the settings",
        "28000" | "28P01" => "; correct user or password in the settings",
        "42703" => "; add the column, or correct `columns` in the settings",
        _ => "",
    }
}

/// All that the server said.
fn words(said: &DbError) -> String {
    let more = [said.detail(), said.hint(), said.where_()];
    let more = more.into_iter().flatten();
    std::iter::once(said.message())
        .chain(more)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The connection is at an end, or never began.
fn unanswered(doing: &str, error: &Error) -> Failure {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(deeper) = source {
        text = format!("{text}: {deeper}");
        source = deeper.source();
    }
    let verdict = match WANTS_OPERATOR.iter().any(|part| text.contains(part)) {
        true => Verdict::Halt,
        false => Verdict::Retry,
    };
    Failure::new(verdict, format!("cannot {doing}: {text}"))
}

#[cfg(test)]
mod tests;
