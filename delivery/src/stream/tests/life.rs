//! Starting, stopping, changing, removing and renaming streams.

use super::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(5)
}

#[tokio::test]
async fn a_stop_closes_the_door_and_a_start_goes_on_where_it_was() {
    let world = World::new(&RAW.replace("interval: 0s", "interval: 900s")).await;
    world.ids(0..10).await;
    let name = &world.settings.name;
    let stopped = world.streams.stop(name, soon()).await;
    assert_eq!(
        stopped,
        Stopped { work_left: false },
        "an open batch is no work left"
    );
    let refused = world.append(["x".into()]).await.unwrap_err();
    assert!(
        matches!(refused, AppendError::Refused(Refusal::Closed)),
        "{refused:?}"
    );

    let mut settings = world.settings.clone();
    settings.buffering.interval = Duration::ZERO;
    world.streams.start(&settings).await.unwrap();
    world.each_once(0..10).await;
}

#[tokio::test]
async fn a_stop_says_whether_sealed_work_is_left() {
    let world = World::new(RAW).await;
    fs::write(world.path("out"), b"a file where the folder must be").unwrap();
    world.ids(0..10).await;
    world
        .until(|s| s.sealed_files == 1 && s.last_error.is_some())
        .await;
    let stopped = world.streams.stop_all(soon()).await;
    assert!(stopped.work_left);
}

#[tokio::test]
async fn the_same_stream_runs_once_and_an_unknown_one_is_told_what_there_is() {
    let world = World::new(RAW).await;
    let again = world.streams.start(&world.settings).await;
    assert!(matches!(again, Err(StartError::Running(_))), "{again:?}");
    let other = name("other");
    match world.streams.append(&other, text(Builder::default())).await {
        Err(AppendError::NoSuchStream { existing }) => assert_eq!(existing, [name("web")]),
        other => panic!("{other:?}"),
    }
}

/// Rule 16: sealed files go where they were sealed for, and the version counts the changes.
#[tokio::test]
async fn after_a_change_of_settings_sealed_files_go_where_they_were_sealed_for() {
    let mut world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.until(|s| s.sealed_files == 1).await;
    world.kill().await;
    world.settings = settings_of(&RAW.replace("DIR/out", "DIR/new"), world.dir.path());
    fs::remove_file(world.path("out")).unwrap();
    world.streams.start(&world.settings).await.unwrap();
    world.ids(10..20).await;
    let books = world.settled().await;
    assert_eq!((books.accepted, books.delivered), (20, 20));
    assert_eq!(world.found(DATA), once(0..10));
    assert_eq!(world.found("new/data"), once(10..20));
    let object = &world.objects("new/data")[0];
    let object = object.file_name().unwrap().to_str().unwrap();
    assert!(object.starts_with("web-2-"), "{object}");
}

/// Rule 16: a stream that is no longer in the settings drains with those it last ran with, and
/// then its folder goes.
#[tokio::test]
async fn a_removed_stream_drains_and_goes() {
    let mut world = World::new(&RAW.replace("interval: 0s", "interval: 900s")).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.kill().await;
    world.streams.drain_removed().await;
    let status = world.until(|s| s.sealed_files == 1).await;
    assert!(
        matches!(status.state, State::Draining | State::Halted),
        "{status:?}"
    );
    assert!(status.books.balance(), "{status:?}");
    assert!(world.streams.names().is_empty());
    let refused = world.append(["x".into()]).await;
    assert!(
        matches!(refused, Err(AppendError::NoSuchStream { .. })),
        "{refused:?}"
    );
    world.restart_draining().await;
    for _ in 0..200 {
        if files(&world.path("data/streams")).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(world.found(DATA), once(0..10));
    assert!(files(&world.path("data/streams")).is_empty());
    assert!(world.streams.status().is_empty());
}

impl World {
    /// Lets the destination be, and drains again.
    async fn restart_draining(&mut self) {
        self.kill().await;
        fs::remove_file(self.path("out")).unwrap();
        self.streams.drain_removed().await;
    }
}

/// Rule 16: a stream that comes back while it drains goes on.
#[tokio::test]
async fn a_stream_that_drains_can_come_back() {
    let mut world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.kill().await;
    world.streams.drain_removed().await;
    world.until(|s| s.sealed_files == 1).await;
    fs::remove_file(world.path("out")).unwrap();
    world.streams.start(&world.settings).await.unwrap();
    world.ids(10..20).await;
    world.each_once(0..20).await;
}

/// Rule 16: `former_name` renames, with everything that waits.
#[tokio::test]
async fn a_renamed_stream_takes_its_folder_along() {
    let mut world = World::new(&RAW.replace("interval: 0s", "interval: 900s")).await;
    world.ids(0..10).await;
    world.kill().await;
    let before = world.folder();
    let text = RAW.replace("web:", "www:\n  former_name: web");
    world.settings = settings_of(&text, world.dir.path());
    world.streams.start(&world.settings).await.unwrap();
    assert!(!before.exists() && world.folder().exists());
    world.ids(10..20).await;
    world.each_once(0..20).await;
    world.restart().await;
    world.each_once(0..20).await;
}

#[tokio::test]
async fn a_name_cannot_be_taken_over_while_its_stream_runs() {
    let world = World::new(RAW).await;
    let text = RAW.replace("web:", "www:\n  former_name: web");
    let refused = world
        .streams
        .start(&settings_of(&text, world.dir.path()))
        .await;
    assert!(
        matches!(refused, Err(StartError::FormerRuns(..))),
        "{refused:?}"
    );
}

/// Rule 34: the books are those of the stream's life, not of the process's.
#[tokio::test]
async fn the_books_survive_restarts() {
    let mut world = World::new(RAW).await;
    for round in 0..3 {
        world.ids(round * 10..round * 10 + 10).await;
        world.each_once(0..round * 10 + 10).await;
        let before = world.status();
        world.restart().await;
        let after = world.status();
        assert_eq!((after.books, after.bytes), (before.books, before.bytes));
        assert_eq!(after.objects_delivered, before.objects_delivered);
    }
}
