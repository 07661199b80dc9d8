//! Where a row is played: a folder of logs, an agent that follows it, a gate before the receiver, and
//! a fault that comes before one of the acts.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use standpipe_tests::gate::Gate;
use standpipe_tests::trouble::Attempting;
use standpipe_tests::wait::until;
use standpipe_tests::{Agent, Outcome, Trouble, binaries};

use crate::oracle::{Expected, Shared};
use crate::{Loss, PATIENCE, Row, permissions};

/// What happens to a play.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The agent is killed, and started again.
    Kill,
    /// The receiver answers with 503 for a while.
    Busy,
    /// Two requests are taken, and nobody hears so.
    ReplyLost,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Kill, Self::Busy, Self::ReplyLost];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "no fault",
            Self::Kill => "killed",
            Self::Busy => "503",
            Self::ReplyLost => "replies lost",
        }
    }
}

/// Where a play takes place.
#[derive(Clone)]
pub struct Place {
    /// Its own folder.
    pub folder: PathBuf,
    /// The receiver's native door.
    pub door: SocketAddr,
    /// Its number, which its lines bear.
    pub number: u64,
    /// The long form is asked for.
    pub full: bool,
    /// What the receiver has.
    pub(crate) receiver: Shared,
}

/// A play.
pub struct Stage {
    place: Place,
    agent: Agent,
    runs: bool,
    gate: Gate,
    /// How many times the row itself has closed it.
    closed: u32,
    fault: Fault,
    /// Before which act the fault comes.
    at: u64,
    fired: bool,
    loss: Loss,
    pub done: Done,
    /// Bytes that were written.
    pub written: u64,
}

/// What a play that is over leaves to the oracle.
#[derive(Default)]
pub struct Done {
    /// Its number.
    pub number: u64,
    /// The bytes of each line.
    pub lines: Vec<u64>,
    /// Lines that nobody can read any more, unless they were read in time.
    pub mortal: BTreeSet<u64>,
    /// Lines without a number.
    pub headers: u64,
    /// Bytes that nobody wrote, and that lie in the files all the same.
    pub holes: u64,
    /// What the agent counts as gone.
    pub gone: u64,
    /// How many acts there were.
    pub acts: u64,
    /// What happened.
    pub fault: Fault,
}

/// What the agent says became of all bytes.
#[derive(Debug)]
struct Bytes {
    delivered: u64,
    waiting: u64,
    gone: u64,
}

impl Stage {
    /// An agent that follows an empty folder.
    pub fn set(row: &Row, place: Place, poll: bool, (fault, at): (Fault, u64)) -> Outcome<Self> {
        let logs = place.folder.join("logs");
        fs::create_dir_all(&logs).attempting(format!("create {}", logs.display()))?;
        let gate = Gate::start(place.door)?;
        let flow = row.flow.replace("LOGS", &logs.to_string_lossy());
        let watch = if poll { "poll" } else { "auto" };
        let flow = format!("- {flow}\n  stream: lines\n  watch: {watch}");
        let mut agent = Agent::new(&place.folder, &gate.url(), &flow)?;
        if row.unprivileged {
            agent.through = permissions::without_privileges();
        }
        agent.up()?;
        Ok(Self {
            agent,
            runs: true,
            gate,
            closed: 0,
            fault,
            at,
            fired: fault == Fault::None,
            loss: row.loss,
            done: Done {
                number: place.number,
                fault,
                ..Done::default()
            },
            written: 0,
            place,
        })
    }

    /// Whether the long form is asked for.
    pub fn is_full(&self) -> bool {
        self.place.full
    }

