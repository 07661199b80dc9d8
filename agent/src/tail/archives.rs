//! Logs that were compressed before they were read to their end: the rest is read from the compressed
//! file, under the same source and at the same offsets.
//!
//! Nothing else of a compressed file is ever read. As a file of its own it would be binary, or what
//! arrived before. That a source goes on in a compressed file is durable before a byte is sent from
//! there: from then on the file is the source's, by inode and birth, and nobody else's.

use std::io;
use std::path::{Path, PathBuf};

use standpipe_config::names::SourceId;

use super::file::{compare, folder_of, known, show, tail_at};
use super::{Follower, Key};
use crate::disk::archive::{Archive, Packing, is_damage};
use crate::disk::{Handle, Kind, Sight};
use crate::identity::{Incarnation, PREFIX, Prefix, Verdict, judge};
use crate::progress::{Entry, ProgressError, Source, path_to_text};
use crate::ship::verdict::Confirmation;

/// Enough to tell how a file is compressed.
const MAGIC: usize = 4;

/// What a search for the rest of a source came to.
pub(super) enum Search {
    /// It is here.
    Found(PathBuf, Handle),
    /// It is nowhere.
    Nothing,
    /// It could not be found out.
    Unknown,
}

/// What a compressed file is to a source.
enum Match {
    Same(Handle),
    Other,
    /// It fits, but it is not whole, or not yet.
    Unfinished,
}

/// Why a compressed file was not taken for a source's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Refused {
    Other,
    Unfinished,
}

/// A compressed file as it was looked at: it changes when it is written to.
pub(super) type Looked = ((u64, i64), (u64, i64));

fn looked(sight: &Sight) -> Looked {
    let key = Incarnation::of(sight).key();
    (key, (sight.size, sight.modified))
}

impl Follower {
    /// How an open file is compressed; `None`: it is a log as it stands.
    pub(super) fn packing(&self, path: &Path, handle: &Handle) -> io::Result<Option<Packing>> {
        let mut magic = Vec::new();
        handle.read(0, MAGIC, &mut magic)?;
        Ok(Packing::of(path, &magic))
    }

    /// Whether a path leads to a compressed file that was looked at before, and that is no log.
    pub(super) fn is_passed_over(&self, sight: &Sight) -> bool {
        let (key, content) = looked(sight);
        self.passed_over.get(&key) == Some(&content)
    }

    /// A path leads to a compressed file. It is read where a source goes on in it, which is known
    /// from an earlier life; else it is passed over until it changes.
    pub(super) fn admit_archive(
        &mut self,
        (handle, packing): (Handle, Packing),
        path: &Path,
        sight: Sight,
    ) {
        let (key, content) = looked(&sight);
        let sources = &self.progress.state().sources;
        // One that was empty had another file, whose inode this one got.
        let goes_on = |source: &Source| !source.is_final() && source.prefix.length > 0;
        let unread = |id: &SourceId| sources.get(id).is_some_and(goes_on);
        if !self
            .dormant
            .get(&key)
            .is_some_and(|ids| ids.iter().any(unread))
        {
            self.passed_over.insert(key, content);
            return;
        }
        match inflated(handle, packing).and_then(|handle| self.adopt_archive(handle, path)) {
            Ok(key) => {
                self.by_path.insert(path.to_owned(), key);
                if let Some(file) = self.files.get_mut(&key) {
                    file.met = self.scans;
                }
                self.wake(key);
            }
            Err(error) => self.cannot_open(path, &error),
        }
    }

    /// Follows a compressed file under the sources that go on in it.
    fn adopt_archive(&mut self, handle: Handle, path: &Path) -> io::Result<Key> {
        let sight = handle.look()?;
        self.adopt(handle, path, sight)
    }

