//! Every way in which a log rotates, with the real programs: which lines arrive, which are missing,
//! which come twice, and whether the agent's own counts say the same.
//!
//! Each row of the table is played without a fault and with faults of the receiver, while the receiver keeps a bitmap
//! of the lines' numbers. `tests/run rotations --full` plays every row with every fault and both ways
//! of watching, and prints the table.

mod acts;
mod archives;
mod copies;
mod identities;
mod logrotate;
mod oracle;
mod permissions;
mod renames;
mod stage;
mod truncations;

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Outcome, Trouble};

use oracle::{Oracle, Played, Shared};
use stage::{Fault, Place, Stage};

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// How many rows are played at once: they wait most of the time.
const AT_ONCE: usize = 12;

/// What may be missing at the receiver in the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loss {
    /// Nothing.
    None,
    /// Nothing. An agent that was killed may count as gone what it had delivered in the last moment and
    /// not remembered, as a file was truncated once more meanwhile.
    NoneInPlace,
    /// Nothing, unless the agent was killed: then only a descriptor could still read it. What is
    /// missing is counted.
    IfKilled,
    /// What nobody can read any more; the agent counts every byte of it.
    Counted,
    /// What nobody could read, because it was written and truncated at once; the agent counts what of
    /// it it has seen.
    Bounded,
}

/// One way to rotate.
pub struct Row {
    /// Its name, which is part of a folder's.
    pub name: &'static str,
    /// The keys of the flow beside stream and way of watching; `LOGS` is the folder of the logs.
    pub flow: &'static str,
    /// What happens.
    pub play: fn(&mut Stage) -> Outcome,
    /// What may be missing then.
    pub loss: Loss,
    /// The agent may read only what everybody may.
    pub unprivileged: bool,
}

impl Row {
    fn new(
        name: &'static str,
        flow: &'static str,
        loss: Loss,
        play: fn(&mut Stage) -> Outcome,
    ) -> Self {
        Self {
            name,
            flow,
            play,
            loss,
            unprivileged: false,
        }
    }

    /// The faults that it is played with. A kill between a copy and the truncation leaves too little to
    /// tell the copy by, where a busy writer's lines were acknowledged that are not in it.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Fault::ALL[1..].to_vec();
        faults.retain(|fault| self.loss != Loss::Bounded || *fault != Fault::Kill);
        faults
    }

    /// The same with an agent that may read only what everybody may.
    fn unprivileged(self) -> Self {
        Self {
            unprivileged: true,
            ..self
        }
    }
}

/// The flow of most rows.
pub const ALL: &str = "paths: [\"LOGS/app.log*\"]";

/// What the matrix asks for and this table does not show, and why.
const ABSENT: &[(&str, &str)] = &[
    (
        "a generation that was created, compressed and removed while the agent did not run",
        "nobody has seen it as a log; compressed files are only read to their end where their beginning is known",
    ),
    (
        "lines of every length, encodings, records of several lines",
        "shown where nothing rotates too: agent/src/split, agent/src/tail/hold, proofs/kills",
    ),
    (
        "10,000 files, descriptors that run out",
        "shown by agent/src/tail/tests and the benchmark",
    ),
    (
        "the progress torn, full disks, two processes",
        "shown by agent/src/progress, agent/src/daemon/tests, proofs/damage and power-cut",
    ),
    (
        "network file systems",
        "there is none to test with; `watch: poll` is what is used there",
    ),
];

