//! Each fault once, deliberately: the daemon ends amid a load, a COMMIT or its reply is lost, or it
//! is still running when the next attempt comes.

use std::time::Duration;

use standpipe_tests::postgresql::proxy::{Fault, Proxy};
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble};

use crate::{PATIENCE, each_row_once, rows, send, server_with_table, stream};

/// What becomes of a load whose COMMIT meets a fault.
fn a_commit_that_meets(fault: Fault, name: &str) -> Outcome {
    let folder = Folder::new(name)?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let proxy = Proxy::start(server.address())?;
    let mut daemon = Daemon::start(folder.path(), &stream(proxy.address(), ""))?;
    send(&daemon, &rows(0..100))?;
    daemon.settled("web", 100, PATIENCE)?;
    proxy.command(fault);
    send(&daemon, &rows(100..200))?;
    let books = daemon.settled("web", 200, PATIENCE)?;
    assert_eq!(books.delivered, 200, "{books:?}");
    assert_eq!(proxy.met(), 1);
    each_row_once(&server, 200)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn a_commit_whose_reply_is_lost_is_found_in_the_ledger() -> Outcome {
    a_commit_that_meets(Fault::ReplyLost, "warehouse-reply-lost")
}

#[test]
fn a_commit_that_never_arrived_is_loaded_again() -> Outcome {
    a_commit_that_meets(Fault::Unsent, "warehouse-unsent")
}

/// The server waits for a standby that is not there: the COMMIT is done but visible to nobody, and
/// its locks are held. The next attempt must wait for it, and not load again.
#[test]
fn a_commit_that_is_still_running_is_waited_for() -> Outcome {
    let folder = Folder::new("warehouse-running")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let proxy = Proxy::start(server.address())?;
    let mut daemon = Daemon::start(folder.path(), &stream(proxy.address(), ""))?;
    send(&daemon, &rows(0..100))?;
    daemon.settled("web", 100, PATIENCE)?;
    server.ask("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")?;
    server.ask("SELECT pg_reload_conf()")?;
    until("the setting to hold", PATIENCE, || {
        match server.ask("SHOW synchronous_standby_names")?.as_slice() {
            [name] if name == "nobody" => Ok(()),
            other => Err(Trouble(format!("it is {other:?}"))),
        }
    })?;
    proxy.command(Fault::HungUp);
    send(&daemon, &rows(100..200))?;
    let waiting = |event: &str| {
        server.count(&format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'standpipe' AND {event}"
        ))
    };
    until("the next attempt to wait for the old one", PATIENCE, || {
        let commits = waiting("wait_event = 'SyncRep'")?;
        let locks = waiting("wait_event_type = 'Lock'")?;
        match (commits, locks) {
            (1, 1..) => Ok(()),
            other => Err(Trouble(format!(
                "commits and locks that wait are {other:?}"
            ))),
        }
    })?;
    server.ask("ALTER SYSTEM RESET synchronous_standby_names")?;
    server.ask("SELECT pg_reload_conf()")?;
    let books = daemon.settled("web", 200, PATIENCE)?;
    assert_eq!(books.delivered, 200, "{books:?}");
    each_row_once(&server, 200)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// While nobody can say whether a COMMIT was done, its rows are not diverted, however long that takes:
/// they would be in the table and under the error prefix.
#[test]
fn rows_of_a_commit_of_unknown_fate_are_kept_beyond_the_retry_duration() -> Outcome {
    let folder = Folder::new("warehouse-unknown-fate")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let proxy = Proxy::start(server.address())?;
    let mut daemon = Daemon::start(folder.path(), &stream(proxy.address(), "retry: 1s"))?;
    proxy.command(Fault::ReplyLostAndGone);
    send(&daemon, &rows(0..100))?;
    until("the reply to be lost", PATIENCE, || match proxy.met() {
        1 => Ok(()),
        _ => Err(Trouble::new("no COMMIT was sent")),
    })?;
    // Many times the retry duration, and over a restart.
    std::thread::sleep(Duration::from_secs(6));
    daemon.kill()?;
    daemon.up()?;
    std::thread::sleep(Duration::from_secs(6));
    let books = daemon.books("web")?;
    assert_eq!((books.waiting, books.failed), (100, 0), "{books:?}");
    proxy.cut_off(false);
    let books = daemon.settled("web", 100, PATIENCE)?;
    assert_eq!(books.delivered, 100, "{books:?}");
    each_row_once(&server, 100)?;
    folder.done()
}

/// The daemon ends at each point of a load, and another one takes over.
#[cfg(feature = "faults")]
#[test]
fn a_load_is_gone_on_with_wherever_the_daemon_is_killed() -> Outcome {
    let folder = Folder::new("warehouse-killed")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::new(folder.path(), &stream(server.address(), ""))?;
    let points = ["warehouse.locked", "warehouse.noted", "warehouse.committed"];
    let mut count = 0;
    for point in points {
        let at = ("STANDPIPE_KILL_AT".to_owned(), point.to_owned());
        daemon.environment.extend([at]);
        daemon.up()?;
        // One of them is refused, so that what was left out is to be remembered.
        send(&daemon, &(rows(count..count + 100) + "no row\n"))?;
        count += 100;
        until(&format!("its end at {point}"), PATIENCE, || {
            let ended = daemon.program()?.ended()?;
            ended.map(drop).ok_or(Trouble::new("it runs on"))
        })?;
        daemon.environment.clear();
        daemon.up()?;
        let accepted = count + count / 100;
        let books = daemon.settled("web", accepted, PATIENCE)?;
        assert_eq!(
            (books.delivered, books.failed),
            (count, count / 100),
            "{point}"
        );
        each_row_once(&server, count)?;
        daemon.kill()?;
    }
    folder.done()
}

/// What is older than all that could be tried again leaves the ledger, where the settings say so.
#[test]
fn the_ledger_forgets_what_can_never_be_asked_again() -> Outcome {
    let folder = Folder::new("warehouse-pruned")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let settings = |more: &str| stream(server.address(), more);
    let mut daemon = Daemon::start(folder.path(), &settings("ledger_memory: 720h"))?;
    for part in 0..3 {
        send(&daemon, &rows(part * 10..part * 10 + 10))?;
        daemon.settled("web", part * 10 + 10, PATIENCE)?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    each_row_once(&server, 30)?;
    let before = server.count("SELECT count(*) FROM standpipe_ledger")?;
    // Those of other lanes stay, and what does not lie before all that could be tried again.
    server.ask("INSERT INTO standpipe_ledger SELECT 'later', sha256, loaded_into, lane, run, 1000, 1000, 1, 0, loaded_at FROM standpipe_ledger LIMIT 1")?;
    server.ask("INSERT INTO standpipe_ledger SELECT 'x', sha256, loaded_into, 'other', run, 0, 0, 0, 0, loaded_at FROM standpipe_ledger LIMIT 1")?;
    server.ask("UPDATE standpipe_ledger SET loaded_at = loaded_at - interval '1 hour'")?;
    daemon.configure(&settings("ledger_memory: 10m"))?;
    daemon.up()?;
    assert_eq!(
        server.count("SELECT count(*) FROM standpipe_ledger")?,
        before + 2
    );
    send(&daemon, &rows(30..40))?;
    daemon.settled("web", 40, PATIENCE)?;
    let left = server
        .ask("SELECT object IN ('x', 'later'), loaded_rows FROM standpipe_ledger ORDER BY 1, 2")?;
    assert_eq!(left, ["f|10", "t|0", "t|1"]);
    folder.done()
}
