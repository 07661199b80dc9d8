//! Flows that take their records from the system's journal.
//!
//! Of a journal there are no bytes to be read again at an offset. Its lines are counted instead, from
//! the first one that was ever read on, and the cursor of the last acknowledged one is remembered
//! with its offset: whoever reads on behind it gets the same lines at the same offsets. Everything
//! that is not acknowledged is kept here.

use std::collections::VecDeque;
use std::time::Duration;

use standpipe_config::frame::{Mark, Tail};
use standpipe_config::limits::TAIL_WINDOW;
use standpipe_config::names::{SourceId, StreamName};
use standpipe_config::settings::agent::{Flow, Journald, Start};

use super::Follower;
use crate::identity::{confirms, tail_of};
use crate::journald::{Behind, Inbox, Wake, newest, read};
use crate::progress::{Entry, JournalStanding, ProgressError};
use crate::ship::verdict::Confirmation;

mod send;

/// How long the entries that the daemon holds already may take to be read once more, after the last
/// one that was. Then the daemon's are others.
const PATIENCE: Duration = Duration::from_secs(10);

/// All flows that read a journal.
#[derive(Default)]
pub(super) struct Journals {
    all: Vec<Journal>,
    /// What is called from another thread when there is something to read.
    wake: Option<Wake>,
}

/// One flow.
#[derive(Debug)]
struct Journal {
    name: String,
    stream: usize,
    journald: Journald,
    start: Start,
    /// What is read, from the first scan on.
    reading: Option<Reading>,
    /// Why it is not read.
    trouble: Option<String>,
}

/// A journal that is read.
#[derive(Debug)]
struct Reading {
    /// Where it stands: everything before is acknowledged.
    standing: JournalStanding,
    /// The offset that is durable.
    committed: u64,
    /// The offset that is staged.
    staged: Option<u64>,
    dirty: bool,
    /// The daemon has this process's evidence.
    identified: bool,
    /// What was read and is not acknowledged.
    lines: VecDeque<Line>,
    /// How many of them are sent.
    sent: usize,
    /// What the daemon lost and nobody can read again: from here to what is acknowledged.
    lost: Option<u64>,
    /// That is being said.
    told: bool,
    /// The daemon holds more than was read so far. Nothing is sent before that is read.
    ahead: Option<Mark>,
    /// When a line was read last.
    changed: Duration,
    inbox: Inbox,
}

#[derive(Debug)]
struct Line {
    /// With its line end.
    text: Vec<u8>,
    cursor: String,
    /// The offset behind it.
    end: u64,
}

impl std::fmt::Debug for Journals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.all).finish()
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

impl Journals {
    /// Those of other flows; what was read and not acknowledged is read again.
    pub(super) fn exchange(&mut self, flows: &[Flow], stream_of: &[usize]) {
        let journals = flows.iter().zip(stream_of);
        let journals = journals
            .filter_map(|(flow, stream)| Some((flow.journald.clone()?, flow.start, *stream)));
        self.all = journals
            .map(|(journald, start, stream)| Journal {
                name: journald.name(),
                stream,
                journald,
                start,
                reading: None,
                trouble: None,
            })
            .collect();
    }

    fn readings(&self) -> impl Iterator<Item = &Reading> {
        self.all
            .iter()
            .filter_map(|journal| journal.reading.as_ref())
    }

    /// Why journals are not read, each with its name.
    pub(super) fn troubles(&self) -> impl Iterator<Item = (&str, String)> {
        self.all.iter().filter_map(|journal| {
            let inbox = journal.reading.as_ref().map(|reading| &reading.inbox);
            let trouble = inbox.and_then(Inbox::trouble).or(journal.trouble.clone())?;
            Some((journal.name.as_str(), trouble))
        })
    }

    /// Read to the end, shipped and acknowledged; what cannot be read is not waited for.
    pub(super) fn are_drained(&self) -> bool {
        self.all.iter().all(|journal| match &journal.reading {
            Some(reading) => {
                let all = reading.lines.is_empty() && reading.lost.is_none() && !reading.dirty;
                all && reading.ahead.is_none() && reading.inbox.is_over()
            }
            None => journal.trouble.is_some(),
        })
    }

    pub(super) fn are_dirty(&self) -> bool {
        self.readings().any(|reading| reading.dirty)
    }

    /// What was staged is durable.
    pub(super) fn are_durable(&mut self) {
        for reading in self
            .all
            .iter_mut()
            .filter_map(|journal| journal.reading.as_mut())
        {
            if let Some(offset) = reading.staged.take() {
                reading.committed = offset;
            }
        }
    }

    /// The sources of a stream (rule 7).
    pub(super) fn sources(&self, stream: usize) -> impl Iterator<Item = SourceId> {
        let of_stream = self
            .all
            .iter()
            .filter(move |journal| journal.stream == stream);
        of_stream.filter_map(|journal| Some(journal.reading.as_ref()?.standing.source))
    }

    /// Bytes of a stream that were read and not sent.
    pub(super) fn unsent(&self, stream: usize) -> u64 {
        let of_stream = self.all.iter().filter(|journal| journal.stream == stream);
        let readings = of_stream.filter_map(|journal| journal.reading.as_ref());
        readings
            .map(|reading| reading.read() - reading.standing.offset)
            .sum()
    }

    /// What was sent of a stream and not acknowledged is sent again.
    pub(super) fn rewind(&mut self, stream: usize) {
        for journal in self
            .all
            .iter_mut()
            .filter(|journal| journal.stream == stream)
        {
            if let Some(reading) = &mut journal.reading {
                (reading.sent, reading.told) = (0, false);
            }
        }
    }
}

