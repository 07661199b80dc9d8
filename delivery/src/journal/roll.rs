//! Beginning a segment: prepared under a recycled name with header and snapshot, synced, renamed.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use standpipe_config::faults;
use standpipe_config::files::{Doing, FileError, rename, sync_file};
use standpipe_config::names::{LaneId, Run};

use super::attribute::Attribute;
use super::entry::{self, Kind};
use super::group::{Draft, Group};
use super::index;
use super::keys::Keys;
use super::marks::Marks;
use super::segment::{self, HEADER, Header, Previous, SEGMENT};
use super::space::{Blank, Space, Trouble, Wanted};
use super::tail::Tail;
use super::writer::{Active, Writer};

/// A snapshot is cut into entries of about so many bytes.
const SNAPSHOT_ENTRY: usize = 1024 * 1024;

/// A segment to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Birth {
    pub(super) lane: LaneId,
    pub(super) run: Run,
    pub(super) id: u64,
    pub(super) previous: Option<Previous>,
    pub(super) tail: Tail,
    /// Bytes that must fit behind the snapshot.
    pub(super) needed: u64,
    /// Bytes that come back as soon as the segment is there.
    pub(super) returns: u64,
    /// Whether a segment without room for records is better than none.
    pub(super) must: bool,
}

/// A segment that was begun: durable, with its name.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) active: Active,
    /// Where its first group begins, in bytes.
    pub(super) at: u64,
}

impl Birth {
    /// Begins the segment, with its snapshot.
    pub(super) fn begin(&self, space: &mut Space, snapshot: &Group) -> Result<Begun, Trouble> {
        let at = HEADER as u64 + snapshot.length();
        let behind = entry::size(0, 0, 0) + space.reserve();
        let usual = space.segment_bytes();
        // However large the snapshot grew, half a segment of records fits behind it.
        let wanted = Wanted {
            bytes: usual.max(at + behind + self.needed.max(usual / 2)),
            returns: self.returns,
            least: self.must.then_some(at),
        };
        let blank = space.obtain(self.id, wanted)?;
        if let Err(error) = self.fill(&blank, snapshot, at) {
            if error.is_full() {
                space.discard(blank)?;
            }
            return Err(error.into());
        }
        // From here on the segment may be found after a crash, and what is appended to its
        // predecessor would be void: a failure must end the writer.
        let path = self.name(&blank).map_err(Trouble::File)?;
        Ok(Begun {
            active: self.active(blank, path),
            at,
        })
    }

    fn active(&self, blank: Blank, path: PathBuf) -> Active {
        Active {
            id: self.id,
            path,
            file: blank.file,
            bytes: blank.bytes,
            previous: self.previous,
            is_empty: true,
            is_spoiled: false,
        }
    }

    fn fill(&self, blank: &Blank, snapshot: &Group, data: u64) -> Result<(), FileError> {
        let header = Header {
            lane: self.lane,
            id: self.id,
            run: self.run,
            first: self.tail.position,
            totals: self.tail.totals,
            previous: self.previous,
            data,
            arrival: self.tail.arrival,
            running: self.tail.running,
            group: self.tail.group,
        };
        let Blank { path, file, .. } = blank;
        let header = header.encode();
        file.write_all_at(&header, 0).doing("write", path)?;
        snapshot.write(file).doing("write", path)?;
        sync_file(file, path, ("journal", "segment"))
    }

    fn name(&self, blank: &Blank) -> Result<PathBuf, FileError> {
        let folder = blank.path.parent().unwrap_or(Path::new("."));
        let named = segment::path(folder, SEGMENT, self.id);
        faults::reach("journal", "segment-written");
        rename(&blank.path, &named, ("journal", "segment-name"))?;
        faults::reach("journal", "segment-named");
        Ok(named)
    }

    /// What is remembered, as the first entries of the segment.
    pub(super) fn snapshot(&self, marks: &Marks, keys: &Keys) -> Group {
        let place = entry::Group {
            number: self.tail.group,
            at: HEADER as u64,
        };
        let mut group = Group::new(self.id, self.run, place);
        let mut tail = self.tail;
        let mut attributes = Vec::new();
        let sources = marks
            .iter()
            .map(|(id, source)| Attribute::Source(id, source.clone()));
        let last = self.tail.redrive;
        let redrive = (last.batch.number > 0).then_some(Attribute::Redrive(last));
        let keys = keys.iter().map(Attribute::Known);
        for attribute in redrive.into_iter().chain(sources).chain(keys) {
            attribute.put(&mut attributes);
            if attributes.len() >= SNAPSHOT_ENTRY {
                let full = std::mem::take(&mut attributes);
                group.push(Draft::bare(Kind::Snapshot, full), &mut tail);
            }
        }
        group.push(Draft::bare(Kind::Snapshot, attributes), &mut tail);
        group
    }
}

impl Writer {
    /// Goes on in a new segment with room for `needed` bytes. Only between groups.
    pub(super) fn roll(&mut self, needed: u64) -> Result<(), Trouble> {
        self.tick();
        self.synced.running = self.tail.running;
        let old = &self.active;
        let previous = if old.is_empty {
            old.previous
        } else {
            Some(Previous {
                id: old.id,
                end: self.at,
            })
        };
        let birth = Birth {
            lane: self.shared.lane,
            run: self.shared.run,
            id: self.next_id,
            previous,
            tail: self.synced,
            needed,
            returns: if self.is_drained() || old.is_empty {
                old.bytes
            } else {
                0
            },
            must: false,
        };
        self.next_id += 1;
        let snapshot = self.shared.with_marks(|marks| {
            marks.forget(birth.tail.running);
            birth.snapshot(marks, &self.keys)
        });
        let begun = birth.begin(&mut self.space, &snapshot)?;
        self.go_on(begun)
    }

    fn go_on(&mut self, begun: Begun) -> Result<(), Trouble> {
        let Begun { active, at } = begun;
        let old = std::mem::replace(&mut self.active, active);
        self.at = at;
        self.synced.group += 1;
        self.tail = self.synced;
        self.restart_group();
        let first = self.synced.position;
        let mut segment = index::Segment::new(self.active.id, self.active.path.clone(), first, at);
        segment.allocated = self.active.bytes;
        self.shared.add(segment);
        if old.is_empty {
            // Its successor does not name it: it was never there.
            self.shared.forget(old.id);
            self.space.take_back(old.id, &old.path, old.bytes)?;
        }
        self.tell_room();
        Ok(())
    }
}
