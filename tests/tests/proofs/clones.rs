//! A machine that is cloned with its agent: both go on under one identity, with the same files and the
//! same progress, and each writes lines of its own from then on (rule 4).

use std::path::Path;

use standpipe_tests::log::Log;
use standpipe_tests::mount::Mount;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble};

use crate::{PATIENCE, raw, raw_arrived};

/// What an agent says that finds another one's bytes under its ids.
const SHARED: &str = "two agents share an identity";

/// Lines that are written at a time.
const LINES: u64 = 200;

/// An agent for the logs in a folder.
fn agent(folder: &Path, daemon: &Daemon) -> Outcome<Agent> {
    let logs = folder.join("logs").display().to_string();
    let flow = format!("- {{paths: [\"{logs}/*.log*\"], stream: web}}\n");
    Agent::new(folder, &daemon.url()?, &flow)
}

/// Lines of one length, whoever writes them: the files have the same sizes, and other bytes.
fn write(log: &mut Log, ledger: &mut Ledger, who: &str) -> Outcome {
    let before = ledger.written();
    for number in before..before + LINES {
        let line = format!("{who:<8} {number:06}");
        log.write(format!("{line}\n").as_bytes())?;
        ledger.wrote(line.as_bytes());
    }
    Ok(())
}

#[test]
fn two_clones_of_an_agent_lose_nothing_and_say_so() -> Outcome {
    let folder = Folder::new("clones")?;
    let (one, two) = (folder.join("one"), folder.join("two"));
    let Some(mount) = Mount::ext4(&one, 32 << 20)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(&folder.join("daemon"), &raw("web", "1s"))?;
    let mut ledger = Ledger::new(usize::MAX);
    std::fs::create_dir(one.join("logs"))?;
    let mut log = Log::create(&one.join("logs/app.log"))?;
    write(&mut log, &mut ledger, "original")?;
    let mut original = agent(&one, &daemon)?;
    original.up()?;
    daemon.settled("web", LINES, PATIENCE)?;
    assert_eq!(original.stop(PATIENCE)?, 0);
    drop((original, log));
    let Some(clone) = mount.clone_at(&two)? else {
        return folder.done();
    };
    let (mut first, mut second) = (agent(&one, &daemon)?, agent(&two, &daemon)?);
    let open = |machine: &Path| Log::append(&machine.join("logs/app.log"));
    let mut logs = [(open(&one)?, "first"), (open(&two)?, "second")];
    first.up()?;
    second.up()?;
    for _ in 0..3 {
        for (log, who) in &mut logs {
            write(log, &mut ledger, who)?;
            daemon.settled("web", ledger.written(), PATIENCE)?;
        }
    }
    until("one of the clones to say what they are", PATIENCE, || {
        let said = [first.log(), second.log()].map(std::fs::read_to_string);
        match said.iter().flatten().any(|log| log.contains(SHARED)) {
            true => Ok(()),
            false => Err(Trouble::new("neither did")),
        }
    })?;
    assert_eq!((first.stop(PATIENCE)?, second.stop(PATIENCE)?), (0, 0));
    let books = daemon.settled("web", ledger.written(), PATIENCE)?;
    assert_eq!(books.accepted, ledger.written());
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("daemon/out/web"), &mut ledger)?;
    ledger.settle()?;
    drop((clone, mount));
    folder.done()
}
