//! Threads of their own for lanes: reading the journal back, filling and sealing batches, and what
//! transforms do, on none that a door needs. An operator tells them apart by name (`top -H`), and
//! so does the benchmark.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

/// What these threads are called, the blocking ones included.
const NAME: &str = "lane";

/// Threads on which lanes run. Clones are the same threads, which end with the last of them.
#[derive(Clone, Debug)]
pub struct Threads {
    handle: Handle,
    _kept: Option<Arc<Kept>>,
}

#[derive(Debug)]
struct Kept(Option<Runtime>);

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // What still runs was abandoned, which is safe.
            runtime.shutdown_background();
        }
    }
}

impl Threads {
    /// Asks the operating system for threads.
    pub fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name(NAME)
            .enable_all()
            .build()?;
        Ok(Self {
            handle: runtime.handle().clone(),
            _kept: Some(Arc::new(Kept(Some(runtime)))),
        })
    }

    /// The threads of the caller, whose clock a test may have stopped.
    #[cfg(test)]
    pub(crate) fn here() -> Self {
        Self {
            handle: Handle::current(),
            _kept: None,
        }
    }

    /// Has `work` done there, and whatever it has done beside.
    pub fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.handle.spawn(work)
    }
}
