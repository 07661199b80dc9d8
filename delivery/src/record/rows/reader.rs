//! Reads a rows file, in order, in constant memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError};

use super::data::Source;
use super::index::{
    Before, End, Entry, FRAME_HEADER, Frame, HEADER, MAGIC, VERSION, frame_crc, read_payload, shape,
};
use super::{RowsError, Shape};
use crate::record::Row;

/// Content is read in pieces of about this many bytes.
const BUFFER: usize = 256 * 1024;

/// An index frame longer than this was never written: its content is a buffer and one row.
const MAX_FRAME: u32 = 64 * 1024 * 1024;

/// Reads a rows file from its first row to its last.
pub struct RowsReader {
    content: Content,
    index: Index,
    current: Option<Entry>,
    next: Option<Entry>,
    /// Where the current row lies in the content.
    range: Range<u64>,
    rows: u64,
}

impl RowsReader {
    /// Opens both files and stands before the first row.
    pub fn open(data: &Path, index: &Path) -> Result<Self, RowsError> {
        let (mut index, shape) = Index::open(index)?;
        let file = File::open(data).doing("open", data)?;
        let source = Source::new(file, shape.compression).doing("begin to read", data)?;
        let next = index.next()?;
        Ok(Self {
            content: Content::new(data, source),
            index,
            current: None,
            next,
            range: 0..0,
            rows: 0,
        })
    }

    /// Opens both files again and stands before the first row.
    pub fn rewind(&mut self) -> Result<(), RowsError> {
        let reopened = Self::open(&self.content.path, &self.index.path)?;
        *self = reopened;
        Ok(())
    }

    /// Goes on to the next row; `false` behind the last one, after it was checked that the files
    /// hold what they say.
    pub fn advance(&mut self) -> Result<bool, RowsError> {
        self.content.consume(self.range.end - self.range.start);
        self.current = self.next;
        let Some(entry) = self.current else {
            self.range.start = self.range.end;
            self.check_end()?;
            return Ok(false);
        };
        if entry.gap {
            self.content.fill(1)?;
            self.content.consume(1);
        }
        self.content.fill(entry.length)?;
        let start = self.range.end + u64::from(entry.gap);
        self.range = start..start + entry.length;
        self.rows += 1;
        self.next = self.index.next()?;
        Ok(true)
    }

    /// The row that [`advance`](Self::advance) went to.
    pub fn row(&self) -> Option<Row<'_>> {
        let entry = self.current?;
        Some(entry.row(self.content.bytes(entry.length as usize)))
    }

    /// Whether the next row belongs to the same record (rule 14).
    pub fn record_goes_on(&self) -> bool {
        match (&self.current, &self.next) {
            (Some(current), Some(next)) => current.same_record(next),
            _ => false,
        }
    }

    /// Where the current row's bytes lie in the content, before compression.
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// [`advance`](Self::advance) and [`row`](Self::row) in one.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, RowsError> {
        self.advance()?;
        Ok(self.row())
    }

    fn check_end(&mut self) -> Result<(), RowsError> {
        let Some(end) = self.index.end else {
            return Ok(());
        };
        while self.content.read_more()? > 0 {
            self.content.consume_all();
        }
        self.content.consume_all();
        if end.rows != self.rows {
            return Err(self.index.damaged("its rows are not all there"));
        }
        if end.content != self.content.consumed || end.crc != self.content.crc() {
            return Err(self
                .content
                .damaged("its bytes are not those that its index was written for"));
        }
        Ok(())
    }
}

