//! Faults that pass: each is gone through with the object there once.

use std::time::Duration;

use standpipe_delivery::destination::{Attempts, Destination as _, Object};
use standpipe_tests::s3::Contents;
use standpipe_tests::s3::commanded::{Commanded, Fault};
use standpipe_tests::s3::server::{Make, Server};
#[cfg(feature = "faults")]
use standpipe_tests::{
    Daemon, Trouble,
    s3::{BUCKET, KEY_ID, SECRET},
    wait::until,
};
use standpipe_tests::{Folder, Outcome};

use crate::{PART, bytes, notes, open, place, run, seal};

#[cfg(feature = "faults")]
const PATIENCE: Duration = Duration::from_secs(120);

/// One fault for one request, or for a row of them.
const FAULTS: &[(&str, &str, Fault, u32)] = &[
    ("PUT", "key", Fault::ReplyLost, 1),
    ("PUT", "key", Fault::ReplyLost, 4),
    ("PUT", "key", Fault::Cut, 4),
    ("PUT", "key", Fault::Answer(500, "InternalError"), 1),
    ("PUT", "key", Fault::Answer(503, "SlowDown"), 5),
    ("PUT", "key", Fault::Answer(429, ""), 4),
    ("PUT", "key", Fault::Answer(404, ""), 1),
    (
        "PUT",
        "key",
        Fault::Answer(409, "ConditionalRequestConflict"),
        1,
    ),
    ("PUT", "key", Fault::Answer(400, "IncompleteBody"), 2),
    ("PUT", "key", Fault::Slow(Duration::from_millis(300)), 1),
    ("HEAD", "key", Fault::Answer(500, ""), 5),
    ("POST", "uploads", Fault::ReplyLost, 1),
    ("POST", "uploads", Fault::Answer(503, "SlowDown"), 4),
    ("POST", "uploadId", Fault::ReplyLost, 1),
    ("POST", "uploadId", Fault::ReplyLost, 4),
    ("POST", "uploadId", Fault::Cut, 4),
    ("POST", "uploadId", Fault::Answer(200, "InternalError"), 4),
    ("POST", "uploadId", Fault::Answer(404, "NoSuchUpload"), 1),
    ("POST", "uploadId", Fault::Answer(400, "InvalidPart"), 1),
    ("PUT", "partNumber=2", Fault::ReplyLost, 4),
    ("PUT", "partNumber=2", Fault::Cut, 4),
    ("PUT", "partNumber=2", Fault::Answer(404, "NoSuchUpload"), 1),
    ("PUT", "partNumber=2", Fault::Answer(500, ""), 4),
];

/// Rule 17, with and without the process that failed: its next life knows only what was recorded.
#[test]
fn whatever_passes_leaves_each_object_there_once() -> Outcome {
    let folder = Folder::new("s3-faults")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let place = place(server.address(), folder.path())?;
    let contents = Contents::at(server.address())?;
    let contents_of = [bytes(100_000), bytes(2 * PART + 5)];
    let mut expected = vec![];
    for (number, (method, part, fault, times)) in FAULTS.iter().enumerate() {
        for (size, content) in contents_of.iter().enumerate() {
            for restarts in [false, true] {
                let key = format!("key-{number:02}-{size}-{restarts}");
                let sealed = seal(folder.path(), &key, content)?;
                server.command(method, part, *fault, *times);
                let mut bucket = open(&place)?;
                if restarts {
                    let _ = run(sealed.deliver(&bucket));
                    bucket = open(&place)?;
                }
                let (tries, result) = run(sealed.deliver_at_last(&bucket));
                server.heal();
                let what = format!("{method} {part} {fault:?} x {times}, {key}, try {tries}");
                assert!(result.is_ok(), "{what}: {result:?}");
                assert!(contents.get(&key)? == *content, "{what}");
                run(sealed.deliver(&bucket))?;
                std::fs::remove_file(&sealed.object.path)?;
                expected.push(key);
            }
        }
    }
    expected.sort();
    assert_eq!(contents.keys()?, expected);
    folder.done()
}

/// Within a process an upload goes on where it stopped.
#[test]
fn a_part_that_was_sent_is_not_sent_again() -> Outcome {
    let folder = Folder::new("s3-parts")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    let sealed = seal(folder.path(), "key", &bytes(3 * PART))?;
    server.command("PUT", "partNumber=3", Fault::Answer(503, "SlowDown"), 4);
    let (tries, result) = run(sealed.deliver_at_last(&bucket));
    result?;
    assert!(tries > 1, "the fault was not met");
    for part in ["partNumber=1&", "partNumber=2&"] {
        assert_eq!(server.count("PUT", part), 1, "{part}: {:?}", server.seen());
    }
    assert_eq!(server.count("POST", "uploads"), 1);
    folder.done()
}

/// Rule 26: that an upload begins is durable before it does, and its id before the first part is
/// sent.
#[test]
fn no_part_is_sent_before_the_upload_is_recorded() -> Outcome {
    let folder = Folder::new("s3-recorded")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    let sealed = seal(folder.path(), "key", &bytes(PART + 1))?;
    // The notes of this attempt are kept by nobody.
    let results = run(async { bucket.deliver(std::slice::from_ref(&sealed.object)).await });
    assert!(results[0].is_err(), "{results:?}");
    assert_eq!(server.count("POST", "uploads"), 0, "{:?}", server.seen());

    let (kept_once, mut taken) = notes(Attempts::default());
    let object = Object {
        notes: kept_once,
        ..sealed.object.clone()
    };
    let results = run(async {
        tokio::spawn(async move {
            let first = taken.recv().await;
            first.map(|note| note.kept.send(Ok(())))
        });
        bucket.deliver(std::slice::from_ref(&object)).await
    });
    assert!(results[0].is_err(), "{results:?}");
    assert_eq!(server.count("PUT", "partNumber"), 0, "{:?}", server.seen());
    assert_eq!(
        server.count("DELETE", "uploadId"),
        1,
        "what is ours is aborted"
    );
    run(sealed.deliver(&bucket))?;
    folder.done()
}

