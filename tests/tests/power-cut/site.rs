//! Both programs on two disks of one power: their settings, their data and the destination of one
//! stream on the near disk, where delivery is a hard link; the destination of the other on the far
//! one, where it is a copy.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use standpipe_tests::daemon::Books;
use standpipe_tests::objects::{self, lines_arrived, raw_arrived};
use standpipe_tests::power::{Disk, Mounted, Power};
use standpipe_tests::random::Random;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Daemon, Folder, Ledger, Outcome, Trouble, port};

use crate::scenes::syncs;
use crate::writers::Written;

/// Enough for anything that takes seconds on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a life lasts at most, if there are not as many changes before.
const LONGEST: Duration = Duration::from_millis(2500);

/// The power goes after at most so many changes of the disks: within the start, within the first
/// batches, and later.
const CHANGES: [u64; 3] = [60, 600, 3000];

/// Once in so many lives the programs are killed and the disks keep their power.
const ONLY_KILLED: u64 = 3;

/// Small segments, so that many are begun and recycled.
const QUOTA: &str = "4MiB";

/// The programs and their disks.
pub(crate) struct Site {
    // Fields are dropped in this order: the programs before their disks.
    daemon: Daemon,
    agent: Agent,
    near: Mounted,
    far: Mounted,
    power: Power,
    door: SocketAddr,
}

