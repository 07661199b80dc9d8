//! Thousands of partitions open at once, a few of them hot: memory is bounded, hot partitions get
//! full objects, and row groups are as large as they can be.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use standpipe_tests::seen::Seen;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble, http, objects};

use crate::PATIENCE;
use crate::look::printed;
use crate::memory::{MIB, MOST, SETTINGS, peak, record, send};

/// Every second record belongs to one of so many.
const HOT: u64 = 4;

/// How much there is of everything. On a file system without a journal each new file costs more the
/// more were removed lately: CI has fewer.
struct Amount {
    partitions: u64,
    /// Bytes of records.
    bytes: u64,
    /// The size hint, in bytes.
    hint: u64,
}

/// The most partitions that can be open, 2 GiB and Firehose's usual hint with `--full`.
fn amount() -> Amount {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => Amount {
            partitions: 5_000,
            bytes: 2048 * MIB,
            hint: 64 * MIB,
        },
        None => Amount {
            partitions: 2_000,
            bytes: 24 * MIB,
            hint: MIB,
        },
    }
}

/// The exit code of a daemon that stopped at the deadline with work left.
const WORK_LEFT: i32 = 3;

/// Whose a record is.
fn customer(number: u64) -> u64 {
    match number % 2 {
        0 => number / 2 % HOT,
        _ => number / 2 % amount().partitions,
    }
}

/// A record that says so.
fn owned(number: u64) -> String {
    let customer = format!("{{\"customer\":\"c{}\",", customer(number));
    record(number).replacen('{', &customer, 1)
}

/// A stream that seals when it is told to.
fn stream(format: &str) -> String {
    let Amount {
        partitions, hint, ..
    } = amount();
    let hint = hint / MIB;
    format!(
        "web:
  disk: {{quota: 20GiB}}
  buffering: {{size: {hint}MiB, interval: 900s}}
  partitioning: {{keys: {{customer: .customer}}, max_open: {partitions}}}
  format: {{{format}}}
  destination:
    file:
      path: out
      prefix: \"data/!{{partitionKeyFromQuery:customer}}/\"
      error_output_prefix: \"errors/!{{firehose:error-output-type}}/\"
"
    )
}

/// What one object holds.
struct Held {
    /// Bytes of its records, as they were sent.
    bytes: u64,
    /// Bytes of the last of them.
    last: u64,
}

/// What lies at the destination, by customer; each object's records are noted.
fn held(
    out: &Path,
    numbers: fn(&Path) -> Outcome<Vec<u64>>,
    seen: &mut Seen,
) -> Outcome<BTreeMap<u64, Vec<Held>>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for path in objects::below(out)? {
        let folder = path.parent().and_then(Path::file_name);
        let folder = folder.map_or(String::new(), |name| name.to_string_lossy().into_owned());
        let mut held = Held { bytes: 0, last: 0 };
        let numbers = numbers(&path)?;
        for number in &numbers {
            seen.add(*number);
            held.last = owned(*number).len() as u64;
            held.bytes += held.last;
            if folder != format!("c{}", customer(*number)) {
                return Err(Trouble(format!(
                    "record {number} lies in {}",
                    path.display()
                )));
            }
        }
        let first = numbers.first().copied().unwrap_or_default();
        found.entry(customer(first)).or_default().push(held);
    }
    Ok(found)
}

/// That hot partitions have full objects, and cold ones one.
fn are_full(found: &BTreeMap<u64, Vec<Held>>) {
    let Amount {
        partitions, hint, ..
    } = amount();
    assert_eq!(found.len() as u64, partitions);
    for (customer, objects) in found {
        let bytes: u64 = objects.iter().map(|held| held.bytes).sum();
        // A newline more or less for each record is no matter.
        let expected = bytes.div_ceil(hint - hint / 100);
        let count = objects.len() as u64;
        assert!(
            count <= expected,
            "c{customer} has {count} objects for {bytes} bytes"
        );
        if *customer < HOT {
            assert!(bytes > 2 * hint, "c{customer} is not hot: {bytes}");
        }
        for held in objects {
            assert!(
                held.bytes <= hint + hint / 100 + held.last,
                "{} bytes",
                held.bytes
            );
        }
    }
}

