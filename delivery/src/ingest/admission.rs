//! Permits before bytes (rule 29): memory is counted before it is used, and whoever cannot have
//! it waits outside, with a body that was not read yet.

use std::sync::Arc;
use std::time::Duration;

use standpipe_config::limits::{MAX_BODY, MAX_INFLATED_BODY};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a request waits for memory before it is refused. Shorter than the time-outs of
/// clients, which then know why.
pub const PATIENCE: Duration = Duration::from_secs(5);

// The largest legal request: held as sent and inflated, and its offsets.
const LARGEST: u64 = (MAX_BODY + MAX_INFLATED_BODY + 1024 * 1024) as u64;

/// The doors' share of `limits.memory`, in bytes: half of it, but never so little that the
/// largest legal request could not be admitted.
pub fn share(memory: u64) -> u64 {
    (memory / 2).max(LARGEST)
}

/// The memory of all doors together. A handle: clones admit to the same memory.
#[derive(Clone, Debug)]
pub struct Admission {
    bytes: Arc<Semaphore>,
    total: usize,
    patience: Duration,
}

/// Memory that a request holds, in bytes. Given back when dropped.
#[derive(Debug)]
pub struct Grant {
    admission: Admission,
    permit: OwnedSemaphorePermit,
}

/// Why there is no memory for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NoMemory {
    /// Others hold it.
    #[error(
        "no memory for the request within {} s, others hold it: send it again",
        .0.as_secs()
    )]
    Busy(Duration),
    /// There is not so much.
    #[error(
        "the request needs {needed} bytes of memory, all requests together have {total}: send smaller ones, or raise limits.memory"
    )]
    Never {
        /// What it would hold.
        needed: usize,
        /// What there is.
        total: usize,
    },
}

impl Admission {
    /// Memory of `total` bytes, for which a request waits at most `patience`.
    pub fn new(total: u64, patience: Duration) -> Self {
        let total = usize::try_from(total)
            .unwrap_or(usize::MAX)
            .min(u32::MAX as usize);
        Self {
            bytes: Arc::new(Semaphore::new(total)),
            total,
            patience,
        }
    }

    /// Waits for memory.
    pub async fn take(&self, bytes: usize) -> Result<Grant, NoMemory> {
        let permit = self.acquire(bytes, 0).await?;
        let admission = self.clone();
        Ok(Grant { admission, permit })
    }

    /// Bytes that there are.
    pub fn size(&self) -> usize {
        self.total
    }

    /// Bytes that nobody holds.
    pub fn free(&self) -> usize {
        self.bytes.available_permits()
    }

    async fn acquire(&self, more: usize, held: usize) -> Result<OwnedSemaphorePermit, NoMemory> {
        let needed = held.saturating_add(more);
        let never = NoMemory::Never {
            needed,
            total: self.total,
        };
        if needed > self.total {
            return Err(never);
        }
        let more = u32::try_from(more).map_err(|_| never)?;
        let waiting = self.bytes.clone().acquire_many_owned(more);
        // The semaphore is never closed; were it, nobody would be admitted.
        match tokio::time::timeout(self.patience, waiting).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(NoMemory::Busy(self.patience)),
        }
    }
}

impl Grant {
    /// Bytes held.
    pub fn size(&self) -> usize {
        self.permit.num_permits()
    }

    /// Waits until at least `bytes` are held in all.
    pub async fn grow_to(&mut self, bytes: usize) -> Result<(), NoMemory> {
        let held = self.size();
        if bytes > held {
            let more = self.admission.acquire(bytes - held, held).await?;
            self.permit.merge(more);
        }
        Ok(())
    }

    /// Gives back what is held beyond `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let beyond = self.size().saturating_sub(bytes);
        drop(self.permit.split(beyond));
    }

    /// What travels on with the records.
    pub fn into_permit(self) -> OwnedSemaphorePermit {
        self.permit
    }
}

#[cfg(test)]
mod tests;
