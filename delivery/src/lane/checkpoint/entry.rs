//! What a checkpoint says, entry by entry (rule 32).
//!
//! An entry is a JSON object with its kind under `entry`. Members that this code does not know are
//! passed over; a kind that it does not know is passed over only if the entry says
//! `"optional": true`, because what is not understood may be a file that must be delivered.

use std::fmt;

use serde::{Deserialize, Serialize};
use standpipe_config::names::{Arrival, LaneId, Run};

use super::state::Settled;
use crate::destination::{Attempts, Target};
use crate::spool::SpoolFile;

/// One entry of a checkpoint.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// First in every snapshot: all that is not a file.
    Snapshot(Snapshot),
    /// A sealed file that was not delivered when the snapshot was taken.
    File(SealedFile),
    /// The stream's settings are others now.
    Settings(Version),
    /// A batch was sealed.
    Sealed(Seal),
    /// An attempt to deliver a file left something to remember (rule 26).
    Attempted {
        /// The file's id.
        file: u64,
        /// What to remember, in the place of what was.
        attempts: Attempts,
    },
    /// A file was delivered.
    Delivered {
        /// Its id.
        file: u64,
    },
    /// A destination refused a file for good, or rows of it; these lie in another now (rule 18).
    Diverted {
        /// The id of the file refused.
        file: u64,
        /// The error file that took its place.
        added: SealedFile,
        /// Those of its records that were delivered, whole.
        #[serde(default)]
        delivered: Counts,
    },
}

/// All that a checkpoint knows but the files.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The lane whose positions these are.
    pub lane: LaneId,
    /// Sealed up to here.
    pub position: u64,
    /// Number of the next seal.
    pub next_seal: u64,
    /// Id of the next file.
    pub next_file: u64,
    /// The stream's version, and of which settings.
    pub version: Version,
    /// What was settled since the stream's birth.
    pub settled: Settled,
}

/// Which settings a stream runs with.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Version {
    /// 1 for the first, one more with each change; part of object names.
    pub number: u64,
    /// A fingerprint of the settings as kept; empty before the first.
    pub settings: String,
}

/// The moment a batch's files became final.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Seal {
    /// Counts the seals of the lane, from 1.
    pub number: u64,
    /// Sealed up to here: the first position of the next batch.
    pub position: u64,
    /// Records that a transform left out.
    #[serde(default)]
    pub dropped: Counts,
    /// The files that the batch became.
    pub files: Vec<SealedFile>,
}

/// Records as accepted, and their bytes as accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Records.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
    }
}

impl Counts {
    /// What is left without `others`, which are part of these.
    pub fn without(self, others: Self) -> Self {
        Self {
            records: self.records.saturating_sub(others.records),
            bytes: self.bytes.saturating_sub(others.bytes),
        }
    }

    /// The smaller of each.
    pub fn min(self, other: Self) -> Self {
        Self {
            records: self.records.min(other.records),
            bytes: self.bytes.min(other.bytes),
        }
    }
}

/// A sealed file: final, synced, and to be delivered under its name until it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SealedFile {
    /// Its number in this lane's spool.
    pub id: u64,
    /// What it is.
    pub role: Role,
    /// Where it goes, whatever the settings say by then (rule 16).
    pub target: Target,
    /// Its name there.
    pub key: String,
    /// As what it goes, or its rows do, if the target refuses them (rule 18).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_key: Option<String>,
    /// Where that goes; `None`: to the target itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_target: Option<Target>,
    /// The number of its seal.
    #[serde(default)]
    pub seal: u64,
    /// The accepted records whose fate it decides.
    pub counts: Counts,
    /// Its rows.
    pub rows: u64,
    /// Position of its first record.
    pub first: u64,
    /// Position of its last record.
    #[serde(default)]
    pub last: u64,
    /// The run of its first record.
    pub run: Run,
    /// The oldest arrival among its records.
    pub oldest: Arrival,
    /// The object to deliver.
    pub object: SpoolFile,
    /// SHA-256 of the object, in hex (rule 17).
    pub hash: String,
    /// Its `Content-Encoding`, such as `gzip`; `None`: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The rows it was made of, with their index (rule 31). The data file is the object itself
    /// where rows are delivered as they were spooled.
    #[serde(default)]
    pub kept: Vec<SpoolFile>,
    /// What a destination must remember between attempts.
    #[serde(default)]
    pub attempts: Attempts,
}

/// What a sealed file is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Records that are delivered.
    Data,
    /// Error lines of records that failed; the error type, such as `format-conversion-failed`.
    Error(String),
    /// Copies for source backup (rule 23).
    Backup,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data => f.write_str("data"),
            Self::Error(kind) => f.write_str(kind),
            Self::Backup => f.write_str("backup"),
        }
    }
}

impl SealedFile {
    /// Whether all data files of its seal go with it, as one group.
    pub fn goes_with_its_seal(&self) -> bool {
        self.role == Role::Data && self.target.takes_seals()
    }

    /// All files in the spool's folder that belong to it.
    pub fn spool_files(&self) -> impl Iterator<Item = &SpoolFile> {
        let object = &self.object;
        let others = self.kept.iter().filter(|kept| kept.name != object.name);
        std::iter::once(object).chain(others)
    }
}

impl Entry {
    /// The ids of the files that it adds.
    pub(super) fn adds(&self) -> Vec<u64> {
        match self {
            Self::Sealed(seal) => seal.files.iter().map(|file| file.id).collect(),
            Self::Diverted { added, .. } => vec![added.id],
            _ => Vec::new(),
        }
    }

    /// The entry as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|e| e.to_string())
    }

    /// Reads an entry; `None` for one of an unknown kind that may be passed over.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, String> {
        let problem = match serde_json::from_slice(bytes) {
            Ok(entry) => return Ok(Some(entry)),
            Err(problem) => problem,
        };
        match serde_json::from_slice::<Unknown>(bytes) {
            Ok(Unknown { optional: true }) => Ok(None),
            _ => Err(problem.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Unknown {
    #[serde(default)]
    optional: bool,
}