fn streams(far: &str) -> String {
    format!(
        "plain:
  disk: {{quota: {QUOTA}}}
  buffering: {{size: 1MiB, interval: 100ms}}
  format: {{raw: {{delimiter: newline}}}}
  destination: {{file: {{path: out, prefix: plain/, error_output_prefix: errors/plain/}}}}
rows:
  disk: {{quota: {QUOTA}}}
  buffering: {{size: 1MiB, interval: 300ms}}
  format: {{parquet: {{compression: zstd, schema: inferred}}}}
  destination: {{file: {{path: \"{far}\", prefix: rows/, error_output_prefix: errors/rows/}}}}
"
    )
}

fn flows(logs: &str) -> String {
    let flow = |file: &str, stream: &str, format: &str| {
        format!(
            "- paths: [\"{logs}/{file}.log*\"]\n  stream: {stream}\n  parse: {{format: {format}}}"
        )
    };
    [flow("a", "plain", "none"), flow("b", "rows", "line")].join("\n")
}

impl Site {
    /// Two empty disks and the programs' settings, which are durable.
    pub(crate) fn new(folder: &Folder, random: &mut Random) -> Outcome<Self> {
        let power = Power::default();
        let mut disk =
            |name: &str| Mounted::new(Disk::new(&power, random.fork()), &folder.join(name));
        let (near, far) = (disk("near")?, disk("far")?);
        let (native, admin) = (port::free()?, port::free()?);
        let door = SocketAddr::from(([127, 0, 0, 1], native));
        let streams = streams(&far.path().join("out").to_string_lossy());
        let flows = flows(&folder.join("logs").to_string_lossy());
        let daemon = Daemon::at(near.path(), (native, admin), &streams)?;
        let agent = Agent::new(near.path(), &format!("http://{door}"), &flows)?;
        near.disk().sync_all();
        let mut site = Self {
            daemon: daemon.log_in(folder.path()),
            agent: agent.log_in(folder.path()),
            near,
            far,
            power,
            door,
        };
        site.leave_out()?;
        Ok(site)
    }

    /// Leaves out the sync that `tests/run power-cut --without SYNC` names, in the programs that
    /// have it.
    fn leave_out(&mut self) -> Outcome {
        let Ok(sync) = std::env::var("STANDPIPE_WITHOUT") else {
            return Ok(());
        };
        let homes = [
            ("standpipe-delivery", &mut self.daemon.environment),
            ("standpipe-agent", &mut self.agent.environment),
        ];
        for (program, environment) in homes {
            if syncs(program)?.contains(&sync) {
                environment.insert("STANDPIPE_SKIP_SYNC".into(), sync.clone());
            }
        }
        Ok(())
    }

    /// Where the text door is.
    pub(crate) fn door(&self) -> SocketAddr {
        self.door
    }

    /// Starts both programs and ends them at a random change of a disk: kills them, and cuts the
    /// power as a rule. Whether it was cut.
    pub(crate) fn live(&mut self, random: &mut Random) -> Outcome<bool> {
        let most = *random.one_of(&CHANGES);
        self.power.on(Some(random.below(most)));
        self.daemon.spawn()?;
        self.agent.spawn()?;
        let start = Instant::now();
        while self.power.is_on() {
            if start.elapsed() > LONGEST {
                self.power.off();
            }
            // What is wrong with the power gone is no wonder.
            let well = self.are_well();
            if self.power.is_on() {
                well?;
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.daemon.kill()?;
        self.agent.kill()?;
        let is_cut = !random.once_in(ONLY_KILLED);
        self.restart_disks(is_cut)?;
        Ok(is_cut)
    }

    /// Takes the disks away and brings them back: after a cut what survived it, else all.
    fn restart_disks(&mut self, is_cut: bool) -> Outcome {
        self.power.off();
        for disk in [&mut self.near, &mut self.far] {
            disk.take_away()?;
            if is_cut {
                disk.disk().cut();
            }
        }
        self.power.on(None);
        self.near.bring_back()?;
        self.far.bring_back()
    }

    /// That both programs run, and that no stream is halted as far as anybody says so.
    fn are_well(&mut self) -> Outcome {
        self.daemon.program()?.runs()?;
        self.agent.program()?.runs()?;
        for stream in ["plain", "rows"] {
            match self.daemon.status(stream) {
                Ok(status) if status["state"] != "running" => {
                    return Err(Trouble(format!("{stream} says {status}")));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Starts both programs, for good.
    pub(crate) fn up(&mut self) -> Outcome {
        self.daemon.up()?;
        self.agent.up()
    }

    /// Waits until all is delivered, stops both programs, cuts the power once more, and holds what
    /// arrived against what was written.
    pub(crate) fn settle(&mut self, written: Written) -> Outcome {
        let Written { plain, rows } = written;
        until("the agent to have shipped all", PATIENCE, || {
            self.are_well()?;
            let status = self.agent.status()?;
            match status["bytes"]["waiting"] == 0 {
                true => Ok(()),
                false => Err(Trouble(format!("its status is {status}"))),
            }
        })?;
        let plain_books = self.daemon.settled("plain", plain.written(), PATIENCE)?;
        let rows_books = self.daemon.settled("rows", rows.written(), PATIENCE)?;
        assert_eq!(self.agent.stop(PATIENCE)?, 0);
        assert_eq!(self.daemon.stop(PATIENCE)?, 0);
        self.restart_disks(true)?;
        let out = self.near.path().join("out");
        let far = self.far.path().join("out");
        let arrived = |ledger: &mut Ledger| raw_arrived(&out.join("plain"), ledger);
        compare("plain", plain, plain_books, arrived)?;
        let arrived = |ledger: &mut Ledger| lines_arrived(&far.join("rows"), ledger);
        compare("rows", rows, rows_books, arrived)?;
        nothing_below(&[out.join("errors"), far.join("errors")])
    }
}

/// That every record is there once, and that the books say the same.
fn compare(
    stream: &str,
    mut ledger: Ledger,
    books: Books,
    arrive: impl Fn(&mut Ledger) -> Outcome,
) -> Outcome {
    arrive(&mut ledger)?;
    println!("{stream}: {books:?}");
    ledger.settle().map_err(|trouble| trouble.during(stream))?;
    let arrived = ledger.has_arrived();
    let seen = (books.accepted, books.delivered);
    assert_eq!(seen, (arrived, arrived), "{stream}: {books:?}");
    Ok(())
}

fn nothing_below(folders: &[PathBuf]) -> Outcome {
    for folder in folders {
        if let Some(path) = objects::below(folder)?.first() {
            return Err(Trouble(format!("{} should not be there", path.display())));
        }
    }
    Ok(())
}
