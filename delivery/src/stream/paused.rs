//! Whether an operator paused a stream's delivery: noted in its folder, so that it stays so over
//! restarts.
//!
//! ```json
//! {"standpipe_paused":1,"since":1795000000123}
//! ```
//!
//! That it is there says all; what is in it is for people. A power cut may take the note of the last
//! moments: then the stream delivers.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use standpipe_config::files::{Doing, FileError, remove, show};
use standpipe_config::names::Arrival;

#[derive(Serialize)]
struct Paused {
    standpipe_paused: u16,
    since: Arrival,
}

/// Whether the stream in `folder` is paused.
pub fn is_paused(folder: &Path) -> bool {
    path(folder).exists()
}

/// Notes that it is, or is not any more.
pub fn note(folder: &Path, paused: bool) -> Result<(), FileError> {
    let path = path(folder);
    match (paused, path.exists()) {
        (true, false) => {
            let note = Paused {
                standpipe_paused: 1,
                since: Arrival::now(),
            };
            let bytes = serde_json::to_vec(&note).map_err(io::Error::other);
            show(&path, &bytes.doing("write", &path)?)
        }
        (false, true) => remove(&path),
        _ => Ok(()),
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("paused.json")
}
