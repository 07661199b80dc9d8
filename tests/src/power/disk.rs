//! The disk: inodes, what programs may do with them, and the cut.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::time::SystemTime;

use rustix::io::Errno;

use super::content::{Content, PAGE, Page};
use super::folder::Folder;
use super::supply::Power;
use crate::random::Random;

mod chosen;

pub use chosen::Lost;

/// The inode of the topmost folder, as FUSE has it.
pub const ROOT: u64 = 1;

/// A page is written back at one change in so many.
const WRITE_BACK: u64 = 16;

/// So many pages of removed files are remembered.
const LEFT_OVER: usize = 64;

/// Why an operation was not done.
pub type Refused = Errno;

/// What an inode is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
}

/// What is told of an inode.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Its number.
    pub inode: u64,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed last.
    pub changed: SystemTime,
    /// How many names it has.
    pub names: u32,
}

#[derive(Clone, Debug)]
enum Holds {
    Bytes(Content),
    Entries(Folder),
}

#[derive(Clone, Debug)]
struct Inode {
    holds: Holds,
    changed: SystemTime,
    names: u32,
}

impl Inode {
    fn new(kind: Kind) -> Self {
        Self {
            holds: match kind {
                Kind::File => Holds::Bytes(Content::default()),
                Kind::Folder => Holds::Entries(Folder::default()),
            },
            changed: SystemTime::UNIX_EPOCH,
            names: 1,
        }
    }
}

/// A disk.
#[derive(Clone, Debug)]
pub struct Disk {
    inodes: BTreeMap<u64, Inode>,
    next: u64,
    random: Random,
    power: Power,
    /// Pages of files that were removed.
    left_over: Vec<Page>,
    /// Pages are written back now and then although nobody asked.
    is_restless: bool,
    full: Option<chosen::Full>,
}

impl Disk {
    /// An empty disk, its power, and the source of its misfortunes.
    pub fn new(power: &Power, random: Random) -> Self {
        Self {
            inodes: BTreeMap::from([(ROOT, Inode::new(Kind::Folder))]),
            next: ROOT + 1,
            random,
            power: power.clone(),
            left_over: Vec::new(),
            is_restless: true,
            full: None,
        }
    }

    /// Its power.
    pub fn power(&self) -> &Power {
        &self.power
    }

    /// Everything is durable, as after `sync`.
    pub fn sync_all(&mut self) {
        for inode in self.inodes.values_mut() {
            match &mut inode.holds {
                Holds::Bytes(content) => content.sync(),
                Holds::Entries(folder) => folder.sync(),
            }
        }
    }

    /// The power was gone: what was not synced meets its fate.
    pub fn cut(&mut self) {
        for inode in self.inodes.values_mut() {
            match &mut inode.holds {
                Holds::Bytes(content) => content.cut(&self.left_over, &mut self.random),
                Holds::Entries(folder) => folder.cut(&mut self.random),
            }
        }
        self.forget_unnamed();
    }

    /// Forgets what no path leads to any more, and counts names anew.
    fn forget_unnamed(&mut self) {
        let mut reached = BTreeMap::from([(ROOT, 1)]);
        let mut folders = vec![ROOT];
        while let Some(inode) = folders.pop() {
            let Ok(folder) = self.folder(inode) else {
                continue;
            };
            for entry in folder.names().values() {
                let names = reached.entry(*entry).or_insert(0);
                *names += 1;
                if *names == 1 {
                    folders.push(*entry);
                }
            }
        }
        self.inodes.retain(|inode, _| reached.contains_key(inode));
        for (inode, names) in reached {
            if let Some(inode) = self.inodes.get_mut(&inode) {
                inode.names = names;
            }
        }
    }

    /// Does a change that needs power. If the power goes at it, it is done or not, and in any case
    /// refused.
    fn change<T>(
        &mut self,
        what: impl FnOnce(&mut Self) -> Result<T, Refused>,
    ) -> Result<T, Refused> {
        self.powered()?;
        if self.power.is_spent() {
            if self.random.once_in(2) {
                let _ = what(self);
            }
            return Err(Errno::IO);
        }
        what(self)
    }

