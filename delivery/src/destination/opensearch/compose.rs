//! Bulk requests from a sealed file: its rows, each behind a line that says what is to be done with
//! it. Reads files: for a thread made for blocking.

use std::ops::Range;

use bytes::Bytes;
use serde_json::json;
use standpipe_config::names::LaneId;
use tokio::sync::OwnedSemaphorePermit;

use super::field;
use super::place::{Document, Place};
use crate::destination::{Object, RowsFiles};
use crate::failure::Failure;
use crate::record::Row;
use crate::record::rows::{RowsError, RowsReader};

/// The code of a record that is no document.
pub(super) const MALFORMED: &str = "OS.MalformedData";

/// Documents of one request, whatever they weigh.
const DOCUMENTS: usize = 20_000;

/// One bulk request, or more if it has to be halved.
#[derive(Debug)]
pub(super) struct Bulk {
    body: Bytes,
    lines: Vec<Line>,
    /// Rows that are no documents, and why.
    pub(super) malformed: Vec<(u64, String)>,
    pub(super) memory: Option<OwnedSemaphorePermit>,
}

/// A document of a bulk request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// The number of its row in the file.
    pub(super) row: u64,
    start: u32,
    end: u32,
}

impl Bulk {
    /// All of its documents.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.lines.clone()
    }

    /// A body with some of its documents.
    pub(super) fn body(&self, lines: &[Line]) -> Bytes {
        if lines.len() == self.lines.len() {
            return self.body.clone();
        }
        let range = |line: &Line| line.start as usize..line.end as usize;
        let parts = lines.iter().map(|line| &self.body[range(line)]);
        Bytes::from(parts.collect::<Vec<_>>().concat())
    }
}

/// What the bodies of a file's documents need to know.
pub(super) struct Composer {
    place: Place,
    lane: LaneId,
    rows: RowsReader,
    number: u64,
    /// A row that did not fit any more.
    waits: bool,
}

impl Composer {
    /// Stands before the first row.
    pub(super) fn open(place: &Place, object: &Object) -> Result<Self, Failure> {
        Ok(Self {
            place: place.clone(),
            lane: object.provenance.lane,
            rows: open(&object.rows)?,
            number: 0,
            waits: false,
        })
    }

    /// The next bulk request of about so many bytes, of those rows that are wanted; `None` behind
    /// the last one.
    pub(super) fn next(
        &mut self,
        bytes: usize,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<Option<Bulk>, Failure> {
        let (mut body, mut lines, mut malformed) = (Vec::new(), Vec::new(), Vec::new());
        while self.waits || self.advance()? {
            self.waits = false;
            let number = self.number - 1;
            let Some(row) = self.rows.row().filter(|_| wanted(number)) else {
                continue;
            };
            let full = body.len() + row.bytes.len() > bytes || lines.len() == DOCUMENTS;
            if full && !lines.is_empty() {
                self.waits = true;
                break;
            }
            let start = body.len() as u32;
            match append(&self.place, self.lane, &row, &mut body) {
                Ok(()) => lines.push(Line {
                    row: number,
                    start,
                    end: body.len() as u32,
                }),
                Err(why) => malformed.push((number, why)),
            }
        }
        let nothing = lines.is_empty() && malformed.is_empty();
        Ok((!nothing).then(|| Bulk {
            body: body.into(),
            lines,
            malformed,
            memory: None,
        }))
    }

    /// The next rows that are wanted, so many at most, with what each is called; empty behind the
    /// last one. A row that can be called nothing was never sent.
    pub(super) fn names(
        &mut self,
        most: usize,
        wanted: impl Fn(u64) -> bool,
    ) -> Result<Vec<(u64, Document)>, Failure> {
        let mut names = Vec::new();
        while names.len() < most && self.advance()? {
            let number = self.number - 1;
            let Some(row) = self.rows.row().filter(|_| wanted(number)) else {
                continue;
            };
            if let Ok(document) = self.place.document(self.lane, &row) {
                names.push((number, document));
            }
        }
        Ok(names)
    }

    /// Goes on to the end; how many rows there are.
    pub(super) fn count(mut self) -> Result<u64, Failure> {
        while self.advance()? {}
        Ok(self.number)
    }

    fn advance(&mut self) -> Result<bool, Failure> {
        let more = self.rows.advance().map_err(|e| unreadable(&e))?;
        self.number += u64::from(more);
        Ok(more)
    }
}

fn open(rows: &Option<RowsFiles>) -> Result<RowsReader, Failure> {
    let Some(RowsFiles { data, index }) = rows else {
        return Err(Failure::halt(
            "a sealed file has no index of its rows, so its documents have no names",
        ));
    };
    RowsReader::open(data, index).map_err(|e| unreadable(&e))
}

fn unreadable(error: &RowsError) -> Failure {
    match error {
        RowsError::File(_) => Failure::retry(format!("a sealed file cannot be read: {error}")),
        damage => Failure::halt(damage.to_string()),
    }
}

/// Appends action and document. `Err`: why the row is no document.
fn append(place: &Place, lane: LaneId, row: &Row<'_>, body: &mut Vec<u8>) -> Result<(), String> {
    let bytes = row.bytes.trim_ascii();
    let breaks = bytes.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
    let begins = bytes.starts_with(b"{") && bytes.ends_with(b"}");
    if !begins || std::str::from_utf8(bytes).is_err() || (breaks && !field::is_object(bytes)) {
        return Err("it is no JSON object".to_owned());
    }
    let document = place.document(lane, row)?;
    action(&document, body)?;
    let start = body.len();
    body.extend_from_slice(bytes);
    if breaks {
        // White space, in an object that is whole.
        let line = body[start..].iter_mut();
        line.filter(|byte| matches!(byte, b'\n' | b'\r'))
            .for_each(|byte| *byte = b' ');
    }
    body.push(b'\n');
    Ok(())
}

fn action(document: &Document, body: &mut Vec<u8>) -> Result<(), String> {
    let Document {
        index,
        id,
        routing,
        version,
    } = document;
    let mut of = json!({"_index": index});
    if let Some(id) = id {
        of["_id"] = json!(id);
    }
    if let Some(routing) = routing {
        of["routing"] = json!(routing);
    }
    let action = match version {
        Some(version) => {
            of["version"] = json!(version);
            of["version_type"] = json!("external");
            json!({"index": of})
        }
        None => json!({"create": of}),
    };
    serde_json::to_writer(&mut *body, &action).map_err(|e| e.to_string())?;
    body.push(b'\n');
    Ok(())
}

/// The ranges of a list's two halves.
pub(super) fn halves(length: usize) -> [Range<usize>; 2] {
    [0..length / 2, length / 2..length]
}
