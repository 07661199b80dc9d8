//! The system's journal as a source: each entry arrives once, whoever is killed.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::journal::Journal;
use standpipe_tests::random::Random;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, binaries, objects, wait};

use crate::{PATIENCE, raw};

/// How often entries are added, and how many at once.
const BATCHES: u64 = 30;
const BATCH: u64 = 200;

/// How long a program lives at most before it is killed, in milliseconds.
const LIFE: u64 = 900;

/// A journal's flow into a stream.
fn flow(journal: &Journal, stream: &str, which: &str) -> String {
    let folder = journal.folder().display();
    format!("- journald: {{directory: \"{folder}\"{which}}}\n  stream: {stream}\n")
}

/// Notes the messages that arrived in a stream.
fn arrived(folder: &Folder, stream: &str, ledger: &mut Ledger) -> Outcome {
    for path in objects::below(&folder.join(&format!("out/{stream}")))? {
        for entry in objects::json_lines(&path)? {
            let message = entry["MESSAGE"].as_str();
            let message = message.ok_or_else(|| Trouble(format!("no message: {entry}")))?;
            ledger.arrived(message.as_bytes());
        }
    }
    Ok(())
}

/// Writes entries of two units over some time, into files that follow each other.
fn write(mut journal: Journal, mut random: Random) -> Outcome<(Ledger, Ledger)> {
    let (mut all, mut some) = (Ledger::new(usize::MAX), Ledger::new(usize::MAX));
    for batch in 0..BATCHES {
        let message = |number: u64| {
            let length = match number % 50 {
                0 => random.below(100_000),
                _ => random.below(200),
            };
            format!("{batch}-{number} {}", "x".repeat(length as usize))
        };
        let messages: Vec<_> = (0..BATCH).map(message).collect();
        let unit = |number: usize| ["a.service", "b.service"][number % 2];
        let entries = messages.iter().enumerate();
        let entries: Vec<_> = entries.map(|(n, m)| (unit(n), m.as_bytes())).collect();
        for (unit, message) in &entries {
            all.wrote(message);
            if *unit == "b.service" {
                some.wrote(message);
            }
        }
        // A few batches for each file, as journald goes on in another one now and then.
        journal.write(&format!("j{}", batch / 8), &entries)?;
        thread::sleep(Duration::from_millis(100));
    }
    Ok((all, some))
}

#[test]
fn each_entry_of_the_journal_arrives_once_over_kills() -> Outcome {
    let folder = Folder::new("journald-kills")?;
    let Some(journal) = Journal::new(&folder.join("journal"))? else {
        return folder.done();
    };
    let flows = flow(&journal, "all", "") + &flow(&journal, "some", ", units: [b.service]");
    let streams = raw("all", "1s") + &raw("some", "1s");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows)?;
    let mut random = Random::new();
    let writing = AtomicBool::new(true);
    let (mut all, mut some) = thread::scope(|scope| {
        let own = random.fork();
        let writer = scope.spawn(|| {
            let written = write(journal, own);
            writing.store(false, Ordering::Relaxed);
            written
        });
        let mut kills = 0;
        while writing.load(Ordering::Relaxed) || kills < 6 {
            agent.spawn()?;
            thread::sleep(Duration::from_millis(random.below(LIFE)));
            if random.once_in(4) {
                daemon.kill()?;
                daemon.up()?;
            }
            agent.program()?.runs()?;
            agent.kill()?;
            kills += 1;
        }
        println!("the agent was killed {kills} times");
        let failed = |_| Err(Trouble::new("the writer failed"));
        writer.join().unwrap_or_else(failed)
    })?;
    agent.up()?;
    for (stream, ledger) in [("all", &mut all), ("some", &mut some)] {
        let books = daemon.settled(stream, ledger.written(), PATIENCE)?;
        assert_eq!((books.accepted, books.failed), (ledger.written(), 0));
        arrived(&folder, stream, ledger)?;
        ledger.settle()?;
    }
    assert_eq!(agent.stop(PATIENCE)?, 0);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// Everything that is there is read, and nothing again that the daemon has, also where progress is
