//! Lines that do not parse and are put aside: each is on disk, none is shipped, through a kill.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, objects};

use crate::{PATIENCE, raw, raw_arrived};

const LINES: usize = 1000;

#[test]
fn a_line_that_does_not_parse_is_kept_as_a_dead_letter_and_nothing_else() -> Outcome {
    let folder = Folder::new("letters")?;
    let mut daemon = Daemon::new(folder.path(), &raw("web", "1s"))?;
    let (mut text, mut bad) = (String::new(), BTreeMap::new());
    for number in 0..LINES {
        if number % 5 == 0 {
            bad.insert(text.len() as u64, format!("no syslog {number}"));
            let _ = writeln!(text, "no syslog {number}");
        } else {
            let _ = writeln!(text, "Jun 14 15:16:01 host app[{number}]: message {number}");
        }
    }
    let log = folder.join("app.log");
    std::fs::write(&log, &text)?;
    let flow = format!(
        "- paths: ['{}']\n  stream: web\n  parse: {{format: syslog, on_error: dead-letter}}",
        log.display()
    );
    let mut agent = Agent::new(folder.path(), &daemon.url_to_be(), &flow)?;
    let letters = agent.data().join("dead-letter/web.jsonl");
    // Nobody takes anything yet: what is read is read again.
    agent.spawn()?;
    until("the first letters", PATIENCE, || {
        agent.program()?.runs()?;
        match objects::lines(&letters)?.len() == bad.len() {
            true => Ok(()),
            false => Err(Trouble::new("there are fewer")),
        }
    })?;
    agent.kill()?;
    daemon.up()?;
    assert_eq!(agent.once(PATIENCE)?, 0);
    let good = (LINES - bad.len()) as u64;
    assert_eq!(daemon.settled("web", good, PATIENCE)?.accepted, good);
    assert_eq!(daemon.stop(PATIENCE)?, 0);

    let mut found = BTreeMap::new();
    let all = objects::json_lines(&letters)?;
    for letter in &all {
        let offset = letter["offset"].as_u64().unwrap_or(u64::MAX);
        let line = letter["line"].as_str().unwrap_or_default().to_owned();
        let id = letter["standpipe_id"].as_str().unwrap_or_default();
        assert!(id.ends_with(&format!("/0/{offset}")), "{letter}");
        assert!(letter["parse_error"].is_string(), "{letter}");
        assert_eq!(letter["file"], log.to_string_lossy().as_ref());
        found.insert(offset, line);
    }
    assert_eq!(found, bad);
    println!(
        "{} letters, {} of them twice",
        bad.len(),
        all.len() - bad.len()
    );
    let mut ledger = Ledger::new(usize::MAX);
    raw_arrived(&folder.join("out/web"), &mut ledger)?;
    assert_eq!(ledger.has_arrived(), good);
    folder.done()
}
