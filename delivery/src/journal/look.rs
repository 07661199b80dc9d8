//! Looking into a journal without touching it, while the daemon runs on it or not: for operators.
//!
//! The daemon may release a segment under our eyes: its file gets another name, and maybe another
//! life. What cannot be read and has lost its name meanwhile is therefore passed over in silence;
//! what has kept its name is told.

use std::fs::OpenOptions;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use standpipe_config::files::Doing;
use standpipe_config::names::{Arrival, LaneId, Run};
use standpipe_config::records::Records;

use super::Entry;
use super::attribute;
use super::entry::Head;
use super::local::OpenError;
use super::reader::of_records;
use super::recovery::{Opened, chain, entry_at, files, open_with};
use super::scan::Walk;
use super::segment::{HEADER, Header, SEGMENT, damage};

/// What was seen of one segment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Seen {
    /// Its file.
    pub path: PathBuf,
    /// Its life.
    pub segment: u64,
    /// The lane of the journal.
    pub lane: LaneId,
    /// The run that began it.
    pub run: Run,
    /// Position of its first record.
    pub first: u64,
    /// Behind its last record.
    pub end: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// Bytes of the file up to the end of the last entry.
    pub used: u64,
    /// Bytes of the file.
    pub size: u64,
    /// When its first record arrived.
    pub oldest: Option<Arrival>,
    /// When its last record arrived.
    pub newest: Option<Arrival>,
    /// How it ends.
    pub ending: Ending,
}

/// How a segment ends.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Ending {
    /// Where the next segment says that it does.
    Whole,
    /// It is the newest: what follows is room, or the torn tail of an append that nobody was told
    /// about.
    Open,
    /// Bytes that were durable once do not read back.
    Damaged {
        /// At this byte of the file.
        at: u64,
        /// What is wrong there.
        why: String,
    },
}

/// How closely segments are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// The heads of entries: fast, whatever the records.
    Heads,
    /// All bytes, each checksum too.
    Bytes,
}

/// Looks at the segments in `folder`, oldest first. With [`Depth::Bytes`] each entry that holds
/// records is shown to `each`, until it breaks off. Blocks.
pub fn look(
    folder: &Path,
    depth: Depth,
    mut each: impl FnMut(Entry) -> ControlFlow<()>,
) -> Result<Vec<Seen>, OpenError> {
    let mut opened = Vec::new();
    for path in files(folder, SEGMENT)?.into_values() {
        match open_with(path.clone(), OpenOptions::new().read(true)) {
            Ok(segment) => opened.push(segment),
            Err(_) if !path.exists() => {}
            Err(error) => return Err(error),
        }
    }
    let (chain, _released) = chain(opened)?;
    let mut all = Vec::new();
    for (number, segment) in chain.iter().enumerate() {
        let next = chain.get(number + 1).map(|next| &next.header);
        let looking = Looking {
            segment,
            end: next.map(|next| next.previous.map_or(0, |previous| previous.end)),
            depth,
        };
        let (seen, flow) = looking.look(&mut each)?;
        let is_gone = seen.ending != Ending::Whole && !segment.path.exists();
        all.extend((!is_gone).then_some(seen));
        if flow.is_break() {
            break;
        }
    }
    Ok(all)
}

/// A segment that is looked at.
struct Looking<'a> {
    segment: &'a Opened,
    /// Where the next segment says that it ends; `None`: it is the newest.
    end: Option<u64>,
    depth: Depth,
}

/// An entry's head, with its body if all bytes are looked at, or why it is bad.
type Judged = Result<(Head, Option<Vec<u8>>), &'static str>;

/// What stands at a byte.
enum At {
    Entry(Head, Option<Vec<u8>>),
    End(Ending),
}

impl Looking<'_> {
    fn look(
        &self,
        each: &mut impl FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(Seen, ControlFlow<()>), OpenError> {
        let mut seen = Seen::nothing_of(self.segment)?;
        loop {
            let (head, body) = match self.at(&seen)? {
                At::Entry(head, body) => (head, body),
                At::End(ending) => {
                    seen.ending = ending;
                    return Ok((seen, ControlFlow::Continue(())));
                }
            };
            seen.add(&head);
            let Some(body) = body.filter(|_| head.count > 0) else {
                continue;
            };
            let entry = read(&head, body.into());
            let at = seen.used - u64::from(head.length);
            let entry = entry.map_err(|why| damage(&self.segment.path, at, why))?;
            if each(entry).is_break() {
                return Ok((seen, ControlFlow::Break(())));
            }
        }
    }

    fn at(&self, seen: &Seen) -> Result<At, OpenError> {
        let at = seen.used;
        let damaged = |why: &str| {
            let why = why.to_owned();
            Ok(At::End(Ending::Damaged { at, why }))
        };
        match self.end {
            Some(end) if at == end => return Ok(At::End(Ending::Whole)),
            Some(end) if at > end => return damaged("it ends elsewhere than its successor says"),
            _ => {}
        }
        let why = match self.entry(at)? {
            Ok((head, body)) if head.first == seen.end => return Ok(At::Entry(head, body)),
            Ok(_) => return damaged("the entry does not follow the one before"),
            Err(why) => why,
        };
        let is_newest = self.end.is_none() && at >= self.segment.header.data;
        if !is_newest {
            return damaged(why);
        }
        let synced = self.walk().was_synced(at);
        if !synced.doing("read", &self.segment.path)? {
            return Ok(At::End(Ending::Open));
        }
        // It may have been written between the two looks.
        match self.entry(at)? {
            Ok((head, body)) if head.first == seen.end => Ok(At::Entry(head, body)),
            _ => damaged(why),
        }
    }

    fn entry(&self, at: u64) -> Result<Judged, OpenError> {
        let path = &self.segment.path;
        Ok(match self.depth {
            Depth::Heads => {
                let head = self.walk().head(at).doing("read", path)?;
                head.map(|head| (head, None))
            }
            Depth::Bytes => {
                let entry = entry_at(&self.walk(), at).doing("read", path)?;
                entry.map(|(head, body)| (head, Some(body)))
            }
        })
    }

    fn walk(&self) -> Walk<'_> {
        Walk {
            file: &self.segment.file,
            segment: self.segment.header.id,
        }
    }
}

impl Seen {
    fn nothing_of(segment: &Opened) -> Result<Self, OpenError> {
        let Opened { path, file, header } = segment;
        let Header {
            id,
            lane,
            run,
            first,
            ..
        } = *header;
        Ok(Self {
            size: file.metadata().doing("look at", path)?.len(),
            path: path.clone(),
            segment: id,
            lane,
            run,
            first,
            end: first,
            bytes: 0,
            used: HEADER as u64,
            oldest: None,
            newest: None,
            ending: Ending::Open,
        })
    }

    fn add(&mut self, head: &Head) {
        self.used += u64::from(head.length);
        if head.count == 0 {
            return;
        }
        self.end = head.end();
        self.bytes += u64::from(head.bytes);
        self.oldest = self.oldest.or(Some(head.arrival));
        self.newest = Some(head.arrival);
    }
}

fn read(head: &Head, body: bytes::Bytes) -> Result<Entry, String> {
    let parts = head.parts(&body).ok_or("its parts are cut")?;
    let (stage, notes, names) = of_records(attribute::read_all(parts.attributes)?);
    let records = Records::new(body.slice_ref(parts.bytes), parts.ends().collect(), notes);
    Ok(Entry {
        first: head.first,
        run: head.run,
        arrival: head.arrival,
        stage,
        records: records.map_err(|error| error.to_string())?,
        names,
    })
}

#[cfg(test)]
mod tests;
