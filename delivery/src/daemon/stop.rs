//! Stopping: what nobody may start any more first, what others watch last.

use std::time::{Duration, Instant};

use standpipe_config::process::exit::Exit;
use standpipe_config::process::service;

use super::start::Running;
use crate::stream::Stopped;

// The streams keep to the deadline themselves; this is for the case that one does not.
const OVERTIME: Duration = Duration::from_secs(2);
// For a scrape that is in hand at the very end.
const LAST_WORD: Duration = Duration::from_millis(500);

impl Running {
    /// Stops everything. At the deadline what is not finished is abandoned, which is safe: it is
    /// on disk, or was never acknowledged.
    pub(super) async fn stop(self, deadline: Instant) -> Exit {
        let left = deadline.saturating_duration_since(Instant::now());
        self.readiness.stopping();
        service::stopping(left + OVERTIME + LAST_WORD);
        drop(self.published);
        // Callers get half of the time, so that slow ones leave some to the streams.
        if !self.records.close(deadline - left / 2).await {
            tracing::warn!("callers were hung up on: their requests took too long");
        }
        let stopping = self.streams.stop_all(deadline);
        let stopped = tokio::time::timeout_at((deadline + OVERTIME).into(), stopping).await;
        let exit = exit(stopped.ok());
        self.admin.close(Instant::now() + LAST_WORD).await;
        drop(self.lock);
        exit
    }
}

/// `None`: the streams did not even come back.
fn exit(stopped: Option<Stopped>) -> Exit {
    match stopped {
        Some(Stopped { work_left: false }) => {
            tracing::info!(
                "stopped in time; what is not sealed yet is read from the journal again"
            );
            Exit::Done
        }
        Some(Stopped { work_left: true }) => {
            tracing::info!("stopped; what waits is delivered after the next start");
            Exit::WorkLeft
        }
        None => {
            tracing::error!(
                "a stream did not stop at the deadline and is abandoned; nothing acknowledged is lost"
            );
            Exit::WorkLeft
        }
    }
}
