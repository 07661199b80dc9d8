//! Rows that are in no file yet: their content, and what the index will say of them.

use standpipe_config::records::Part;

use super::index::{Before, End, Entry};
use crate::record::Row;

/// Rows that wait to be written, and how far the file is with them.
pub(super) struct Pending {
    newline: bool,
    /// Content that is not written yet.
    pub(super) content: Vec<u8>,
    /// Index entries for it.
    pub(super) entries: Vec<u8>,
    pub(super) now: Progress,
}

/// How far a rows file is.
#[derive(Clone, Default)]
pub(super) struct Progress {
    pub(super) rows: u64,
    pub(super) content: u64,
    crc: crc32fast::Hasher,
    before: Before,
    /// A newline that belongs to no row lies before the next one.
    gap: bool,
    /// The last row was a part with more to come, and had no line end.
    open_line: Option<(u64, Part)>,
}

impl Pending {
    /// Nothing yet, with memory for so many bytes of content. `newline` as in
    /// [`Shape`](super::Shape).
    pub(super) fn new(newline: bool, bytes: usize) -> Self {
        Self {
            newline,
            content: Vec::with_capacity(bytes),
            entries: Vec::new(),
            now: Progress::default(),
        }
    }

    /// Adds a row.
    pub(super) fn push(&mut self, row: &Row<'_>) {
        let breaks = self.newline && !self.continues_line(row);
        if breaks && self.now.open_line.is_some() {
            self.put(b"\n");
            self.now.gap = true;
        }
        let entry = Entry::of(row, std::mem::take(&mut self.now.gap));
        self.now.before.write(&entry, &mut self.entries);
        self.put(row.bytes);
        self.now.rows += 1;
        self.end_line(row);
    }

    /// Forgets what was written. Its memory stays, for what comes.
    pub(super) fn clear(&mut self) {
        self.content.clear();
        self.entries.clear();
    }

    /// Bytes that wait, of content or of entries, whichever are more.
    pub(super) fn largest(&self) -> usize {
        self.content.len().max(self.entries.len())
    }

    /// What the last frame says, if nothing more comes.
    pub(super) fn end(&self) -> End {
        End {
            rows: self.now.rows,
            content: self.now.content,
            crc: self.now.crc.clone().finalize(),
        }
    }

    /// Whether `row` goes on with the line that the last part left open.
    fn continues_line(&self, row: &Row<'_>) -> bool {
        match (self.now.open_line, row.part) {
            (Some((position, before)), Some(part)) => {
                row.position == position + 1 && part.number == before.number + 1
            }
            _ => false,
        }
    }

    /// Adds the newline behind `row`, where it is due.
    fn end_line(&mut self, row: &Row<'_>) {
        self.now.open_line = None;
        if !self.newline || row.bytes.ends_with(b"\n") {
            return;
        }
        match row.part {
            Some(part) if !part.last => self.now.open_line = Some((row.position, part)),
            _ => {
                self.put(b"\n");
                self.now.gap = true;
            }
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        self.content.extend_from_slice(bytes);
        self.now.content += bytes.len() as u64;
        self.now.crc.update(bytes);
    }
}
