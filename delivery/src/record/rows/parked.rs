//! A rows file of many that grow at once: it keeps no file open, and its rows stay in memory until
//! somebody needs the memory.
//!
//! Plain content only: thousands of compressors would take the memory that this is here to bound.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use standpipe_config::files::{Doing, FileError};
use standpipe_config::settings::delivery::RawCompression;

use super::Shape;
use super::data::End;
use super::index::{end_frame, entries_frame, header};
use super::pending::Pending;
use super::writer::Finished;
use crate::record::Row;

/// Writes a rows file in pieces, each time opening its files for as long as it takes.
pub struct ParkedRows {
    data: PathBuf,
    index: PathBuf,
    newline: bool,
    pending: Pending,
    end: End,
    index_written: u64,
    frames: u64,
}

impl ParkedRows {
    /// Of files that are not there yet, and are made when first written. `newline` as in [`Shape`].
    pub fn new(data: PathBuf, index: PathBuf, newline: bool) -> Self {
        Self {
            data,
            index,
            newline,
            pending: Pending::new(newline, 0),
            end: End::default(),
            index_written: 0,
            frames: 0,
        }
    }

    /// Adds a row, in memory.
    pub fn append(&mut self, row: &Row<'_>) {
        self.pending.push(row);
    }

    /// Rows in it.
    pub fn rows(&self) -> u64 {
        self.pending.now.rows
    }

    /// Bytes of content, newlines included.
    pub fn content_bytes(&self) -> u64 {
        self.pending.now.content
    }

    /// Bytes of memory that its rows take.
    pub fn memory(&self) -> usize {
        self.pending.content.capacity() + self.pending.entries.capacity()
    }

    /// Bytes that both files take on disk now.
    pub fn disk_bytes(&self) -> u64 {
        self.end.bytes + self.index_written
    }

    /// Writes what is in memory, and gives the memory back. After an error it can be tried again.
    pub fn write_out(&mut self) -> Result<(), FileError> {
        if self.pending.entries.is_empty() {
            return Ok(());
        }
        let frame = entries_frame(self.frames, &self.pending.entries);
        self.write(&frame)
    }

    /// Writes what is left and the end. Nothing is synced: that is the caller's, file by file. After
    /// an error both files are of no use.
    pub fn close(mut self) -> Result<Finished, FileError> {
        let mut frames = Vec::new();
        let mut number = self.frames;
        if !self.pending.entries.is_empty() {
            frames = entries_frame(number, &self.pending.entries);
            number += 1;
        }
        let end = self.pending.end();
        frames.extend_from_slice(&end_frame(number, end));
        self.write(&frames)?;
        Ok(Finished {
            rows: end.rows,
            content_bytes: end.content,
            data_bytes: self.end.bytes,
            data_hash: self.end.hash(),
            index_bytes: self.index_written,
        })
    }

    /// Writes the content that waits, and frames of the index.
    fn write(&mut self, frames: &[u8]) -> Result<(), FileError> {
        let is_new = self.frames == 0;
        let mut index = match is_new {
            true => header(self.shape()).to_vec(),
            false => Vec::new(),
        };
        index.extend_from_slice(frames);
        let content = &self.pending.content;
        write_at(&self.data, content, self.end.bytes, is_new)?;
        write_at(&self.index, &index, self.index_written, is_new)?;
        self.end.add(content);
        self.index_written += index.len() as u64;
        self.frames += 1;
        self.pending.content = Vec::new();
        self.pending.entries = Vec::new();
        Ok(())
    }

    fn shape(&self) -> Shape {
        Shape {
            newline: self.newline,
            compression: RawCompression::None,
        }
    }
}

impl std::fmt::Debug for ParkedRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParkedRows")
            .field("data", &self.data)
            .field("rows", &self.pending.now.rows)
            .finish_non_exhaustive()
    }
}

fn write_at(path: &Path, bytes: &[u8], at: u64, is_new: bool) -> Result<(), FileError> {
    let file: File = OpenOptions::new()
        .write(true)
        .create(is_new)
        .truncate(is_new)
        .open(path)
        .doing("open", path)?;
    file.write_all_at(bytes, at).doing("write", path)
}