    fn powered(&self) -> Result<(), Refused> {
        match self.power.is_on() {
            true => Ok(()),
            false => Err(Errno::IO),
        }
    }

    fn inode(&self, inode: u64) -> Result<&Inode, Refused> {
        self.inodes.get(&inode).ok_or(Errno::NOENT)
    }

    fn inode_mut(&mut self, inode: u64) -> Result<&mut Inode, Refused> {
        self.inodes.get_mut(&inode).ok_or(Errno::NOENT)
    }

    fn folder(&self, inode: u64) -> Result<&Folder, Refused> {
        match &self.inode(inode)?.holds {
            Holds::Entries(folder) => Ok(folder),
            Holds::Bytes(_) => Err(Errno::NOTDIR),
        }
    }

    fn folder_mut(&mut self, inode: u64) -> Result<&mut Folder, Refused> {
        let inode = self.inode_mut(inode)?;
        inode.changed = SystemTime::now();
        match &mut inode.holds {
            Holds::Entries(folder) => Ok(folder),
            Holds::Bytes(_) => Err(Errno::NOTDIR),
        }
    }

    fn content(&self, inode: u64) -> Result<&Content, Refused> {
        match &self.inode(inode)?.holds {
            Holds::Bytes(content) => Ok(content),
            Holds::Entries(_) => Err(Errno::ISDIR),
        }
    }

    /// A file's bytes, to be changed; one of its pages may be written back.
    fn content_mut(&mut self, inode: u64) -> Result<&mut Content, Refused> {
        let inode = self.inodes.get_mut(&inode).ok_or(Errno::NOENT)?;
        inode.changed = SystemTime::now();
        match &mut inode.holds {
            Holds::Bytes(content) => {
                if self.is_restless && self.random.once_in(WRITE_BACK) {
                    content.write_back(&mut self.random);
                }
                Ok(content)
            }
            Holds::Entries(_) => Err(Errno::ISDIR),
        }
    }

    /// What is told of an inode.
    pub fn attributes(&self, inode: u64) -> Result<Attributes, Refused> {
        self.powered()?;
        let found = self.inode(inode)?;
        let (kind, size) = match &found.holds {
            Holds::Bytes(content) => (Kind::File, content.size()),
            Holds::Entries(_) => (Kind::Folder, PAGE as u64),
        };
        Ok(Attributes {
            inode,
            kind,
            size,
            changed: found.changed,
            names: found.names,
        })
    }

    /// What a name in a folder stands for.
    pub fn look_up(&self, folder: u64, name: &OsStr) -> Result<u64, Refused> {
        self.powered()?;
        self.folder(folder)?.get(name).ok_or(Errno::NOENT)
    }

    /// The entries of a folder, in the order of their inodes: what is removed while somebody reads
    /// on does not move the others.
    pub fn list(&self, folder: u64) -> Result<Vec<(u64, OsString)>, Refused> {
        self.powered()?;
        let names = self.folder(folder)?.names().iter();
        let mut entries: Vec<_> = names.map(|(name, inode)| (*inode, name.clone())).collect();
        entries.sort();
        Ok(entries)
    }

    /// Creates a file or folder; its inode.
    pub fn create(&mut self, folder: u64, name: &OsStr, kind: Kind) -> Result<u64, Refused> {
        self.change(|disk| {
            disk.free(folder, name)?;
            let inode = disk.next;
            disk.next += 1;
            disk.inodes.insert(inode, Inode::new(kind));
            disk.folder_mut(folder)?.set(name, inode);
            Ok(inode)
        })
    }

    fn free(&self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        match self.folder(folder)?.get(name) {
            Some(_) => Err(Errno::EXIST),
            None => Ok(()),
        }
    }

