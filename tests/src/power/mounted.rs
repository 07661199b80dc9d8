//! A disk as programs get it: mounted by FUSE.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use fuser::{
    BackgroundSession, BsdFileFlags, Config, Errno, FileAttr, FileHandle, FileType, Filesystem,
    FopenFlags, Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr,
    ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyStatfs, ReplyWrite,
    Request, TimeOrNow, WriteFlags,
};
use rustix::mount::{UnmountFlags, unmount};

use super::content::PAGE;
use super::disk::{Attributes, Disk, Kind, Refused};
use super::supply::Power;
use crate::random::Random;
use crate::trouble::{Attempting, Outcome, Trouble};

/// For how long the kernel may believe what it was told: nobody else changes the disk.
const BELIEVED: Duration = Duration::from_secs(3600);

/// Pages that the disk says it has, and that are free: 64 GiB.
const PAGES: u64 = 16 << 20;

/// `FALLOC_FL_KEEP_SIZE`, from linux/falloc.h.
const KEEP_SIZE: i32 = 1;

/// Why no disk can be mounted here, if so: it is tried.
pub fn why_not() -> Option<String> {
    let tried = tempfile::tempdir()
        .map_err(Trouble::from)
        .and_then(|folder| {
            let disk = Disk::new(&Power::default(), Random::seeded(0));
            Mounted::new(disk, folder.path()).map(drop)
        });
    tried.err().map(|trouble| format!("FUSE: {trouble}"))
}

/// A disk at a place in the tree. Taken away when dropped.
pub struct Mounted {
    disk: Arc<Mutex<Disk>>,
    at: PathBuf,
    session: Option<BackgroundSession>,
}

impl Mounted {
    /// Mounts a disk at a folder, which is created if need be.
    pub fn new(disk: Disk, at: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(at).attempting(format!("create {}", at.display()))?;
        let mut mounted = Self {
            disk: Arc::new(Mutex::new(disk)),
            at: at.to_owned(),
            session: None,
        };
        mounted.bring_back()?;
        Ok(mounted)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.at
    }

    /// The disk.
    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    /// Takes it away. Whoever used it should be dead.
    pub fn take_away(&mut self) -> Outcome {
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        let what = format!("unmount {}", self.at.display());
        match unmount(&self.at, UnmountFlags::DETACH) {
            // Its end is the end of the last file that somebody has open. Asked for one more request
            // just then, the kernel says that the connection is no more: that is the end, too.
            Ok(()) => match session.guard.join().map_err(|_| Trouble::new(&what))? {
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => Ok(()),
                other => other,
            },
            // Not as root: by fusermount3.
            Err(_) => session.umount_and_join(),
        }
        .attempting(what)
    }

    /// Mounts it again.
    pub fn bring_back(&mut self) -> Outcome {
        let what = format!("mount a disk at {}", self.at.display());
        let mut options = Config::default();
        options.mount_options = vec![MountOption::FSName("power".to_owned())];
        let session = fuser::spawn_mount(Served(self.disk.clone()), &self.at, &options);
        self.session = Some(session.attempting(what)?);
        Ok(())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if let Err(trouble) = self.take_away() {
            println!("{trouble}");
        }
    }
}

fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the kernel.
struct Served(Arc<Mutex<Disk>>);

impl Served {
    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.0)
    }

    fn entry(&self, inode: Result<u64, Refused>, reply: ReplyEntry) {
        let found = inode.and_then(|inode| self.disk().attributes(inode));
        match found {
            Ok(found) => reply.entry(&BELIEVED, &told(&found), Generation(0)),
            Err(refused) => reply.error(said(refused)),
        }
    }
}

fn empty(done: Result<(), Refused>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(refused) => reply.error(said(refused)),
    }
}

fn said(refused: Refused) -> Errno {
    Errno::from_i32(refused.raw_os_error())
}

fn kind(kind: Kind) -> FileType {
    match kind {
        Kind::File => FileType::RegularFile,
        Kind::Folder => FileType::Directory,
    }
}

fn told(of: &Attributes) -> FileAttr {
    FileAttr {
        ino: INodeNo(of.inode),
        size: of.size,
        blocks: of.size.div_ceil(512),
        atime: of.changed,
        mtime: of.changed,
        ctime: of.changed,
        crtime: of.changed,
        kind: kind(of.kind),
        perm: 0o755,
        nlink: of.names,
        uid: rustix::process::getuid().as_raw(),
        gid: rustix::process::getgid().as_raw(),
        rdev: 0,
        blksize: PAGE as u32,
        flags: 0,
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let inode = self.disk().look_up(parent.0, name);
        self.entry(inode, reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.disk().attributes(ino.0) {
            Ok(found) => reply.attr(&BELIEVED, &told(&found)),
            Err(refused) => reply.error(said(refused)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut disk = self.disk();
        let resized = size.map_or(Ok(()), |size| disk.resize(ino.0, size));
        match resized.and_then(|()| disk.attributes(ino.0)) {
            Ok(found) => reply.attr(&BELIEVED, &told(&found)),
            Err(refused) => reply.error(said(refused)),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        let inode = self.disk().create(parent.0, name, Kind::Folder);
        self.entry(inode, reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut disk = self.disk();
        let created = disk.create(parent.0, name, Kind::File);
        match created.and_then(|inode| disk.attributes(inode)) {
            Ok(found) => reply.created(
                &BELIEVED,
                &told(&found),
                Generation(0),
                FileHandle(0),
                FopenFlags::empty(),
            ),
            Err(refused) => reply.error(said(refused)),
        }
    }

    fn link(
        &self,
        _: &Request,
        ino: INodeNo,
        newparent: INodeNo,
        newname: &OsStr,
        reply: ReplyEntry,
    ) {
        let linked = self.disk().link(ino.0, newparent.0, newname);
        self.entry(linked.map(|()| ino.0), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.disk().remove(parent.0, name), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.disk().remove(parent.0, name), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        if parent != newparent || flags.contains(RenameFlags::RENAME_EXCHANGE) {
            return reply.error(Errno::EXDEV);
        }
        let replaces = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        empty(self.disk().rename(parent.0, name, newname, replaces), reply);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().read(ino.0, offset, size as usize) {
            Ok(bytes) => reply.data(&bytes),
            Err(refused) => reply.error(said(refused)),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.disk().write(ino.0, offset, data) {
            Ok(()) => reply.written(data.len() as u32),
            Err(refused) => reply.error(said(refused)),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.disk().sync(ino.0), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.disk().sync_folder(ino.0), reply);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let disk = self.disk();
        let entries = match disk.list(ino.0) {
            Ok(entries) => entries,
            Err(refused) => return reply.error(said(refused)),
        };
        for (inode, name) in entries.iter().filter(|(inode, _)| *inode > offset) {
            let found = disk.attributes(*inode).map(|found| found.kind);
            let kind = kind(found.unwrap_or(Kind::File));
            if reply.add(INodeNo(*inode), *inode, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            PAGES,
            PAGES,
            PAGES,
            PAGES,
            PAGES,
            PAGE as u32,
            255,
            PAGE as u32,
        );
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        match mode {
            0 | KEEP_SIZE => {
                let keeps_size = mode == KEEP_SIZE;
                let allocated = self.disk().allocate(ino.0, offset + length, keeps_size);
                empty(allocated, reply);
            }
            _ => reply.error(Errno::EOPNOTSUPP),
        }
    }
}

#[cfg(test)]
mod tests;
