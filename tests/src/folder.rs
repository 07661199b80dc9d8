//! A folder for one test, on a real disk, that stays when the test fails.

use std::path::{Path, PathBuf};

use crate::program::last_lines;
use crate::trouble::{Attempting, Outcome};

/// A folder of its own for a test. [`done`](Self::done) removes it, unless `STANDPIPE_KEEP` is set;
/// dropped without that, it says the last of each log in it.
pub struct Folder {
    path: PathBuf,
    done: bool,
}

impl Folder {
    /// A new folder below the build folder; the system's own for temporary files may be in memory.
    pub fn new(name: &str) -> Outcome<Self> {
        let home = crate::binaries::folder()?.join("test-runs");
        std::fs::create_dir_all(&home).attempting(format!("create {}", home.display()))?;
        let path = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(&home)
            .attempting(format!("create a folder in {}", home.display()))?
            .keep();
        // Shown by the test harness where the test fails.
        println!("the test's files lie in {}", path.display());
        Ok(Self { path, done: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path of something in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A folder on another file system than this one, so that files are copied there, which the
    /// caller removes; one in this folder where there is no such.
    pub fn elsewhere(&self) -> PathBuf {
        let far = tempfile::Builder::new()
            .prefix("standpipe-far-")
            .tempdir_in("/dev/shm");
        far.map_or_else(|_| self.join("out"), tempfile::TempDir::keep)
    }

    /// Removes it: what a test does last, so that a failed one leaves its files.
    pub fn done(mut self) -> Outcome {
        self.done = true;
        if std::env::var_os("STANDPIPE_KEEP").is_some() {
            return Ok(());
        }
        std::fs::remove_dir_all(&self.path).attempting(format!("remove {}", self.path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let files = crate::objects::below(&self.path).unwrap_or_default();
        let logs = files
            .iter()
            .filter(|path| path.ends_with("delivery.log") || path.ends_with("agent.log"));
        for log in logs.filter(|_| !self.done) {
            println!("== the last of {}\n{}", log.display(), last_lines(log, 40));
        }
    }
}
