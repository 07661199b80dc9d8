//! A server that was away for longer than it is tried: its rows are diverted, and a redrive brings each
//! of them in once.

use standpipe_tests::postgresql::proxy::Proxy;
use standpipe_tests::{Daemon, Folder, Outcome, redrive};

use crate::{PATIENCE, each_row_once, error_lines, rows, send, server_with_table, stream};

#[test]
fn rows_that_were_diverted_while_the_server_was_away_come_in_once() -> Outcome {
    let folder = Folder::new("warehouse-redrive")?;
    let Some(server) = server_with_table(&folder)? else {
        return folder.done();
    };
    let proxy = Proxy::start(server.address())?;
    let mut daemon = Daemon::start(folder.path(), &stream(proxy.address(), "retry: 1s"))?;
    send(&daemon, &rows(0..100))?;
    daemon.settled("web", 100, PATIENCE)?;
    proxy.cut_off(true);
    send(&daemon, &rows(100..400))?;
    let books = daemon.settled("web", 400, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (100, 300), "{books:?}");
    assert_eq!(error_lines(&folder.join("out/errors"))?.len(), 300);
    proxy.cut_off(false);
    assert_eq!(redrive::redrive(&daemon, "web", &["--limit", "120"])?, 120);
    daemon.kill()?;
    daemon.up()?;
    assert_eq!(redrive::redrive(&daemon, "web", &[])?, 180);
    assert_eq!(redrive::redrive(&daemon, "web", &[])?, 0);
    let books = daemon.settled("web", 700, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (400, 300), "{books:?}");
    each_row_once(&server, 400)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