/// lost.
#[test]
fn a_journal_is_read_to_its_end_and_goes_on_where_it_was() -> Outcome {
    let folder = Folder::new("journald-once")?;
    let Some(mut journal) = Journal::new(&folder.join("journal"))? else {
        return folder.done();
    };
    let flows = [
        flow(&journal, "all", ""),
        flow(&journal, "some", ", matches: [_SYSTEMD_UNIT=b.service]"),
        flow(&journal, "new", "") + "  start: end\n",
    ];
    let streams = ["all", "some", "new"].map(|stream| raw(stream, "1s"));
    let mut daemon = Daemon::start(folder.path(), &streams.concat())?;
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows.concat())?;
    journal.write(
        "first",
        &[("a.service", b"1".as_slice()), ("b.service", b"two\nlines")],
    )?;
    journal.write("first", &[("a.service", b"no text: \xff")])?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    journal.write("second", &[("b.service", b"4"), ("a.service", b"5")])?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    forget(&agent.data())?;
    journal.write("second", &[("b.service", b"6")])?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    let bytes = "[110,111,32,116,101,120,116,58,32,255]";
    let expected = [
        ("all", vec!["1", "two\nlines", bytes, "4", "5", "6"]),
        ("some", vec!["two\nlines", "4", "6"]),
        ("new", vec!["4", "5", "6"]),
    ];
    for (stream, expected) in expected {
        assert_messages(&folder, &mut daemon, stream, &expected)?;
    }
    without_journalctl(&mut agent)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// Exactly these messages arrived in a stream.
fn assert_messages(
    folder: &Folder,
    daemon: &mut Daemon,
    stream: &str,
    expected: &[&str],
) -> Outcome {
    daemon.settled(stream, expected.len() as u64, PATIENCE)?;
    let mut found = vec![];
    for path in objects::below(&folder.join(&format!("out/{stream}")))? {
        for entry in objects::json_lines(&path)? {
            let message = &entry["MESSAGE"];
            let text = message.as_str().map(str::to_owned);
            found.push(text.unwrap_or_else(|| message.to_string()));
        }
    }
    found.sort_by_key(|text| expected.iter().position(|other| other == text));
    assert_eq!(found, expected, "{stream}");
    Ok(())
}

/// `checkpoint` shows where a journal's streams stand, and lets one of them read entries again.
#[test]
fn a_journal_can_be_read_again_from_an_entry_on() -> Outcome {
    let folder = Folder::new("journald-again")?;
    let Some(mut journal) = Journal::new(&folder.join("journal"))? else {
        return folder.done();
    };
    let flows = flow(&journal, "again", "") + &flow(&journal, "once", "");
    let streams = raw("again", "1s") + &raw("once", "1s");
    let mut daemon = Daemon::start(folder.path(), &streams)?;
    let mut agent = Agent::new(folder.path(), &daemon.url()?, &flows)?;
    journal.write("first", &[("a.service", b"1".as_slice())])?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    let first = checkpoint(&agent, &["show", "--json"])?;
    let first: Value = serde_json::from_str(&first)?;
    let (name, cursor) = (&first[0]["path"], &first[0]["cursor"]);
    let (name, cursor) = name.as_str().zip(cursor.as_str()).unwrap_or_default();
    assert_ne!(cursor, "", "{first}");
    journal.write(
        "first",
        &[("a.service", b"2".as_slice()), ("a.service", b"3")],
    )?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    let of_again = ["rewind", "--journal", name, "--stream", "again"];
    checkpoint(&agent, &[&of_again[..], &["--after", cursor]].concat())?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    assert_messages(&folder, &mut daemon, "again", &["1", "2", "2", "3", "3"])?;
    checkpoint(&agent, &of_again)?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    let thrice = ["1", "1", "2", "2", "2", "3", "3", "3"];
    assert_messages(&folder, &mut daemon, "again", &thrice)?;
    assert_messages(&folder, &mut daemon, "once", &["1", "2", "3"])?;
    let unknown = checkpoint(&agent, &["rewind", "--journal", "journald:/nowhere"]);
    let unknown = unknown.err().map(|trouble| trouble.0).unwrap_or_default();
    assert!(
        unknown.contains("nothing is remembered of the journal journald:/nowhere"),
        "{unknown}"
    );
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

/// What `standpipe-agent checkpoint` says to stdout.
fn checkpoint(agent: &Agent, order: &[&str]) -> Outcome<String> {
    let output = Command::new(binaries::find("standpipe-agent")?)
        .arg("checkpoint")
        .args(order)
        .arg("--config")
        .arg(agent.settings())
        .output()
        .attempting("run `standpipe-agent checkpoint`")?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Trouble(
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )),
    }
}

/// Deletes progress; the agent's id stays.
fn forget(data: &Path) -> Outcome {
    for path in objects::below(data)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("progress.") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// It says what is missing, and lives.
fn without_journalctl(agent: &mut Agent) -> Outcome {
    agent.environment.insert("PATH".into(), "/nowhere".into());
    agent.up()?;
    wait::until("a reason", PATIENCE, || {
        let status = agent.status()?;
        let reason = status["unreadable"][0]["reason"]
            .as_str()
            .unwrap_or_default();
        match reason.contains("journalctl is not installed") {
            true => Ok(()),
            false => Err(Trouble(format!("no such reason: {status}"))),
        }
    })?;
    assert_eq!(agent.stop(PATIENCE)?, 0);
    Ok(())
}
