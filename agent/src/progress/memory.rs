//! Progress in memory, for the simulator: it dies before, within and after any append it is told to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::disk::memory::step;

/// Nothing of it is looked at.
const HEADER: [u8; 16] = [0; 16];

const GENERATION: u64 = 1;

/// What outlives a kill: the bytes of a log's file. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Kept(Arc<Mutex<Log>>);

#[derive(Debug)]
struct Log {
    bytes: Vec<u8>,
    frames: u64,
}

impl Default for Kept {
    fn default() -> Self {
        let snapshot = EntryLog::frame(GENERATION, 0, &[]);
        let bytes = [&HEADER[..], &snapshot].concat();
        Self(Arc::new(Mutex::new(Log { bytes, frames: 1 })))
    }
}

impl Kept {
    /// One write, which a kill may tear: what is written of it stands before zeros, where space was
    /// allocated ahead.
    pub(super) fn append(&self, entries: &[Vec<u8>]) -> Result<(), LogError> {
        step();
        let sequence = self.0.lock().unwrap().frames;
        let frame = EntryLog::frame(GENERATION, sequence, entries);
        let torn_at = sequence as usize * 7 % frame.len();
        let end = self.write(&frame[..torn_at], frame.len() - torn_at);
        step();
        let mut log = self.0.lock().unwrap();
        log.bytes.truncate(end);
        log.bytes.extend_from_slice(&frame);
        log.frames += 1;
        drop(log);
        step();
        Ok(())
    }

    /// Where it was written to.
    fn write(&self, bytes: &[u8], zeros: usize) -> usize {
        let mut log = self.0.lock().unwrap();
        let end = log.bytes.len();
        log.bytes.extend_from_slice(bytes);
        log.bytes.extend(std::iter::repeat_n(0, zeros));
        end
    }

    pub(crate) fn open(&self) -> Progress {
        let mut log = self.0.lock().unwrap();
        let parsed = EntryLog::parse(Path::new("progress"), &log.bytes, GENERATION);
        let (entries, frames, end) = parsed.unwrap();
        log.bytes.truncate(end);
        log.frames = frames;
        drop(log);
        let state = fold(&entries).unwrap();
        // What a snapshot says must be all that there is to say.
        let mut again = State::default();
        state.snapshot().iter().for_each(|e| again.apply(e));
        assert_eq!(again, state);
        Progress::with(state, Store::Memory(self.clone()))
    }
}