/// Each begin makes an upload, also one whose reply is lost: it is sent once, and what it made is
/// found, if need be by asking again.
#[test]
fn a_begin_whose_reply_is_lost_leaves_no_upload() -> Outcome {
    let folder = Folder::new("s3-begin-lost")?;
    let Some(real) = Server::start(Make::MinIo, folder.path())? else {
        return folder.done();
    };
    let server = Commanded::before(real.address())?;
    let place = place(server.address(), folder.path())?;
    let contents = Contents::at(real.address())?;
    for (key, restarts) in [("key-0", false), ("key-1", true)] {
        let sealed = seal(folder.path(), key, &bytes(PART + 1))?;
        server.command("POST", "uploads", Fault::ReplyLost, 1);
        server.command("GET", "uploads", Fault::Answer(503, "SlowDown"), 2);
        let mut bucket = open(&place)?;
        let _ = run(sealed.deliver(&bucket));
        if restarts {
            bucket = open(&place)?;
        }
        let (tries, result) = run(sealed.deliver_at_last(&bucket));
        assert!(result.is_ok(), "{key}, try {tries}: {result:?}");
        server.heal();
    }
    let left = contents.uploads(real.address())?;
    assert_eq!(left.matches("<UploadId>").count(), 0, "{left}");
    assert_eq!(contents.keys()?, ["key-0", "key-1"]);
    folder.done()
}

/// A store that does not know conditional puts is looked at first.
#[test]
fn a_store_without_conditions_is_looked_at_first() -> Outcome {
    let folder = Folder::new("s3-unconditional")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    let sealed = seal(folder.path(), "key", b"content")?;
    // `object_store` tries a 501 three times.
    server.command("PUT", "key", Fault::Answer(501, "NotImplemented"), 3);
    run(sealed.deliver(&bucket))?;
    assert_eq!(Contents::at(server.address())?.get("key")?, b"content");
    let other = seal(folder.path(), "other", b"content")?;
    Contents::at(server.address())?.put("other", b"not ours")?;
    server.command("PUT", "other", Fault::Answer(501, "NotImplemented"), 3);
    let failure = run(other.deliver(&bucket)).unwrap_err();
    assert!(failure.message.contains("other content"), "{failure}");
    folder.done()
}

/// A daemon that is killed between the begin of an upload and its record leaves none behind.
#[cfg(feature = "faults")]
fn a_kill_leaves_no_upload(make: Make, name: &str) -> Outcome {
    // Of 1009 bytes each: they fill the batch, which is one object then.
    const RECORDS: u64 = (10 * 1024 * 1024_u64).div_ceil(1009);
    let folder = Folder::new(name)?;
    let Some(server) = Server::start(make, folder.path())? else {
        return folder.done();
    };
    std::fs::write(folder.join("secret"), SECRET)?;
    let stream = format!(
        "s:
  buffering: {{size: 10MiB, interval: 15m}}
  destination:
    s3:
      bucket: {BUCKET}
      prefix: web/
      endpoint: http://{}
      access_key_id: {KEY_ID}
      secret_access_key: {{file: secret}}
",
        server.address()
    );
    let mut daemon = Daemon::new(folder.path(), &stream)?;
    let at = ("STANDPIPE_KILL_AT".to_owned(), "s3.upload-begun".to_owned());
    daemon.environment.extend([at]);
    daemon.up()?;
    let record = |number: u64| format!("{number:08} {}\n", "x".repeat(1000));
    let text: String = (0..RECORDS).map(record).collect();
    daemon.post("s", text.as_bytes())?.ok()?;
    until("its end", PATIENCE, || {
        let ended = daemon.program()?.ended()?;
        ended.map(drop).ok_or(Trouble::new("it runs on"))
    })?;
    let contents = Contents::at(server.address())?;
    let left = contents.uploads(server.address())?;
    assert_eq!(left.matches("<UploadId>").count(), 1, "{left}");
    assert_eq!(contents.keys()?, [""; 0]);
    let foreign = contents.begin_upload("web/of-somebody-else")?;

    daemon.environment.clear();
    daemon.up()?;
    let books = daemon.settled("s", RECORDS, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (RECORDS, RECORDS));
    let left = contents.uploads(server.address())?;
    assert_eq!(left.matches("<UploadId>").count(), 1, "{left}");
    assert!(left.contains(&foreign), "{left}");
    let [key] = &contents.keys()?[..] else {
        return Err(Trouble(format!("{:?}", contents.keys()?)));
    };
    assert!(contents.get(key)? == text.into_bytes(), "other bytes");
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[cfg(feature = "faults")]
#[test]
fn a_kill_leaves_no_upload_at_minio() -> Outcome {
    a_kill_leaves_no_upload(Make::MinIo, "s3-killed-minio")
}

#[cfg(feature = "faults")]
#[test]
fn a_kill_leaves_no_upload_at_versity() -> Outcome {
    a_kill_leaves_no_upload(Make::Versity, "s3-killed-versity")
}