    /// Looks for the compressed form of a source whose file is gone, in the same folder. `last`: what
    /// is not whole now never will be.
    pub(super) fn find_archive(&mut self, id: SourceId, last: bool) -> Search {
        let Some(source) = self.progress.state().sources.get(&id).cloned() else {
            return Search::Nothing;
        };
        // A file that was empty when it was seen last may be any.
        if source.prefix.length == 0 {
            return Search::Nothing;
        }
        let folder = folder_of(&source.path).to_owned();
        let Ok(mut names) = self.disk.list(&folder) else {
            return Search::Unknown;
        };
        names.retain(|name| name.kind == Kind::File && Packing::is_named(Path::new(&name.name)));
        names.sort_by(|a, b| a.name.cmp(&b.name));
        let mut unknown = false;
        for name in names {
            let path = folder.join(&name.name);
            match self.hold_against(&path, id, &source, last) {
                Ok(Match::Same(handle)) => return Search::Found(path, handle),
                Ok(Match::Other) => {}
                Ok(Match::Unfinished) => unknown |= !last,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.cannot_open(&path, &error);
                    unknown = true;
                }
            }
        }
        match unknown {
            true => Search::Unknown,
            false => Search::Nothing,
        }
    }

    fn hold_against(
        &mut self,
        path: &Path,
        id: SourceId,
        source: &Source,
        last: bool,
    ) -> io::Result<Match> {
        let sight = self.disk.look(path)?;
        let (key, _) = looked(&sight);
        let refused = self.refused.get(&id);
        let refused = refused.and_then(|refused| refused.get(&looked(&sight)).copied());
        if refused == Some(Refused::Unfinished) && !last {
            return Ok(Match::Unfinished);
        }
        // A log is compressed after it was begun.
        let older = sight.birth != 0 && sight.birth < source.incarnation.birth;
        let taken = self.key_of(&sight).is_some() || self.dormant.contains_key(&key);
        let other = refused == Some(Refused::Other) || older || taken;
        if other || sight.kind != Kind::File {
            return Ok(Match::Other);
        }
        if !self.has_room() {
            return Err(io::Error::other(
                "too many files are open: it waits for its turn",
            ));
        }
        let found = self.compare_archive(path, id, source, last)?;
        let refused = match found {
            Match::Same(_) => return Ok(found),
            Match::Other => Refused::Other,
            Match::Unfinished => Refused::Unfinished,
        };
        let all = self.refused.entry(id).or_default();
        all.insert(looked(&sight), refused);
        Ok(found)
    }

    fn compare_archive(
        &self,
        path: &Path,
        id: SourceId,
        source: &Source,
        last: bool,
    ) -> io::Result<Match> {
        let handle = self.disk.open(path)?;
        let packing = match self.packing(path, &handle)? {
            Some(Packing::Other) => return Ok(Match::Unfinished),
            Some(packing) => packing,
            None => return Ok(Match::Other),
        };
        let mut archive = match Archive::open(handle, packing) {
            Err(error) if is_damage(&error) => return Ok(Match::Unfinished),
            opened => opened?,
        };
        if !source.prefix.begins(archive.beginning()) {
            return Ok(Match::Other);
        }
        let broken = archive.measure()?;
        let handle = Handle::Archive(Box::new(archive));
        if !is_content_of(&handle, source)? {
            return Ok(if broken.is_some() && !last {
                Match::Unfinished
            } else {
                Match::Other
            });
        }
        if broken.is_some() && !last {
            return Ok(Match::Unfinished);
        }
        if self.is_of_another(&handle, id)? {
            return Ok(Match::Other);
        }
        if let Some(error) = broken {
            tracing::warn!(path = %path.display(), %error, "a compressed file is cut or damaged; what comes before is read");
        }
        Ok(Match::Same(handle))
    }

    /// Whether a compressed file is, to its last byte, what another file held: one that is followed,
    /// or one that ended.
    fn is_of_another(&self, archive: &Handle, id: SourceId) -> io::Result<bool> {
        let size = archive.look()?.size;
        let mut beginning = Vec::new();
        archive.read(0, PREFIX, &mut beginning)?;
        let state = self.progress.state();
        let ended = state.ended.iter().filter(|other| **other != id);
        for source in ended.filter_map(|other| state.sources.get(other)) {
            let same = source.size() == size && source.prefix.begins(&beginning);
            if same && is_content_of(archive, source)? {
                return Ok(true);
            }
        }
        let files = self.files.values();
        for file in files.filter(|f| f.seen == size && f.prefix.begins(&beginning)) {
            let Some(handle) = &file.handle else {
                continue;
            };
            if let Some(tail) = tail_at(handle, size)?
                && compare(archive, size, &tail)? == Confirmation::Agrees
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A source goes on in a compressed file, and so do those that shared its file.
    pub(super) fn take_over(
        &mut self,
        id: SourceId,
        handle: Handle,
        path: &Path,
    ) -> Result<(), ProgressError> {
        let sources = &self.progress.state().sources;
        let Some(old) = sources.get(&id).map(|source| source.incarnation) else {
            return Ok(());
        };
        let sight = match handle.look() {
            Ok(sight) => sight,
            Err(error) => {
                self.cannot_open(path, &error);
                return Ok(());
            }
        };
        let sharing = self.dormant.remove(&old.key()).unwrap_or_default();
        let (mut going, mut staying) = (Vec::new(), Vec::new());
        for other in sharing {
            let source = self.progress.state().sources.get(&other).cloned();
            match source.filter(|source| is_content_of(&handle, source).unwrap_or(false)) {
                Some(source) => going.push((other, source)),
                None => staying.push(other),
            }
        }
        if !staying.is_empty() {
            self.dormant.insert(old.key(), staying);
        }
        let incarnation = Incarnation::of(&sight);
        for (source, known) in going {
            self.progress.stage(&Entry::Source {
                source,
                path: path_to_text(&known.path),
                incarnation,
                prefix: known.prefix,
            });
            self.refused.remove(&source);
            self.dormant
                .entry(incarnation.key())
                .or_default()
                .push(source);
        }
        match self.adopt(handle, path, sight) {
            Ok(key) => {
                tracing::info!(path = %path.display(), "a file was compressed before it was known to be read to its end: it goes on in the compressed one");
                self.wake(key);
            }
            Err(error) => self.cannot_open(path, &error),
        }
        self.sync_births().map(|_| ())
    }
}

/// An open compressed file as what it holds.
pub(super) fn inflated(handle: Handle, packing: Packing) -> io::Result<Handle> {
    let mut archive = Archive::open(handle, packing)?;
    archive.measure()?;
    Ok(Handle::Archive(Box::new(archive)))
}

/// Whether a compressed file holds what is known of a source, whatever file it is.
fn is_content_of(archive: &Handle, source: &Source) -> io::Result<bool> {
    let known = known(source);
    let sight = Sight {
        device: known.incarnation.device,
        inode: known.incarnation.inode,
        birth: known.incarnation.birth,
        ..archive.look()?
    };
    let mut beginning = Vec::new();
    archive.read(0, PREFIX, &mut beginning)?;
    let shown = show(archive, sight, &beginning, &known)?;
    Ok(known.prefix != Prefix::of(&[]) && judge(&known, &shown) == Verdict::Same)
}

#[cfg(test)]
mod tests;
