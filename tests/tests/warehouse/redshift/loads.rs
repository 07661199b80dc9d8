//! Many rows, while the daemon is killed, the warehouse and its store fail, and COMMITs lose their
//! replies.

use standpipe_tests::postgresql::proxy::Fault;
use standpipe_tests::s3::commanded::Fault as StoreFault;
use standpipe_tests::{Daemon, Folder, Outcome};

use super::World;
use crate::{PATIENCE, each_row_once, rows, send};

/// Requests in which the rows come.
const REQUESTS: u64 = 40;

/// Rows of a request; the long form has 200,000 in all.
fn rows_of_a_request() -> u64 {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => 5_000,
        None => 500,
    }
}

#[test]
fn each_row_is_copied_once_through_kills_a_crash_and_lost_replies() -> Outcome {
    let folder = Folder::new("redshift-loads")?;
    let Some(mut world) = World::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &world.stream(""))?;
    let each = rows_of_a_request();
    for number in 0..REQUESTS {
        send(&daemon, &rows(number * each..(number + 1) * each))?;
        let World { store, proxy, .. } = &world;
        match number {
            5 | 15 | 25 => proxy.command(Fault::ReplyLost),
            8 | 18 => proxy.command(Fault::Unsent),
            3 | 22 => world.cluster.hang_up(1),
            7 => store.command("PUT", "staged/", StoreFault::ReplyLost, 1),
            17 => store.command("PUT", "manifests/", StoreFault::Cut, 1),
            27 => store.command("PUT", "", StoreFault::Answer(503, "SlowDown"), 5),
            10 | 20 | 30 | 35 => {
                daemon.kill()?;
                daemon.up()?;
            }
            12 => world.server.crash()?,
            14 => world.server.up()?,
            _ => {}
        }
        // So that there are several batches, some with a load under way at a fault.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let count = REQUESTS * each;
    let books = daemon.settled("web", count, PATIENCE)?;
    let found = (books.accepted, books.delivered);
    assert_eq!(found, (count, count), "{books:?}");
    println!("{} faults of the network were met", world.proxy.met());
    println!("{} COPY statements came", world.cluster.copies().len());
    each_row_once(&world.server, count)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    // Each load has its object and its manifest, and they stay.
    let staged = world.staged()?;
    let loads = world.server.ask("SELECT object FROM standpipe_ledger")?;
    for object in loads {
        assert!(staged.contains(&object), "{object}");
        assert!(staged.contains(&format!("manifests/{object}")), "{object}");
    }
    folder.done()
}