    /// The path of a name among the logs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.folder.join("logs").join(name)
    }

    /// An act begins: the fault may come now.
    pub fn act(&mut self) -> Outcome {
        self.done.acts += 1;
        match !self.fired && self.done.acts > self.at && self.runs {
            true => self.fire(),
            false => Ok(()),
        }
    }

    fn fire(&mut self) -> Outcome {
        self.fired = true;
        match self.fault {
            Fault::None => {}
            Fault::Kill => {
                self.agent.kill()?;
                self.agent.spawn()?;
            }
            Fault::Busy => {
                let seconds = if self.place.full { 30 } else { 3 };
                self.gate.close_for(Duration::from_secs(seconds));
            }
            Fault::ReplyLost => self.gate.swallow(2),
        }
        Ok(())
    }

    /// The receiver takes nothing from now on.
    pub fn close(&mut self) {
        self.closed += 1;
        self.gate.close();
    }

    /// It takes again.
    pub fn open(&mut self) -> Outcome {
        self.act()?;
        self.closed -= 1;
        self.gate.open();
        Ok(())
    }

    /// A moment for things to mix; nothing depends on it.
    pub fn pause(&mut self, milliseconds: u64) -> Outcome {
        self.act()?;
        thread::sleep(Duration::from_millis(milliseconds));
        Ok(())
    }

    /// Waits until the agent has looked at everything that was written.
    pub fn seen(&mut self) -> Outcome {
        self.act()?;
        self.have_seen()
    }

    fn have_seen(&mut self) -> Outcome {
        if self.was_killed() {
            return self.looked("everything to be seen", |_| true);
        }
        let written = self.written;
        self.until("everything to be seen", |bytes| {
            bytes.delivered + bytes.waiting + bytes.gone >= written
        })
    }

    /// Waits until everything that was written is acknowledged.
    pub fn arrived(&mut self) -> Outcome {
        self.act()?;
        if self.was_killed() {
            self.received()?;
            return self.looked("everything to be acknowledged", |bytes| bytes.waiting == 0);
        }
        let written = self.written;
        self.until("everything to arrive", |bytes| {
            bytes.delivered + bytes.gone >= written && bytes.waiting == 0
        })
    }

    /// What a killed agent had delivered and not remembered is no part of its counts: the receiver is
    /// asked.
    fn was_killed(&self) -> bool {
        self.fault == Fault::Kill && self.fired
    }

    fn received(&self) -> Outcome {
        let expected = Expected {
            play: self.done.number,
            lines: self.done.lines.len() as u64,
            mortal: &self.done.mortal,
            headers: self.done.headers,
        };
        until("everything to arrive at the receiver", PATIENCE, || {
            let receiver = self.place.receiver.lock();
            let mut receiver = receiver.map_err(|_| Trouble::new("another play broke it"))?;
            receiver.read()?;
            receiver.has(&expected)
        })
    }

    /// Waits until the agent has looked at everything as it is now, and something is so.
    fn looked(&mut self, what: &str, is_so: impl Fn(&Bytes) -> bool) -> Outcome {
        let looks = |status: &Value| status["looks"].as_u64().unwrap_or(0);
        let before = until("the agent to answer", PATIENCE, || {
            self.agent.program()?.runs()?;
            Ok(looks(&self.agent.status()?))
        })?;
        // A name that comes and goes is a reason to look.
        let name = self.path(".look");
        fs::write(&name, "")?;
        fs::remove_file(&name)?;
        self.until_status(what, |status, bytes| looks(status) > before && is_so(bytes))
    }

    fn until(&mut self, what: &str, is_so: impl Fn(&Bytes) -> bool) -> Outcome {
        self.until_status(what, |_, bytes| is_so(bytes))
    }

    fn until_status(&mut self, what: &str, is_so: impl Fn(&Value, &Bytes) -> bool) -> Outcome {
        let written = self.written;
        until(what, PATIENCE, || {
            self.agent.program()?.runs()?;
            let status = self.agent.status()?;
            let bytes = bytes(&status["bytes"])?;
            match is_so(&status, &bytes) {
                true => Ok(()),
                false => Err(Trouble(format!(
                    "{written} bytes were written, and the agent says {bytes:?}"
                ))),
            }
        })
    }

    /// Waits until the agent says of a file that it cannot read it, and why.
    pub fn unreadable(&mut self, name: &str, why: &str) -> Outcome {
        self.act()?;
        let path = self.path(name).to_string_lossy().into_owned();
        let path = path.trim_end_matches('/');
        self.until_status("a file to be named that cannot be read", |status, _| {
            let mut named = status["unreadable"].as_array().into_iter().flatten();
            named.any(|file| {
                let reason = file["reason"].as_str().unwrap_or_default();
                file["path"] == path && reason.contains(why)
            })
        })
    }

    /// Lets the agent end in good order, when it has looked at everything.
    pub fn stop(&mut self) -> Outcome {
        self.act()?;
        self.have_seen()?;
        self.end()
    }

    fn end(&mut self) -> Outcome {
        // One that has just been started does not listen to signals yet.
        self.until("the agent to answer", |_| true)?;
        self.agent.stop(PATIENCE)?;
        self.runs = false;
        Ok(())
    }

    /// Starts it again. Does not wait.
    pub fn start(&mut self) -> Outcome {
        self.runs = true;
        self.agent.spawn()?;
        self.act()
    }

    /// The fault comes at the latest now; everything that can be read arrives.
    pub fn finish(mut self) -> Outcome<Done> {
        for _ in 0..self.closed {
            self.gate.open();
        }
        if !self.runs {
            self.start()?;
        }
        if !self.fired {
            self.fire()?;
        }
        let killed = self.fault == Fault::Kill;
        let lossy = matches!(self.loss, Loss::Counted | Loss::Bounded)
            || (self.loss == Loss::IfKilled && killed);
        if !lossy {
            self.arrived()?;
        }
        if lossy || killed || self.fault == Fault::None {
            self.read_to_the_end()?;
        } else {
            self.done.gone = bytes(&self.agent.status()?["bytes"])?.gone;
            self.agent.kill()?;
        }
        until("the receiver to be well", PATIENCE, || {
            match self.gate.is_open() {
                true => Ok(()),
                false => Err(Trouble::new("it is busy")),
            }
        })?;
        Ok(self.done)
    }

    /// A last start, which finds nothing to say twice, and waits for nothing that is gone.
    fn read_to_the_end(&mut self) -> Outcome {
        self.end()?;
        let exit = self.agent.once(PATIENCE)?;
        if exit != 0 {
            return Err(Trouble(format!("`run --once` ends with {exit}")));
        }
        let remembered = self.remembered()?;
        let each = remembered.as_array().into_iter().flatten();
        let gone = |source: &Value| -> u64 {
            let of = |name: &str| source["bytes"][name].as_u64().unwrap_or(0);
            of("truncated") + of("deleted") + of("cut_off") + of("unreadable")
        };
        self.done.gone = each.map(gone).sum();
        Ok(())
    }

    fn remembered(&self) -> Outcome<Value> {
        let program = binaries::find("standpipe-agent")?;
        let output = Command::new(program)
            .args(["checkpoint", "show", "--json", "--config"])
            .arg(self.agent.settings())
            .output()
            .attempting("run `checkpoint show`")?;
        serde_json::from_slice(&output.stdout).attempting(format!(
            "read what `checkpoint show` prints: {}",
            String::from_utf8_lossy(&output.stderr)
        ))
    }
}

fn bytes(said: &Value) -> Outcome<Bytes> {
    let number = |name: &str| {
        let number = said[name].as_u64();
        number.ok_or_else(|| Trouble(format!("its status has no {name}: {said}")))
    };
    Ok(Bytes {
        delivered: number("delivered")?,
        waiting: number("waiting")?,
        gone: number("gone")?,
    })
}
