//! Writes a rows file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError};
use standpipe_config::records::Part;

use super::Shape;
use super::data::{self, HELD_BACK, Hash, Sink};
use super::index::{Before, End, Entry, FRAME_HEADER, MAX_ENTRY, end_frame, entries_frame, header};
use super::space::{Ahead, cut_and_sync};
use crate::record::Row;

/// Content goes to the file in pieces of about this many bytes.
const BUFFER: usize = 256 * 1024;

const DATA_STEP: u64 = 1024 * 1024;
const INDEX_STEP: u64 = 64 * 1024;

/// Writes a rows file. Space is allocated before a row is taken: a row that was taken can be
/// finished although the disk has become full.
pub struct RowsWriter {
    shape: Shape,
    data_path: PathBuf,
    sink: Sink,
    data_space: Ahead,
    index_path: PathBuf,
    index: File,
    index_space: Ahead,
    index_written: u64,
    frames: u64,
    /// Content that is not written yet.
    content: Vec<u8>,
    /// Index entries for it.
    entries: Vec<u8>,
    now: Progress,
    /// What is written: where [`cut_back`](RowsWriter::cut_back) goes back to.
    written: Progress,
    /// A compressor failed half-way: what it holds is unknown.
    torn: bool,
}

#[derive(Clone)]
struct Progress {
    rows: u64,
    content: u64,
    crc: crc32fast::Hasher,
    before: Before,
    /// A newline that belongs to no row lies before the next one.
    gap: bool,
    /// The last row was a part with more to come, and had no line end.
    open_line: Option<(u64, Part)>,
}

/// A rows file that is whole and durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Rows in it.
    pub rows: u64,
    /// Bytes of content, before compression, newlines included.
    pub content_bytes: u64,
    /// Bytes of the data file.
    pub data_bytes: u64,
    /// The SHA-256 of the data file.
    pub data_hash: Hash,
    /// Bytes of the index file.
    pub index_bytes: u64,
}

impl RowsWriter {
    /// Creates both files; what was there is overwritten.
    pub fn create(data: &Path, index: &Path, shape: Shape) -> Result<Self, FileError> {
        let file = File::create(data).doing("create", data)?;
        let sink = Sink::new(file, shape.compression).doing("begin to compress", data)?;
        let index_file = File::create(index).doing("create", index)?;
        let mut index_space = Ahead::new(INDEX_STEP);
        index_space.ensure(&index_file, index, INDEX_STEP)?;
        let header = header(shape);
        index_file.write_all_at(&header, 0).doing("write", index)?;
        let nothing = Progress {
            rows: 0,
            content: 0,
            crc: crc32fast::Hasher::new(),
            before: Before::default(),
            gap: false,
            open_line: None,
        };
        Ok(Self {
            shape,
            data_path: data.to_owned(),
            sink,
            data_space: Ahead::new(DATA_STEP),
            index_path: index.to_owned(),
            index: index_file,
            index_space,
            index_written: header.len() as u64,
            frames: 0,
            content: Vec::with_capacity(BUFFER),
            entries: Vec::new(),
            now: nothing.clone(),
            written: nothing,
            torn: false,
        })
    }

    /// Adds a row. On an error that [`is_full`](FileError::is_full) the row is not in, what was
    /// added before is, and [`finish`](Self::finish) will find its space.
    pub fn append(&mut self, row: &Row<'_>) -> Result<(), FileError> {
        self.reserve(row.bytes.len())?;
        if self.content.len().max(self.entries.len()) >= BUFFER {
            self.write_out()?;
        }
        let breaks = self.shape.newline && !self.continues_line(row);
        if breaks && self.now.open_line.is_some() {
            self.put(b"\n");
            self.now.gap = true;
        }
        if self.now.rows == 0 {
            self.sink.begin(row);
        }
        let entry = Entry::of(row, std::mem::take(&mut self.now.gap));
        self.now.before.write(&entry, &mut self.entries);
        self.put(row.bytes);
        self.now.rows += 1;
        self.end_line(row);
        Ok(())
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.now.rows
    }

