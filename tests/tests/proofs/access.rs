//! Who may enter, changed while the daemon runs: a token and a key are revoked and others are added,
//! under load.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use standpipe_tests::signed::put;
use standpipe_tests::wait::until;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, http};

use crate::{PATIENCE, raw, raw_arrived};

/// Answers that say that the caller may not.
const REFUSED: [u16; 3] = [400, 401, 403];

/// How a caller opens which door.
#[derive(Clone, Copy)]
enum Caller {
    /// With this token.
    Native(SocketAddr, &'static str),
    /// With the key of this id, whose secret is the same.
    Firehose(SocketAddr, &'static str),
}

impl Caller {
    /// Sends a line to `web`; the answer's status.
    fn send(self, line: &str) -> Outcome<u16> {
        Ok(match self {
            Self::Native(door, token) => {
                let token = format!("Authorization: Bearer {token}");
                let headers = ["Content-Type: text/plain", &token];
                http::post(door, "/v1/streams/web/records", &headers, line.as_bytes())?.status
            }
            Self::Firehose(door, id) => put(door, (id, id), "web", line)?.status,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Native(_, name) | Self::Firehose(_, name) => name,
        }
    }
}

/// Somebody who sends lines, one after the other.
struct Sender {
    caller: Caller,
    /// How many were acknowledged.
    acknowledged: AtomicU64,
    /// Refused once, it stays out.
    is_refused: AtomicBool,
}

impl Sender {
    fn new(caller: Caller) -> Self {
        Self {
            caller,
            acknowledged: AtomicU64::new(0),
            is_refused: AtomicBool::new(false),
        }
    }

    /// Sends until told to stop; what was acknowledged.
    fn run(&self, running: &AtomicBool) -> Outcome<Ledger> {
        let mut ledger = Ledger::new(1_000_000);
        let name = self.caller.name();
        for number in 0_u64.. {
            if !running.load(Ordering::Relaxed) {
                break;
            }
            let line = format!("{name} sends line {number}");
            let out = self.is_refused.load(Ordering::Relaxed);
            match self.caller.send(&line)? {
                200 if !out => {
                    ledger.wrote(line.as_bytes());
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                status if REFUSED.contains(&status) => {
                    self.is_refused.store(true, Ordering::Relaxed);
                }
                status => return Err(Trouble(format!("{name} is answered {status} at {line:?}"))),
            }
        }
        Ok(ledger)
    }

    /// Waits until it was acknowledged so many times more.
    fn goes_on(&self) -> Outcome {
        let begun = self.acknowledged.load(Ordering::Relaxed);
        until(
            &format!("{} to be let in", self.caller.name()),
            PATIENCE,
            || match self.acknowledged.load(Ordering::Relaxed) {
                now if now >= begun + 10 => Ok(()),
                now => Err(Trouble(format!("{now} lines were acknowledged"))),
            },
        )
    }

    /// Waits until it was refused.
    fn is_out(&self) -> Outcome {
        until(
            &format!("{} to be refused", self.caller.name()),
            PATIENCE,
            || match self.is_refused.load(Ordering::Relaxed) {
                true => Ok(()),
                false => Err(Trouble::new("it was not refused")),
            },
        )
    }
}

/// The doors open for these, besides those who are let in at all times.
fn let_in(daemon: &mut Daemon, port: u16, tokens: &str, keys: &str) -> Outcome {
    daemon.native = format!(", tokens: [{{name: kept, token: {{file: kept}}}}, {tokens}]");
    daemon.doors = format!(
        "  firehose: {{address: '127.0.0.1:{port}', keys: [{{id: KEPT, secret: {{file: KEPT}}}}, {keys}]}}\n"
    );
    daemon.configure(&raw("web", "1s"))
}

/// While `senders` send: revokes the old ones, lets in new ones. What goes wrong is returned, so that
/// they are told to end.
fn change(daemon: &mut Daemon, port: u16, senders: &[Sender; 4]) -> Outcome {
    let [kept, key_kept, old, key_old] = senders;
    for sender in senders {
        sender.goes_on()?;
    }
    // A file that cannot be used, although the doors in it could, leaves everybody in.
    let (token, key) = (
        "{name: new, token: {file: new}}",
        "{id: NEW, secret: {file: NEW}}",
    );
    let_in(daemon, port, "{name: new, token: {file: not-there}}", key)?;
    let error = daemon.reload()?.unwrap_or_default();
    if !error.contains("not-there") {
        return Err(Trouble(format!("a broken file was refused so: {error:?}")));
    }
    for sender in senders {
        sender.goes_on()?;
    }
    let_in(daemon, port, token, key)?;
    if let Some(error) = daemon.reload()? {
        return Err(Trouble(format!("the new ones were refused: {error}")));
    }
    // From the answer to the reload on, not some time later.
    for caller in [old.caller, key_old.caller] {
        let status = caller.send("nobody may send this")?;
        if !REFUSED.contains(&status) {
            let name = caller.name();
            return Err(Trouble(format!("{name} is still answered {status}")));
        }
    }
    for sender in [old, key_old] {
        sender.is_out()?;
    }
    for sender in [kept, key_kept] {
        sender.goes_on()?;
    }
    Ok(())
}

#[test]
fn a_token_and_a_key_are_revoked_and_added_under_load_and_nothing_is_lost() -> Outcome {
    let folder = Folder::new("access")?;
    for name in ["kept", "old", "new", "KEPT", "OLD", "NEW"] {
        std::fs::write(folder.join(name), format!("{name}\n"))?;
    }
    let port = standpipe_tests::port::free()?;
    let mut daemon = Daemon::new(folder.path(), &raw("web", "1s"))?;
    let_in(
        &mut daemon,
        port,
        "{name: old, token: {file: old}}",
        "{id: OLD, secret: {file: OLD}}",
    )?;
    daemon.up()?;
    let (native, firehose) = (daemon.door("native")?, daemon.door("firehose")?);
    let senders = [
        Sender::new(Caller::Native(native, "kept")),
        Sender::new(Caller::Firehose(firehose, "KEPT")),
        Sender::new(Caller::Native(native, "old")),
        Sender::new(Caller::Firehose(firehose, "OLD")),
    ];
    let running = AtomicBool::new(true);
    let mut ledger = Ledger::new(1_000_000);
    let (changed, ledgers) = thread::scope(|scope| {
        let flag = &running;
        let sending = senders
            .each_ref()
            .map(|sender| scope.spawn(move || sender.run(flag)));
        let changed = change(&mut daemon, port, &senders);
        running.store(false, Ordering::Relaxed);
        let failed = || Err(Trouble::new("a sender failed"));
        (
            changed,
            sending.map(|sender| sender.join().unwrap_or_else(|_| failed())),
        )
    });
    changed?;
    for seen in ledgers {
        seen?.copy_into(&mut ledger);
    }
    for sender in &senders[..2] {
        assert!(!sender.is_refused.load(Ordering::Relaxed));
    }
    // The new ones, which nobody used so far.
    for caller in [
        Caller::Native(native, "new"),
        Caller::Firehose(firehose, "NEW"),
    ] {
        let line = format!("{} sends a line", caller.name());
        assert_eq!(caller.send(&line)?, 200);
        ledger.wrote(line.as_bytes());
    }
    let accepted = ledger.written();
    let books = daemon.settled("web", accepted, PATIENCE)?;
    assert_eq!((books.accepted, books.delivered), (accepted, accepted));
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    raw_arrived(&folder.join("out"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