    /// Gives a file one more name.
    pub fn link(&mut self, inode: u64, folder: u64, name: &OsStr) -> Result<(), Refused> {
        self.change(|disk| {
            disk.content(inode)?;
            disk.free(folder, name)?;
            disk.folder_mut(folder)?.set(name, inode);
            disk.inode_mut(inode)?.names += 1;
            Ok(())
        })
    }

    /// Removes a name: of a file, or of a folder that is empty.
    pub fn remove(&mut self, folder: u64, name: &OsStr) -> Result<(), Refused> {
        self.change(|disk| {
            let inode = disk.folder(folder)?.get(name).ok_or(Errno::NOENT)?;
            disk.may_go(inode)?;
            disk.folder_mut(folder)?.remove(name);
            disk.unname(inode);
            Ok(())
        })
    }

    fn may_go(&self, inode: u64) -> Result<(), Refused> {
        match self.folder(inode) {
            Ok(folder) if !folder.names().is_empty() => Err(Errno::NOTEMPTY),
            _ => Ok(()),
        }
    }

    /// Counts a name less. What was open stays until the next cut.
    fn unname(&mut self, inode: u64) {
        let Some(inode) = self.inodes.get_mut(&inode) else {
            return;
        };
        inode.names = inode.names.saturating_sub(1);
        if let (0, Holds::Bytes(content)) = (inode.names, &inode.holds) {
            self.left_over.extend(content.pages().take(8).cloned());
            let many = self.left_over.len().saturating_sub(LEFT_OVER);
            self.left_over.drain(..many);
        }
    }

    /// Renames within a folder. What the new name stood for goes, unless that is not wanted.
    pub fn rename(
        &mut self,
        folder: u64,
        from: &OsStr,
        to: &OsStr,
        replaces: bool,
    ) -> Result<(), Refused> {
        self.change(|disk| {
            let entries = disk.folder(folder)?;
            let inode = entries.get(from).ok_or(Errno::NOENT)?;
            let gone = entries.get(to).filter(|gone| *gone != inode);
            if entries.get(to).is_some() && !replaces {
                return Err(Errno::EXIST);
            }
            if let Some(gone) = gone {
                disk.may_go(gone)?;
            }
            disk.folder_mut(folder)?.rename(from, to);
            gone.into_iter().for_each(|gone| disk.unname(gone));
            Ok(())
        })
    }

    /// Bytes of a file; fewer than `length` at its end.
    pub fn read(&self, inode: u64, at: u64, length: usize) -> Result<Vec<u8>, Refused> {
        self.powered()?;
        Ok(self.content(inode)?.read(at, length))
    }

    /// Writes bytes into a file.
    pub fn write(&mut self, inode: u64, at: u64, bytes: &[u8]) -> Result<(), Refused> {
        self.has_room(inode)?;
        self.change(|disk| {
            disk.content_mut(inode)
                .map(|content| content.write(at, bytes))
        })
    }

    /// Cuts a file, or lets it grow by zeros.
    pub fn resize(&mut self, inode: u64, size: u64) -> Result<(), Refused> {
        self.change(|disk| disk.content_mut(inode).map(|content| content.resize(size)))
    }

    /// Allocates space of a file up to `end`.
    pub fn allocate(&mut self, inode: u64, end: u64, keeps_size: bool) -> Result<(), Refused> {
        self.change(|disk| {
            disk.content_mut(inode)
                .map(|content| content.allocate(end, keeps_size))
        })
    }

    /// `fsync` of a file: its bytes and its size are durable. Its name need not be.
    pub fn sync(&mut self, inode: u64) -> Result<(), Refused> {
        self.change(|disk| disk.content_mut(inode).map(|content| content.sync()))?;
        self.becomes_full(inode)
    }

    /// `fsync` of a folder: its entries are durable.
    pub fn sync_folder(&mut self, inode: u64) -> Result<(), Refused> {
        self.change(|disk| disk.folder_mut(inode).map(|folder| folder.sync()))
    }
}

#[cfg(test)]
mod tests;
