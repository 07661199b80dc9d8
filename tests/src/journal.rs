//! Journals of systemd, made with its own `systemd-journal-remote` from entries that a test chooses.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::components::needs;
use crate::trouble::{Attempting, Outcome, Trouble};

/// Where distributions keep it.
const PLACES: [&str; 2] = [
    "/usr/lib/systemd/systemd-journal-remote",
    "/lib/systemd/systemd-journal-remote",
];

/// When the first entry was made, in microseconds since 1970.
const BEGAN: u64 = 1_700_000_000_000_000;

/// A journal's folder, and who writes into it.
pub struct Journal {
    folder: PathBuf,
    program: PathBuf,
    written: u64,
}

impl Journal {
    /// An empty journal. `None` where it cannot be had, which is noted.
    pub fn new(folder: &Path) -> Outcome<Option<Self>> {
        let program = PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        let Some(program) = program else {
            needs(
                "systemd-journal-remote: it is not there; to install it: apt-get install systemd-journal-remote",
            )?;
            return Ok(None);
        };
        std::fs::create_dir_all(folder)?;
        Ok(Some(Self {
            folder: folder.to_owned(),
            program,
            written: 0,
        }))
    }

    /// Where its files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds an entry for each message of these units to one of its files, which may be new.
    pub fn write(&mut self, file: &str, entries: &[(&str, &[u8])]) -> Outcome {
        let mut text = Vec::new();
        for (unit, message) in entries {
            let passed = self.written * 10;
            self.written += 1;
            let head = format!(
                "__REALTIME_TIMESTAMP={}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={:032x}\n_SYSTEMD_UNIT={unit}\nMESSAGE\n",
                BEGAN + passed,
                1_000_000 + passed,
                1
            );
            text.extend_from_slice(head.as_bytes());
            text.extend_from_slice(&(message.len() as u64).to_le_bytes());
            text.extend_from_slice(message);
            text.extend_from_slice(b"\n\n");
        }
        let path = self.folder.join(format!("{file}.journal"));
        let mut writer = Command::new(&self.program)
            .arg("--output")
            .arg(&path)
            .arg("-")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .attempting(format!("run {}", self.program.display()))?;
        // Its end closes the pipe.
        let sent = writer.stdin.take().map(|mut input| input.write_all(&text));
        let ended = writer.wait_with_output()?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            return Err(Trouble(format!("cannot write {}: {said}", path.display())));
        }
        Ok(sent.transpose().map(|_| ())?)
    }
}
