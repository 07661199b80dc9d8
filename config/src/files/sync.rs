//! Every sync of ours goes through here, and each has a name: what it is for is written down in the
//! program's table (`--list-syncs`), and a test can leave one out and see what that does.

use std::fs::File;
use std::path::Path;

use super::{Doing, FileError};
use crate::faults;

/// Names a sync: the part, and what is durable after it.
pub type SyncName<'a> = (&'a str, &'a str);

/// Makes a file's bytes and its size durable; its name is an entry of its folder. `fdatasync`: it
/// leaves out times only, and a file that became shorter is one whose size has changed.
pub fn sync_file(file: &File, path: &Path, name: SyncName<'_>) -> Result<(), FileError> {
    if faults::leaves_out(name) {
        return Ok(());
    }
    file.sync_data().doing("sync", path)
}

/// Makes the names in a folder durable.
pub fn sync_folder(folder: &Path, name: SyncName<'_>) -> Result<(), FileError> {
    if faults::leaves_out(name) {
        return Ok(());
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .doing("sync folder", folder)
}
