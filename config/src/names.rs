//! Names and ids: of streams, lanes, runs, sources and agents.
//!
//! A value that exists is valid. Ids are random, written as hex, and never derived from a path
//! or from content.

use std::fmt;
use std::str::FromStr;

use ring::rand::{SecureRandom, SystemRandom};
use serde::{Deserialize, Serialize};

/// The name of a stream, as Firehose allows it: `[a-zA-Z0-9_.-]{1,64}`.
///
/// `.` and `..` are refused too, because each stream has a folder of its name.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamName(String);

/// Why a text is no stream name.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no stream name: 1 to 64 of the characters a-z A-Z 0-9 _ . - are allowed")]
pub struct NotAStreamName(String);

impl StreamName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamName {
    type Err = NotAStreamName;

    fn from_str(text: &str) -> Result<Self, NotAStreamName> {
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let fits = (1..=64).contains(&text.len()) && text != "." && text != "..";
        if fits && text.chars().all(legal) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAStreamName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for StreamName {
    type Error = NotAStreamName;

    fn try_from(text: String) -> Result<Self, NotAStreamName> {
        text.parse()
    }
}

impl From<StreamName> for String {
    fn from(name: StreamName) -> Self {
        name.0
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The operating system gave no random bytes, so no id could be minted.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes for a new id")]
pub struct NoRandomness;

/// Why a text is no id.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no id: {digits} hex digits are expected")]
pub struct NotAnId {
    text: String,
    digits: usize,
}

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandomness)?;
    Ok(bytes)
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex<const N: usize>(text: &str) -> Result<[u8; N], NotAnId> {
    let wrong = || NotAnId {
        text: text.to_owned(),
        digits: 2 * N,
    };
    if text.len() != 2 * N || !text.is_ascii() {
        return Err(wrong());
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// A fresh random id.
            pub fn mint() -> Result<Self, NoRandomness> {
                Ok(Self(random()?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                read_hex(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;

            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id!(
    /// One ordered sequence of a stream's records. Born with its journal.
    LaneId,
    16
);
id!(
    /// One life of the daemon on a journal, written before a door opens.
    Run,
    8
);
id!(
    /// One incarnation of one file's bytes, minted by the agent that first saw it.
    SourceId,
    16
);
id!(
    /// One installation of the agent. Born with its progress.
    AgentId,
    16
);

/// When a record arrived: milliseconds since 1970, UTC. Never runs backwards within a lane.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Arrival(pub i64);

impl Arrival {
    /// The wall clock's now. The one place that reads it.
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_millisecond())
    }
}

/// The SHA-256 of some bytes, cut to 128 bits: enough to tell contents apart, short enough to
/// keep for every source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        let mut cut = [0; 16];
        cut.copy_from_slice(&digest.as_ref()[..16]);
        Self(cut)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        read_hex(&text).map(Self)
    }
}

impl From<Fingerprint> for String {
    fn from(print: Fingerprint) -> Self {
        print.to_string()
    }
}

#[cfg(test)]
mod tests;
