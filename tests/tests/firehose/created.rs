//! Streams that are made over the wire: what the Terraform provider does, with kills at each moment
//! that has a name and at any other.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use standpipe_tests::random::Random;
use standpipe_tests::s3::commanded::Commanded;
use standpipe_tests::s3::{BUCKET, Contents};
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Folder, Ledger, Outcome, Trouble, objects};

use crate::{PATIENCE, python, script, set_up};

/// The moments that have names, and what the definition says that is on disk by then.
const POINTS: [(&str, &str); 4] = [
    ("created.kept", "\"version\":1"),
    ("created.updated", "\"version\":2"),
    ("created.marked", "\"deleting\":true"),
    ("created.drained", "\"deleting\":true"),
];

/// Streams that are made, changed and deleted one after the other while the daemon is killed.
const STREAMS: usize = 4;

/// A script at work on streams of these names.
fn replay(door: &str, folder: &Folder, names: &[String]) -> Outcome<Option<Child>> {
    let Some(mut python) = python()? else {
        return Ok(None);
    };
    let running = python
        .arg(script("terraform.py"))
        .args([door, BUCKET])
        .arg(folder.join("list"))
        .args(names)
        .stderr(Stdio::inherit())
        .spawn();
    running.attempting("run Python").map(Some)
}

/// That a script ended well.
fn well(mut running: Child) -> Outcome {
    let status = running.wait()?;
    match status.success() {
        true => Ok(()),
        false => Err(Trouble(format!("the script ended with {status}"))),
    }
}

/// That what the moment is called by was durable then: a client that asks again would make up for it.
fn is_kept(folder: &Folder, (point, part): (&str, &str)) -> Outcome {
    let path = folder.join(&format!("data/created/{point}.stream"));
    let kept = std::fs::read_to_string(&path).attempting(format!("read what {point} left"))?;
    match kept.contains(part) {
        true => Ok(()),
        false => Err(Trouble(format!("{point} left no {part}: {kept}"))),
    }
}

/// Each record that was acknowledged is in one object, and nothing of the streams is left.
fn settle(folder: &Folder, store: &Commanded) -> Outcome {
    let mut ledger = Ledger::new(usize::MAX);
    for line in std::fs::read_to_string(folder.join("list"))?.lines() {
        match line.split_once(' ') {
            Some(("1", record)) => ledger.wrote(record.as_bytes()),
            Some((_, record)) => ledger.tried(record.as_bytes()),
            None => return Err(Trouble(format!("no fate: {line:?}"))),
        }
    }
    assert!(ledger.written() > 0, "nothing was acknowledged");
    let delivered = folder.join("delivered");
    Contents::at(store.address())?.download(&delivered)?;
    objects::raw_arrived(&delivered, &mut ledger)?;
    ledger.settle()?;
    let left = |folder: &Path| std::fs::read_dir(folder).map(Iterator::count);
    assert_eq!(left(&folder.join("data/created"))?, 0);
    assert_eq!(left(&folder.join("data/streams"))?, 1, "web alone is left");
    Ok(())
}

#[test]
fn a_kill_at_each_named_moment_of_a_made_stream_is_made_up_for() -> Outcome {
    let folder = Folder::new("firehose-points")?;
    let (store, mut daemon, door) = set_up(&folder, "disk_is_encrypted: true,")?;
    for (point, part) in POINTS {
        daemon
            .environment
            .insert("STANDPIPE_KILL_AT".into(), point.into());
        daemon.up()?;
        daemon.environment.clear();
        let Some(mut running) = replay(&door, &folder, &[point.to_owned()])? else {
            return Ok(());
        };
        let mut kills = 0;
        while running.try_wait()?.is_none() {
            if daemon.program()?.ended()?.is_some() {
                kills += 1;
                is_kept(&folder, (point, part))?;
                daemon.up()?;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        well(running)?;
        assert_eq!(kills, 1, "{point}");
        assert_eq!(daemon.stop(PATIENCE)?, 0);
    }
    settle(&folder, &store)?;
    folder.done()
}

#[test]
fn what_terraform_does_gets_through_kills() -> Outcome {
    let folder = Folder::new("firehose-terraform")?;
    let (store, mut daemon, door) = set_up(&folder, "disk_is_encrypted: true,")?;
    daemon.up()?;
    let names: Vec<_> = (0..STREAMS).map(|n| format!("orders-{n}")).collect();
    let Some(mut running) = replay(&door, &folder, &names)? else {
        return Ok(());
    };
    let (mut random, mut kills) = (Random::new(), 0);
    while running.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(300 + random.below(1500)));
        daemon.kill()?;
        daemon.up()?;
        kills += 1;
    }
    println!("{kills} kills");
    well(running)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    settle(&folder, &store)?;
    folder.done()
}
