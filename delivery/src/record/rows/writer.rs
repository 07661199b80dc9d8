//! Writes a rows file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError, sync_file};

use super::Shape;
use super::data::{self, HELD_BACK, Hash, Sink};
use super::index::{FRAME_HEADER, MAX_ENTRY, end_frame, entries_frame, header};
use super::pending::{Pending, Progress};
use super::space::Ahead;
use crate::record::Row;

/// Content goes to the file in pieces of about this many bytes.
const BUFFER: usize = 256 * 1024;

const DATA_STEP: u64 = 1024 * 1024;
const INDEX_STEP: u64 = 64 * 1024;

/// Writes a rows file. Space is allocated before a row is taken: a row that was taken can be
/// finished although the disk has become full.
pub struct RowsWriter {
    data_path: PathBuf,
    sink: Sink,
    data_space: Ahead,
    index_path: PathBuf,
    index: File,
    index_space: Ahead,
    index_written: u64,
    frames: u64,
    pending: Pending,
    /// What is written: where [`cut_back`](RowsWriter::cut_back) goes back to.
    written: Progress,
    /// A compressor failed half-way: what it holds is unknown.
    torn: bool,
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
    /// The SHA-256 of the data file; zeros where [nobody needs it](RowsWriter::unhashed).
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
        Ok(Self {
            data_path: data.to_owned(),
            sink,
            data_space: Ahead::new(DATA_STEP),
            index_path: index.to_owned(),
            index: index_file,
            index_space,
            index_written: header.len() as u64,
            frames: 0,
            pending: Pending::new(shape.newline, BUFFER),
            written: Progress::default(),
            torn: false,
        })
    }

    /// Its data file is not hashed: it will be encoded into another one, which is what is delivered.
    pub fn unhashed(mut self) -> Self {
        self.sink.unhashed();
        self
    }

    /// Adds a row. On an error that [`is_full`](FileError::is_full) the row is not in, what was
    /// added before is, and [`finish`](Self::finish) will find its space.
    pub fn append(&mut self, row: &Row<'_>) -> Result<(), FileError> {
        self.reserve(row.bytes.len())?;
        if self.pending.largest() >= BUFFER {
            self.write_out()?;
        }
        if self.pending.now.rows == 0 {
            self.sink.begin(row);
        }
        self.pending.push(row);
        Ok(())
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.pending.now.rows
    }

    /// Bytes of content, before compression, newlines included.
    pub fn content_bytes(&self) -> u64 {
        self.pending.now.content
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
        self.pending.clear();
        self.pending.now = self.written.clone();
        !self.torn
    }

    /// Writes what is left, gives back space allocated ahead, and makes both files durable. The
    /// folder's sync is the caller's. After an error both files are of no use: the batch is to be
    /// read again.
    pub fn finish(self) -> Result<Finished, FileError> {
        let (data, index) = (self.data_path.clone(), self.index_path.clone());
        let (finished, files) = self.close()?;
        sync_file(&files.0, &data, ("spool", "data"))?;
        sync_file(&files.1, &index, ("spool", "index"))?;
        Ok(finished)
    }

    /// As [`finish`](Self::finish), but nothing is synced: that is the caller's too, file by file.
    pub fn close(mut self) -> Result<(Finished, (File, File)), FileError> {
        self.write_out()?;
        let end = self.pending.end();
        let frame = end_frame(self.frames, end);
        self.write_frame(&frame)?;
        let output = self
            .sink
            .finish()
            .doing("compress the end of", &self.data_path)?;
        let (data, index) = (output.end.bytes, self.index_written);
        output
            .file
            .set_len(data)
            .doing("cut to size", &self.data_path)?;
        self.index
            .set_len(index)
            .doing("cut to size", &self.index_path)?;
        let finished = Finished {
            rows: end.rows,
            content_bytes: end.content,
            data_bytes: data,
            data_hash: output.end.hash(),
            index_bytes: index,
        };
        Ok((finished, (output.file, self.index)))
    }

    /// Takes care that a row of `bytes` can be finished, with all that waits before it.
    fn reserve(&mut self, bytes: usize) -> Result<(), FileError> {
        let output = self.sink.output();
        let held_back = if self.sink.is_repeatable() {
            0
        } else {
            HELD_BACK
        };
        let content = (self.pending.content.len() + bytes + 2) as u64;
        let data = output.end.bytes + content + held_back;
        self.data_space
            .ensure(&output.file, &self.data_path, data)?;
        let frames = 2 * FRAME_HEADER + 32;
        let index = self.index_written + (self.pending.entries.len() + MAX_ENTRY + frames) as u64;
        self.index_space
            .ensure(&self.index, &self.index_path, index)
    }

    fn write_out(&mut self) -> Result<(), FileError> {
        if self.torn {
            let lost = io::Error::other("the compressor failed before, the file is of no use");
            return Err(lost).doing("go on with", &self.data_path);
        }
        if self.pending.entries.is_empty() {
            return Ok(());
        }
        let before = self.sink.output().end.clone();
        let frame = entries_frame(self.frames, &self.pending.entries);
        if let Err(e) = self.sink.write_all(&self.pending.content) {
            self.torn = !self.sink.is_repeatable();
            return Err(e).doing("write", &self.data_path);
        }
        if let Err(e) = self.write_frame(&frame) {
            self.take_back(before);
            return Err(e);
        }
        self.pending.clear();
        self.written = self.pending.now.clone();
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
            .field("rows", &self.pending.now.rows)
            .field("content_bytes", &self.pending.now.content)
            .finish_non_exhaustive()
    }
}
