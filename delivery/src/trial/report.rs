//! What a trial tells: for people, and as JSON for scripts.

use std::fmt;

use serde::Serialize;
use standpipe_config::names::StreamName;
use standpipe_config::settings::delivery;

use crate::lane::shape::Shaped;
use crate::transform::Outcome;

/// Records of one kind that are shown.
const SAMPLES: usize = 3;

/// Characters of a record that are shown.
const LONGEST: usize = 1000;

/// Objects that people are shown.
const OBJECTS: usize = 20;

/// What became of the records that were tried.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Report {
    /// The stream.
    pub stream: String,
    /// Records that were read.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What became of them.
    pub outcomes: Outcomes,
    /// Those that failed, by type and code.
    pub failures: Vec<Failed>,
    /// Some of those that the transform dropped.
    pub dropped_samples: Vec<String>,
    /// What would be delivered.
    pub objects: Vec<Object>,
    /// The first rows of what would be delivered.
    pub output: Vec<String>,
    /// The columns, where objects have some.
    pub schema: Option<Vec<Column>>,
    /// How long it took.
    pub seconds: Seconds,
}

/// What became of records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Outcomes {
    /// They would be delivered.
    pub ok: u64,
    /// The transform dropped them.
    pub dropped: u64,
    /// They would lie under the error prefix.
    pub failed: u64,
}

/// Records that failed for one reason.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Failed {
    /// The error type, such as `processing-failed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Firehose's code, or one in its style.
    pub code: String,
    /// Why the first of them failed.
    pub message: String,
    /// How often it was tried.
    pub attempts: u64,
    /// How many.
    pub records: u64,
    /// Some of them, as they came.
    pub samples: Vec<String>,
}

/// An object that would be delivered.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Object {
    /// `data`, `backup`, or an error type.
    pub role: String,
    /// Its key; its time and its id are not those that it would have.
    pub key: String,
    /// Where it would go.
    pub to: String,
    /// Records that it decides about.
    pub records: u64,
    /// Its size.
    pub bytes: u64,
}

/// A column of objects, in the words of the settings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// How long a trial took.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Seconds {
    /// All calls of the transform one after the other, retries and pauses included. Several are
    /// under way at once.
    pub transform: f64,
    /// Writing, encoding, and what a seal costs.
    pub format: f64,
    /// From the beginning to the end.
    pub total: f64,
}

impl Column {
    pub(super) fn of(column: &delivery::Column) -> Self {
        Self::named(&column.name, &column.kind.to_string())
    }

    pub(super) fn named(name: &str, kind: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
        }
    }
}

impl Report {
    pub(super) fn of(stream: &StreamName) -> Self {
        Self {
            stream: stream.to_string(),
            records: 0,
            bytes: 0,
            outcomes: Outcomes::default(),
            failures: Vec::new(),
            dropped_samples: Vec::new(),
            objects: Vec::new(),
            output: Vec::new(),
            schema: None,
            seconds: Seconds::default(),
        }
    }

    /// Counts records that were read, and keeps some that were dropped.
    pub(super) fn take(&mut self, shaped: &Shaped) {
        for (row, outcome) in shaped.rows_from(0) {
            self.records += 1;
            self.bytes += row.bytes.len() as u64;
            let is_dropped = outcome == Some(&Outcome::Drop);
            if is_dropped && self.dropped_samples.len() < SAMPLES {
                self.dropped_samples.push(excerpt(row.bytes));
            }
        }
    }

    /// Adds a record that failed to its like.
    pub(super) fn fail(&mut self, failed: Failed) {
        let mut known = self.failures.iter_mut();
        let like = known.find(|known| (&known.kind, &known.code) == (&failed.kind, &failed.code));
        let Some(like) = like else {
            self.failures.push(failed);
            return;
        };
        like.records += failed.records;
        let missing = SAMPLES.saturating_sub(like.samples.len());
        like.samples
            .extend(failed.samples.into_iter().take(missing));
    }
}

/// The beginning of a record, as text.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    let text = text.strip_suffix('\n').unwrap_or(&text);
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcomes {
            ok,
            dropped,
            failed,
        } = self.outcomes;
        writeln!(
            f,
            "stream {}: {} records, {} bytes: {ok} ok, {dropped} dropped, {failed} failed",
            self.stream, self.records, self.bytes
        )?;
        for failed in &self.failures {
            writeln!(f, "{failed}")?;
        }
        list(f, "dropped, for example:", &self.dropped_samples)?;
        if !self.objects.is_empty() {
            writeln!(f, "objects (each will have a time and an id of its own):")?;
        }
        for object in self.objects.iter().take(OBJECTS) {
            writeln!(f, "  {object}")?;
        }
        if let Some(more @ 1..) = self.objects.len().checked_sub(OBJECTS) {
            writeln!(f, "  and {more} more")?;
        }
        list(f, "output, for example:", &self.output)?;
        if let Some(columns) = &self.schema {
            writeln!(f, "schema:")?;
            for Column { name, kind } in columns {
                writeln!(f, "  {name}: {kind}")?;
            }
        }
        let Seconds {
            transform,
            format,
            total,
        } = self.seconds;
        write!(
            f,
            "seconds: {transform:.3} in calls of the transform, {format:.3} in the format, {total:.3} in all"
        )
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            code,
            message,
            attempts,
            records,
            samples,
        } = self;
        write!(
            f,
            "{kind}, {code}: {records} records, attempts {attempts}: {message}"
        )?;
        for sample in samples {
            write!(f, "\n  {sample}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            role,
            key,
            to,
            records,
            bytes,
        } = self;
        write!(
            f,
            "{key} ({role}, {records} records, {bytes} bytes) to {to}"
        )
    }
}

fn list(f: &mut fmt::Formatter<'_>, title: &str, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "{title}")?;
    lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
}
