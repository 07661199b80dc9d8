//! Which table of Redshift, and how it is loaded: what the checkpoint keeps of it (rule 16).

use std::fmt;

use serde::{Deserialize, Serialize};
use standpipe_config::secret::Secret;
use standpipe_config::settings::delivery::{self as settings, CopyReads};

use super::copy::Credentials;
use crate::destination::s3;
use crate::destination::warehouse::Loading;
use crate::failure::Failure;

/// Where rows go, and how. Never a secret: only where it is to be found.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// Server, table, ledger.
    #[serde(flatten)]
    pub loading: Loading,
    /// The options of its COPY: how objects are read that were sealed for it.
    pub options: String,
    /// How these objects are written.
    pub objects: Objects,
    /// As whom Redshift reads them.
    pub access: Access,
    /// Where they are staged.
    pub staging: s3::Place,
}

/// How objects are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objects {
    /// Lines.
    Plain,
    /// Lines, compressed.
    Gzip,
    /// Lines, compressed.
    Zstd,
    /// Parquet, of which no part can be loaded.
    Parquet,
}

/// As whom Redshift reads what is staged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// In roles that the cluster has.
    Role(String),
    /// With an access key.
    Key(s3::Access),
}

impl Place {
    /// What the settings say.
    pub fn of(found: &settings::RedshiftDestination) -> Self {
        Self {
            loading: Loading::of(&found.loading),
            options: found.options.to_string(),
            objects: Objects::of(found.options.reads()),
            access: match &found.access {
                settings::CopyAccess::Role(role) => Access::Role(role.clone()),
                settings::CopyAccess::Key(key) => Access::Key(s3::Access {
                    key_id: key.key_id.clone(),
                    secret: key.secret.source().clone(),
                }),
            },
            staging: s3::Place::of(&found.staging),
        }
    }

    /// Whether files that were sealed for the other are loaded by this one as they would be by that:
    /// from the same bucket, read in the same way, into the same table by the same ledger.
    pub fn is_place(&self, other: &Self) -> bool {
        self.loading.is_place(&other.loading)
            && self.loading.columns == other.loading.columns
            && self.staging.is_place(&other.staging)
            && self.options == other.options
    }

    /// Reads the secret, where there is one.
    pub(super) fn credentials(&self) -> Result<Credentials, Failure> {
        match &self.access {
            Access::Role(role) => Ok(Credentials::Role(role.clone())),
            Access::Key(key) => {
                let secret = Secret::read(key.secret.clone())
                    .map_err(|e| Failure::halt(format!("{self} cannot be loaded: {e}")))?;
                Ok(Credentials::Key {
                    id: key.key_id.clone(),
                    secret: secret.expose().to_owned(),
                })
            }
        }
    }
}

impl Objects {
    fn of(reads: CopyReads) -> Self {
        match reads {
            CopyReads::Parquet => Self::Parquet,
            CopyReads::Plain => Self::Plain,
            CopyReads::Gzip => Self::Gzip,
            CopyReads::Zstd => Self::Zstd,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.loading.fmt(f)
    }
}

#[cfg(test)]
mod tests;
