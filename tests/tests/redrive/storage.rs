//! Error objects that lie in object storage: read there, put back, and moved aside there.

use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::s3::{BUCKET, Contents, KEY_ID, SECRET};
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, objects};

use crate::{COLUMNS, LINES, PATIENCE, error_lines, failed, lines, redrive, redriven};

fn stream(server: &Server, format: &str) -> String {
    format!(
        "web:
  buffering: {{size: 1MiB, interval: 0s}}
  format: {format}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: web/
      error_output_prefix: \"errors/!{{firehose:error-output-type}}/!{{timestamp:yyyy}}/\"
      endpoint: \"http://{}\"
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
",
        server.address()
    )
}

#[test]
fn what_failed_comes_in_once_from_object_storage() -> Outcome {
    let folder = Folder::new("redrive-s3")?;
    let Some(server) = Server::start(Make::MinIo, folder.path())? else {
        return folder.done();
    };
    std::fs::write(folder.join("secret"), SECRET)?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = Daemon::start(folder.path(), &stream(&server, COLUMNS))?;
    for object in 1..=5 {
        let text = lines(&format!("object {object}"), 400, &mut ledger);
        daemon.post("web", &text)?.ok()?;
        daemon.settled("web", object * 400, PATIENCE)?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    daemon.configure(&stream(&server, LINES))?;
    daemon.up()?;
    assert_eq!(failed(&daemon)?, 2000);
    assert_eq!(redrive(&daemon, &["--limit", "1000"])?, 1000);
    daemon.kill()?;
    daemon.up()?;
    assert_eq!(redrive(&daemon, &[])?, 1000);
    assert_eq!((redrive(&daemon, &[])?, redriven(&daemon)?), (0, 2000));
    let books = daemon.settled("web", 4000, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (2000, 2000), "{books:?}");
    assert_eq!(daemon.stop(PATIENCE)?, 0);

    Contents::at(server.address())?.download(&folder.join("there"))?;
    objects::raw_arrived(&folder.join("there/web"), &mut ledger)?;
    ledger.settle()?;
    let aside = error_lines(&folder.join("there/errors/redriven/format-conversion-failed"))?;
    assert_eq!(aside.len(), 2000);
    assert_eq!(error_lines(&folder.join("there/errors"))?.len(), 2000);
    folder.done()
}
