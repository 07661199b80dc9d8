//! Who does what: work that takes time, on a thread that answers requests, is a defect (a caller
//! waits for another one's work), and ends a process of a build for tests.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::skip;

/// A file to which each kind of work is noted, once: so a test knows that it was done.
const WORK_LOG: &str = "STANDPIPE_WORK_LOG";

thread_local! {
    static ANSWERS: Cell<bool> = const { Cell::new(false) };
}

static SEEN: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

pub(super) fn answers() {
    ANSWERS.set(true);
}

pub(super) fn takes_time(work: &'static str) {
    // In a test of the library one thread may do everything.
    if !skip::is_program() {
        return;
    }
    if ANSWERS.get() {
        let _ = writeln!(
            std::io::stderr(),
            "{work}: on a thread that answers requests"
        );
        std::process::abort();
    }
    let is_new = SEEN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(work);
    if let (true, Some(log)) = (is_new, std::env::var_os(WORK_LOG)) {
        note(work, Path::new(&log));
    }
}

fn note(work: &str, log: &Path) {
    let file = OpenOptions::new().create(true).append(true).open(log);
    let noted = file.and_then(|mut file| writeln!(file, "{work}"));
    if let Err(error) = noted {
        let _ = writeln!(std::io::stderr(), "cannot note {work}: {error}");
    }
}
