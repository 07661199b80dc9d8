//! A file system in memory, for the tests: it renames, truncates, deletes, reuses inode numbers,
//! and takes the process down before any step it is told to.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Kind, Name, Sight};

/// What `kill -9` is in a test: a panic that only the simulator catches.
pub(crate) const KILLED: &str = "killed";

/// What happens in so many steps.
type Later = (u64, Box<dyn FnOnce()>);

thread_local! {
    /// Steps until the kill; `None`: it never comes.
    static STEPS: Cell<Option<u64>> = const { Cell::new(None) };
    /// What somebody else does, and in how many steps.
    static ACT: Cell<Option<Later>> = const { Cell::new(None) };
}

/// Lets the process die before its nth step from now on the file system or in its progress.
pub(crate) fn kill_after(steps: Option<u64>) {
    STEPS.set(steps);
}

/// Lets something happen before the nth step from now on.
fn before_step(steps: u64, act: impl FnOnce() + 'static) {
    ACT.set(Some((steps, Box::new(act))));
}

/// One step. Dies if its time has come.
pub(crate) fn step() {
    match ACT.take() {
        Some((0, act)) => act(),
        Some((left, act)) => ACT.set(Some((left - 1, act))),
        None => {}
    }
    match STEPS.get() {
        Some(0) => {
            STEPS.set(None);
            std::panic::resume_unwind(Box::new(KILLED));
        }
        Some(left) => STEPS.set(Some(left - 1)),
        None => {}
    }
}

#[derive(Debug, Default)]
struct Node {
    bytes: Vec<u8>,
    birth: i64,
    links: u32,
    modified: i64,
    changed: i64,
}

#[derive(Debug, Default)]
struct State {
    nodes: BTreeMap<u64, Arc<Mutex<Node>>>,
    names: BTreeMap<PathBuf, u64>,
    births: i64,
    now: Duration,
    /// Paths that cannot be opened.
    locked: Vec<PathBuf>,
    /// Nothing is mounted on the folder: it is another one, and empty.
    unmounted: bool,
    /// It does not tell when files were born.
    birthless: bool,
}

/// The file system. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

/// An open file.
#[derive(Clone, Debug)]
pub struct Open {
    inode: u64,
    node: Arc<Mutex<Node>>,
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn sight(inode: u64, node: &Node) -> Sight {
    Sight {
        device: 1,
        inode,
        birth: node.birth,
        size: node.bytes.len() as u64,
        modified: node.modified,
        changed: node.changed,
        links: node.links,
        kind: Kind::File,
    }
}

impl Memory {
    pub(crate) fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    pub(crate) fn wait(&self, time: Duration) {
        self.0.lock().unwrap().now += time;
    }

    pub(crate) fn look(&self, path: &Path) -> io::Result<Sight> {
        step();
        let state = self.0.lock().unwrap();
        if path == Path::new("/log") {
            return Ok(Sight {
                kind: Kind::Folder,
                device: 1 + u64::from(state.unmounted),
                ..sight(0, &Node::default())
            });
        }
        let inode = *state.mounted(path).ok_or_else(absent)?;
        let node = state.nodes[&inode].lock().unwrap();
        Ok(sight(inode, &node))
    }

    pub(crate) fn open(&self, path: &Path) -> io::Result<Open> {
        step();
        let state = self.0.lock().unwrap();
        if state.locked.iter().any(|locked| locked == path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let inode = *state.mounted(path).ok_or_else(absent)?;
        let node = state.nodes[&inode].clone();
        Ok(Open { inode, node })
    }

    /// There is one folder, `/log`.
    pub(crate) fn list(&self, folder: &Path) -> io::Result<Vec<Name>> {
        step();
        let state = self.0.lock().unwrap();
        let names = state
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder) && !state.unmounted);
        Ok(names
            .filter_map(|(path, inode)| {
                Some(Name {
                    name: path.file_name()?.to_owned(),
                    kind: Kind::File,
                    inode: *inode,
                })
            })
            .collect())
    }

    /// Appends, and creates the file if need be, on the lowest free inode number as ext4 does.
    pub(crate) fn append(&self, path: &str, bytes: &[u8]) {
        let mut state = self.0.lock().unwrap();
        let inode = match state.names.get(Path::new(path)) {
            Some(inode) => *inode,
            None => state.create(path),
        };
        let mut node = state.nodes[&inode].lock().unwrap();
        node.bytes.extend_from_slice(bytes);
        node.modified += 1;
    }

