//! Many writers while the daemon is killed again and again: what was acknowledged is there, and
//! nothing is there more often than its writer sent it.

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use standpipe_tests::random::Random;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Folder, Outcome, Trouble, objects};

use crate::{PATIENCE, daemon, python, raw, script};

/// Writers, and for how many seconds: more with `--full`.
fn extent() -> (usize, u64) {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => (64, 60),
        None => (8, 12),
    }
}

/// What became of a record.
#[derive(Default)]
struct Fate {
    acknowledged: bool,
    attempts: u64,
    arrived: u64,
}

#[test]
fn nothing_acknowledged_is_lost_when_the_daemon_is_killed() -> Outcome {
    let Some(mut python) = python()? else {
        return Ok(());
    };
    let (writers, seconds) = extent();
    let folder = Folder::new("firehose-writers")?;
    let (mut daemon, door) = daemon(folder.path(), &raw("web", ""), "")?;
    daemon.up()?;
    let list = folder.join("list");
    let mut running = python
        .arg(script("writers.py"))
        .args([&door, &writers.to_string(), &seconds.to_string()])
        .arg(&list)
        .stdout(Stdio::piped())
        .spawn()
        .attempting("run Python")?;
    let (mut random, mut kills) = (Random::new(), 0);
    while running.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(500 + random.below(3000)));
        daemon.kill()?;
        daemon.up()?;
        kills += 1;
    }
    let output = running.wait_with_output()?;
    assert!(output.status.success(), "the writers failed");
    println!("{kills} kills, {}", String::from_utf8_lossy(&output.stdout));
    // Resent records may all have been stored: more are accepted than were acknowledged.
    let mut fates = fates(&std::fs::read_to_string(&list)?)?;
    let acknowledged = fates.values().filter(|fate| fate.acknowledged).count() as u64;
    daemon.settled("web", acknowledged, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    for path in objects::below(&folder.join("out/web"))? {
        for line in objects::lines(&path)? {
            let line = String::from_utf8_lossy(&line).into_owned();
            let id = line.split(' ').next().unwrap_or_default();
            let fate = fates
                .get_mut(id)
                .ok_or_else(|| Trouble(format!("{id:?} was never sent")))?;
            fate.arrived += 1;
        }
    }
    judge(&fates)?;
    folder.done()
}

fn fates(list: &str) -> Outcome<HashMap<String, Fate>> {
    let fate = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let [id, acknowledged, attempts] = words[..] else {
            return Err(Trouble(format!("no fate: {line:?}")));
        };
        Ok((
            id.to_owned(),
            Fate {
                acknowledged: acknowledged == "1",
                attempts: attempts.parse()?,
                arrived: 0,
            },
        ))
    };
    list.lines().map(fate).collect()
}

fn judge(fates: &HashMap<String, Fate>) -> Outcome {
    let count = |is: &dyn Fn(&Fate) -> bool| fates.values().filter(|fate| is(fate)).count();
    let acknowledged = count(&|fate| fate.acknowledged);
    let lost = count(&|fate| fate.acknowledged && fate.arrived == 0);
    let too_often = count(&|fate| fate.arrived > fate.attempts);
    let twice = count(&|fate| fate.arrived > 1);
    let resent = count(&|fate| fate.attempts > 1);
    println!("{acknowledged} acknowledged, {resent} resent, {twice} more than once, {lost} lost");
    assert!(acknowledged > 0, "nothing was acknowledged");
    match (lost, too_often) {
        (0, 0) => Ok(()),
        _ => Err(Trouble(format!(
            "{lost} lost, {too_often} arrived more often than they were sent"
        ))),
    }
}
