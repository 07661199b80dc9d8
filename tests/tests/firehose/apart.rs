//! Streams that are made over the wire with processors: records of several documents are taken
//! apart, and each document lies once where its keys say, over kills.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64_simd::STANDARD;
use serde_json::Value;
use standpipe_tests::random::Random;
use standpipe_tests::s3::{BUCKET, Contents};
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, objects};

use crate::{PATIENCE, python, script, set_up};

/// How often the daemon is killed meanwhile.
const KILLS: usize = 3;

/// Where a document belongs; `None`: nowhere, as it says no customer.
fn folder_of(document: &Value) -> Outcome<Option<String>> {
    let word = document["word"].as_str().unwrap_or_default();
    if word.contains("second") {
        let shop = document["shop"].as_str().unwrap_or_default();
        return Ok(Some(format!("shops/{shop}")));
    }
    let year = match document["ts"].as_u64() {
        Some(1_750_000_000) => "2025",
        Some(_) => "2026",
        None => return Err(Trouble(format!("{document} has no time"))),
    };
    let customer = document["customer"]["id"].as_u64();
    Ok(customer.map(|customer| format!("orders/{customer}/{year}")))
}

/// Notes the documents of the stream with partitions, each of which must lie where it belongs.
fn orders(below: &Path, ledger: &mut Ledger) -> Outcome {
    for place in ["orders", "shops"] {
        for path in objects::below(&below.join(place))? {
            let inside = path.parent().and_then(|p| p.strip_prefix(below).ok());
            let inside = inside.map(|p| p.to_string_lossy().into_owned());
            for line in objects::lines(&path)? {
                let document = serde_json::from_slice(&line)?;
                assert_eq!(folder_of(&document)?, inside, "{document}");
                ledger.arrived(&line);
            }
        }
    }
    for path in objects::below(&below.join("errors/orders/processing-failed"))? {
        for line in objects::json_lines(&path)? {
            let raw = line["rawData"].as_str().unwrap_or_default();
            let raw = STANDARD.decode_to_vec(raw)?;
            let document = serde_json::from_slice(&raw)?;
            assert_eq!(folder_of(&document)?, None, "a good document failed");
            ledger.arrived(&raw);
        }
    }
    Ok(())
}

/// What became of each document, as the script has it.
fn fates(list: &Path) -> Outcome<Ledger> {
    let mut ledger = Ledger::new(usize::MAX);
    for line in std::fs::read_to_string(list)?.lines() {
        match line.split_once(' ') {
            Some(("1", document)) => ledger.wrote(document.as_bytes()),
            Some((_, document)) => ledger.tried(document.as_bytes()),
            None => return Err(Trouble(format!("no fate: {line:?}"))),
        }
    }
    assert!(ledger.written() > 0, "nothing was acknowledged");
    Ok(ledger)
}

fn until_all_is_delivered(daemon: &Daemon) -> Outcome {
    for stream in ["orders", "texts"] {
        until("all to be delivered", PATIENCE, || {
            let books = daemon.books(stream)?;
            match books.waiting {
                0 => books.balance(),
                _ => Err(Trouble(format!("{stream}: {books:?}"))),
            }
        })?;
    }
    Ok(())
}

#[test]
fn documents_are_taken_apart_and_lie_where_their_keys_say() -> Outcome {
    let folder = Folder::new("firehose-apart")?;
    let (store, mut daemon, door) = set_up(&folder, "")?;
    daemon.up()?;
    let Some(mut python) = python()? else {
        return folder.done();
    };
    let list = folder.join("list");
    let python = python.arg(script("apart.py")).args([door.as_str(), BUCKET]);
    let running = python.arg(&list).stderr(Stdio::inherit()).spawn();
    let mut running = running.attempting("run Python")?;
    let (mut random, mut kills) = (Random::new(), 0);
    while kills < KILLS && running.try_wait()?.is_none() {
        std::thread::sleep(Duration::from_millis(300 + random.below(1000)));
        daemon.kill()?;
        daemon.up()?;
        kills += 1;
    }
    let status = running.wait()?;
    assert!(status.success(), "the script ended with {status}");
    until_all_is_delivered(&daemon)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    let mut ledger = fates(&list)?;
    let delivered = folder.join("delivered");
    Contents::at(store.address())?.download(&delivered)?;
    objects::raw_arrived(&delivered.join("texts"), &mut ledger)?;
    orders(&delivered, &mut ledger)?;
    println!("{kills} kills, {} documents", ledger.has_arrived());
    ledger.settle()?;
    folder.done()
}
