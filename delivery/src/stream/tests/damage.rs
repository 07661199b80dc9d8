//! Rule 15: damage halts its stream, not the process, and nothing is deleted.

use super::*;

/// All files of the stream's folder with their content, so that a test sees what was touched.
/// Space that is only kept ready is no content.
fn content(world: &World) -> BTreeMap<PathBuf, Vec<u8>> {
    let kept = files(&world.folder()).into_iter();
    let kept = kept.filter(|path| !path.ends_with("lock") && !path.ends_with("reserve"));
    kept.map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

fn checkpoints(world: &World) -> Vec<PathBuf> {
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("checkpoint.")
    };
    files(&world.folder()).into_iter().filter(is_one).collect()
}

/// A stream with a sealed file that its destination does not take.
async fn with_sealed_file() -> World {
    let mut world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.until(|s| s.sealed_files == 1).await;
    world.kill().await;
    world
}

/// Starts the stream, which must come up halted with a message, its folder untouched and its door
/// closed; another one must run beside it.
async fn comes_up_halted(world: &World, message: &str) {
    let before = content(world);
    world.streams.start(&world.settings).await.unwrap();
    let status = world.status();
    assert_eq!(status.state, State::Halted, "{status:#?}");
    let error = status.last_error.unwrap();
    assert!(error.contains(message), "{error}");
    assert!(content(world) == before, "the folder was touched");
    let refused = world.append(["x".into()]).await;
    assert!(
        matches!(refused, Err(AppendError::Refused(Refusal::Halted(_)))),
        "{refused:?}"
    );
    let other = settings_of(&RAW.replace("web:", "other:"), world.dir.path());
    world.streams.start(&other).await.unwrap();
    assert_eq!(world.streams.status()[&other.name].state, State::Running);
}

#[tokio::test]
async fn a_missing_checkpoint_beside_spool_files_halts() {
    let world = with_sealed_file().await;
    for path in checkpoints(&world) {
        fs::remove_file(path).unwrap();
    }
    comes_up_halted(&world, "checkpoint is missing").await;
}

#[tokio::test]
async fn a_missing_checkpoint_beside_a_journal_with_records_halts() {
    let mut world = World::new(RAW).await;
    world.ids(0..10).await;
    world.settled().await;
    world.kill().await;
    for path in checkpoints(&world) {
        fs::remove_file(path).unwrap();
    }
    let before = content(&world).len();
    world.streams.start(&world.settings).await.unwrap();
    let status = world.status();
    assert_eq!(status.state, State::Halted, "{status:#?}");
    assert!(status.last_error.unwrap().contains("checkpoint is missing"));
    assert!(content(&world).len() >= before, "nothing is deleted");
    assert_eq!(world.found(DATA), once(0..10), "nothing is delivered twice");
}

#[tokio::test]
async fn an_unreadable_checkpoint_halts() {
    let world = with_sealed_file().await;
    let newest = checkpoints(&world).into_iter().max().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    bytes[40] ^= 1;
    fs::write(&newest, bytes).unwrap();
    comes_up_halted(&world, "damaged").await;
}

#[tokio::test]
async fn a_missing_sealed_file_halts_and_is_named() {
    let world = with_sealed_file().await;
    let spool = files(&world.folder().join("spool"));
    let rows = spool
        .iter()
        .find(|path| path.extension().is_some_and(|e| e == "rows"));
    fs::remove_file(rows.unwrap()).unwrap();
    comes_up_halted(&world, rows.unwrap().to_str().unwrap()).await;
    let books = world.status().books;
    assert_eq!(books.waiting, 10, "what is known is shown");
    assert!(books.balance(), "and no more than that: {books:?}");
}

#[tokio::test]
async fn a_checkpoint_of_another_lane_halts() {
    let (world, mut other) = (with_sealed_file().await, World::new(RAW).await);
    other.ids(0..10).await;
    other.settled().await;
    other.kill().await;
    for path in checkpoints(&world) {
        fs::remove_file(path).unwrap();
    }
    for path in checkpoints(&other) {
        fs::copy(&path, world.folder().join(path.file_name().unwrap())).unwrap();
    }
    world.streams.start(&world.settings).await.unwrap();
    let error = world.status().last_error.unwrap();
    assert!(error.contains("belongs to lane"), "{error}");
}

/// A lane that took the process down twice at the same position starts halted and names it; what
/// was sealed before is delivered all the same.
#[tokio::test]
async fn a_lane_that_panicked_twice_at_a_position_starts_halted() {
    let mut world = World::new(RAW).await;
    world.ids(0..10).await;
    world.each_once(0..10).await;
    for times in 1..=2 {
        world
            .append([crate::lane::batch::PANIC.to_owned()])
            .await
            .ok();
        let why = world.streams.unexpected_end().await;
        assert!(why.contains("position 10"), "{times}: {why}");
        world.restart().await;
    }
    let status = world.status();
    assert_eq!(status.state, State::Halted, "{status:#?}");
    let error = status.last_error.unwrap();
    assert!(error.contains("position 10"), "{error}");
    assert!(
        status.books.balance() && status.books.waiting >= 1,
        "{:?}",
        status.books
    );
    fs::remove_file(world.folder().join("mishap.json")).unwrap();
}
