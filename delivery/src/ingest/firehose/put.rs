//! `PutRecord` and `PutRecordBatch`.
//!
//! A batch is one request to the journal, stored whole or not at all: no single record fails for
//! want of room, because clients lose such records or repeat all of them. Instead a request waits
//! some seconds for room and is then refused whole, with an error that every client repeats.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use standpipe_config::names::StreamName;
use standpipe_config::records::Records;
use standpipe_config::settings::delivery::Deaggregation;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::Firehose;
use super::exception::Exception;
use super::keys::Caller;
use super::operation::Operation;
use crate::ingest::admission::{Admission, Grant, PATIENCE};
use crate::ingest::apart;
use crate::journal::{Append, Content, Refusal};
use crate::record::RecordId;
use crate::stream::{AppendError, Stored};

mod kpl;
mod quick;
mod strict;

/// Records of one call, at most.
const MAX_RECORDS: usize = 500;

/// Data of one call after base64, at most, in bytes.
const MAX_DATA: usize = 4 * 1024 * 1024;

/// How often a request that waits for room looks whether there is some.
const LOOK: Duration = Duration::from_millis(100);

/// Records to store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Put {
    pub(super) stream: StreamName,
    pub(super) records: Records,
    /// Where each record of the request begins among `records`, if some were taken apart.
    firsts: Option<Vec<u32>>,
}

impl Put {
    /// Reads a body: in one quick pass if it has the form that clients send, else strictly.
    pub(super) fn read(operation: Operation, body: &[u8]) -> Result<Self, Exception> {
        match quick::read(operation, body) {
            Some(put) => Ok(put),
            None => strict::read(operation, body),
        }
    }

    /// Takes records apart that hold several.
    pub(super) fn take_apart(&mut self, how: &Deaggregation) {
        let parts = match how {
            Deaggregation::Kpl if !self.looks_aggregated() => return,
            Deaggregation::Kpl => Some(kpl::take_apart(std::mem::take(&mut self.records))),
            how => apart::take_apart(&self.records, how),
        };
        if let Some((records, firsts)) = parts {
            self.records = records;
            self.firsts = Some(firsts);
        }
    }

    /// Whether records look like aggregates of the Kinesis Producer Library.
    fn looks_aggregated(&self) -> bool {
        let mut records = self.records.iter();
        records.any(|record| record.bytes.starts_with(&kpl::MARK))
    }

    /// Bytes that the records and their offsets take; these are copied for each attempt to store.
    fn size(&self) -> usize {
        self.records.bytes.len() + 2 * size_of_val(&self.records.ends[..])
    }
}

#[cfg(feature = "faults")]
impl Put {
    /// Reads a body both ways, which must agree.
    pub(super) fn read_both_ways(operation: Operation, body: &[u8]) -> Result<Self, Exception> {
        let strict = strict::read(operation, body);
        if let Some(quick) = quick::read(operation, body) {
            assert_eq!(Ok(quick), strict, "the quick reader reads otherwise");
        }
        strict
    }
}

/// Stores records and names them. Durable on return.
pub(super) async fn answer(
    door: &Firehose,
    (operation, caller): (Operation, Caller),
    mut put: Put,
    mut grant: Grant,
) -> Result<Vec<u8>, Exception> {
    door.keys.allow(caller, operation, &put.stream)?;
    grant.shrink_to(operation.memory(put.size() / 2));
    let every = 0..put.records.len() as u32;
    let firsts = put.firsts.take().unwrap_or_else(|| every.collect());
    let encrypted = door.created.is_encrypted(&put.stream);
    let stored = store(door, put, grant.size()).await?;
    Ok(match operation {
        Operation::PutRecord => one(&stored, encrypted),
        _ => many(&stored, &firsts, encrypted),
    })
}

async fn store(door: &Firehose, put: Put, held: usize) -> Result<Stored, Exception> {
    let mut place = None;
    let end = Instant::now() + door.waiting.patience;
    loop {
        // The grant stays with this task, which outlives the append.
        let append = Append {
            permit: None,
            content: Content::Text(put.records.clone()),
            idempotency_key: None,
        };
        let full = match door.store.append(&put.stream, append).await {
            Ok(stored) => return Ok(stored),
            Err(AppendError::NoSuchStream { .. }) => return Err(door.names.not_found(&put.stream)),
            Err(AppendError::Refused(full @ Refusal::Full(_))) => full,
            Err(AppendError::Refused(refusal)) => return Err(refusal.into()),
        };
        if place.is_none() {
            place = door.waiting.enter(held);
        }
        if place.is_none() || Instant::now() + LOOK > end {
            let refused: Exception = full.into();
            let message = format!("Slow down. {}", refused.message);
            return Err(Exception { message, ..refused });
        }
        sleep(LOOK).await;
    }
}

/// Where requests wait for room on disk. Those of a stream whose destination is dead must not hold
/// all memory that the doors have, so there is place for a quarter of it.
#[derive(Clone, Debug)]
pub(super) struct WaitingRoom {
    bytes: Arc<Semaphore>,
    /// How long one waits.
    pub(super) patience: Duration,
}

impl WaitingRoom {
    /// A waiting room for requests admitted there.
    pub(super) fn beside(admission: &Admission) -> Self {
        Self {
            bytes: Arc::new(Semaphore::new(admission.size() / 4)),
            patience: PATIENCE,
        }
    }

    fn enter(&self, bytes: usize) -> Option<tokio::sync::OwnedSemaphorePermit> {
        let bytes = u32::try_from(bytes).ok()?;
        self.bytes.clone().try_acquire_many_owned(bytes).ok()
    }
}

fn id(stored: &Stored, record: u32) -> RecordId {
    RecordId {
        lane: stored.lane,
        run: stored.run,
        position: stored.appended.first_position + u64::from(record),
        index: 0,
    }
}

fn one(stored: &Stored, encrypted: bool) -> Vec<u8> {
    let id = id(stored, 0);
    format!("{{\"RecordId\":\"{id}\",\"Encrypted\":{encrypted}}}").into_bytes()
}

/// Compact: there are clients that look for `"FailedPutCount":0` as a text.
fn many(stored: &Stored, firsts: &[u32], encrypted: bool) -> Vec<u8> {
    const PER_RECORD: usize = 100;
    let mut text = String::with_capacity(100 + PER_RECORD * firsts.len());
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{{\"FailedPutCount\":0,\"Encrypted\":{encrypted},\"RequestResponses\":["
    );
    let start = RecordId::start(stored.lane, stored.run);
    for (place, first) in firsts.iter().enumerate() {
        let RecordId {
            position, index, ..
        } = id(stored, *first);
        text.push_str(if place == 0 { "" } else { "," });
        text.push_str("{\"RecordId\":\"");
        text.push_str(&start);
        let _ = write!(text, "{position}-{index}\"}}");
    }
    text.push_str("]}");
    text.into_bytes()
}

#[cfg(test)]
mod tests;
