//! Refusals that do not pass: one object's, and everyone's.

use standpipe_delivery::failure::{Failure, Verdict};
use standpipe_tests::s3::Contents;
use standpipe_tests::s3::commanded::{Commanded, Fault};
use standpipe_tests::{Folder, Outcome};

use crate::{PART, bytes, open, place, run, seal};

/// The first attempt at an object with faults commanded for it.
fn first(faults: &[(&'static str, &'static str, Fault, u32)], size: usize) -> Outcome<Failure> {
    let folder = Folder::new("s3-refused")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    for (method, part, fault, times) in faults {
        server.command(method, part, *fault, *times);
    }
    let sealed = seal(folder.path(), "web/key", &bytes(size))?;
    let failure = run(sealed.deliver(&bucket)).unwrap_err();
    if size > PART && failure.verdict == Verdict::Divert {
        assert!(
            server.count("DELETE", "web/key?uploadId") > 0,
            "{:?}",
            server.seen()
        );
    }
    folder.done()?;
    Ok(failure)
}

#[test]
fn what_concerns_one_object_diverts_it() -> Outcome {
    let refused = Fault::Answer(400, "InvalidArgument");
    for (part, size) in [("web/key", 5), ("partNumber=1", PART + 1)] {
        let failure = first(&[("PUT", part, refused, 9)], size)?;
        assert_eq!(failure.verdict, Verdict::Divert, "{failure}");
        assert!(
            failure
                .message
                .contains("400 InvalidArgument: as commanded"),
            "{failure}"
        );
    }
    Ok(())
}

/// A refusal that another object would meet too needs an operator: no records are diverted.
#[test]
fn what_concerns_every_object_halts() -> Outcome {
    let refused = Fault::Answer(400, "InvalidRequest");
    let all = [("PUT", "", refused, 99), ("POST", "", refused, 99)];
    for size in [5, PART + 1] {
        let failure = first(&all, size)?;
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    }
    for (status, code) in [
        (403, "AccessDenied"),
        (401, ""),
        (404, "NoSuchBucket"),
        (301, ""),
    ] {
        let failure = first(&[("PUT", "web/key", Fault::Answer(status, code), 9)], 5)?;
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    }
    Ok(())
}

/// Rule 18: the outcome of an attempt whose reply was lost is found out before anything is
/// diverted.
#[test]
fn a_refusal_after_a_lost_reply_diverts_nothing() -> Outcome {
    let folder = Folder::new("s3-lost-then-refused")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    let sealed = seal(folder.path(), "key", b"content")?;
    server.command("PUT", "key", Fault::ReplyLost, 1);
    server.command("PUT", "key", Fault::Answer(400, "InvalidArgument"), 9);
    let (_, result) = run(sealed.deliver_at_last(&bucket));
    result?;
    assert_eq!(Contents::at(server.address())?.keys()?, ["key"]);
    folder.done()
}

#[test]
fn a_damaged_file_is_not_delivered() -> Outcome {
    let folder = Folder::new("s3-damaged")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    for size in [5, PART + 1] {
        let sealed = seal(folder.path(), &format!("key-{size}"), &bytes(size))?;
        for damage in [vec![b'x'; size], vec![b'x'; size - 1]] {
            std::fs::write(&sealed.object.path, damage)?;
            let failure = run(sealed.deliver(&bucket)).unwrap_err();
            assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
            assert!(failure.message.contains("damaged"), "{failure}");
        }
        std::fs::remove_file(&sealed.object.path)?;
        let failure = run(sealed.deliver(&bucket)).unwrap_err();
        assert!(failure.message.contains("gone"), "{failure}");
    }
    assert_eq!(
        Contents::at(server.address())?.keys()?,
        Vec::<String>::new()
    );
    folder.done()
}
