//! Kills at any moment: no record is lost, none is delivered twice, and the books balance.

use super::*;

/// Kills at moments that a seed chooses, while records come in.
async fn killed_at_random(text: &str, seed: u64) {
    let mut world = World::new(text).await;
    let mut noise = seed;
    let mut random = move |below: u64| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (noise >> 33) % below
    };
    let mut next = 0;
    for _ in 0..12 {
        for _ in 0..random(6) {
            let count = 1 + random(3000);
            world.ids(next..next + count).await;
            next += count;
        }
        tokio::time::sleep(Duration::from_millis(random(40))).await;
        world.restart().await;
        let status = world.status();
        assert_eq!(status.books.accepted, next, "seed {seed}");
        assert!(status.books.balance(), "seed {seed}: {status:#?}");
    }
    world.each_once(0..next).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn raw_objects_hold_each_record_once_over_kills() {
    for seed in [1, 2] {
        killed_at_random(RAW, seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_batches_hold_each_record_once_over_kills() {
    let text = RAW.replace("interval: 0s", "interval: 1s");
    killed_at_random(&text, 3).await;
}

/// Rule 23, over kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_there_once_over_kills() {
    let mut world = World::new(&with_backup("DIR/copies")).await;
    for round in 0..6 {
        world.ids(round * 100..round * 100 + 100).await;
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        world.restart().await;
    }
    world.each_once(0..600).await;
    world.until(|s| s.backup.unwrap().sealed_files == 0).await;
    assert_eq!(world.found(COPIES), once(0..600));
    assert_eq!(world.status().backup.unwrap().delivered, 600);
}

/// Killed after the object appeared and before the checkpoint said so (rule 17).
#[tokio::test]
async fn an_object_that_is_there_already_is_delivered() {
    let mut world = World::new(RAW).await;
    fs::write(world.path("out"), b"").unwrap();
    world.ids(0..10).await;
    world.until(|s| s.sealed_files == 1).await;
    let file = world.sealed().remove(0);
    world.kill().await;
    fs::remove_file(world.path("out")).unwrap();
    let there = world.path("out").join(&file.key);
    fs::create_dir_all(there.parent().unwrap()).unwrap();
    fs::copy(world.folder().join("spool").join(&file.object.name), &there).unwrap();
    world.streams.start(&world.settings).await.unwrap();
    world.each_once(0..10).await;
}

impl World {
    /// The sealed files that wait.
    pub(super) fn sealed(&self) -> Vec<crate::lane::checkpoint::SealedFile> {
        let life = self.streams.shared.life(&self.settings.name);
        let Some(Life::Running(running)) = life else {
            panic!("{life:?}");
        };
        running.sealed_files()
    }
}
