//! An error object's lines, one after the other, however large it is.

use crate::destination::found::Reading;
use crate::failure::Failure;

/// A line longer than this is none of ours, in bytes: a record of 6 MB, as base64, with its message.
const LONGEST: usize = 64 * 1024 * 1024;

/// Lines of an object.
pub(super) struct Lines {
    reading: Reading,
    buffer: Vec<u8>,
    /// Where the next line begins.
    at: usize,
    /// Up to where no line end is.
    searched: usize,
}

impl Lines {
    /// Stands before the first line.
    pub(super) fn of(reading: Reading) -> Self {
        Self {
            reading,
            buffer: Vec::new(),
            at: 0,
            searched: 0,
        }
    }

    /// The next line without its end; `None` behind the last one.
    pub(super) async fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let (start, end) = (self.at, self.searched + found);
                self.at = end + 1;
                self.searched = self.at;
                return Ok(Some(&self.buffer[start..end]));
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            self.searched = self.buffer.len();
            if self.buffer.len() > LONGEST {
                return Err(Failure::halt(format!(
                    "it has a line of more than {LONGEST} bytes, which is no error line"
                )));
            }
            match self.reading.next().await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.buffer.is_empty() => return Ok(None),
                None => {
                    // A last line without an end.
                    self.at = self.buffer.len();
                    self.searched = self.at;
                    return Ok(Some(&self.buffer));
                }
            }
        }
    }
}
