//! Work that takes time (inflating, splitting, decoding) runs beside the threads that answer
//! requests, and on no more threads than there are cores: the journal's writer needs one too.
//! Inflating always does: how long it takes is for the sender to say.

use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::refused::{Kind, Refused};

/// Up to how many bytes work is done where it is: it takes less than sending it elsewhere does.
pub(super) const SMALL: usize = 64 * 1024;

/// The threads for such work. A handle.
#[derive(Clone, Debug)]
pub(super) struct Workers {
    /// One permit per job.
    cores: Arc<Semaphore>,
}

impl Default for Workers {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self {
            cores: Arc::new(Semaphore::new(cores)),
        }
    }
}

impl Workers {
    /// Does a job on about so many bytes; a small one where it is.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        bytes: usize,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        match bytes {
            0..=SMALL => Ok(job()),
            _ => self.run_beside(job).await,
        }
    }

    /// Does a job, however small, beside the threads that answer.
    pub(super) async fn run_beside<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refused> {
        let core = self.cores.clone().acquire_owned().await;
        let done = spawn_blocking(move || {
            let _core = core;
            job()
        });
        done.await.map_err(|error| broken(&error.to_string()))
    }
}

/// A defect of ours met a request.
pub(super) fn broken(what: &str) -> Refused {
    let message = format!("the daemon failed to handle the request: {what}");
    tracing::error!("{message}");
    Refused::new(Kind::Internal, message)
}
