//! The daemon ends amid a redrive, at each moment that has a name and at any other; run again, it
//! brings each record in once.

use std::time::Duration;

use standpipe_tests::program::Program;
use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, binaries, objects};

use crate::{COLUMNS, LINES, PATIENCE, failed, lines, redrive, redriven, stream};

/// Error objects that the redrives begin with.
const OBJECTS: u64 = 24;

/// Records of each.
const RECORDS: u64 = 200;

/// How often the daemon is killed at no named moment.
const KILLS: u64 = 8;

/// Many error objects, whose records would not fail any more. The daemon does not run.
fn failed_and_repaired(folder: &Folder, ledger: &mut Ledger) -> Outcome<Daemon> {
    let mut daemon = Daemon::start(folder.path(), &stream(COLUMNS))?;
    for object in 1..=OBJECTS {
        let text = lines(&format!("object {object} line"), RECORDS, ledger);
        daemon.post("web", &text)?.ok()?;
        daemon.settled("web", object * RECORDS, PATIENCE)?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    daemon.configure(&stream(LINES))?;
    Ok(daemon)
}

/// Ends well: all is put back, each record is there once, and a second redrive does nothing.
fn finish(folder: Folder, mut daemon: Daemon, mut ledger: Ledger, fresh: u64) -> Outcome {
    let all = OBJECTS * RECORDS;
    redrive(&daemon, &[])?;
    assert_eq!(redrive(&daemon, &[])?, 0, "a second one has nothing to do");
    assert_eq!((failed(&daemon)?, redriven(&daemon)?), (0, all));
    let books = daemon.settled("web", 2 * all + fresh, PATIENCE)?;
    assert_eq!(books.accepted, 2 * all + fresh);
    assert_eq!((books.delivered, books.failed), (all + fresh, all));
    objects::raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
#[cfg(feature = "faults")]
fn each_record_comes_in_once_wherever_a_redrive_is_killed() -> Outcome {
    use standpipe_tests::{Trouble, wait::until};
    let folder = Folder::new("redrive-points")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = failed_and_repaired(&folder, &mut ledger)?;
    let points = [
        "redrive.snapshot-written",
        "redrive.snapshot-named",
        "redrive.half-written",
        "redrive.written",
        "redrive.synced",
        "redrive.stored",
        "redrive.moved",
        "redrive.half-written:2",
        "redrive.synced:3",
        "redrive.stored:2",
        "redrive.moved:2",
    ];
    for point in points {
        let at = ("STANDPIPE_KILL_AT".to_owned(), point.to_owned());
        daemon.environment.extend([at]);
        daemon.up()?;
        let (exit, _) = crate::command(&daemon, "redrive", &[])?;
        assert_eq!(exit, 1, "{point} was not reached");
        until(&format!("its end at {point}"), PATIENCE, || {
            let ended = daemon.program()?.ended()?;
            ended.map(drop).ok_or(Trouble::new("it runs on"))
        })?;
        daemon.environment.clear();
    }
    daemon.up()?;
    finish(folder, daemon, ledger, 0)
}

#[test]
fn each_record_comes_in_once_whenever_a_redrive_is_killed() -> Outcome {
    let folder = Folder::new("redrive-kills")?;
    let (mut ledger, mut random) = (Ledger::new(1_000_000), Random::new());
    let mut daemon = failed_and_repaired(&folder, &mut ledger)?;
    let program = binaries::find("standpipe-delivery")?;
    let settings = daemon.settings().to_string_lossy().into_owned();
    for kill in 0..KILLS {
        daemon.up()?;
        // Records that come in meanwhile are none of its.
        let fresh = lines(&format!("fresh {kill}"), 10, &mut ledger);
        daemon.post("web", &fresh)?.ok()?;
        let arguments = ["redrive", "web", "--config", &settings];
        let _redrive = Program::start(&program, &arguments, &folder.join("redrive.log"))?;
        std::thread::sleep(Duration::from_millis(random.below(250)));
        daemon.kill()?;
    }
    daemon.up()?;
    finish(folder, daemon, ledger, KILLS * 10)
}
