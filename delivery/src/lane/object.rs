//! What objects are called: made of lane, run, first position, index and role, never of the clock
//! or a fresh random number, so that a retry finds the same name and a restored data folder never
//! gives a name to other bytes (rules 13 and 21).

use standpipe_config::names::{Arrival, LaneId, Run, StreamName};
use standpipe_config::prefix::{ErrorPrefix, Prefix, PrefixError, PrefixValues, Zone, check_key};

use super::checkpoint::Role;
use crate::record::uuid;

/// What the name of an object is made of.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// The stream.
    pub stream: &'a StreamName,
    /// The stream's version.
    pub version: u64,
    /// The lane.
    pub lane: LaneId,
    /// The run of the object's first record.
    pub run: Run,
    /// Position of the object's first record.
    pub first: u64,
    /// Which of the objects of its role in its seal it is.
    pub index: u32,
    /// What it is.
    pub role: Role,
    /// The oldest arrival in it.
    pub oldest: Arrival,
    /// The values of its prefix's keys, where it belongs to a partition.
    pub keys: &'a [String],
    /// The time that its prefix means, if it is not that of the oldest arrival.
    pub time: Option<Arrival>,
}

impl Origin<'_> {
    /// The key of a data or backup object, checked (rule 20). Without a prefix it is a name for
    /// people only.
    pub fn key(&self, prefix: Option<&Prefix>, suffix: &str) -> Result<String, PrefixError> {
        let hash = self.hash();
        let Some(prefix) = prefix else {
            return self.finish(String::new(), &Zone::default(), &hash, suffix);
        };
        let evaluated = prefix.evaluate(&PrefixValues {
            oldest: self.time.unwrap_or(self.oldest),
            keys: self.keys,
            ..self.values(&hash)
        })?;
        self.finish(evaluated, prefix.zone(), &hash, suffix)
    }

    /// The key of an object of failed records, checked (rule 20).
    pub fn error_key(
        &self,
        prefix: &ErrorPrefix,
        kind: &str,
        suffix: &str,
    ) -> Result<String, PrefixError> {
        let hash = self.hash();
        let evaluated = prefix.evaluate(kind, &self.values(&hash))?;
        self.finish(evaluated, prefix.zone(), &hash, suffix)
    }

    /// The key of the error object that takes the place of this one if its destination refuses it
    /// (rule 18): it derives from this one's.
    pub fn refused_key(
        &self,
        key: &str,
        prefix: &ErrorPrefix,
        kind: &str,
        suffix: &str,
    ) -> Result<String, PrefixError> {
        let hash = sha256(&[b"standpipe refused object 1\0", key.as_bytes()]);
        let evaluated = prefix.evaluate(kind, &self.values(&hash))?;
        self.finish(evaluated, prefix.zone(), &hash, suffix)
    }

    fn values<'a>(&self, seed: &'a [u8]) -> PrefixValues<'a> {
        PrefixValues {
            oldest: self.oldest,
            random_seed: seed,
            keys: &[],
        }
    }

    /// The time in a name is in the zone of those in its prefix.
    fn finish(
        &self,
        prefix: String,
        zone: &Zone,
        hash: &[u8; 32],
        suffix: &str,
    ) -> Result<String, PrefixError> {
        let time = zone.at(self.oldest)?;
        let key = format!(
            "{prefix}{}-{}-{}-{}{suffix}",
            self.stream,
            self.version,
            time.strftime("%Y-%m-%d-%H-%M-%S"),
            uuid(hash)
        );
        check_key(&key)?;
        Ok(key)
    }

    fn hash(&self) -> [u8; 32] {
        sha256(&[
            b"standpipe object 1\0",
            &self.lane.0,
            &self.run.0,
            &self.first.to_le_bytes(),
            &self.index.to_le_bytes(),
            self.role.to_string().as_bytes(),
        ])
    }
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut bytes = [0; 32];
    bytes.copy_from_slice(context.finish().as_ref());
    bytes
}

#[cfg(test)]
mod tests;
