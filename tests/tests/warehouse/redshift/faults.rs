//! Each fault once, deliberately, as for PostgreSQL.

use standpipe_tests::postgresql::proxy::Fault;
use standpipe_tests::s3::commanded::Fault as StoreFault;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble};

use super::World;
use crate::{PATIENCE, each_row_once, rows, send};

/// The store is away by the time that the reply is lost: the ledger answers without it.
#[test]
fn a_copy_whose_reply_is_lost_is_found_in_the_ledger_without_the_store() -> Outcome {
    let folder = Folder::new("redshift-reply-lost")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream("retry: 1s"))?;
    send(&daemon, &rows(0..100))?;
    daemon.settled("web", 100, PATIENCE)?;
    let copies = world.cluster.copies().len();
    world.proxy.command(Fault::ReplyLostAndGone);
    send(&daemon, &rows(100..200))?;
    until("the reply to be lost", PATIENCE, || {
        match world.proxy.met() {
            1 => Ok(()),
            _ => Err(Trouble::new("no COMMIT was sent")),
        }
    })?;
    world.store.command("", "", StoreFault::Cut, u32::MAX);
    // Over a restart, and many times the retry duration: what may be there is not diverted.
    daemon.kill()?;
    daemon.up()?;
    std::thread::sleep(std::time::Duration::from_secs(4));
    let books = daemon.books("web")?;
    assert_eq!((books.waiting, books.failed), (100, 0), "{books:?}");
    world.proxy.cut_off(false);
    let books = daemon.settled("web", 200, PATIENCE)?;
    assert_eq!(books.delivered, 200, "{books:?}");
    each_row_once(&world.server, 200)?;
    assert_eq!(world.cluster.copies().len(), copies + 1);
    folder.done()
}

/// The daemon ends at each point of a load, and another one takes over.
#[cfg(feature = "faults")]
#[test]
fn a_copy_is_gone_on_with_wherever_the_daemon_is_killed() -> Outcome {
    let folder = Folder::new("redshift-killed")?;
    let Some(world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::new(folder.path(), &world.stream(""))?;
    let points = ["staged", "locked", "noted", "committed"];
    let mut count = 0;
    for point in points {
        let point = format!("warehouse.{point}");
        let at = ("STANDPIPE_KILL_AT".to_owned(), point.clone());
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
        let bad = count / 100;
        let books = daemon.settled("web", count + bad, PATIENCE)?;
        assert_eq!((books.delivered, books.failed), (count, bad), "{point}");
        each_row_once(&world.server, count)?;
        daemon.kill()?;
    }
    folder.done()
}
