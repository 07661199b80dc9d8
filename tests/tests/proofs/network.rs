//! A network that cuts requests and swallows replies neither loses a line nor repeats one.

use std::thread;
use std::time::Duration;

use standpipe_tests::log::Log;
use standpipe_tests::proxy::Proxy;
use standpipe_tests::random::Random;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome};

use crate::{PATIENCE, raw, raw_arrived};

/// Rules 2 and 3: a reply that was lost makes no duplicate.
#[test]
fn lost_replies_and_cut_requests_neither_lose_nor_repeat_a_line() -> Outcome {
    let folder = Folder::new("network")?;
    let mut random = Random::new();
    let mut daemon = Daemon::start(folder.path(), &raw("lines", "1s"))?;
    let proxy = Proxy::start(daemon.door("native")?, random.fork())?;
    let path = folder.join("a.log");
    let mut log = Log::create(&path)?;
    let flow = format!("- paths: [\"{}*\"]\n  stream: lines", path.display());
    let mut agent = Agent::start(folder.path(), &proxy.url(), &flow)?;
    let mut ledger = Ledger::new(1_000_000);
    for number in 0..40_000u64 {
        // Little of it repeats, so that compression leaves enough to meet the faults.
        let line = format!(
            "{number} {:x} {:x}",
            random.below(u64::MAX),
            random.below(u64::MAX)
        );
        ledger.wrote(line.as_bytes());
        log.write(format!("{line}\n").as_bytes())?;
        if number % 10_000 == 9_999 {
            log.rotate()?;
        }
        if number % 100 == 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }
    let (cut, swallowed) = proxy.faults();
    proxy.heal();
    let books = daemon.settled("lines", ledger.written(), PATIENCE)?;
    assert_eq!(
        (books.accepted, books.delivered),
        (ledger.written(), ledger.written())
    );
    println!("{cut} requests were cut, {swallowed} replies swallowed");
    assert!(
        cut > 0 && swallowed > 0,
        "the network was too kind: {cut} {swallowed}"
    );
    assert_eq!(agent.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out/lines"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
