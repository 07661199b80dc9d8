//! Files that the agent may not read for a while: they are named, nothing of them is given up, and
//! they are read once they may be.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use standpipe_tests::Outcome;
use standpipe_tests::components::needs;
use standpipe_tests::trouble::Attempting;

use crate::stage::Stage;
use crate::{ALL, Loss, Row};

/// What the system says of what nobody may read.
const DENIED: &str = "Permission denied";

/// Part of util-linux.
const SETPRIV: &str = "/usr/bin/setpriv";

/// None where we are root and cannot be anybody else, which is noted.
pub(crate) fn rows() -> Outcome<Vec<Row>> {
    if is_root() && !Path::new(SETPRIV).exists() {
        needs("setpriv: it is not there; to install it: apt-get install util-linux")?;
        return Ok(vec![]);
    }
    let rows = [
        Row::new("locked-file", ALL, Loss::None, file),
        Row::new("locked-folder", ALL, Loss::None, folder),
        Row::new("locked-stopped", ALL, Loss::None, stopped),
    ];
    Ok(rows.into_iter().map(Row::unprivileged).collect())
}

/// The beginning of a command that runs a program for which the modes of files count: that of root
/// who has none of his privileges. The folders of a test are open to nobody else.
pub(crate) fn without_privileges() -> Vec<String> {
    let command = match is_root() {
        true => &[SETPRIV, "--bounding-set=-all", "--inh-caps=-all", "--"][..],
        false => &[],
    };
    command.iter().map(|part| (*part).to_owned()).collect()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Stage {
    fn allow(&mut self, name: &str, mode: u32) -> Outcome {
        self.act()?;
        let path = self.path(name);
        fs::set_permissions(&path, Permissions::from_mode(mode))
            .attempting(format!("change who may read {}", path.display()))
    }
}

/// One that is new, beside one that is read.
fn file(stage: &mut Stage) -> Outcome {
    // Closed before it has its name, so that nobody opens it in time.
    let mut new = stage.writer("new")?;
    stage.allow("new", 0)?;
    stage.rename("new", "app.log.b")?;
    stage.write("app.log", 30)?;
    stage.put(&mut new, 30)?;
    stage.unreadable("app.log.b", DENIED)?;
    stage.write("app.log", 10)?;
    stage.allow("app.log.b", 0o600)?;
    stage.put(&mut new, 10)?;
    stage.arrived()
}

/// The folder cannot be listed, and what is in it is not gone.
fn folder(stage: &mut Stage) -> Outcome {
    let mut log = stage.writer("app.log")?;
    stage.put(&mut log, 30)?;
    stage.arrived()?;
    stage.allow("", 0)?;
    stage.put(&mut log, 10)?;
    stage.unreadable("", DENIED)?;
    // Longer than a file that is gone is waited for.
    stage.pause(if stage.is_full() { 40_000 } else { 500 })?;
    stage.put(&mut log, 10)?;
    stage.allow("", 0o755)?;
    stage.arrived()
}

/// One that was read before, by an agent that finds it closed.
fn stopped(stage: &mut Stage) -> Outcome {
    let mut log = stage.writer("app.log")?;
    stage.put(&mut log, 30)?;
    stage.arrived()?;
    stage.stop()?;
    stage.put(&mut log, 10)?;
    stage.allow("app.log", 0)?;
    stage.start()?;
    stage.unreadable("app.log", DENIED)?;
    stage.pause(if stage.is_full() { 40_000 } else { 500 })?;
    stage.allow("app.log", 0o600)?;
    stage.put(&mut log, 10)?;
    stage.arrived()
}
