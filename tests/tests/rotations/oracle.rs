//! What arrived at the receiver, line by line, and what may be missing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use standpipe_tests::seen::Seen;
use standpipe_tests::{Outcome, Trouble, objects};

use crate::Loss;
use crate::stage::{Done, Fault};

/// The one stream that all plays feed.
pub(crate) const STREAM: &str = "lines:
  buffering: {size: 1MiB, interval: 1s}
  format: {raw: {delimiter: newline}}
  destination: {file: {path: out, prefix: lines/, error_output_prefix: errors/}}
";

/// What arrived of one play.
#[derive(Default)]
struct Arrived {
    lines: Seen,
    /// Lines that have no number: headers.
    unnumbered: u64,
}

/// What arrived of all plays.
#[derive(Default)]
pub(crate) struct Oracle {
    /// Where the receiver's objects are.
    folder: PathBuf,
    /// Those that were read. They appear whole, and do not change.
    read: BTreeSet<PathBuf>,
    plays: BTreeMap<u64, Arrived>,
    /// Records that nobody wrote.
    strange: Vec<String>,
}

/// The same, which plays may ask while they go on.
pub(crate) type Shared = Arc<Mutex<Oracle>>;

/// What has to arrive of a play before it goes on.
pub(crate) struct Expected<'a> {
    /// The play's number.
    pub(crate) play: u64,
    /// How many lines there are.
    pub(crate) lines: u64,
    /// Those that may be missing.
    pub(crate) mortal: &'a BTreeSet<u64>,
    /// How many headers.
    pub(crate) headers: u64,
}

impl Oracle {
    /// Of the receiver whose objects are in this folder.
    pub(crate) fn of(folder: PathBuf) -> Self {
        Self {
            folder,
            ..Self::default()
        }
    }

    /// Reads the objects that are new.
    pub(crate) fn read(&mut self) -> Outcome {
        for path in objects::below(&self.folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // What is not whole yet has another name.
            if name.starts_with('.') || self.read.contains(&path) {
                continue;
            }
            for line in objects::lines(&path)? {
                self.arrived(&line);
            }
            self.read.insert(path);
        }
        Ok(())
    }

    /// That everything arrived that has to.
    pub(crate) fn has(&self, expected: &Expected<'_>) -> Outcome {
        let nothing = Arrived::default();
        let arrived = self.plays.get(&expected.play).unwrap_or(&nothing);
        let mut missing = arrived.lines.missing(expected.lines);
        let missing = missing.find(|number| !expected.mortal.contains(number));
        match (missing, arrived.unnumbered >= expected.headers) {
            (None, true) => Ok(()),
            (missing, _) => Err(Trouble(format!(
                "the receiver has not got line {missing:?}, and {} of {} headers",
                arrived.unnumbered, expected.headers
            ))),
        }
    }

    fn arrived(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        match parsed(&text) {
            Some((play, number)) => {
                let arrived = self.plays.entry(play).or_default();
                match number {
                    Some(number) => arrived.lines.add(number),
                    None => arrived.unnumbered += 1,
                }
            }
            None => self.strange.push(text.chars().take(80).collect()),
        }
    }
}

/// `@PLAY:NUMBER@…`, which ends in `$`: a line that was cut is none. Headers have no number.
fn parsed(line: &str) -> Option<(u64, Option<u64>)> {
    let (play, rest) = line.strip_prefix('@')?.split_once(':')?;
    let (number, rest) = rest.split_once('@')?;
    let whole = rest.ends_with('$') && !rest.contains('@');
    let play = play.parse().ok().filter(|_| whole)?;
    match number {
        "header" => Some((play, None)),
        number => Some((play, Some(number.parse().ok()?))),
    }
}

/// A play that is over.
pub(crate) struct Played {
    /// Row, way of watching, fault.
    pub(crate) name: String,
    outcome: Outcome<(Loss, Done)>,
}

impl Played {
    /// One that came to its end.
    pub(crate) fn well(name: String, loss: Loss, done: Done) -> Self {
        Self {
            name,
            outcome: Ok((loss, done)),
        }
    }

    /// One that did not.
    pub(crate) fn badly(name: String, trouble: Trouble) -> Self {
        Self {
            name,
            outcome: Err(trouble),
        }
    }

    /// Whether what arrived is what should have; a line for the table.
    pub(crate) fn judge(&self, oracle: &Oracle) -> Outcome<String> {
        let (loss, done) = match &self.outcome {
            Ok(done) => done,
            Err(trouble) => return Err(Trouble(trouble.0.clone())),
        };
        let nothing = Arrived::default();
        let arrived = oracle.plays.get(&done.number).unwrap_or(&nothing);
        let missing: Vec<u64> = arrived.lines.missing(done.lines.len() as u64).collect();
        let bytes: u64 = missing.iter().map(|n| done.lines[*n as usize]).sum();
        let told = format!(
            "{} lines, {} missing ({bytes} bytes, {} counted), {} twice",
            done.lines.len(),
            missing.len(),
            done.gone,
            arrived.lines.twice().len()
        );
        let killed = done.fault == Fault::Kill;
        let may_miss = match loss {
            Loss::None | Loss::NoneInPlace => false,
            Loss::IfKilled => killed,
            Loss::Counted | Loss::Bounded => true,
        };
        let mortal = missing.iter().all(|number| done.mortal.contains(number));
        // What a killed agent had seen and not remembered is no part of its counts.
        let counted = match (killed, loss) {
            (true, Loss::NoneInPlace) => true,
            (_, Loss::Bounded) => done.gone <= bytes + done.holes,
            (true, _) if may_miss => done.gone <= bytes + done.holes,
            _ => done.gone == bytes + done.holes,
        };
        let lost = !(missing.is_empty() || may_miss && mortal);
        let repeated = !arrived.lines.twice().is_empty();
        let headers = arrived.unnumbered == done.headers || (killed && may_miss);
        let strange = oracle.strange.first();
        if !lost && !repeated && counted && headers && strange.is_none() {
            return Ok(told);
        }
        Err(Trouble(format!(
            "{told}; missing {:?} …, twice {:?} …, {} of {} headers, nobody wrote {strange:?}",
            &missing[..missing.len().min(5)],
            &arrived.lines.twice()[..arrived.lines.twice().len().min(5)],
            arrived.unnumbered,
            done.headers,
        )))
    }
}
