//! Records that hold several are taken apart at the door: each part arrives once, and the books count
//! parts, also over kills.

use serde_json::Value;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, objects};

use crate::{PATIENCE, raw};

/// Lines of one request.
const LINES: u64 = 300;
const REQUESTS: u64 = 4;

/// Makes the line of a number, and says what it becomes.
type Made = fn(u64) -> (String, Vec<String>);

/// A line of some objects, and what it becomes; every tenth is no JSON, and every tenth has too many.
fn json(number: u64) -> (String, Vec<String>) {
    let object = |part: u64| format!("{{\"id\":{number},\"part\":{part},\"text\":\"}}{{\"}}");
    let whole = match number % 10 {
        3 => format!("{}{{\"id\":", object(0)),
        7 => format!("{}{}", object(0), "{}".repeat(500)),
        _ => {
            let parts: Vec<_> = (0..=number % 5).map(object).collect();
            return (parts.join([" ", "", "\t"][number as usize % 3]), parts);
        }
    };
    (whole.clone(), vec![whole])
}

fn delimited(number: u64) -> (String, Vec<String>) {
    let parts: Vec<_> = (0..=number % 4)
        .map(|part| format!("{number}-{part}"))
        .collect();
    (parts.join("%%%%"), parts)
}

#[test]
fn each_part_of_a_record_arrives_once_over_kills() -> Outcome {
    let folder = Folder::new("apart")?;
    let streams = [("json", "json"), ("delimited", "{delimited: \"%%%%\"}")];
    let settings = streams.map(|(name, how)| raw(name, "1s") + &format!("  deaggregate: {how}\n"));
    let mut daemon = Daemon::start(folder.path(), &settings.concat())?;
    let made: [Made; 2] = [json, delimited];
    let mut ledgers = [Ledger::new(usize::MAX), Ledger::new(usize::MAX)];
    for request in 0..REQUESTS {
        for (((stream, _), made), ledger) in streams.iter().zip(made).zip(&mut ledgers) {
            let before = ledger.written();
            let numbers = request * LINES..(request + 1) * LINES;
            let (lines, parts): (Vec<_>, Vec<_>) = numbers.map(made).unzip();
            let answer = daemon
                .post(stream, (lines.join("\n") + "\n").as_bytes())?
                .ok()?;
            parts
                .concat()
                .iter()
                .for_each(|part| ledger.wrote(part.as_bytes()));
            let answer: Value = serde_json::from_slice(&answer.body)?;
            assert_eq!(answer["accepted"], ledger.written() - before, "{answer}");
        }
        daemon.kill()?;
        daemon.up()?;
    }
    for ((stream, _), mut ledger) in streams.iter().zip(ledgers) {
        let books = daemon.settled(stream, ledger.written(), PATIENCE)?;
        let all = ledger.written();
        assert_eq!((books.accepted, books.delivered), (all, all), "{books:?}");
        objects::raw_arrived(&folder.join(&format!("out/{stream}")), &mut ledger)?;
        ledger.settle()?;
    }
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}
