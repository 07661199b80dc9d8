//! Killed at random while records pass a component that answers differently each time.

use std::time::Duration;

use standpipe_tests::random::Random;
use standpipe_tests::{Folder, Ledger, Outcome, objects};

use crate::{PATIENCE, UNRULY, component, daemon, guest};

/// How often the daemon is killed.
const KILLS: u64 = 12;

/// Records of one request.
const RECORDS: u64 = 2000;

/// Records whose first byte the component changes at random.
fn request(number: u64, ledger: &mut Ledger) -> Vec<u8> {
    let mut text = vec![];
    for record in 0..RECORDS {
        let rest = format!(" {number} {record}");
        ledger.wrote(rest.as_bytes());
        text.extend_from_slice(format!("R{rest}\n").as_bytes());
    }
    text
}

#[test]
fn none_is_lost_or_doubled_although_the_component_never_answers_alike() -> Outcome {
    let folder = Folder::new("wasm-kills")?;
    component(&folder, "guest.wasm", UNRULY)?;
    let (mut random, mut ledger) = (Random::new(), Ledger::new(1000));
    let more = ", timeout: 5m, in_flight: 2";
    let settings = guest("web", &folder.join("guest.wasm"), more);
    let mut daemon = daemon(&folder, &settings)?;
    for number in 0..KILLS {
        daemon.up()?;
        daemon.post("web", &request(number, &mut ledger))?.ok()?;
        std::thread::sleep(Duration::from_millis(random.below(300)));
        daemon.kill()?;
    }
    daemon.up()?;
    let books = daemon.settled("web", KILLS * RECORDS, PATIENCE)?;
    assert_eq!(books.delivered, KILLS * RECORDS);
    let mut letters = std::collections::BTreeSet::new();
    for path in objects::below(&folder.join("out/web"))? {
        for line in objects::lines(&path)? {
            letters.insert(line[0]);
            ledger.arrived(&line[1..]);
        }
    }
    ledger.settle()?;
    assert_eq!(letters.len(), 16, "the component answers differently");
    folder.done()
}
