//! What a scene decides and chance does not: what is lost at a cut, and which file finds the disk
//! full.

use std::collections::BTreeMap;

use super::{Disk, Errno, Holds, Refused};

/// What is lost of what was not synced. All else is there.
#[derive(Clone, Copy, Debug)]
pub enum Lost {
    /// The bytes of files whose name begins with this.
    Bytes(&'static str),
    /// The entries of folders that are called this; the topmost is called "".
    Names(&'static str),
    /// The entries of all folders.
    AllNames,
}

/// A file that finds the disk full.
#[derive(Clone, Debug)]
pub(super) struct Full {
    /// What its name begins with.
    prefix: String,
    /// Refused so often.
    times: u64,
}

impl Disk {
    /// Writes nothing back unless it is asked to: what was not synced is lost if a cut says so.
    pub fn calm(mut self) -> Self {
        self.is_restless = false;
        self
    }

    /// The bytes of a file are durable: of one that no program of ours wrote.
    pub fn sync_bytes_of(&mut self, name: &str) {
        let called = self.called();
        for (inode, found) in &mut self.inodes {
            if let (Some(own), Holds::Bytes(content)) = (called.get(inode), &mut found.holds)
                && own == name
            {
                content.sync();
            }
        }
    }

    /// The power was gone: of what was not synced, only this is lost. There is room again.
    pub fn cut_losing(&mut self, lost: Lost) {
        self.full = None;
        let called = self.called();
        for (inode, found) in &mut self.inodes {
            let name = called.get(inode).map_or("", String::as_str);
            match &mut found.holds {
                Holds::Bytes(content) => {
                    let gone = matches!(lost, Lost::Bytes(prefix) if name.starts_with(prefix));
                    content.settle(!gone);
                }
                Holds::Entries(folder) => folder.settle(match lost {
                    Lost::Bytes(_) => true,
                    Lost::Names(called) => name != called,
                    Lost::AllNames => false,
                }),
            }
        }
        self.forget_unnamed();
    }

    /// A name of each inode that has one.
    fn called(&self) -> BTreeMap<u64, String> {
        let folders = self.inodes.values().filter_map(|inode| match &inode.holds {
            Holds::Entries(folder) => Some(folder),
            Holds::Bytes(_) => None,
        });
        let names = folders.flat_map(|folder| folder.names());
        names
            .map(|(name, inode)| (*inode, name.to_string_lossy().into_owned()))
            .collect()
    }

    /// The next sync of a file whose name begins with this says that the disk is full, although all
    /// of its bytes are durable then: the room was missing for something else. From then on nothing
    /// can be written to it.
    pub fn fill(&mut self, prefix: &str) {
        self.full = Some(Full {
            prefix: prefix.to_owned(),
            times: 0,
        });
    }

    /// How often a file found the disk full.
    pub fn refusals(&self) -> u64 {
        self.full.as_ref().map_or(0, |full| full.times)
    }

    /// Whether a file may be written to.
    pub(super) fn has_room(&mut self, inode: u64) -> Result<(), Refused> {
        match self.full_for(inode) {
            Some(full) if full.times > 0 => {
                full.times += 1;
                Err(Errno::NOSPC)
            }
            _ => Ok(()),
        }
    }

    /// A file was synced; whether the disk says that it is full from now on.
    pub(super) fn becomes_full(&mut self, inode: u64) -> Result<(), Refused> {
        match self.full_for(inode) {
            Some(full) if full.times == 0 => {
                full.times = 1;
                Err(Errno::NOSPC)
            }
            _ => Ok(()),
        }
    }

    fn full_for(&mut self, inode: u64) -> Option<&mut Full> {
        let prefix = &self.full.as_ref()?.prefix;
        let name = self.called().remove(&inode)?;
        match name.starts_with(prefix) {
            true => self.full.as_mut(),
            false => None,
        }
    }
}