/// What the metrics say of partitions that are open.
fn open(daemon: &mut Daemon, count: u64) -> Outcome {
    let line = format!("standpipe_partitions_open{{stream=\"web\"}} {count}");
    until(&line, PATIENCE, || {
        daemon.program()?.runs()?;
        let metrics = http::get(daemon.door("admin")?, "/metrics")?.ok()?;
        let text = String::from_utf8_lossy(&metrics.body).into_owned();
        match text.lines().any(|said| said == line) {
            true => Ok(()),
            false => Err(Trouble::new("they say something else")),
        }
    })
}

/// Seals what was accepted, and waits until it is delivered.
fn deliver(daemon: &mut Daemon, count: u64) -> Outcome {
    let begun = Instant::now();
    let patience = PATIENCE.max(Duration::from_secs(amount().bytes / MIB));
    until("all to be sealed", patience, || {
        daemon.program()?.runs()?;
        // It waits for a minute at most, and may be asked again.
        let _ = printed(&daemon.data(), &["flush", "web"]);
        let status = daemon.status("web")?;
        match status["sealed_position"].as_u64() == Some(count) {
            true => Ok(()),
            false => Err(Trouble(format!("the status is {status}"))),
        }
    })?;
    println!("sealed after {:?}", begun.elapsed());
    let books = daemon.settled("web", count, patience)?;
    assert_eq!((books.accepted, books.delivered), (count, count));
    Ok(())
}

/// Fills thousands of partitions, seals them together, and looks at every object.
fn thousands(
    name: &str,
    format: &str,
    numbers: fn(&Path) -> Outcome<Vec<u64>>,
    look: fn(&Path) -> Outcome,
) -> Outcome {
    let folder = Folder::new(name)?;
    let mut daemon = Daemon::new(folder.path(), "")?;
    daemon.more = SETTINGS.into();
    daemon.configure(&stream(format))?;
    daemon.up()?;
    let begun = Instant::now();
    let count = send(&daemon, amount().bytes, owned)?;
    let sent = begun.elapsed();
    open(&mut daemon, amount().partitions)?;
    deliver(&mut daemon, count)?;
    open(&mut daemon, 0)?;
    let peak = peak(&mut daemon)?;
    println!(
        "{name}: {} MiB in {sent:?}, delivered after {:?}; VmHWM {} MiB",
        amount().bytes / MIB,
        begun.elapsed(),
        peak / MIB
    );
    assert!(peak < MOST, "VmHWM is {peak}");
    // With `--full` it has thousands of files to remove, which may take longer than it has to stop.
    let exit = daemon.stop(PATIENCE)?;
    assert!(exit == 0 || exit == WORK_LEFT, "it stopped with {exit}");
    let mut seen = Seen::default();
    let found = held(&folder.join("out/data"), numbers, &mut seen)?;
    seen.settle(count)?;
    are_full(&found);
    look(&folder.join("out/data"))?;
    folder.done()
}

fn numbers_of_lines(path: &Path) -> Outcome<Vec<u64>> {
    let lines = objects::lines(path)?;
    let numbers = lines.iter().map(|line| -> Outcome<u64> {
        let line = std::str::from_utf8(line)?;
        let number = line.split("\"number\":").nth(1);
        let number = number.and_then(|number| number.split(',').next());
        Ok(number.unwrap_or_default().parse()?)
    });
    numbers.collect()
}

fn numbers_of_rows(path: &Path) -> Outcome<Vec<u64>> {
    let mut numbers = vec![];
    objects::each_integer(path, "number", |number| numbers.push(number as u64))?;
    Ok(numbers)
}

/// That row groups are as large as a file being encoded may take of memory: an object has one,
/// unless it is larger.
fn are_whole(out: &Path) -> Outcome {
    for path in objects::below(out)? {
        let groups = objects::row_groups(&path)?;
        let bytes = std::fs::metadata(&path)?.len();
        let most = 1 + bytes / (16 * MIB);
        assert!(
            groups <= most,
            "{groups} in {bytes} bytes: {}",
            path.display()
        );
    }
    Ok(())
}

#[test]
fn thousands_of_partitions_do_not_grow_the_memory_gzip() -> Outcome {
    let format = "raw: {delimiter: newline, compression: gzip}";
    thousands("many-gzip", format, numbers_of_lines, |_| Ok(()))
}

#[test]
fn thousands_of_partitions_do_not_grow_the_memory_parquet() -> Outcome {
    let format = "parquet: {schema: inferred}";
    thousands("many-parquet", format, numbers_of_rows, are_whole)
}
