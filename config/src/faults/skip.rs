//! Leaving syncs out: what `STANDPIPE_SKIP_SYNC` does.

use std::io::Write as _;
use std::sync::OnceLock;

use super::Sync;
use super::kill::is;
use crate::process::exit::Exit;

/// Which to leave out: names with commas between.
const SKIP_SYNC: &str = "STANDPIPE_SKIP_SYNC";

/// Prints the table.
const LIST: &str = "--list-syncs";

/// The orders of this process.
static ORDERS: OnceLock<Orders> = OnceLock::new();

#[derive(Debug)]
struct Orders {
    syncs: &'static [Sync],
    left_out: Vec<&'static str>,
}

pub(super) fn start(syncs: &'static [Sync]) -> Option<Exit> {
    if std::env::args_os().any(|argument| argument == LIST) {
        let list: String = syncs.iter().map(|s| format!("{}\n", s.name)).collect();
        let _ = write!(std::io::stdout(), "{list}");
        return Some(Exit::Done);
    }
    let order = std::env::var_os(SKIP_SYNC).unwrap_or_default();
    match read(&order.to_string_lossy(), syncs) {
        Ok(left_out) => {
            let _ = ORDERS.set(Orders { syncs, left_out });
            None
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr(), "{SKIP_SYNC}: {why}");
            Some(Exit::Wrong)
        }
    }
}

fn read(order: &str, syncs: &'static [Sync]) -> Result<Vec<&'static str>, String> {
    let wanted = order.split(',').filter(|name| !name.is_empty());
    let found = wanted.map(|name| {
        let found = syncs.iter().find(|sync| sync.name == name);
        found.map(|sync| sync.name).ok_or_else(|| {
            let names: Vec<_> = syncs.iter().map(|sync| sync.name).collect();
            format!("there is no sync {name}; there are: {}", names.join(", "))
        })
    });
    found.collect()
}

/// Whether this process has taken its orders: it is a program, and no test of the library.
pub(super) fn is_program() -> bool {
    ORDERS.get().is_some()
}

pub(super) fn leaves_out((part, what): (&str, &str)) -> bool {
    // A test of the library has no orders.
    let Some(Orders { syncs, left_out }) = ORDERS.get() else {
        return false;
    };
    if !syncs.iter().any(|sync| is(sync.name, part, what)) {
        let _ = writeln!(
            std::io::stderr(),
            "{part}.{what} is not in the program's table of syncs"
        );
        std::process::abort();
    }
    left_out.iter().any(|name| is(name, part, what))
}

#[cfg(test)]
mod tests;
