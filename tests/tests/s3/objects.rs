//! One object against each server: it is there, whole, once, under its exact key.

use std::net::SocketAddr;

use standpipe_config::secret::SecretSource;
use standpipe_delivery::destination::s3::{Bucket, Conditions, Place};
use standpipe_delivery::failure::Verdict;
use standpipe_tests::s3::Contents;
use standpipe_tests::s3::commanded::Commanded;
use standpipe_tests::s3::server::{Make, Server};
use standpipe_tests::{Folder, Outcome, http};

use crate::{PART, bytes, open, place, run, seal};

/// A name that must be encoded on the way and must not be in the bucket.
const ODD: &str = "a%20b/#*+é =&?/x y.parquet";

/// What is to hold of a server that knows us.
fn holds_of(address: SocketAddr, folder: &Folder) -> Outcome {
    let place = place(address, folder.path())?;
    let bucket = open(&place)?;
    let contents = Contents::at(address)?;
    nothing_is_left_by_the_preflight(&bucket, &contents, address)?;
    the_same_object_twice_is_one(&bucket, &contents, folder)?;
    other_content_is_left_alone(&bucket, &contents, folder)?;
    what_does_not_fit_into_a_part_goes_up_in_parts(&bucket, &contents, folder)?;
    an_abandoned_upload_is_aborted_and_no_other(&bucket, &contents, (folder, address))?;
    an_upload_that_nobody_recorded_is_aborted_and_no_other(&bucket, &contents, (folder, address))?;
    strangers_halt(&place, folder)?;
    a_missing_bucket_halts(&place, folder)
}

#[test]
fn minio_holds_each_object_once() -> Outcome {
    let folder = Folder::new("s3-minio")?;
    if let Some(server) = Server::start(Make::MinIo, folder.path())? {
        holds_of(server.address(), &folder)?;
    }
    folder.done()
}

#[test]
fn versity_holds_each_object_once() -> Outcome {
    let folder = Folder::new("s3-versity")?;
    if let Some(server) = Server::start(Make::Versity, folder.path())? {
        holds_of(server.address(), &folder)?;
    }
    folder.done()
}

#[test]
fn the_commanded_server_holds_each_object_once() -> Outcome {
    let folder = Folder::new("s3-commanded")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let place = place(server.address(), folder.path())?;
    let bucket = open(&place)?;
    let contents = Contents::at(server.address())?;
    the_same_object_twice_is_one(&bucket, &contents, &folder)?;
    other_content_is_left_alone(&bucket, &contents, &folder)?;
    what_does_not_fit_into_a_part_goes_up_in_parts(&bucket, &contents, &folder)?;
    // A missing bucket is none for it: it makes one.
    strangers_halt(&place, &folder)?;
    folder.done()
}

fn nothing_is_left_by_the_preflight(
    bucket: &Bucket,
    contents: &Contents,
    address: SocketAddr,
) -> Outcome {
    assert_eq!(run(bucket.preflight("web/"))?, Conditions::Kept);
    assert_eq!(run(bucket.preflight(""))?, Conditions::Kept);
    assert_eq!(contents.keys()?, Vec::<String>::new());
    let left = contents.uploads(address)?;
    assert!(!left.contains("<UploadId>"), "{left}");
    Ok(())
}

/// Rule 17: the same hash is done.
fn the_same_object_twice_is_one(bucket: &Bucket, contents: &Contents, folder: &Folder) -> Outcome {
    let before = contents.keys()?.len();
    let sealed = seal(folder.path(), ODD, b"content")?;
    run(sealed.deliver(bucket))?;
    run(sealed.deliver(bucket))?;
    assert_eq!(contents.keys()?.len(), before + 1);
    assert!(
        contents.keys()?.contains(&ODD.to_owned()),
        "{:?}",
        contents.keys()
    );
    assert_eq!(contents.get(ODD)?, b"content");
    Ok(())
}

/// Rule 17: another hash halts, with both named; so does an object that is none of ours.
fn other_content_is_left_alone(bucket: &Bucket, contents: &Contents, folder: &Folder) -> Outcome {
    for (key, size) in [("other", 7), ("other-large", PART + 1)] {
        contents.put(key, &vec![b'x'; size])?;
        let sealed = seal(folder.path(), key, &bytes(size))?;
        let failure = run(sealed.deliver(bucket)).unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
        let path = sealed.object.path.display().to_string();
        for named in [key, &path, &sealed.object.hash, "no hash of ours"] {
            assert!(failure.message.contains(named), "{named}: {failure}");
        }
        assert_eq!(contents.get(key)?, vec![b'x'; size]);
    }
    Ok(())
}

