//! Rule 28: a full disk and a full quota are normal states.

use super::*;

/// Records of 1,000 bytes.
fn kilobytes(ids: std::ops::Range<u64>) -> impl Iterator<Item = String> {
    ids.map(|id| format!("{id:01000}"))
}

impl World {
    /// Appends until the door closes; how many records it took.
    async fn fill(&self) -> u64 {
        for part in 0..10_000 {
            let records = kilobytes(100 * part..100 * part + 100);
            match self.append(records).await {
                Ok(_) => {}
                Err(AppendError::Refused(Refusal::Full(_))) => return 100 * part,
                Err(other) => panic!("{other:?}"),
            }
        }
        panic!("the door never closed");
    }
}

/// The door closes at the quota, nothing accepted is lost, and it opens again by itself, long
/// before the interval.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_quota_the_door_closes_and_opens_when_the_destination_takes_again() {
    let text = RAW
        .replace("quota: 64MiB", "quota: 16MiB")
        .replace("interval: 0s", "interval: 900s");
    let mut world = World::new(&text).await;
    fs::write(world.path("out"), b"").unwrap();
    let accepted = world.fill().await;
    assert!(accepted > 4_000, "{accepted}");
    let status = world.until(|s| s.sealed_files > 0).await;
    assert!(status.disk_used < 24 * 1024 * 1024, "{status:#?}");
    assert_eq!(status.books.accepted, accepted);
    assert!(status.books.balance(), "{status:#?}");

    fs::remove_file(world.path("out")).unwrap();
    world.restart().await;
    for _ in 0..200 {
        if world
            .append(kilobytes(accepted..accepted + 1))
            .await
            .is_ok()
        {
            let status = world.until(|s| s.books.delivered > accepted / 2).await;
            assert!(status.books.balance(), "{status:#?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the door stayed closed: {:#?}", world.status());
}

/// A real full disk: a small file system in memory, where root may mount one.
struct Small(PathBuf);

impl Small {
    fn mount(size: &str) -> Option<Self> {
        let path = TempDir::new().unwrap().keep();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&path)
            .status();
        match mounted {
            Ok(status) if status.success() => Some(Self(path)),
            _ => {
                eprintln!("skipped: no file system can be mounted here");
                None
            }
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
        let _ = fs::remove_dir(&self.0);
    }
}

/// The disk is full to the last byte while records wait: the lane goes on by itself when it can,
/// and nothing is lost or doubled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_recovers_alone() {
    let Some(small) = Small::mount("48m") else {
        return;
    };
    let mut world = World::stopped(&RAW.replace("quota: 64MiB", "quota: 1GiB")).await;
    world.streams = {
        let resources = Resources {
            data_dir: small.0.join("data"),
            high_water: HighWater::Percent(100),
            memory: MEMORY,
            threads: Threads::here(),
        };
        Streams::open(resources).await.unwrap()
    };
    fs::write(world.path("out"), b"").unwrap();
    world.streams.start(&world.settings).await.unwrap();
    let accepted = world.fill().await;
    assert!(accepted > 10_000, "{accepted}");
    let status = world.status();
    assert!(status.books.balance(), "{status:#?}");
    fs::remove_file(world.path("out")).unwrap();
    // A halted way is tried again slowly; a stop and a start are quicker.
    let name = world.settings.name.clone();
    world
        .streams
        .stop(&name, Instant::now() + Duration::from_secs(5))
        .await;
    world.streams.start(&world.settings).await.unwrap();
    let books = world.settled().await;
    assert_eq!((books.accepted, books.delivered), (accepted, accepted));
    let found = world.found(DATA);
    assert_eq!(found.len() as u64, accepted);
    assert!(found.values().all(|count| *count == 1));
    world
        .append(kilobytes(accepted..accepted + 10))
        .await
        .unwrap();
}