    /// Bytes of content, before compression, newlines included.
    pub fn content_bytes(&self) -> u64 {
        self.now.content
    }

    /// Bytes that both files take on disk now, space allocated ahead included.
    pub fn disk_bytes(&self) -> u64 {
        let data = self.data_space.bytes().max(self.sink.output().end.bytes);
        data + self.index_space.bytes().max(self.index_written)
    }

    /// Drops the rows that are not in the file yet, where a full disk showed only when they were
    /// written (a file system that cannot allocate ahead). [`rows`](Self::rows) says what is left.
    /// `false`: a compressor failed half-way, and the whole file is to be thrown away.
    pub fn cut_back(&mut self) -> bool {
        self.content.clear();
        self.entries.clear();
        self.now = self.written.clone();
        !self.torn
    }

    /// Writes what is left, gives back space allocated ahead, and makes both files durable. The
    /// folder's sync is the caller's. After an error both files are of no use: the batch is to be
    /// read again.
    pub fn finish(mut self) -> Result<Finished, FileError> {
        self.write_out()?;
        let end = End {
            rows: self.now.rows,
            content: self.now.content,
            crc: self.now.crc.clone().finalize(),
        };
        let frame = end_frame(self.frames, end);
        self.write_frame(&frame)?;
        let output = self
            .sink
            .finish()
            .doing("compress the end of", &self.data_path)?;
        let (data, index) = (("spool", "data"), ("spool", "index"));
        cut_and_sync(&output.file, &self.data_path, output.end.bytes, data)?;
        cut_and_sync(&self.index, &self.index_path, self.index_written, index)?;
        Ok(Finished {
            rows: end.rows,
            content_bytes: end.content,
            data_bytes: output.end.bytes,
            data_hash: output.end.hash(),
            index_bytes: self.index_written,
        })
    }

    /// Takes care that a row of `bytes` can be finished, with all that waits before it.
    fn reserve(&mut self, bytes: usize) -> Result<(), FileError> {
        let output = self.sink.output();
        let held_back = if self.sink.is_repeatable() {
            0
        } else {
            HELD_BACK
        };
        let content = (self.content.len() + bytes + 2) as u64;
        let data = output.end.bytes + content + held_back;
        self.data_space
            .ensure(&output.file, &self.data_path, data)?;
        let frames = 2 * FRAME_HEADER + 32;
        let index = self.index_written + (self.entries.len() + MAX_ENTRY + frames) as u64;
        self.index_space
            .ensure(&self.index, &self.index_path, index)
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
        if !self.shape.newline || row.bytes.ends_with(b"\n") {
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

    fn write_out(&mut self) -> Result<(), FileError> {
        if self.torn {
            let lost = io::Error::other("the compressor failed before, the file is of no use");
            return Err(lost).doing("go on with", &self.data_path);
        }
        if self.entries.is_empty() {
            return Ok(());
        }
        let before = self.sink.output().end.clone();
        let frame = entries_frame(self.frames, &self.entries);
        if let Err(e) = self.sink.write_all(&self.content) {
            self.torn = !self.sink.is_repeatable();
            return Err(e).doing("write", &self.data_path);
        }
        if let Err(e) = self.write_frame(&frame) {
            self.take_back(before);
            return Err(e);
        }
        self.content.clear();
        self.entries.clear();
        self.written = self.now.clone();
        Ok(())
    }

    /// Content without its index does not count.
    fn take_back(&mut self, before: data::End) {
        match &mut self.sink {
            Sink::Plain(output) => output.end = before,
            _ => self.torn = true,
        }
    }

    fn write_frame(&mut self, frame: &[u8]) -> Result<(), FileError> {
        self.index
            .write_all_at(frame, self.index_written)
            .doing("write", &self.index_path)?;
        self.index_written += frame.len() as u64;
        self.frames += 1;
        Ok(())
    }
}

impl std::fmt::Debug for RowsWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RowsWriter")
            .field("data", &self.data_path)
            .field("rows", &self.now.rows)
            .field("content_bytes", &self.now.content)
            .finish_non_exhaustive()
    }
}
