//! Walking the entries of a segment file, and judging a bad one (rule 12).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::entry::{ALIGN, HEAD, Head, MARKER};

/// How much of a file is searched at once, in bytes.
const WINDOW: usize = 1024 * 1024;

/// Reads up to `length` bytes at `at`; fewer only at the end of the file.
pub(super) fn read_at(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match file.read_at(&mut bytes[filled..], at + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// A segment file whose entries are walked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    pub(super) file: &'a File,
    /// The segment's life: entries of earlier lives are none.
    pub(super) segment: u64,
}

impl Walk<'_> {
    /// The head at `at`, or why there is none.
    pub(super) fn head(&self, at: u64) -> io::Result<Result<Head, &'static str>> {
        let mut bytes = [0; HEAD];
        match self.file.read_exact_at(&mut bytes, at) {
            Ok(()) => Ok(self.check_head(&bytes, at)),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                Ok(Err("the file ends inside an entry"))
            }
            Err(e) => Err(e),
        }
    }

    /// Checks that the bytes of a head are one of this segment, and could lie at `at`.
    pub(super) fn check_head(&self, bytes: &[u8], at: u64) -> Result<Head, &'static str> {
        let head = Head::decode(bytes)?;
        if head.segment != self.segment {
            return Err("the entry is of an earlier life of the file");
        }
        if head.group.at > at {
            return Err("the entry lies before its group");
        }
        Ok(head)
    }

    /// The body behind a head at `at`, or why it is bad.
    pub(super) fn body(&self, head: &Head, at: u64) -> io::Result<Result<Vec<u8>, &'static str>> {
        let length = head.length as usize - HEAD;
        let available = self.file.metadata()?.len();
        if at + u64::from(head.length) > available {
            return Ok(Err("the file ends inside an entry"));
        }
        let body = read_at(self.file, at + HEAD as u64, length)?;
        Ok(check_body(head, &body).map(|()| body))
    }

    /// Whether anything behind a bad entry at `bad` shows that it was synced once: the head of an
    /// entry whose group began behind `bad`.
    pub(super) fn was_synced(&self, bad: u64) -> io::Result<bool> {
        let mut at = bad;
        loop {
            let window = read_at(self.file, at, WINDOW + HEAD)?;
            let starts =
                (0..window.len().saturating_sub(HEAD - 1).min(WINDOW)).step_by(ALIGN as usize);
            for start in starts {
                let bytes = &window[start..start + HEAD];
                if bytes[..4] == MARKER
                    && self
                        .check_head(bytes, at + start as u64)
                        .is_ok_and(|head| head.group.at > bad)
                {
                    return Ok(true);
                }
            }
            if window.len() < WINDOW + HEAD {
                return Ok(false);
            }
            at += WINDOW as u64;
        }
    }
}

/// Checks a body against its head.
pub(super) fn check_body(head: &Head, body: &[u8]) -> Result<(), &'static str> {
    if crc32fast::hash(body) == head.body_crc {
        Ok(())
    } else {
        Err("the checksum of an entry does not fit")
    }
}

#[cfg(test)]
mod tests;
