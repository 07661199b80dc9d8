//! Settings that change while the daemon runs (SIGHUP), under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, http};

use crate::{PATIENCE, raw, raw_arrived};

/// Of the streams that callers send to; that of `comes-and-goes` is there half of the time.
const CALLED: [&str; 3] = ["same", "changes", "comes-and-goes"];

/// Sends records to a stream until told to stop. A request that was not acknowledged stored nothing,
/// unless the answer was lost.
fn call(daemon: &Daemon, stream: &str, running: &AtomicBool) -> Outcome<Ledger> {
    let door = daemon.door("native")?;
    let path = format!("/v1/streams/{stream}/records");
    let mut ledger = Ledger::new(1_000_000);
    let mut number = 0;
    while running.load(Ordering::Relaxed) {
        number += 1;
        let lines: Vec<_> = (0..20)
            .map(|n| format!("{stream} request {number} line {n}"))
            .collect();
        let answer = http::post(
            door,
            &path,
            &["Content-Type: text/plain"],
            lines.join("\n").as_bytes(),
        )?;
        match answer.status {
            200 => lines.iter().for_each(|line| ledger.wrote(line.as_bytes())),
            // Closed for a moment, or gone: nothing of it was stored, so it must not arrive.
            404 | 503 => {}
            _ => return Err(Trouble(format!("{stream} answers {answer}"))),
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(ledger)
}

/// The streams of the nth settings: one stays as it is, one changes each time in one of several
/// ways, one comes and goes, and one has another name each time.
fn settings(number: usize) -> String {
    let changes = match number % 4 {
        0 => raw("changes", "1s"),
        1 => raw("changes", "900s"),
        2 => raw("changes", "2s").replace("prefix: changes/", "prefix: elsewhere/"),
        _ => raw("changes", "1s").replace(
            "{raw: {delimiter: newline}}",
            "{raw: {delimiter: newline, compression: gzip}}",
        ),
    };
    let comes = match number % 2 {
        0 => raw("comes-and-goes", "1s"),
        _ => String::new(),
    };
    let renamed = raw(&format!("name{number}"), "900s").replacen(
        '\n',
        &match number {
            0 => "\n".to_owned(),
            _ => format!("\n  former_name: name{}\n", number - 1),
        },
        1,
    );
    raw("same", "1s") + &changes + &comes + &renamed
}

/// One in five is broken, and changes nothing; the nth that is not is the nth of `settings`.
fn reload(daemon: &mut Daemon, times: usize, ledger: &mut Ledger) -> Outcome<usize> {
    let mut number = 0;
    for time in 1..=times {
        if time % 5 == 3 {
            daemon.configure(&settings(number + 1).replace("interval: 1s", "interval: soon"))?;
            let error = daemon.reload()?;
            let said = error.ok_or_else(|| Trouble::new("broken settings were not refused"))?;
            let names_it = said.contains("delivery.yaml") && said.contains("soon");
            assert!(names_it, "the refusal says {said}");
            continue;
        }
        let line = format!("under the name of {number}");
        let name = format!("name{number}");
        daemon.post(&name, line.as_bytes())?.ok()?;
        ledger.wrote(line.as_bytes());
        number += 1;
        daemon.configure(&settings(number))?;
        if let Some(error) = daemon.reload()? {
            return Err(Trouble(format!("settings {number} were refused: {error}")));
        }
    }
    Ok(number)
}

/// Issue 10: reload under load with changes, one in five broken: nothing lost, nothing twice.
#[test]
fn settings_that_change_under_load_lose_and_repeat_nothing() -> Outcome {
    let times = match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => 50,
        None => 10,
    };
    let folder = Folder::new("reload")?;
    let mut daemon = Daemon::start(folder.path(), &settings(0))?;
    let running = AtomicBool::new(true);
    let seen = daemon.again()?;
    let mut ledger = Ledger::new(1_000_000);
    let (number, ledgers) = thread::scope(|scope| {
        let callers: Vec<_> = CALLED
            .map(|stream| (stream, &seen, &running))
            .into_iter()
            .map(|(stream, seen, running)| scope.spawn(move || call(seen, stream, running)))
            .collect();
        let number = reload(&mut daemon, times, &mut ledger);
        running.store(false, Ordering::Relaxed);
        let failed = || Err(Trouble::new("a caller failed"));
        let ledgers = callers
            .into_iter()
            .map(|c| c.join().unwrap_or_else(|_| failed()));
        (number, ledgers.collect::<Vec<_>>())
    });
    let last = number?;
    for (stream, seen) in CALLED.iter().zip(ledgers) {
        let seen = seen?;
        println!("{stream}: {} records", seen.written());
        assert!(seen.written() > 0, "nothing was sent to {stream}");
        seen.copy_into(&mut ledger);
    }
    // To settings by which everything is delivered at once.
    let quick = settings(last)
        .replace("interval: 900s", "interval: 1s")
        .replace(&format!("  former_name: name{}\n", last - 1), "");
    daemon.configure(&quick)?;
    assert_eq!(daemon.reload()?, None);
    let all = || -> Outcome {
        let status = daemon.everything()?;
        let streams = status["streams"].as_object().cloned().unwrap_or_default();
        let waits = streams
            .values()
            .any(|stream| stream["books"]["waiting"] != 0);
        let drains = streams.values().any(|stream| stream["state"] == "draining");
        match waits || drains {
            true => Err(Trouble(format!("the status is {status}"))),
            false => Ok(()),
        }
    };
    until("everything to be delivered", PATIENCE, all)?;
    for stream in ["same", "changes"] {
        daemon.books(stream)?.balance()?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}

#[test]
fn what_cannot_change_while_the_daemon_runs_is_said() -> Outcome {
    let folder = Folder::new("reload-fixed")?;
    let mut daemon = Daemon::start(folder.path(), &raw("s", "1s"))?;
    daemon.more = "limits: {memory: 512MiB, disk: 2GiB}\n".into();
    daemon.configure(&raw("s", "1s"))?;
    assert_eq!(daemon.reload()?, None);
    let log = std::fs::read_to_string(daemon.log())?;
    let said = "limits.memory has changed: that takes effect at the next start";
    assert!(log.contains(said), "{log}");
    daemon.post("s", b"on it goes")?.ok()?;
    daemon.settled("s", 1, PATIENCE)?;
    folder.done()
}