    /// A descriptor, through which is appended whatever becomes of the name.
    pub(crate) fn open_to_append(&self, path: &str) -> impl Fn(&[u8]) + use<> {
        let state = self.0.lock().unwrap();
        let node = state.nodes[&state.names[Path::new(path)]].clone();
        move |bytes| {
            let mut node = node.lock().unwrap();
            node.bytes.extend_from_slice(bytes);
            node.modified += 1;
        }
    }

    pub(crate) fn content(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.0.lock().unwrap();
        let inode = state.names.get(Path::new(path))?;
        Some(state.nodes[inode].lock().unwrap().bytes.clone())
    }

    /// The inode number and birth of a path: what a test calls one incarnation.
    pub(crate) fn incarnation(&self, path: &str) -> Option<(u64, i64)> {
        let state = self.0.lock().unwrap();
        let inode = *state.names.get(Path::new(path))?;
        let birth = state.nodes[&inode].lock().unwrap().birth;
        Some((inode, birth))
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        if self.content(from).is_none() {
            return;
        }
        self.delete(to);
        let mut state = self.0.lock().unwrap();
        if let Some(inode) = state.names.remove(Path::new(from)) {
            state.names.insert(to.into(), inode);
        }
    }

    /// Compresses a file, and deletes it; `packed` is added to what it holds already.
    pub(crate) fn pack(&self, path: &str, packed: &str) {
        if let Some(content) = self.content(path) {
            self.append(packed, &gzip(&content));
            self.delete(path);
        }
    }

    pub(crate) fn truncate(&self, path: &str, size: usize) {
        let state = self.0.lock().unwrap();
        if let Some(inode) = state.names.get(Path::new(path)) {
            let mut node = state.nodes[inode].lock().unwrap();
            node.bytes.truncate(size);
            node.modified += 1;
        }
    }

    pub(crate) fn delete(&self, path: &str) {
        let mut state = self.0.lock().unwrap();
        if let Some(inode) = state.names.remove(Path::new(path)) {
            let births = state.births;
            let mut node = state.nodes[&inode].lock().unwrap();
            node.links -= 1;
            // Later than the birth of any file that is there, and not than that of the next one.
            node.changed = births + 1;
        }
    }

    /// Lets somebody do something before the nth step from now on.
    pub(crate) fn act_after(&self, steps: u64, act: impl FnOnce(&Self) + 'static) {
        let memory = self.clone();
        before_step(steps, move || act(&memory));
    }

    /// From now on births are not told, or are.
    pub(crate) fn hide_births(&self, hidden: bool) {
        self.0.lock().unwrap().birthless = hidden;
    }

    /// Takes the file system away, or gives it back.
    pub(crate) fn unmount(&self, unmounted: bool) {
        self.0.lock().unwrap().unmounted = unmounted;
    }

    /// Makes a path impossible to open, or possible again.
    pub(crate) fn lock(&self, path: &str, locked: bool) {
        let mut state = self.0.lock().unwrap();
        state.locked.retain(|other| other != Path::new(path));
        if locked {
            state.locked.push(path.into());
        }
    }
}

/// The bytes of a `.gz` file.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

impl State {
    fn mounted(&self, path: &Path) -> Option<&u64> {
        self.names.get(path).filter(|_| !self.unmounted)
    }

    /// An inode number is free when no name and no open file holds it.
    fn create(&mut self, path: &str) -> u64 {
        self.nodes
            .retain(|_, node| Arc::strong_count(node) > 1 || node.lock().unwrap().links > 0);
        let free = (1..).find(|inode| !self.nodes.contains_key(inode)).unwrap();
        self.births += 1;
        let node = Node {
            bytes: Vec::new(),
            birth: if self.birthless { 0 } else { self.births },
            links: 1,
            modified: 0,
            changed: 0,
        };
        self.nodes.insert(free, Arc::new(Mutex::new(node)));
        self.names.insert(path.into(), free);
        free
    }
}

impl Open {
    pub(crate) fn look(&self) -> io::Result<Sight> {
        step();
        Ok(sight(self.inode, &self.node.lock().unwrap()))
    }

    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        step();
        let node = self.node.lock().unwrap();
        let rest = node.bytes.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}
