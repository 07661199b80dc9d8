//! How long to wait before the next attempt. Pure.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait, even if a daemon asks for more: it may be back sooner than it thought.
pub const LONGEST: Duration = Duration::from_secs(5);

/// Doubles with each failure, from [`FIRST`] to [`LONGEST`].
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

/// The same wait and up to half of it more, by chance: many who failed together come back one by
/// one.
pub fn spread(wait: Duration) -> Duration {
    let chance = RandomState::new().build_hasher().finish() % 1000;
    wait + wait.mul_f64(chance as f64 / 2000.0)
}

impl Backoff {
    /// How long to wait after one more failure, at least as long as was asked for.
    pub fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next.max(asked.unwrap_or_default()).min(LONGEST);
        self.next = (self.next * 2).min(LONGEST);
        wait
    }
}

#[cfg(test)]
mod tests;
