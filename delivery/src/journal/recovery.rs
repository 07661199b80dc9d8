//! What a journal's folder holds when the daemon starts (rules 12 and 15).
//!
//! The newest segment is read whole: its snapshot and what was appended after it give marks, keys
//! and totals. Of the older ones only the heads are read, to know where the records lie; where
//! each of them ends stands in the header of its successor. Nothing is changed here but that the
//! void end of the newest segment is cut off, when it is known to be void, and what remains is
//! synced.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use standpipe_config::faults;
use standpipe_config::files::{Doing, FileError, sync_file};
use standpipe_config::names::LaneId;

use super::attribute;
use super::entry::Head;
use super::index::{Index, Segment};
use super::local::OpenError;
use super::scan::{Walk, read_at};
use super::segment::{HEADER, Header, Previous, RECYCLED, SEGMENT, damage, file_id};
use super::tail::Memory;

/// What was found.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) lane: LaneId,
    pub(super) memory: Memory,
    /// The segments that hold records.
    pub(super) index: Index,
    /// What the next segment's header names as its predecessor.
    pub(super) previous: Option<Previous>,
    /// Higher than the id of any file.
    pub(super) next_id: u64,
    /// Files kept for reuse.
    pub(super) recycled: Vec<PathBuf>,
    /// Files that mean nothing any more, once the next segment is there.
    pub(super) leftovers: Vec<PathBuf>,
    /// The newest segment, and where it ends in bytes.
    newest: Option<(Opened, u64)>,
}

/// Reads the journal in `folder`; `sealed` is the checkpoint's position.
pub(super) fn recover(folder: &Path, sealed: Option<u64>) -> Result<Recovered, OpenError> {
    let segments = files(folder, SEGMENT)?;
    let recycled = files(folder, RECYCLED)?;
    let ids = segments.keys().chain(recycled.keys());
    let next_id = ids.max().map_or(1, |id| id + 1);
    let mut found = Recovered {
        lane: LaneId::mint()?,
        memory: Memory::default(),
        index: Index::default(),
        previous: None,
        next_id,
        recycled: recycled.into_values().collect(),
        leftovers: Vec::new(),
        newest: None,
    };
    found.read(segments)?;
    found.check(folder, sealed)?;
    found.keep()?;
    let tail = &mut found.memory.tail;
    tail.position = tail.position.max(sealed.unwrap_or(0));
    Ok(found)
}

/// A segment whose header was read.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) header: Header,
}

impl Recovered {
    fn read(&mut self, segments: BTreeMap<u64, PathBuf>) -> Result<(), OpenError> {
        let opened = segments
            .into_values()
            .map(open)
            .collect::<Result<Vec<_>, _>>()?;
        let (mut chain, leftovers) = chain(opened)?;
        self.leftovers = leftovers.into_iter().map(|opened| opened.path).collect();
        let Some(last) = chain.pop() else {
            return Ok(());
        };
        self.lane = last.header.lane;
        let mut next = &last.header;
        let mut older = Vec::new();
        for opened in chain.iter().rev() {
            older.push(walk_older(opened, next)?);
            next = &opened.header;
        }
        self.index.segments = older.into_iter().rev().collect();
        let newest = walk_newest(&last, &mut self.memory)?;
        let end = newest.end_at;
        if newest.is_empty() {
            self.previous = last.header.previous;
            self.leftovers.push(last.path.clone());
        } else {
            self.previous = Some(Previous { id: newest.id, end });
            self.index.segments.push_back(newest);
        }
        self.newest = Some((last, end));
        Ok(())
    }

    /// Cuts off what is void and syncs what was found: only then it counts.
    fn keep(&mut self) -> Result<(), OpenError> {
        let Some((Opened { path, file, .. }, end)) = self.newest.take() else {
            return Ok(());
        };
        file.set_len(end).doing("cut the void end of", &path)?;
        faults::reach("recovery", "tail-cut");
        // Its name is durable: nothing was appended to it before.
        sync_file(&file, &path, ("journal", "found"))?;
        faults::reach("recovery", "tail-synced");
        if let Some(newest) = self.index.segments.back_mut().filter(|s| s.path == path) {
            newest.allocated = end;
        }
        Ok(())
    }

    /// Rule 15: a journal that does not fit its checkpoint is not touched.
    fn check(&self, folder: &Path, sealed: Option<u64>) -> Result<(), OpenError> {
        let lost = |why: String| {
            Err(OpenError::Lost {
                folder: folder.to_owned(),
                why,
            })
        };
        let nothing = self.index.segments.is_empty() && self.leftovers.is_empty();
        match sealed {
            Some(sealed) if nothing => {
                return lost(format!(
                    "the checkpoint stands at position {sealed}, and there is no journal"
                ));
            }
            None if self.memory.tail.position > 0 && self.index.begin(u64::MAX) > 0 => {
                return lost(
                    "there is no checkpoint, and the journal does not begin at position 0"
                        .to_owned(),
                );
            }
            _ => {}
        }
        let sealed = sealed.unwrap_or(0);
        let mut reached = sealed;
        for segment in &self.index.segments {
            if segment.first > reached {
                return lost(format!(
                    "positions {reached} to {} are missing before {}",
                    segment.first - 1,
                    segment.path.display()
                ));
            }
            reached = reached.max(segment.end);
        }
        if self.memory.tail.position > reached {
            return lost(format!(
                "positions {reached} to {} are missing at its end",
                self.memory.tail.position - 1
            ));
        }
        Ok(())
    }
}

