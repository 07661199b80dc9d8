//! No secret is in a log, a status, an error line or the data folder, whatever the server repeats.

use std::process::Command;

use standpipe_tests::s3::SECRET;
use standpipe_tests::{Daemon, Folder, Outcome, binaries, objects};

use super::{World, errors, holds};
use crate::{PATIENCE, error_lines, rows, send};

const PASSWORD: &str = "planted-password";
const COPY_KEY: &str = "PLANTEDKEYID";
const COPY_SECRET: &str = "planted/copy+secret";

#[test]
fn secrets_are_said_nowhere() -> Outcome {
    let folder = Folder::new("redshift-secrets")?;
    let access = format!("aws_access_key_id={COPY_KEY};aws_secret_access_key={COPY_SECRET}");
    let Some(world) = World::with_access(&folder, &access)? else {
        return folder.done();
    };
    std::fs::write(folder.join("secret-password"), PASSWORD)?;
    std::fs::write(folder.join("secret-copy"), COPY_SECRET)?;
    let more = format!(
        "access_key_id: {COPY_KEY}\n      secret_access_key: {{file: secret-copy}}\n      password: {{file: secret-password}}\n      retry: 1s"
    );
    let mut daemon = Daemon::new(folder.path(), &world.stream_of("raw: {}", &more))?;
    // All that the libraries say, too.
    let all = "trace,tokio_postgres::simple_query=trace";
    daemon
        .environment
        .extend([("RUST_LOG".to_owned(), all.to_owned())]);
    daemon.up()?;
    send(&daemon, &rows(0..10))?;
    daemon.settled("web", 10, PATIENCE)?;
    let copies = world.cluster.copies();
    assert!(
        copies.iter().all(|copy| copy.contains(&access)),
        "{copies:?}"
    );
    // A server that repeats what it was told, key included, halts the stream.
    world.cluster.repeat(true);
    send(&daemon, &rows(10..20))?;
    let status = daemon.state("web", "halted")?.to_string();
    assert!(status.contains("aws_secret_access_key=***"), "{status}");
    assert!(!status.contains(COPY_SECRET), "{status}");
    daemon.kill()?;
    world.cluster.repeat(false);
    daemon.up()?;
    send(&daemon, "poison\n")?;
    let books = daemon.settled("web", 21, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (20, 1), "{books:?}");
    assert_eq!(error_lines(&errors(&folder))?.len(), 1);
    daemon.stop(PATIENCE)?;
    let check = Command::new(binaries::find("standpipe-delivery")?)
        .args(["check", "--connect", "--config"])
        .arg(daemon.settings())
        .output()?;
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(said.contains("table public.web"), "{said}");
    std::fs::write(
        folder.join("check.txt"),
        [check.stdout, check.stderr].concat(),
    )?;
    // The server of the test has its own log, in which it repeats what it was told.
    let own = |name: &str| name.starts_with("secret-") || name == "postgresql.log";
    for path in objects::below(folder.path())? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !own(&name) {
            let found = holds(&path, &[PASSWORD, COPY_SECRET, SECRET])?;
            assert!(!found, "a secret is in {}", path.display());
        }
    }
    folder.done()
}
