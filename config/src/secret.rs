//! Secrets: never written in place, never printed, and masked where others repeat them.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

pub mod known;

/// A secret and where it came from. `Debug` and the written-out settings show only the latter.
#[derive(Clone, Debug)]
pub struct Secret {
    source: SecretSource,
    value: SecretString,
}

/// The same secret is one from the same source, whatever is in it by now.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// Where a secret comes from; what is written instead of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretSource {
    /// The content of a file, without the white space at its end.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// Why a secret is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum NoSecret {
    /// The file cannot be read.
    #[error("cannot read the secret file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The variable is not set, or not text.
    #[error("the environment variable {0} is not set (or is not UTF-8)")]
    Env(String),
    /// There is nothing in it.
    #[error("the secret from {0} is empty")]
    Empty(String),
}

impl Secret {
    /// Reads the secret, which is masked from then on ([`known`]).
    pub fn read(source: SecretSource) -> Result<Self, NoSecret> {
        let text = match &source {
            SecretSource::File(path) => {
                std::fs::read_to_string(path).map_err(|source| NoSecret::File {
                    path: path.clone(),
                    source,
                })?
            }
            SecretSource::Env(name) => {
                std::env::var(name).map_err(|_| NoSecret::Env(name.clone()))?
            }
        };
        let text = text.trim_end();
        if text.is_empty() {
            return Err(NoSecret::Empty(source.to_string()));
        }
        known::remember(text);
        Ok(Self {
            source,
            value: SecretString::from(text),
        })
    }

    /// Where it came from.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    /// The secret itself. Never log what this returns.
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}

impl std::fmt::Display for SecretSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{{file: {}}}", path.display()),
            Self::Env(name) => write!(f, "{{env: {name}}}"),
        }
    }
}
