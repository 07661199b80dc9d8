//! Kills and stops while many callers send text: what was acknowledged arrives once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, http};

use crate::{PATIENCE, raw, raw_arrived};

const CALLERS: u32 = 8;

/// Sends records under names of its own until told to stop. Without a key each request is new; with
/// one, the same request is sent until it is acknowledged (rule 10).
fn call(daemon: &Daemon, caller: u32, keyed: bool, running: &AtomicBool) -> Outcome<Ledger> {
    let door = daemon.door("native")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut number = 0;
    while running.load(Ordering::Relaxed) {
        number += 1;
        let lines: Vec<_> = (0..20)
            .map(|n| format!("caller {caller} request {number} line {n}"))
            .collect();
        let body = lines.join("\n");
        let key = format!("Idempotency-Key: {caller}-{number}");
        let headers: &[&str] = if keyed {
            &["Content-Type: text/plain", &key]
        } else {
            &["Content-Type: text/plain"]
        };
        let acknowledged = loop {
            let answer = http::post(door, "/v1/streams/text/records", headers, body.as_bytes());
            let acknowledged = answer.is_ok_and(|answer| answer.status == 200);
            if acknowledged || !keyed || !running.load(Ordering::Relaxed) {
                break acknowledged;
            }
            thread::sleep(Duration::from_millis(5));
        };
        for line in &lines {
            match acknowledged {
                true => ledger.wrote(line.as_bytes()),
                false => ledger.tried(line.as_bytes()),
            }
        }
        if !acknowledged {
            thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(ledger)
}

/// Lets callers send while `meanwhile` does something to the daemon; what they saw.
fn under_load(
    daemon: &mut Daemon,
    keyed: bool,
    meanwhile: impl FnOnce(&mut Daemon) -> Outcome,
) -> Outcome<Ledger> {
    let running = AtomicBool::new(true);
    let mut ledger = Ledger::new(1_000_000);
    // Callers know where the doors are, and find them there after a restart.
    let seen = daemon.again()?;
    let (done, ledgers) = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| (caller, &seen, &running))
            .map(|(caller, seen, running)| scope.spawn(move || call(seen, caller, keyed, running)))
            .collect();
        let done = meanwhile(daemon);
        running.store(false, Ordering::Relaxed);
        let ledgers: Vec<_> = callers
            .into_iter()
            .map(|c| {
                c.join()
                    .unwrap_or_else(|_| Err(Trouble::new("a caller failed")))
            })
            .collect();
        (done, ledgers)
    });
    done?;
    for seen in ledgers {
        seen?.copy_into(&mut ledger);
    }
    Ok(ledger)
}

fn kill_ten_times(daemon: &mut Daemon) -> Outcome {
    let mut random = Random::new();
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(random.below(800)));
        daemon.kill()?;
        daemon.up()?;
    }
    thread::sleep(Duration::from_millis(300));
    Ok(())
}

fn kills(keyed: bool) -> Outcome {
    let folder = Folder::new("text-kills")?;
    let mut daemon = Daemon::start(folder.path(), &raw("text", "1s"))?;
    let mut ledger = under_load(&mut daemon, keyed, kill_ten_times)?;
    assert!(
        ledger.written() > 1_000,
        "only {} records were acknowledged",
        ledger.written()
    );
    let books = daemon.settled("text", ledger.written(), PATIENCE)?;
    assert_eq!(books.delivered, books.accepted);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out/text"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

#[test]
fn what_the_text_door_acknowledged_survives_ten_kills() -> Outcome {
    kills(false)
}

/// Rule 10.
#[test]
fn a_request_with_a_key_arrives_once_however_often_it_is_sent() -> Outcome {
    kills(true)
}

#[test]
fn a_stop_under_load_keeps_its_deadline_and_loses_nothing() -> Outcome {
    let folder = Folder::new("stop")?;
    let mut daemon = Daemon::start(folder.path(), &raw("text", "900s"))?;
    let mut ledger = under_load(&mut daemon, false, |daemon| {
        thread::sleep(Duration::from_secs(2));
        let asked = Instant::now();
        let code = daemon.stop(Duration::from_secs(30))?;
        println!("it stopped after {:?} with {code}", asked.elapsed());
        match code {
            0 | 3 => Ok(()),
            _ => Err(Trouble(format!("the exit code is {code}"))),
        }
    })?;
    daemon.configure(&raw("text", "1s"))?;
    daemon.up()?;
    let books = daemon.settled("text", ledger.written(), PATIENCE)?;
    assert_eq!(books.delivered, books.accepted);
    raw_arrived(&folder.join("out/text"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
