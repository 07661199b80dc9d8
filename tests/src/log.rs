//! A log file that grows and rotates, as a server and logrotate make it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::trouble::{Attempting, Outcome};

/// A log file and those it was rotated into: `app.log`, `app.log.1`, `app.log.2`, the youngest
/// first.
pub struct Log {
    path: PathBuf,
    file: File,
    rotations: u32,
}

impl Log {
    /// Creates the file, empty.
    pub fn create(path: &Path) -> Outcome<Self> {
        let file = File::create(path).attempting(format!("create {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            rotations: 0,
        })
    }

    /// Opens one that is there, to go on at its end.
    pub fn append(path: &Path) -> Outcome<Self> {
        let opened = File::options().append(true).open(path);
        Ok(Self {
            path: path.to_owned(),
            file: opened.attempting(format!("open {}", path.display()))?,
            rotations: 0,
        })
    }

    /// Appends bytes, line ends included.
    pub fn write(&mut self, bytes: &[u8]) -> Outcome {
        self.file
            .write_all(bytes)
            .attempting(format!("write {}", self.path.display()))
    }

    /// Renames each file to the next number and creates a new one.
    pub fn rotate(&mut self) -> Outcome {
        for number in (0..=self.rotations).rev() {
            let (from, to) = (self.numbered(number), self.numbered(number + 1));
            std::fs::rename(&from, to).attempting(format!("rename {}", from.display()))?;
        }
        self.rotations += 1;
        self.file =
            File::create(&self.path).attempting(format!("create {}", self.path.display()))?;
        Ok(())
    }

    /// How often it was rotated.
    pub fn rotations(&self) -> u32 {
        self.rotations
    }

    fn numbered(&self, number: u32) -> PathBuf {
        match number {
            0 => self.path.clone(),
            _ => PathBuf::from(format!("{}.{number}", self.path.display())),
        }
    }
}

#[cfg(test)]
mod tests;
