//! The thread that reads from `journalctl`, starts it again when it ends, and finds the place where
//! reading goes on.

use std::io::{self, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::thread;

use standpipe_config::frame::Tail;
use standpipe_config::settings::agent::Journald;

use super::{Entry, Inbox, PROGRAM, export, of_entries, of_files};
use crate::identity::confirms;
use crate::ship::backoff::{Backoff, LONGEST};

/// How much of what it complains of is repeated, in bytes.
const QUOTED: u64 = 500;

/// Where to go on.
#[derive(Clone, Debug)]
pub(crate) struct Behind {
    /// Behind the entry with this cursor; `None`: with the first one.
    pub(crate) cursor: Option<String>,
    /// Behind the entry whose line ends in these bytes, if there is no cursor.
    pub(crate) tail: Option<Tail>,
    /// The entry itself is among those that are wanted: if it is not found, others are gone, too.
    pub(crate) wanted: bool,
}

/// Tells that there are entries where there were none, or that there will be none.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

/// Reads a journal into an inbox until that is closed, or, with `once`, to its end.
pub(crate) fn read(
    journald: Journald,
    from: Behind,
    once: bool,
    inbox: Inbox,
    wake: Wake,
) -> io::Result<()> {
    let mut reader = Reader {
        journald,
        from,
        once,
        inbox,
        wake,
    };
    let thread = thread::Builder::new().name("journal".into());
    thread.spawn(move || reader.run()).map(drop)
}

/// The cursor of the newest entry there is.
pub(crate) fn newest(journald: &Journald) -> io::Result<Option<String>> {
    let mut command = of_files(journald);
    command.arg("--lines=1");
    let mut cursor = None;
    each(&mut command, &Inbox::default(), |entry| {
        cursor = Some(entry.cursor);
        true
    })?;
    Ok(cursor)
}

struct Reader {
    journald: Journald,
    from: Behind,
    once: bool,
    inbox: Inbox,
    wake: Wake,
}

impl Reader {
    fn run(&mut self) {
        let mut backoff = Backoff::default();
        loop {
            let before = self.from.cursor.clone();
            let read = self.find().and_then(|()| self.follow());
            let why = match read {
                Ok(()) if self.once => None,
                Ok(()) => Some(format!("{PROGRAM} ended; it is started again")),
                Err(error) => Some(error.to_string()),
            };
            if before != self.from.cursor {
                backoff = Backoff::default();
            }
            self.inbox.troubled(why.clone(), self.once);
            (self.wake)();
            if self.once || !self.inbox.rest(backoff.wait(None).min(LONGEST)) {
                return;
            }
            if let Some(why) = why {
                tracing::warn!(
                    journal = self.journald.name(),
                    why,
                    "cannot read the journal; it is tried again, and nothing is passed over"
                );
            }
        }
    }

    /// Finds the cursor where only the end of the line is known: progress was lost, and this is what
    /// the daemon holds. It looks at all entries, as other ones may have been wanted then.
    fn find(&mut self) -> io::Result<()> {
        let (None, Some(tail)) = (&self.from.cursor, self.from.tail) else {
            return Ok(());
        };
        let mut found = None;
        each(&mut of_files(&self.journald), &self.inbox, |entry| {
            let mut line = entry.line;
            line.push(b'\n');
            if confirms(&tail, &line) {
                found = Some(entry.cursor);
            }
            found.is_none()
        })?;
        if found.is_none() {
            tracing::warn!(
                journal = self.journald.name(),
                "progress was lost, and the journal does not hold any more what the daemon got last: all of it is read"
            );
        }
        (self.from.cursor, self.from.tail) = (found, None);
        Ok(())
    }

    fn follow(&mut self) -> io::Result<()> {
        let mut command = of_entries(&self.journald);
        if !self.once {
            command.args(["--follow", "--no-tail"]);
        }
        let mut behind = self.from.cursor.clone();
        if let Some(cursor) = &behind {
            // With the entry itself: only that shows that it is still there, and that none is
            // passed over.
            command.arg(format!("--cursor={cursor}"));
        }
        let (from, inbox, wake) = (&mut self.from, &self.inbox, &self.wake);
        each(&mut command, inbox, |entry| {
            if let Some(behind) = behind.take() {
                if entry.cursor == behind {
                    from.wanted = true;
                    return true;
                }
                if from.wanted {
                    tracing::error!(
                        journal = self.journald.name(),
                        "entries are gone from the journal before they could be read: those between the last one that was read and the oldest that is there"
                    );
                }
            }
            from.cursor = Some(entry.cursor.clone());
            from.wanted = true;
            let (goes_on, first) = inbox.put(entry);
            if first {
                wake();
            }
            goes_on
        })
    }
}

/// Runs `journalctl` and hands out its entries, until it ends or no more is wanted.
fn each(
    command: &mut Command,
    inbox: &Inbox,
    mut take: impl FnMut(Entry) -> bool,
) -> io::Result<()> {
    let spawned = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            let why = format!("{PROGRAM} is not installed, or not in PATH: the journal is read through it; it comes with systemd");
            io::Error::new(error.kind(), why)
        }
        _ => io::Error::new(error.kind(), format!("cannot run {PROGRAM}: {error}")),
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let said = thread::spawn(move || complaint(stderr));
    let mut stopped = !inbox.reads_from(child);
    let mut read = Ok(());
    if let Some(stdout) = stdout {
        let mut input = BufReader::with_capacity(64 * 1024, stdout);
        while !stopped {
            match export::next(&mut input) {
                Ok(Some(entry)) => stopped = !take(entry),
                Ok(None) => break,
                Err(error) => {
                    (read, stopped) = (Err(error), true);
                }
            }
        }
    }
    let status = inbox.done().map(|child| end(child, stopped));
    let said = said.join().unwrap_or_default();
    read?;
    match status.transpose()? {
        Some(status) if !status.success() && !stopped => Err(io::Error::other(format!(
            "{PROGRAM} ended with {status}: {said}"
        ))),
        _ => Ok(()),
    }
}

fn end(mut child: Child, stopped: bool) -> io::Result<std::process::ExitStatus> {
    if stopped {
        // It may have ended by itself.
        let _ = child.kill();
    }
    child.wait()
}

/// The beginning of what it complained of; the rest is not kept.
fn complaint(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else {
        return String::new();
    };
    let mut said = Vec::new();
    let read = stderr.by_ref().take(QUOTED).read_to_end(&mut said);
    let rest = read.and_then(|_| io::copy(&mut stderr, &mut io::sink()));
    match rest {
        Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
        Err(error) => error.to_string(),
    }
}
