//! Aggregates of the Kinesis Producer Library, put by boto3: taken apart where a stream asks for it.

use standpipe_tests::ledger::Ledger;
use standpipe_tests::{Folder, Outcome, objects};

use crate::{PATIENCE, daemon, python, raw, said, script};

#[test]
fn each_record_of_an_aggregate_arrives_once_where_the_stream_asks_for_it() -> Outcome {
    let Some(mut python) = python()? else {
        return Ok(());
    };
    let folder = Folder::new("firehose-kpl")?;
    let streams = raw("web", "deaggregate: kpl") + &raw("mail", "");
    let (mut daemon, door) = daemon(folder.path(), &streams, "")?;
    daemon.up()?;
    let (written, whole) = (folder.join("written"), folder.join("whole"));
    let script = python.arg(script("kpl.py")).arg(door);
    let met = said(script.args([&written, &whole]))?;
    let acknowledged = met["acknowledged"].as_u64().unwrap_or_default();
    let books = daemon.settled("web", acknowledged, PATIENCE)?;
    assert_eq!(
        (books.accepted, books.delivered),
        (acknowledged, acknowledged)
    );
    assert_eq!(daemon.settled("mail", 1, PATIENCE)?.accepted, 1);
    assert_eq!(daemon.stop(PATIENCE)?, 0);

    let mut ledger = Ledger::new(usize::MAX);
    for line in std::fs::read(&written)?.split(|byte| *byte == b'\n') {
        if !line.is_empty() {
            ledger.wrote(line);
        }
    }
    objects::raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    let mut arrived = Vec::new();
    for path in objects::below(&folder.join("out/mail"))? {
        arrived.extend(std::fs::read(path)?);
    }
    assert_eq!(arrived, std::fs::read(&whole)?);
    folder.done()
}