#[test]
fn every_line_of_every_rotation_arrives_once_or_is_counted() -> Outcome {
    let mut random = Random::new();
    let folder = Folder::new("rotations")?;
    let mut daemon = Daemon::start(folder.path(), oracle::STREAM)?;
    let door = daemon.door("native")?;
    let receiver = Shared::new(Mutex::new(Oracle::of(folder.join("out"))));
    let full = std::env::var_os("STANDPIPE_FULL").is_some();
    let mut rows: Vec<Row> = [
        renames::rows(),
        truncations::rows(),
        archives::rows(),
        identities::rows(),
        logrotate::rows()?,
        copies::rows(),
        permissions::rows()?,
    ]
    .into_iter()
    .flatten()
    .collect();
    if let Ok(only) = std::env::var("STANDPIPE_ROWS") {
        rows.retain(|row| row.name.contains(&only));
    }
    let plays = rows.iter().enumerate().flat_map(|(number, row)| {
        let place = Place {
            folder: folder.join(row.name),
            door,
            number: 100 * number as u64,
            full,
            receiver: receiver.clone(),
        };
        plays(row, place, &mut random)
    });
    let queue: Mutex<VecDeque<Play<'_>>> = Mutex::new(plays.collect());
    let played = Mutex::new(vec![]);
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let next = || queue.lock().ok()?.pop_front();
                while let Some(play) = next() {
                    let done = play.run();
                    if let Ok(mut played) = played.lock() {
                        played.extend(done);
                    }
                }
            });
        }
    });
    println!("played for {} s", began.elapsed().as_secs());
    let played = played.into_inner().unwrap_or_default();
    daemon.settled("lines", 0, PATIENCE)?;
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    let mut oracle = Oracle::of(folder.join("out"));
    oracle.read()?;
    judge(&oracle, played)?;
    folder.done()
}

/// The plays of one row that follow one another: the first without a fault shows how many acts there
/// are, and thus when a fault may come.
struct Play<'a> {
    row: &'a Row,
    place: Place,
    faults: Vec<(Fault, bool)>,
    random: Random,
}

fn plays<'a>(row: &'a Row, place: Place, random: &mut Random) -> Vec<Play<'a>> {
    let of = |faults: Vec<(Fault, bool)>, number: u64, random: &mut Random| Play {
        row,
        place: Place {
            number: place.number + number,
            ..place.clone()
        },
        faults,
        random: random.fork(),
    };
    if place.full {
        let both = [false, true].into_iter().enumerate();
        return both
            .map(|(at, poll)| {
                let faults = row.faults().into_iter().map(|fault| (fault, poll));
                let faults = [(Fault::None, poll)].into_iter().chain(faults).collect();
                of(faults, 10 * at as u64, random)
            })
            .collect();
    }
    // Both ways of watching, and two of the faults.
    let mut faults = row.faults();
    faults.remove(random.below(faults.len() as u64) as usize);
    let first = random.once_in(2);
    let mut drawn = vec![(Fault::None, first)];
    drawn.extend(faults.into_iter().map(|fault| (fault, !first)));
    vec![of(drawn, 0, random)]
}

impl Play<'_> {
    fn run(mut self) -> Vec<Played> {
        let mut acts = 0;
        let mut all = vec![];
        for (turn, (fault, poll)) in self.faults.iter().enumerate() {
            let place = Place {
                number: self.place.number + turn as u64,
                folder: self
                    .place
                    .folder
                    .join(format!("{}", self.place.number + turn as u64)),
                ..self.place.clone()
            };
            let at = self.random.below(acts);
            let name = format!(
                "{}, {}, {}",
                self.row.name,
                if *poll { "poll" } else { "auto" },
                fault.name()
            );
            let play = || {
                let mut stage = Stage::set(self.row, place, *poll, (*fault, at))?;
                (self.row.play)(&mut stage)?;
                stage.finish()
            };
            let began = Instant::now();
            match play() {
                Ok(done) => {
                    acts = acts.max(done.acts);
                    println!("{name}: {:.1} s", began.elapsed().as_secs_f32());
                    all.push(Played::well(name, self.row.loss, done));
                }
                Err(trouble) => all.push(Played::badly(name, trouble)),
            }
        }
        all
    }
}

/// Prints the table; all that is wrong, at once.
fn judge(oracle: &Oracle, played: Vec<Played>) -> Outcome {
    let count = played.len();
    let mut wrong = vec![];
    for one in played {
        let found = one.judge(oracle);
        println!(
            "{}: {}",
            one.name,
            found.as_ref().map_or_else(|t| t.0.as_str(), String::as_str)
        );
        wrong.extend(
            found
                .err()
                .map(|trouble| format!("{}: {trouble}", one.name)),
        );
    }
    for (what, why) in ABSENT {
        println!("not shown here: {what}: {why}");
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Trouble(format!(
            "{} of {count} plays went wrong:\n{}",
            wrong.len(),
            wrong.join("\n")
        ))),
    }
}
