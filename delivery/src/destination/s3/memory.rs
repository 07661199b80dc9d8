//! The memory of uploads: what is sent is held as a whole until the reply is there, so it is
//! counted before it is read (rule 29).

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that are put in one request at most. Every part of a multipart upload but the last has
/// this size: some stores want equal parts (R2), all of them 5 MiB at least, and 10,000 at most.
pub const PART: u64 = 8 * 1024 * 1024;

/// Parts that may be in memory at once, however much memory there is.
const PARTS: u64 = 8;

/// What all uploads of the process may hold. A handle: clones share it.
#[derive(Clone, Debug)]
pub struct UploadMemory {
    bytes: Arc<Semaphore>,
}

impl UploadMemory {
    /// A quarter of `memory` bytes; one part at least, eight at most.
    pub fn of(memory: u64) -> Self {
        let bytes = (memory / 4).clamp(PART, PARTS * PART) as usize;
        Self {
            bytes: Arc::new(Semaphore::new(bytes)),
        }
    }

    /// Waits for so many bytes, a part at most; given back when dropped.
    pub(in crate::destination) async fn take(&self, bytes: u64) -> Option<OwnedSemaphorePermit> {
        let bytes = bytes.clamp(1, PART) as u32;
        // The semaphore is never closed.
        self.bytes.clone().acquire_many_owned(bytes).await.ok()
    }
}
