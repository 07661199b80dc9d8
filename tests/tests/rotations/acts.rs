//! What a row does to its logs.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Outcome, Trouble};

use crate::stage::Stage;

impl Stage {
    /// The next line, with its end.
    fn line(&mut self) -> Vec<u8> {
        let number = self.done.lines.len();
        let filler = "x".repeat(number * 37 % 90);
        let line = format!("@{}:{number}@{filler}$\n", self.done.number);
        self.done.lines.push(line.len() as u64);
        line.into_bytes()
    }

    /// Appends lines to a file, which is created where it is not there.
    pub fn write(&mut self, name: &str, lines: u64) -> Outcome {
        let mut file = self.writer(name)?;
        self.put(&mut file, lines)
    }

    /// A descriptor through which a file is appended to, as a server keeps one.
    pub fn writer(&mut self, name: &str) -> Outcome<File> {
        let path = self.path(name);
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.attempting(format!("open {}", path.display()))
    }

    /// Writes lines through a descriptor.
    pub fn put(&mut self, file: &mut File, lines: u64) -> Outcome {
        self.act()?;
        for _ in 0..lines {
            let line = self.line();
            self.put_bytes(file, &line)?;
        }
        Ok(())
    }

    /// Writes the beginning of the next line; the rest of it is the caller's to write.
    pub fn half(&mut self, file: &mut File) -> Outcome<Vec<u8>> {
        self.part(file, 8)
    }

    /// The same with a byte.
    pub fn first_byte(&mut self, file: &mut File) -> Outcome<Vec<u8>> {
        self.part(file, 1)
    }

    fn part(&mut self, file: &mut File, bytes: usize) -> Outcome<Vec<u8>> {
        self.act()?;
        let line = self.line();
        let (first, rest) = line.split_at(bytes.min(line.len()));
        self.put_bytes(file, first)?;
        Ok(rest.to_vec())
    }

    /// Bytes of a line that has been counted.
    pub fn put_bytes(&mut self, file: &mut File, bytes: &[u8]) -> Outcome {
        self.written += bytes.len() as u64;
        file.write_all(bytes).attempting("write a log")
    }

    /// A line without a number, the same at each call, of about so many bytes.
    pub fn header(&mut self, name: &str, length: usize) -> Outcome {
        self.act()?;
        let mut file = self.writer(name)?;
        let line = format!("@{}:header@{}$\n", self.done.number, "h".repeat(length));
        self.done.headers += 1;
        self.put_bytes(&mut file, line.as_bytes())
    }

    /// Bytes that nobody wrote lie in a file now.
    pub fn hole(&mut self, bytes: u64) {
        self.written += bytes;
        self.done.holes += bytes;
    }

    /// Renames.
    pub fn rename(&mut self, from: &str, to: &str) -> Outcome {
        self.act()?;
        let (from, to) = (self.path(from), self.path(to));
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(&from, to).attempting(format!("rename {}", from.display()))
    }

    /// Renames each `app.log.N` to the next number, and `app.log` to `app.log.1`.
    pub fn shift(&mut self) -> Outcome {
        self.act()?;
        let numbered = |stage: &Self, number: u32| stage.path(&format!("app.log.{number}"));
        let last = (1..).find(|number| !numbered(self, *number).exists());
        for number in (1..last.unwrap_or(1)).rev() {
            fs::rename(numbered(self, number), numbered(self, number + 1))?;
        }
        Ok(fs::rename(self.path("app.log"), numbered(self, 1))?)
    }

    /// Removes a file.
    pub fn remove(&mut self, name: &str) -> Outcome {
        self.act()?;
        fs::remove_file(self.path(name)).attempting(format!("remove {name}"))
    }

    /// Truncates a file to nothing, in place.
    pub fn truncate(&mut self, name: &str) -> Outcome {
        self.act()?;
        let file = OpenOptions::new().write(true).open(self.path(name))?;
        file.set_len(0).attempting(format!("truncate {name}"))
    }

    /// Replaces a file by one that `made` makes of its bytes.
    pub fn replace(
        &mut self,
        from: &str,
        to: &str,
        made: impl Fn(&[u8]) -> Outcome<Vec<u8>>,
    ) -> Outcome {
        self.act()?;
        let bytes = made(&fs::read(self.path(from))?)?;
        fs::write(self.path(to), bytes).attempting(format!("write {to}"))?;
        fs::remove_file(self.path(from)).attempting(format!("remove {from}"))
    }

    /// Everything that was written so far and is not at the receiver may be missing.
    pub fn doom(&mut self) {
        self.done.mortal.extend(0..self.done.lines.len() as u64);
    }

    /// Runs a program to its end.
    pub fn command(&mut self, program: &Path, arguments: &[&str]) -> Outcome {
        self.act()?;
        let output = Command::new(program).args(arguments).output();
        let output = output.attempting(format!("run {}", program.display()))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(Trouble(format!(
                "{} ends with {}: {}",
                program.display(),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ))),
        }
    }
}
