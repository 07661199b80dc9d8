//! What a checkpoint's entries add up to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use standpipe_config::names::{Arrival, LaneId};

use super::entry::{Counts, Entry, Role, Seal, SealedFile, Snapshot, Version};
use crate::spool::SpoolFile;

/// What the books know for good (rule 34): each accepted record once, when its object was
/// delivered. Counted since the stream's birth.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Settled {
    /// In a delivered data object.
    pub delivered: Counts,
    /// In a delivered error object, by error type.
    pub failed: BTreeMap<String, Counts>,
    /// Left out by a transform.
    pub dropped: Counts,
    /// Copies delivered by source backup, which are in no book but this.
    pub backup: Counts,
    /// Objects delivered, of every role.
    pub objects: u64,
}

/// What lies sealed in the spool and is not delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sealed {
    /// Records that wait for their object's delivery.
    pub waiting: Counts,
    /// The oldest arrival among them.
    pub oldest: Option<Arrival>,
    /// Files, backup not counted.
    pub files: u64,
    /// Bytes of all objects, backup included.
    pub bytes: u64,
    /// Copies of source backup that wait.
    pub backup: Counts,
    /// Files of source backup.
    pub backup_files: u64,
}

/// What a lane remembers.
#[derive(Clone, PartialEq, Debug)]
pub struct State {
    /// The lane whose positions these are.
    pub lane: LaneId,
    /// Sealed up to here.
    pub position: u64,
    /// Number of the next seal.
    pub next_seal: u64,
    /// Id of the next file.
    pub next_file: u64,
    /// Which settings the stream runs with.
    pub version: Version,
    /// What the books know for good.
    pub settled: Settled,
    /// Sealed files that are not delivered, by id.
    pub files: BTreeMap<u64, Arc<SealedFile>>,
}

impl State {
    /// The state of a lane that has done nothing yet.
    pub fn new(lane: LaneId) -> Self {
        Self {
            lane,
            position: 0,
            next_seal: 1,
            next_file: 1,
            version: Version::default(),
            settled: Settled::default(),
            files: BTreeMap::new(),
        }
    }

    /// The state that entries add up to; the first one must be a snapshot.
    pub fn replay(entries: impl IntoIterator<Item = Entry>) -> Result<Self, String> {
        let mut entries = entries.into_iter();
        let Some(Entry::Snapshot(first)) = entries.next() else {
            return Err("it does not begin with a snapshot".into());
        };
        let mut state = Self::new(first.lane);
        state.restore(first);
        for entry in entries {
            state.apply(entry)?;
        }
        Ok(state)
    }

    /// Changes the state as an entry says; an entry that cannot follow is refused.
    pub fn apply(&mut self, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Snapshot(_) => return Err("it has a snapshot in its middle".into()),
            Entry::File(file) => self.add(file)?,
            Entry::Settings(version) => self.version = version,
            Entry::Sealed(seal) => self.seal(seal)?,
            Entry::Attempted { file, attempts } => {
                let file = self.files.get_mut(&file).ok_or_else(|| unnamed(file))?;
                Arc::make_mut(file).attempts = attempts;
            }
            Entry::Delivered { file } => {
                let file = self.take(file)?;
                self.settle(&file);
            }
            Entry::Diverted {
                file,
                added,
                delivered,
            } => {
                self.take(file)?;
                if delivered.records > 0 {
                    self.settled.objects += 1;
                    self.settled.delivered += delivered;
                }
                self.add(added)?;
            }
        }
        Ok(())
    }

    /// The entries of a snapshot of this state.
    pub fn snapshot(&self) -> Vec<Entry> {
        let numbers = Entry::Snapshot(Snapshot {
            lane: self.lane,
            position: self.position,
            next_seal: self.next_seal,
            next_file: self.next_file,
            version: self.version.clone(),
            settled: self.settled.clone(),
        });
        let files = self.files.values().map(|f| Entry::File((**f).clone()));
        std::iter::once(numbers).chain(files).collect()
    }

    /// What lies sealed and waits, counted file by file.
    pub fn sealed(&self) -> Sealed {
        let mut sealed = Sealed::default();
        for file in self.files.values() {
            sealed.bytes += file.object.size;
            if file.role == Role::Backup {
                sealed.backup += file.counts;
                sealed.backup_files += 1;
            } else {
                sealed.waiting += file.counts;
                sealed.files += 1;
                sealed.oldest = Some(sealed.oldest.unwrap_or(file.oldest).min(file.oldest));
            }
        }
        sealed
    }

    /// A file, and with it, where its target takes a seal at once, the other data files of the seal;
    /// none if it is not there any more.
    pub fn group(&self, id: u64) -> Vec<Arc<SealedFile>> {
        let Some(first) = self.files.get(&id) else {
            return Vec::new();
        };
        if !first.goes_with_its_seal() {
            return vec![first.clone()];
        }
        // Files of one seal have numbers close together; error files made since may lie between.
        let near = self.files.range(id..).map(|(_, file)| file);
        let near = near.take_while(|file| file.role != Role::Data || file.seal == first.seal);
        let of_it = near.filter(|f| f.role == Role::Data && f.target == first.target);
        of_it.cloned().collect()
    }

    fn restore(&mut self, snapshot: Snapshot) {
        self.position = snapshot.position;
        self.next_seal = snapshot.next_seal;
        self.next_file = snapshot.next_file;
        self.version = snapshot.version;
        self.settled = snapshot.settled;
    }

    fn seal(&mut self, seal: Seal) -> Result<(), String> {
        if seal.position < self.position {
            return Err(format!(
                "seal {} goes back from position {} to {}",
                seal.number, self.position, seal.position
            ));
        }
        self.position = seal.position;
        self.next_seal = seal.number + 1;
        self.settled.dropped += seal.dropped;
        seal.files.into_iter().try_for_each(|file| self.add(file))
    }

    fn add(&mut self, file: SealedFile) -> Result<(), String> {
        // Not by its id alone: what is kept for a refusal has numbers of its own.
        let numbers = file.spool_files().filter_map(SpoolFile::number);
        let last = numbers.fold(file.id, u64::max);
        self.next_file = self.next_file.max(last + 1);
        let id = file.id;
        match self.files.insert(id, Arc::new(file)) {
            Some(_) => Err(format!("it names file {id} twice")),
            None => Ok(()),
        }
    }

    fn take(&mut self, id: u64) -> Result<Arc<SealedFile>, String> {
        self.files.remove(&id).ok_or_else(|| unnamed(id))
    }

    fn settle(&mut self, file: &SealedFile) {
        self.settled.objects += 1;
        match &file.role {
            Role::Data => self.settled.delivered += file.counts,
            Role::Backup => self.settled.backup += file.counts,
            Role::Error(kind) => {
                *self.settled.failed.entry(kind.clone()).or_default() += file.counts;
            }
        }
    }
}

fn unnamed(id: u64) -> String {
    format!("it speaks of file {id}, which it does not name")
}