fn what_does_not_fit_into_a_part_goes_up_in_parts(
    bucket: &Bucket,
    contents: &Contents,
    folder: &Folder,
) -> Outcome {
    for (key, size) in [
        ("exact", PART),
        ("two", PART + 1),
        ("three/é", 2 * PART + 77),
    ] {
        let content = bytes(size);
        let sealed = seal(folder.path(), key, &content)?;
        run(sealed.deliver(bucket))?;
        run(sealed.deliver(bucket))?;
        assert!(contents.get(key)? == content, "{key}");
        // Rule 26: only what has parts is recorded: that it begins, then its id.
        let notes = sealed.notes.lock().unwrap();
        let recorded: Vec<_> = notes
            .iter()
            .map(|n| (n.begins, n.upload.is_some()))
            .collect();
        let expected: &[_] = if size > PART {
            &[(true, false), (false, true)]
        } else {
            &[]
        };
        assert_eq!(recorded, expected, "{key}");
    }
    Ok(())
}

/// Rule 26: what a life before recorded is aborted; another upload of the same key is not.
fn an_abandoned_upload_is_aborted_and_no_other(
    bucket: &Bucket,
    contents: &Contents,
    (folder, address): (&Folder, SocketAddr),
) -> Outcome {
    let sealed = seal(folder.path(), "abandoned", &bytes(PART + 1))?;
    let begin = || contents.begin_upload("abandoned");
    let (ours, foreign) = (begin()?, begin()?);
    let upload = Some(ours.clone());
    let note = standpipe_delivery::destination::Attempts {
        upload,
        ..Default::default()
    };
    sealed.notes.lock().unwrap().push(note);
    run(sealed.deliver(bucket))?;
    let left = contents.uploads(address)?;
    assert!(!left.contains(&ours) && left.contains(&foreign), "{left}");
    assert_eq!(left.matches("<UploadId>").count(), 1, "{left}");
    assert!(contents.get("abandoned")? == bytes(PART + 1));
    Ok(())
}

/// Rule 26: an upload that was begun and never recorded is found by its key and aborted; those of
/// other keys are not.
fn an_upload_that_nobody_recorded_is_aborted_and_no_other(
    bucket: &Bucket,
    contents: &Contents,
    (folder, address): (&Folder, SocketAddr),
) -> Outcome {
    let key = "lost/a&b+c é.parquet";
    let sealed = seal(folder.path(), key, &bytes(PART + 1))?;
    let ours = [contents.begin_upload(key)?, contents.begin_upload(key)?];
    let neighbour = contents.begin_upload(&format!("{key}.zip"))?;
    let note = standpipe_delivery::destination::Attempts {
        begins: true,
        ..Default::default()
    };
    sealed.notes.lock().unwrap().push(note);
    run(sealed.deliver(bucket))?;
    let left = contents.uploads(address)?;
    assert!(ours.iter().all(|id| !left.contains(id)), "{left}");
    assert!(left.contains(&neighbour), "{left}");
    assert!(contents.get(key)? == bytes(PART + 1));
    Ok(())
}

fn strangers_halt(place: &Place, folder: &Folder) -> Outcome {
    std::fs::write(folder.join("wrong"), "wrong")?;
    let mut stranger = place.clone();
    if let Some(access) = &mut stranger.access {
        access.secret = SecretSource::File(folder.join("wrong"));
    }
    halts(&stranger, "SignatureDoesNotMatch", folder)
}

fn a_missing_bucket_halts(place: &Place, folder: &Folder) -> Outcome {
    let missing = Place {
        bucket: "no-such-bucket".to_owned(),
        ..place.clone()
    };
    halts(&missing, "NoSuchBucket", folder)
}

/// What is delivered halts, and the preflight says so before.
fn halts(place: &Place, code: &str, folder: &Folder) -> Outcome {
    let bucket = open(place)?;
    for size in [10, PART + 1] {
        let sealed = seal(folder.path(), &format!("never-{size}"), &bytes(size))?;
        let failure = run(sealed.deliver(&bucket)).unwrap_err();
        assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    }
    let failure = run(bucket.preflight("web/")).unwrap_err();
    assert_eq!(failure.verdict, Verdict::Halt, "{failure}");
    assert!(failure.message.contains(code), "{failure}");
    Ok(())
}

/// The metadata of an object, as whoever finds it in the bucket sees it.
#[test]
fn an_object_says_which_records_it_holds() -> Outcome {
    let folder = Folder::new("s3-metadata")?;
    let server = Commanded::start(&folder.join("s3"))?;
    let bucket = open(&place(server.address(), folder.path())?)?;
    let sealed = seal(folder.path(), "a/b", b"content")?;
    run(sealed.deliver(&bucket))?;
    let large = seal(folder.path(), "a/large", &bytes(PART + 1))?;
    run(large.deliver(&bucket))?;
    let contents = Contents::at(server.address())?;
    for sealed in [sealed, large] {
        let metadata = contents.metadata(&sealed.object.key)?;
        let expected = [
            ("standpipe-sha256", sealed.object.hash.as_str()),
            ("standpipe-lane", "01010101010101010101010101010101"),
            ("standpipe-run", "0202020202020202"),
            ("standpipe-first", "10"),
            ("standpipe-last", "19"),
            ("standpipe-records", "10"),
        ];
        for (name, value) in expected {
            assert_eq!(
                metadata.get(name).map(String::as_str),
                Some(value),
                "{name}"
            );
        }
    }
    assert!(
        http::get(server.address(), "/logs/a/b")?.status == 403,
        "nobody else may look"
    );
    folder.done()
}
