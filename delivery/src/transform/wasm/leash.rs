//! The leash on which a guest runs: it ends when its time is over, or when nobody waits for it any
//! more.
//!
//! A guest runs on a thread made for blocking. It looks at the engine's epoch at every loop and
//! call; when that has moved on, it gives way, and is dropped if its leash was pulled. A guest that
//! waits inside the host (it sleeps, say) is a future that is dropped at once. The epoch moves only
//! while somebody waits for a guest: an idle daemon does nothing.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use wasmtime::Engine;

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Why there is no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pulled {
    /// Its time was over.
    TimedOut,
    /// The process is going down, or the host panicked: nobody knows.
    Lost,
}

/// Pulls when it is dropped.
struct Leash<'a> {
    engine: &'a Engine,
    pull: CancellationToken,
}

impl Leash<'_> {
    fn pull(&self) {
        self.pull.cancel();
        // The guest gives way at the next look, and finds its leash pulled.
        self.engine.increment_epoch();
    }
}

impl Drop for Leash<'_> {
    fn drop(&mut self) {
        self.pull();
    }
}

/// Runs a guest for at most `limit`. `guest` is built and run on the other thread.
pub(super) async fn run<T, F>(
    engine: &Engine,
    limit: Duration,
    guest: impl FnOnce() -> F + Send + 'static,
) -> Result<T, Pulled>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let leash = Leash {
        engine,
        pull: CancellationToken::new(),
    };
    let pulled = leash.pull.clone();
    let runtime = Handle::current();
    let mut running = tokio::task::spawn_blocking(move || {
        runtime.block_on(async move {
            tokio::select! {
                biased;
                () = pulled.cancelled() => None,
                result = async { guest().await } => Some(result),
            }
        })
    });
    let end = Instant::now() + limit;
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            result = &mut running => return match result {
                Ok(Some(result)) => Ok(result),
                Ok(None) => Err(Pulled::TimedOut),
                Err(_) => Err(Pulled::Lost),
            },
            _ = ticks.tick() => match Instant::now() < end {
                true => engine.increment_epoch(),
                false => leash.pull(),
            },
        }
    }
}
