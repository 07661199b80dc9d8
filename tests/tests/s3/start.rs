//! The daemon's start, and `check --connect`, with a bucket that is there, is not there, is not
//! ours, or does not answer.

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::time::Duration;

use standpipe_tests::s3::commanded::{Commanded, Fault};
use standpipe_tests::s3::{BUCKET, Contents, KEY_ID, SECRET};
use standpipe_tests::{Daemon, Folder, Outcome, binaries, port};

const PATIENCE: Duration = Duration::from_secs(120);

fn stream(address: SocketAddr, bucket: &str) -> String {
    format!(
        "s:
  buffering: {{size: 1MiB, interval: 0s}}
  destination:
    s3:
      bucket: {bucket}
      prefix: web/
      endpoint: http://{address}
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
"
    )
}

/// A folder with a secret in it, and an S3.
fn set_up(name: &str, secret: &str) -> Outcome<(Folder, Commanded)> {
    let folder = Folder::new(name)?;
    std::fs::write(folder.join("secret"), secret)?;
    let server = Commanded::start(&folder.join("s3"))?;
    Ok((folder, server))
}

fn check(daemon: &Daemon) -> Outcome<Output> {
    let settings = daemon.settings();
    let mut command = Command::new(binaries::find("standpipe-delivery")?);
    let command = command.args(["check", "--connect", "--config"]);
    Ok(command.arg(settings).output()?)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_bucket_that_is_there_is_found_and_nothing_is_left_in_it() -> Outcome {
    let (folder, server) = set_up("s3-check", SECRET)?;
    let mut daemon = Daemon::new(folder.path(), &stream(server.address(), BUCKET))?;
    let checked = check(&daemon)?;
    assert_eq!(checked.status.code(), Some(0), "{}", said(&checked));
    assert!(
        said(&checked).contains("may be read and written"),
        "{}",
        said(&checked)
    );
    daemon.up()?;
    assert_eq!(
        Contents::at(server.address())?.keys()?,
        Vec::<String>::new()
    );
    assert_eq!(
        server.count("POST", "uploads"),
        server.count("DELETE", "uploadId")
    );
    daemon.post("s", b"a\nb\n")?.ok()?;
    assert_eq!(daemon.settled("s", 2, PATIENCE)?.delivered, 2);
    let keys = Contents::at(server.address())?.keys()?;
    assert_eq!(Contents::at(server.address())?.get(&keys[0])?, b"a\nb\n");
    folder.done()
}

/// At the first start an operator is at work: nothing is started, and what is wrong is said.
#[test]
fn what_never_worked_does_not_start() -> Outcome {
    for (secret, bucket, part) in [
        (
            SECRET,
            "no-such-bucket",
            "create the bucket, or correct its name",
        ),
        ("wrong", BUCKET, "SignatureDoesNotMatch"),
    ] {
        let (folder, server) = set_up("s3-refused-start", secret)?;
        // Else it would make one.
        server.command(
            "",
            "no-such-bucket",
            Fault::Answer(404, "NoSuchBucket"),
            u32::MAX,
        );
        let mut daemon = Daemon::new(folder.path(), &stream(server.address(), bucket))?;
        let checked = check(&daemon)?;
        assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
        assert!(
            said(&checked).contains("streams.s.destination: cannot"),
            "{}",
            said(&checked)
        );
        assert!(said(&checked).contains(part), "{}", said(&checked));
        daemon.spawn()?;
        assert_eq!(daemon.program()?.exit_code(PATIENCE)?, 1);
        let log = std::fs::read_to_string(daemon.log())?;
        assert!(
            log.contains(part) && log.contains("nothing was started"),
            "{log}"
        );
        assert!(
            !daemon.data().join("streams/s").exists(),
            "nothing is to be kept"
        );
        folder.done()?;
    }
    Ok(())
}

/// A bucket that was lost does not close a door that was open: what is accepted is kept, and
/// delivered when the bucket is back.
#[test]
fn what_has_worked_accepts_and_keeps() -> Outcome {
    let (folder, server) = set_up("s3-lost-bucket", SECRET)?;
    let mut daemon = Daemon::start(folder.path(), &stream(server.address(), BUCKET))?;
    daemon.kill()?;
    server.command("PUT", "", Fault::Answer(404, "NoSuchBucket"), u32::MAX);
    server.command("POST", "", Fault::Answer(404, "NoSuchBucket"), u32::MAX);
    daemon.up()?;
    daemon.post("s", b"a\n")?.ok()?;
    let status = daemon.state("s", "halted")?;
    let error = status["last_error"].as_str().unwrap_or_default();
    assert!(error.contains("NoSuchBucket"), "{status}");
    daemon.post("s", b"b\n")?.ok()?;
    server.heal();
    assert_eq!(daemon.settled("s", 2, PATIENCE)?.delivered, 2);
    folder.done()
}

/// A destination that does not answer is a normal state, at the first start too.
#[test]
fn what_does_not_answer_keeps_no_door_closed() -> Outcome {
    let folder = Folder::new("s3-unreachable")?;
    std::fs::write(folder.join("secret"), SECRET)?;
    let nobody = SocketAddr::from(([127, 0, 0, 1], port::free()?));
    let daemon = Daemon::start(folder.path(), &stream(nobody, BUCKET))?;
    daemon.post("s", b"a\n")?.ok()?;
    let log = std::fs::read_to_string(daemon.log())?;
    assert!(
        log.contains("records are accepted, and delivered when it answers"),
        "{log}"
    );
    let checked = check(&daemon)?;
    assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
    let books = daemon.books("s")?;
    assert_eq!((books.accepted, books.waiting), (1, 1));
    folder.done()
}

/// Rule 16: sealed files go where they were sealed for, with the credentials of the settings.
#[test]
fn sealed_files_go_where_they_were_sealed_for() -> Outcome {
    let (folder, server) = set_up("s3-moved", SECRET)?;
    std::fs::create_dir(folder.join("s3/other"))?;
    let mut daemon = Daemon::start(folder.path(), &stream(server.address(), BUCKET))?;
    server.command("PUT", "web/", Fault::Answer(503, "SlowDown"), u32::MAX);
    daemon.post("s", b"a\n")?.ok()?;
    standpipe_tests::wait::until("the batch to be sealed", PATIENCE, || {
        let status = daemon.status("s")?;
        match status["sealed_files"] == 1 {
            true => Ok(()),
            false => Err(standpipe_tests::Trouble(format!("{status}"))),
        }
    })?;
    daemon.kill()?;
    // The key's secret lies elsewhere by now, and new batches go elsewhere.
    std::fs::rename(folder.join("secret"), folder.join("secret2"))?;
    let moved = stream(server.address(), BUCKET).replace("file: secret", "file: secret2");
    daemon.configure(&moved)?;
    daemon.up()?;
    server.heal();
    assert_eq!(daemon.settled("s", 1, PATIENCE)?.delivered, 1);
    daemon.kill()?;
    daemon.configure(&moved.replace("bucket: logs", "bucket: other"))?;
    daemon.up()?;
    daemon.post("s", b"b\n")?.ok()?;
    assert_eq!(daemon.settled("s", 2, PATIENCE)?.delivered, 2);
    assert_eq!(
        Contents::at(server.address())?.keys()?.len(),
        1,
        "the other is elsewhere"
    );
    folder.done()
}