impl Reading {
    fn new(standing: JournalStanding, inbox: Inbox, now: Duration) -> Self {
        Self {
            committed: standing.offset,
            standing,
            staged: None,
            dirty: false,
            identified: false,
            lines: VecDeque::new(),
            sent: 0,
            lost: None,
            told: false,
            ahead: None,
            changed: now,
            inbox,
        }
    }

    /// The offset behind the last line that was read.
    fn read(&self) -> u64 {
        self.lines
            .back()
            .map_or(self.standing.offset, |line| line.end)
    }

    /// The offset of the next line to send.
    fn next(&self) -> u64 {
        let before = self.sent.checked_sub(1);
        before
            .and_then(|before| self.lines.get(before))
            .map_or(self.standing.offset, |line| line.end)
    }

    /// Takes in what was read meanwhile.
    fn take_in(&mut self, now: Duration) {
        for entry in self.inbox.take() {
            let mut text = entry.line;
            text.push(b'\n');
            let end = self.read() + text.len() as u64;
            let cursor = entry.cursor;
            self.lines.push_back(Line { text, cursor, end });
            self.changed = now;
        }
    }

    /// Everything before this offset, at which a line ends, is acknowledged.
    fn acknowledge(&mut self, offset: u64) {
        while let Some(line) = self.lines.pop_front_if(|line| line.end <= offset) {
            self.standing.counts.delivered += line.end - self.standing.offset;
            self.standing.offset = line.end;
            self.standing.tail = Some(line.tail());
            self.standing.cursor = Some(line.cursor);
            self.sent = self.sent.saturating_sub(1);
        }
        self.dirty = true;
    }

    /// Holds the daemon's evidence against what was read. A line says its cursor, so that the end of
    /// one is never that of another.
    fn confirm(&self, at: u64, tail: &Tail) -> Confirmation {
        if at == self.standing.offset {
            return match self.standing.tail {
                Some(own) if own == *tail => Confirmation::Agrees,
                Some(_) => Confirmation::Disagrees,
                None => Confirmation::Unknown,
            };
        }
        if at < self.standing.offset || at > self.read() {
            return Confirmation::Unknown;
        }
        let line = self.lines.binary_search_by_key(&at, |line| line.end);
        match line.ok().and_then(|place| self.lines.get(place)) {
            Some(line) if confirms(tail, &line.text) => Confirmation::Agrees,
            _ => Confirmation::Disagrees,
        }
    }
}

impl Line {
    fn tail(&self) -> Tail {
        tail_of(&self.text[self.text.len().saturating_sub(TAIL_WINDOW)..])
    }
}

impl Follower {
    /// Has this called, from another thread, when there is something to read in a journal.
    pub(crate) fn wake_by(&mut self, wake: Wake) {
        self.journals.wake = Some(wake);
    }

    /// Begins to read those journals that are not read yet.
    pub(super) fn begin_journals(&mut self) -> Result<(), ProgressError> {
        for place in 0..self.journals.all.len() {
            if self.journals.all[place].reading.is_none() {
                self.begin_journal(place)?;
            }
        }
        Ok(())
    }

    fn begin_journal(&mut self, place: usize) -> Result<(), ProgressError> {
        let journal = &self.journals.all[place];
        let (journald, start) = (journal.journald.clone(), journal.start);
        let named = (
            journal.name.clone(),
            self.streams[journal.stream].name.clone(),
        );
        let filter = format!("{:?} {:?}", journald.units, journald.matches);
        let known = self.progress.state().journals.get(&named).cloned();
        let begun = match known {
            Some(known) => Ok(known),
            None => self.birth(&journald, start, named)?,
        };
        let journal = &mut self.journals.all[place];
        let begun = begun.and_then(|standing| {
            let behind = Behind {
                cursor: standing.cursor.clone(),
                tail: standing.tail.filter(|_| standing.offset > 0),
                wanted: standing.filter == filter && standing.offset > 0,
            };
            let inbox = Inbox::default();
            let wake = self
                .journals
                .wake
                .clone()
                .unwrap_or_else(|| std::sync::Arc::new(|| ()));
            let reading = Reading::new(
                JournalStanding { filter, ..standing },
                inbox.clone(),
                self.disk.now(),
            );
            read(journald, behind, self.rules.once, inbox, wake)?;
            Ok(reading)
        });
        match begun {
            Ok(reading) => (journal.reading, journal.trouble) = (Some(reading), None),
            Err(error) => {
                if journal.trouble.replace(error.to_string()).is_none() {
                    tracing::warn!(journal = journal.name, %error, "cannot read the journal; it is tried again");
                }
            }
        }
        Ok(())
    }

    /// A journal that was never read: where it begins is durable before a byte is sent (rule 1).
    fn birth(
        &mut self,
        journald: &Journald,
        start: Start,
        (name, stream): (String, StreamName),
    ) -> Result<std::io::Result<JournalStanding>, ProgressError> {
        let cursor = match start {
            Start::Beginning => Ok(None),
            Start::End => newest(journald),
        };
        let cursor = match cursor {
            Ok(cursor) => cursor,
            Err(error) => return Ok(Err(error)),
        };
        let standing = JournalStanding {
            cursor,
            ..JournalStanding::beginning(SourceId::mint()?)
        };
        self.progress.stage(&Entry::Journal {
            name,
            stream,
            standing: standing.clone(),
        });
        Ok(Ok(standing))
    }

    /// Stages where journals stand.
    pub(super) fn stage_journals(&mut self) {
        for journal in &mut self.journals.all {
            let Some(reading) = journal.reading.as_mut().filter(|reading| reading.dirty) else {
                continue;
            };
            reading.dirty = false;
            reading.staged = Some(reading.standing.offset);
            self.progress.stage(&Entry::Journal {
                name: journal.name.clone(),
                stream: self.streams[journal.stream].name.clone(),
                standing: reading.standing.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