impl std::fmt::Debug for RowsReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsReader")
            .field("data", &self.content.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

/// The data file: a window over its content.
struct Content {
    path: PathBuf,
    source: Source,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: u64,
    crc: crc32fast::Hasher,
    /// What of the buffer is in `crc`: it is taken of many rows at once, which is cheaper.
    summed: usize,
}

impl Content {
    fn new(path: &Path, source: Source) -> Self {
        Self {
            path: path.to_owned(),
            source,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            consumed: 0,
            crc: crc32fast::Hasher::new(),
            summed: 0,
        }
    }

    fn bytes(&self, length: usize) -> &[u8] {
        &self.buffer[self.start..self.start + length]
    }

    fn consume(&mut self, bytes: u64) {
        self.start += bytes as usize;
        self.consumed += bytes;
    }

    /// Adds what was consumed to the sum, before the buffer moves.
    fn sum(&mut self) {
        self.crc.update(&self.buffer[self.summed..self.start]);
        self.summed = self.start;
    }

    fn consume_all(&mut self) {
        self.consume((self.end - self.start) as u64);
    }

    /// Takes care that `length` bytes are in the window.
    fn fill(&mut self, length: u64) -> Result<(), RowsError> {
        while ((self.end - self.start) as u64) < length {
            if self.start + length as usize > self.buffer.len() {
                self.sum();
                self.summed = 0;
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
                // Twice what there is, not what the index says: it is read before it is believed.
                let wanted = (length as usize).min(2 * self.buffer.len());
                self.buffer.resize(wanted.max(self.buffer.len()), 0);
            }
            if self.read_more()? == 0 {
                return Err(self.damaged("it ends before its index does"));
            }
        }
        Ok(())
    }

    fn read_more(&mut self) -> Result<usize, FileError> {
        if self.start == self.end {
            self.sum();
            self.summed = 0;
            self.start = 0;
            self.end = 0;
        }
        loop {
            match self.source.read(&mut self.buffer[self.end..]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => {
                    let read = other.doing("read", &self.path)?;
                    self.end += read;
                    return Ok(read);
                }
            }
        }
    }

    fn crc(&mut self) -> u32 {
        self.sum();
        self.crc.clone().finalize()
    }

    fn damaged(&self, why: &'static str) -> RowsError {
        RowsError::Damaged {
            path: self.path.clone(),
            why,
        }
    }
}

/// The index file, one frame at a time.
struct Index {
    path: PathBuf,
    file: BufReader<File>,
    frames: u64,
    entries: Vec<u8>,
    at: usize,
    before: Before,
    end: Option<End>,
}

impl Index {
    fn open(path: &Path) -> Result<(Self, Shape), RowsError> {
        let file = File::open(path).doing("open", path)?;
        let mut index = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(64 * 1024, file),
            frames: 0,
            entries: Vec::new(),
            at: 0,
            before: Before::default(),
            end: None,
        };
        let mut header = [0; HEADER];
        index.read_exact(&mut header)?;
        if header[..4] != MAGIC {
            return Err(index.damaged("it does not begin with the magic bytes of an index"));
        }
        let found = u16::from_le_bytes([header[4], header[5]]);
        if found > VERSION {
            return Err(RowsError::Newer {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        let shape = shape(header).ok_or_else(|| index.damaged("its header makes no sense"))?;
        Ok((index, shape))
    }

    fn next(&mut self) -> Result<Option<Entry>, RowsError> {
        while self.at == self.entries.len() {
            if self.end.is_some() {
                return Ok(None);
            }
            self.read_frame()?;
        }
        let mut rest = &self.entries[self.at..];
        let entry = self.before.read(&mut rest);
        self.at = self.entries.len() - rest.len();
        match entry {
            Some(entry) => Ok(Some(entry)),
            None => Err(self.damaged("an entry of it makes no sense")),
        }
    }

    fn read_frame(&mut self) -> Result<(), RowsError> {
        let mut header = [0; FRAME_HEADER];
        self.read_exact(&mut header)?;
        let [a, b, c, d, e, f, g, h] = header;
        let length = u32::from_le_bytes([a, b, c, d]);
        if length > MAX_FRAME {
            return Err(self.damaged("a frame of it makes no sense"));
        }
        let mut payload = vec![0; length as usize];
        self.read_exact(&mut payload)?;
        if frame_crc(self.frames, &payload) != u32::from_le_bytes([e, f, g, h]) {
            return Err(self.damaged("a frame of it does not read back"));
        }
        self.frames += 1;
        self.at = 0;
        self.entries.clear();
        match read_payload(&payload) {
            Some(Frame::Entries(entries)) => self.entries.extend_from_slice(entries),
            Some(Frame::End(end)) => self.end = Some(end),
            None => return Err(self.damaged("a frame of it makes no sense")),
        }
        Ok(())
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> Result<(), RowsError> {
        match self.file.read_exact(bytes) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("it ends too early: it was never finished, or is torn"))
            }
            other => Ok(other.doing("read", &self.path)?),
        }
    }

    fn damaged(&self, why: &'static str) -> RowsError {
        RowsError::Damaged {
            path: self.path.clone(),
            why,
        }
    }
}
