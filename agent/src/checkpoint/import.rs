//! Taking over where another agent stands, so that this one goes on at the right byte.
//!
//! It is done once, before the first start. What the other agent's database says is held against
//! the files: a position counts only if the file is there by its inode, is long enough, and a line
//! ends at it. Files of the same flow of which the database says nothing are judged by their age:
//! what was written after the newest file it speaks of is read from its beginning, and what is
//! older was the other agent's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};
use standpipe_config::frame::GapReason;
use standpipe_config::names::{SourceId, StreamName};
use standpipe_config::settings::agent::{Settings, Start};

use super::{CheckpointError, open};
use crate::discover::Discover;
use crate::disk::{Disk, Handle, Sight};
use crate::identity::{Incarnation, PREFIX, Prefix};
use crate::progress::{Counts, Entry, Place, Progress, ProgressError, Standing, path_to_text};
use crate::split::Feeds;
use crate::tail::{line_end_before, tail_at};

/// Where another agent stands in one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Position {
    /// The file's name when it was last seen.
    pub path: PathBuf,
    /// Its device number, as `stat` gives it: both halves in one.
    pub device: u64,
    /// Its inode number.
    pub inode: u64,
    /// Bytes that the other agent is done with.
    pub offset: u64,
    /// The stream that it ships to.
    pub stream: StreamName,
}

/// What becomes of one file for one stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The file.
    pub path: PathBuf,
    /// The stream.
    pub stream: StreamName,
    /// What becomes of it.
    pub became: Became,
}

/// Where this agent begins in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Became {
    /// Behind so many bytes, where the other one was.
    Resumes(u64),
    /// Behind its last line: it is older than what the other agent read last.
    Passed(u64),
    /// At its first byte: it is newer than what the other agent read last.
    Begins,
    /// The position does not count, for this reason; the file is read as if nothing were known.
    Left(String),
}

/// Takes positions over, of several for one file the first; each `rewind` bytes before where the other agent was, at the beginning of a
/// line.
pub fn import(
    settings: &Settings,
    positions: &[Position],
    rewind: u64,
) -> Result<Vec<Taken>, CheckpointError> {
    let (_lock, progress) = open(settings)?;
    if progress.state().begun || !progress.state().sources.is_empty() {
        return Err(CheckpointError::Begun(settings.data_dir.clone()));
    }
    let discover = Discover::new(&settings.flows).map_err(CheckpointError::Pattern)?;
    let mut import = Import {
        settings,
        disk: Disk::real(),
        discover,
        progress,
        rewind,
        newest: BTreeMap::new(),
        known: Vec::new(),
        resumed: Vec::new(),
        taken: Vec::new(),
    };
    for position in positions {
        if import.has(position) {
            continue;
        }
        match import.resume(position) {
            Ok((path, offset)) => import.say(&path, &position.stream, Became::Resumes(offset)),
            Err(why) => import.say(&position.path, &position.stream, Became::Left(why)),
        }
    }
    import.others();
    import.progress.stage(&Entry::Begun);
    import.progress.sync().map_err(ProgressError::from)?;
    Ok(import.taken)
}

struct Import<'a> {
    settings: &'a Settings,
    disk: Disk,
    discover: Discover,
    progress: Progress,
    rewind: u64,
    /// When the newest file that a flow goes on in was written to.
    newest: BTreeMap<usize, i64>,
    /// Files that a flow has a position in, good or not.
    known: Vec<(usize, u64)>,
    /// Those of them that go on.
    resumed: Vec<(usize, u64)>,
    taken: Vec<Taken>,
}

