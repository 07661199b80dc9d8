//! Many rows, while the daemon is killed, the server crashes, and COMMITs lose their replies.

use standpipe_tests::postgresql::proxy::{Fault, Proxy};
use standpipe_tests::{Daemon, Folder, Outcome};

use crate::{PATIENCE, each_row_once, rows, send, server_with_table, stream};

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
fn each_row_is_loaded_once_through_kills_a_crash_and_lost_replies() -> Outcome {
    let folder = Folder::new("warehouse-loads")?;
    let Some(mut server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let proxy = Proxy::start(server.address())?;
    let mut daemon = Daemon::start(folder.path(), &stream(proxy.address(), ""))?;
    let each = rows_of_a_request();
    for number in 0..REQUESTS {
        send(&daemon, &rows(number * each..(number + 1) * each))?;
        match number {
            5 | 15 | 25 => proxy.command(Fault::ReplyLost),
            8 | 18 => proxy.command(Fault::Unsent),
            10 | 20 | 30 | 35 => {
                daemon.kill()?;
                daemon.up()?;
            }
            12 => server.crash()?,
            14 => server.up()?,
            _ => {}
        }
        // So that there are several batches, some with a load under way at a fault.
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    let count = REQUESTS * each;
    let books = daemon.settled("web", count, PATIENCE)?;
    assert_eq!(
        (books.accepted, books.delivered),
        (count, count),
        "{books:?}"
    );
    println!("{} faults of the network were met", proxy.met());
    let loads =
        server.ask("SELECT count(*), min(loaded_rows), max(loaded_rows) FROM standpipe_ledger")?;
    println!("loads, smallest and largest: {loads:?}");
    each_row_once(&server, count)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
