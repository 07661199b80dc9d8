//! What a destination refuses, and what halts it.

use super::*;

/// Rule 17: a name that holds other content halts, names both, and goes on when it is gone.
#[tokio::test]
async fn a_name_that_holds_other_content_halts_and_overwrites_nothing() {
    let mut world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.until(|s| s.sealed_files == 1).await;
    let key = world.sealed().remove(0).key;
    world.kill().await;
    fs::remove_file(world.path("out")).unwrap();
    let there = world.path("out").join(key);
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::write(&there, b"of somebody else").unwrap();
    world.streams.start(&world.settings).await.unwrap();
    let status = world.until(|s| s.state == State::Halted).await;
    assert!(status.last_error.unwrap().contains(there.to_str().unwrap()));
    assert!(status.books.balance(), "{:?}", status.books);
    assert_eq!(fs::read(&there).unwrap(), b"of somebody else");

    fs::remove_file(&there).unwrap();
    world.restart().await;
    world.each_once(0..10).await;
    assert_eq!(world.status().last_error, None);
}

/// Rule 28: a halted delivery does not close the door before the quota does.
#[tokio::test]
async fn a_halted_stream_takes_records_until_its_quota() {
    let world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.until(|s| s.state == State::Halted).await;
    world.ids(10..20).await;
    let status = world.until(|s| s.sealed_files == 2).await;
    assert_eq!(status.books.waiting, 20);
}

/// Rule 23: a halted backup does not stop the main delivery.
#[tokio::test]
async fn a_halted_backup_does_not_stop_the_main_delivery() {
    let mut world = World::new(&with_backup("DIR/copies")).await;
    fs::write(world.path("copies"), b"").unwrap();
    world.ids(0..10).await;
    world.each_once(0..10).await;
    let status = world.until(|s| s.backup.unwrap().halted).await;
    assert_eq!(status.state, State::Running);
    assert!(status.last_error.is_some());
    world.ids(10..20).await;
    world.each_once(0..20).await;
    assert_eq!(world.status().backup.unwrap().waiting, 20);

    fs::remove_file(world.path("copies")).unwrap();
    world.restart().await;
    world.until(|s| s.backup.unwrap().sealed_files == 0).await;
    assert_eq!(world.found(COPIES), once(0..20));
}

/// A name that no file system takes: more than 255 bytes in one segment.
fn unspeakable(text: &str) -> String {
    let long = "x".repeat(260);
    text.replace(
        "data/!{timestamp:yyyy}/",
        &format!("{long}/!{{timestamp:yyyy}}/"),
    )
}

/// Rule 18: a rejection is a file: its records lie under the error prefix, each once, and count as
/// failed when that object is delivered.
#[tokio::test]
async fn what_a_destination_refuses_for_good_goes_under_the_error_prefix() {
    for compression in ["none", "gzip", "zstd"] {
        let text = RAW.replace("compression: none", &format!("compression: {compression}"));
        let world = World::new(&unspeakable(&text)).await;
        world.ids(0..10).await;
        let books = world.settled().await;
        assert_eq!((books.accepted, books.failed, books.delivered), (10, 10, 0));
        let (lines, records) = world.failed();
        assert_eq!(records, once(0..10));
        assert_eq!(lines[0]["errorCode"], "Standpipe.ObjectRefused");
        assert!(
            world.objects(ERRORS)[0]
                .to_str()
                .unwrap()
                .contains("delivery-failed/")
        );
        assert_eq!(world.status().failed["delivery-failed"], 10);
    }
}

/// Rule 18, over a kill between the refusal and the delivery of the error object.
#[tokio::test]
async fn a_diverted_file_is_diverted_once() {
    let mut world = World::new(&unspeakable(RAW)).await;
    fs::create_dir(world.path("out")).unwrap();
    fs::write(world.path("out/errors"), b"").unwrap();
    world.ids(0..10).await;
    let is_error =
        |f: &crate::lane::checkpoint::SealedFile| f.role.to_string() == "delivery-failed";
    for _ in 0..200 {
        if world.sealed().iter().any(is_error) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let key = world.sealed().remove(0).key;
    assert!(key.starts_with("errors/delivery-failed/"), "{key}");
    assert_eq!(
        world.status().books.waiting,
        10,
        "failed only when it is delivered"
    );
    world.kill().await;
    fs::remove_file(world.path("out/errors")).unwrap();
    world.streams.start(&world.settings).await.unwrap();
    let books = world.settled().await;
    assert_eq!(books.failed, 10);
    assert_eq!(world.failed().1, once(0..10));
    assert!(world.path("out").join(key).exists());
}

/// Rule 20: what can have no name goes under the error prefix.
#[tokio::test]
async fn records_whose_object_can_have_no_name_fail() {
    // Legal as far as can be told before the stream's name is known, which is a long one.
    let long = "y".repeat(220);
    let text = RAW
        .replace("web:", &format!("{}:", "w".repeat(64)))
        .replace("data/", &format!("{long}/{long}/"));
    let world = World::new(&text).await;
    world.ids(0..10).await;
    let books = world.settled().await;
    assert_eq!((books.accepted, books.failed), (10, 10));
    assert_eq!(world.failed().1, once(0..10));
    assert_eq!(world.status().failed["processing-failed"], 10);
}