impl Import<'_> {
    fn say(&mut self, path: &Path, stream: &StreamName, became: Became) {
        self.taken.push(Taken {
            path: path.to_owned(),
            stream: stream.clone(),
            became,
        });
    }

    /// Whether a position before says where the same file stands: the Kinesis Agent leaves rows of
    /// names that a file had before, older ones behind newer ones.
    fn has(&self, position: &Position) -> bool {
        let flow = self.flow_of(position);
        flow.is_ok_and(|flow| self.resumed.contains(&(flow, position.inode)))
    }

    /// Goes on where a position says; in which file and where that is, or why not.
    fn resume(&mut self, position: &Position) -> Result<(PathBuf, u64), String> {
        let flow = self.flow_of(position)?;
        self.known.push((flow, position.inode));
        let path = self.locate(position)?;
        let named = |error| format!("{} cannot be read: {error}", path.display());
        let handle = self.disk.open(&path).map_err(named)?;
        let sight = handle.look().map_err(named)?;
        if sight.size < position.offset {
            return Err(format!(
                "the file has {} bytes, fewer than the {} of the position: it was truncated",
                sight.size, position.offset
            ));
        }
        let feeds = Feeds::new(self.settings.flows[flow].encoding);
        let ends = line_end_before(&handle, feeds, position.offset).map_err(named)?;
        if ends != position.offset {
            return Err(format!("no line ends at byte {}", position.offset));
        }
        let back = position.offset.saturating_sub(self.rewind);
        let offset = line_end_before(&handle, feeds, back).map_err(named)?;
        self.stage(&path, &handle, &position.stream, offset)
            .map_err(named)?;
        self.resumed.push((flow, position.inode));
        let newest = self.newest.entry(flow).or_insert(i64::MIN);
        *newest = sight.modified.max(*newest);
        Ok((path, offset))
    }

    /// The flow that would ship the file into the position's stream.
    fn flow_of(&self, position: &Position) -> Result<usize, String> {
        let flows = self.settings.flows.iter().enumerate();
        let mut of_stream = flows.filter(|(_, flow)| flow.stream == position.stream);
        let matching = of_stream.find(|(flow, _)| self.discover.matches(*flow, &position.path));
        matching
            .map(|(flow, _)| flow)
            .ok_or_else(|| format!("no flow of the settings ships it to {}", position.stream))
    }

    /// Where the file is now: under its name, or under another one in its folder.
    fn locate(&self, position: &Position) -> Result<PathBuf, String> {
        let (device, inode) = (halves(position.device), position.inode);
        let is_it = |path: &Path| {
            let sight = self.disk.look(path);
            sight.is_ok_and(|sight| (sight.device, sight.inode) == (device, inode))
        };
        if is_it(&position.path) {
            return Ok(position.path.clone());
        }
        let folder = position.path.parent().unwrap_or(Path::new("/"));
        let names = self.disk.list(folder);
        let names = names.map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        let mut paths = names.into_iter().map(|name| folder.join(name.name));
        paths.find(|path| is_it(path)).ok_or_else(|| {
            let device = position.device;
            format!("no file with inode {inode} of device {device:x} is in its folder")
        })
    }

    /// Files that belong to flows and of which the positions say nothing.
    fn others(&mut self) {
        let found = self.discover.find(&self.disk);
        for (path, flows) in found.paths {
            for flow in flows {
                if let Ok(sight) = self.disk.look(&path)
                    && !self.known.contains(&(flow, sight.inode))
                {
                    self.other(&path, flow, &sight);
                }
            }
        }
    }

    fn other(&mut self, path: &Path, flow: usize, sight: &Sight) {
        let stream = self.settings.flows[flow].stream.clone();
        let passes = match self.newest.get(&flow) {
            Some(newest) => sight.modified < *newest,
            None => self.settings.flows[flow].start == Start::End,
        };
        let became = match passes {
            true => self.pass(path, flow, &stream),
            false => Became::Begins,
        };
        self.say(path, &stream, became);
    }

    fn pass(&mut self, path: &Path, flow: usize, stream: &StreamName) -> Became {
        let feeds = Feeds::new(self.settings.flows[flow].encoding);
        let passed = self.disk.open(path).and_then(|handle| {
            let size = handle.look()?.size;
            let end = line_end_before(&handle, feeds, size)?;
            self.stage(path, &handle, stream, end)?;
            Ok(end)
        });
        match passed {
            Ok(end) => Became::Passed(end),
            Err(error) => Became::Left(format!("it cannot be read: {error}")),
        }
    }

    /// Lets a new source begin in a file. What lies before was not for this agent.
    fn stage(
        &mut self,
        path: &Path,
        handle: &Handle,
        stream: &StreamName,
        offset: u64,
    ) -> std::io::Result<()> {
        let sight = handle.look()?;
        let mut begins = Vec::new();
        handle.read(0, PREFIX, &mut begins)?;
        let place = Place {
            offset,
            tail: tail_at(handle, offset)?,
            ..Place::beginning(0)
        };
        let mut counts = Counts::default();
        counts.pass_over(offset, GapReason::Excluded);
        let source = SourceId::mint().map_err(std::io::Error::other)?;
        self.progress.stage(&Entry::Source {
            source,
            path: path_to_text(path),
            incarnation: Incarnation::of(&sight),
            prefix: Prefix::of(&begins),
        });
        self.progress.stage(&Entry::Standing {
            source,
            stream: stream.clone(),
            standing: Standing {
                place,
                size: sight.size,
                counts,
                ..Standing::beginning(0)
            },
        });
        Ok(())
    }
}

/// A device number as a [`Sight`] has it.
fn halves(device: u64) -> u64 {
    u64::from(major(device)) << 32 | u64::from(minor(device))
}

#[cfg(test)]
mod tests;
