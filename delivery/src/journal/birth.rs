//! Opening a journal: recovery, a fresh run (rule 13), and a new segment, all durable before a
//! door opens.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use standpipe_config::faults;
use standpipe_config::files::{FileError, create_folder, remove};
use standpipe_config::names::Run;

use super::entry;
use super::group::Group;
use super::index;
use super::local::{OpenError, Options};
use super::recovery::{Recovered, recover};
use super::roll::{Begun, Birth};
use super::shared::{Born, Shared};
use super::space::{Space, Trouble};
use super::tail::Memory;
use super::writer::Writer;

/// The smallest segment, in bytes.
const SMALLEST: u64 = 64 * 1024;

/// The share of the quota that one segment takes at most.
const SHARE: u64 = 8;

/// Recovers the journal in `folder` and makes it ready for the writer thread.
pub(super) fn open(folder: &Path, options: &Options) -> Result<Writer, OpenError> {
    create_folder(folder)?;
    let mut found = recover(folder, options.sealed)?;
    let mut space = open_space(folder, options, &mut found)?;
    let birth = Birth {
        lane: found.lane,
        run: Run::mint()?,
        id: found.next_id,
        previous: found.previous,
        tail: found.memory.tail,
        needed: 0,
        returns: 0,
        must: true,
    };
    let Memory { marks, keys, .. } = &mut found.memory;
    marks.forget(birth.tail.running);
    let snapshot = birth.snapshot(marks, keys);
    let begun = birth
        .begin(&mut space, &snapshot)
        .map_err(|trouble| match trouble {
            Trouble::Full(full) => OpenError::Full(full),
            Trouble::File(error) => OpenError::File(error),
        })?;
    faults::reach("recovery", "run-durable");
    for leftover in &found.leftovers {
        remove(leftover)?;
    }
    let mut writer = writer(folder, (birth, begun), found, (space, options));
    writer.released = options.sealed.unwrap_or(0);
    writer.release_segments()?;
    Ok(writer)
}

fn open_space(folder: &Path, options: &Options, found: &mut Recovered) -> Result<Space, FileError> {
    let share = options.quota.bytes() / SHARE;
    let bytes = options.segment_bytes.min(share).max(SMALLEST);
    let recycled = std::mem::take(&mut found.recycled);
    let sizes = (bytes.next_multiple_of(4096), options.recycled);
    let mut space = Space::new(folder, sizes, Arc::clone(&options.quota), recycled)?;
    for segment in &found.index.segments {
        space.take(segment.allocated);
    }
    Ok(space)
}

fn writer(
    folder: &Path,
    (birth, begun): (Birth, Begun),
    found: Recovered,
    (space, options): (Space, &Options),
) -> Writer {
    let Begun { active, at } = begun;
    let Memory {
        mut tail,
        marks,
        keys,
    } = found.memory;
    tail.group += 1;
    let mut index = found.index;
    let mut segment = index::Segment::new(active.id, active.path.clone(), tail.position, at);
    segment.allocated = active.bytes;
    index.segments.push_back(segment);
    let born = Born {
        folder: folder.to_owned(),
        lane: birth.lane,
        run: birth.run,
        index,
        tail,
        marks,
    };
    let shared = Shared::new(born, space.segment_bytes(), Arc::clone(&options.quota));
    let place = entry::Group {
        number: tail.group,
        at,
    };
    Writer {
        shared: Arc::new(shared),
        space,
        group: Group::new(active.id, birth.run, place),
        active,
        next_id: birth.id + 1,
        waiters: Vec::new(),
        keys,
        synced: tail,
        tail,
        at,
        released: 0,
        clock: (tail.running, Instant::now()),
        is_unrested: false,
    }
}
