//! Killed at random while records pass a function that answers differently each time.

use std::time::Duration;

use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, objects};

use crate::{Function, PATIENCE, stream};

/// How often the daemon is killed.
const KILLS: u64 = 12;

/// Records of one request.
const RECORDS: u64 = 2000;

fn request(number: u64, ledger: &mut Ledger) -> Vec<u8> {
    let mut text = vec![];
    for record in 0..RECORDS {
        let line = format!("{number} {record} - \"GET / HTTP/1.1\"");
        ledger.wrote(line.as_bytes());
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    text
}

#[test]
fn none_is_lost_or_doubled_although_the_function_never_answers_alike() -> Outcome {
    let folder = Folder::new("hook-kills")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let (mut random, mut ledger) = (Random::new(), Ledger::new(1_000_000));
    let settings = stream("web", &function.url(), "").replace("interval: 1s", "interval: 0s");
    let mut daemon = Daemon::new(folder.path(), &settings)?;
    for number in 0..KILLS {
        daemon.up()?;
        daemon.post("web", &request(number, &mut ledger))?.ok()?;
        std::thread::sleep(Duration::from_millis(random.below(400)));
        daemon.kill()?;
    }
    daemon.up()?;
    let books = daemon.settled("web", KILLS * RECORDS, PATIENCE)?;
    assert_eq!(books.delivered, KILLS * RECORDS);
    for path in objects::below(&folder.join("out/web"))? {
        for row in objects::json_lines(&path)? {
            ledger.arrived(row["line"].as_str().unwrap_or("(none)").as_bytes());
        }
    }
    ledger.settle()?;
    folder.done()
}