pub(super) fn files(folder: &Path, prefix: &str) -> Result<BTreeMap<u64, PathBuf>, FileError> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).doing("list", folder)? {
        let path = entry.doing("list", folder)?.path();
        if let Some(id) = file_id(&path, prefix) {
            found.insert(id, path);
        }
    }
    Ok(found)
}

fn open(path: PathBuf) -> Result<Opened, OpenError> {
    open_with(path, OpenOptions::new().read(true).write(true))
}

/// Opens a segment's file in a way of the caller's, and reads its header.
pub(super) fn open_with(path: PathBuf, way: &OpenOptions) -> Result<Opened, OpenError> {
    let file = way.open(&path).doing("open", &path)?;
    let bytes = read_at(&file, 0, HEADER).doing("read", &path)?;
    let header = Header::decode(&path, &bytes)?;
    Ok(Opened { path, file, header })
}

/// The newest segment and those that it follows, oldest first; and the others, which were released
/// or replaced.
pub(super) fn chain(mut opened: Vec<Opened>) -> Result<(Vec<Opened>, Vec<Opened>), OpenError> {
    let mut chain: Vec<Opened> = Vec::new();
    let mut leftovers = Vec::new();
    let mut wanted = None;
    while let Some(segment) = opened.pop() {
        if chain.is_empty() || wanted == Some(segment.header.id) {
            if let Some(newer) = chain.last()
                && newer.header.lane != segment.header.lane
            {
                return Err(damage(
                    &segment.path,
                    8,
                    "it belongs to another lane than its successor",
                ));
            }
            wanted = segment.header.previous.map(|previous| previous.id);
            chain.push(segment);
        } else {
            leftovers.push(segment);
        }
    }
    chain.reverse();
    Ok((chain, leftovers))
}

/// Finds where the records of a segment lie that has a successor.
fn walk_older(opened: &Opened, next: &Header) -> Result<Segment, OpenError> {
    let Opened { path, file, header } = opened;
    let end = next.previous.map_or(header.data, |previous| previous.end);
    let walk = Walk {
        file,
        segment: header.id,
    };
    let mut segment = Segment::new(header.id, path.clone(), header.first, header.data);
    segment.allocated = file.metadata().doing("look at", path)?.len();
    while segment.end_at < end {
        let at = segment.end_at;
        let head = walk.head(at).doing("read", path)?;
        let head = head.map_err(|why| damage(path, at, why))?;
        if head.first != segment.end || at + u64::from(head.length) > end {
            return Err(damage(path, at, "the entry does not follow the one before"));
        }
        segment.add(&head, at);
    }
    if segment.end_at != end {
        return Err(damage(
            path,
            end,
            "it ends elsewhere than its successor says",
        ));
    }
    Ok(segment)
}

/// Reads the newest segment to its end, and does again what its entries did.
fn walk_newest(opened: &Opened, memory: &mut Memory) -> Result<Segment, OpenError> {
    let Opened { path, file, header } = opened;
    memory.tail.position = header.first;
    memory.tail.totals = header.totals;
    memory.tail.arrival = header.arrival;
    memory.tail.running = header.running;
    memory.tail.group = header.group + 1;
    let walk = Walk {
        file,
        segment: header.id,
    };
    let mut segment = Segment::new(header.id, path.clone(), header.first, HEADER as u64);
    loop {
        let at = segment.end_at;
        let (head, body) = match entry_at(&walk, at).doing("read", path)? {
            Ok(entry) => entry,
            Err(_) if at >= header.data && !walk.was_synced(at).doing("read", path)? => break,
            Err(why) => return Err(damage(path, at, why)),
        };
        if head.first != memory.tail.position {
            return Err(damage(path, at, "the entry does not follow the one before"));
        }
        let attributes = attribute::read_all(&body[..head.attributes as usize]);
        memory.replay(&head, attributes.map_err(|why| damage(path, at, why))?);
        segment.add(&head, at);
    }
    Ok(segment)
}

/// The entry at a byte, checked, or why it is bad.
pub(super) fn entry_at(
    walk: &Walk<'_>,
    at: u64,
) -> io::Result<Result<(Head, Vec<u8>), &'static str>> {
    let head = match walk.head(at)? {
        Ok(head) => head,
        Err(why) => return Ok(Err(why)),
    };
    Ok(walk.body(&head, at)?.map(|body| (head, body)))
}

#[cfg(test)]
mod tests;
