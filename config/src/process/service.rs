//! What the service manager is told. Without one (`NOTIFY_SOCKET` not set) nothing happens.
//!
//! Where it wants signs of life (`WATCHDOG_USEC`, the unit's `WatchdogSec`), each sign is given only
//! after every part of the process has answered a question. A process that hangs gives none, and is
//! ended and started again; nothing acknowledged is lost by that.

use std::time::Duration;

use sd_notify::NotifyState;

/// All doors are open, or the settings were read again.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It reads its settings again; [`ready`] follows.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        // The manager would hold it against us to hear the one without the other.
        Err(error) => tracing::debug!(%error, "there is no monotonic clock"),
    }
}

/// It is on its way down and may need this long; the manager waits for it.
pub fn stopping(at_most: Duration) {
    let at_most = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
    tell(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(at_most),
    ]);
}

/// Gives signs of life for ever, if they are wanted. `silent` asks every part of the process and
/// names, for people, those that do not answer in time.
pub async fn signs_of_life<F>(silent: impl Fn(Duration) -> F)
where
    F: Future<Output = Vec<String>>,
{
    match sd_notify::watchdog_enabled() {
        Some(limit) if !limit.is_zero() => give_signs(limit, silent, sign).await,
        _ => std::future::pending().await,
    }
}

fn sign() {
    tell(&[NotifyState::Watchdog]);
}

/// Asks, and gives a sign if all is well, so often that two thirds of the limit are used at most.
async fn give_signs<F>(limit: Duration, silent: impl Fn(Duration) -> F, sign: impl Fn())
where
    F: Future<Output = Vec<String>>,
{
    let patience = limit / 3;
    loop {
        let silent = silent(patience).await;
        match silent.as_slice() {
            [] => sign(),
            parts => tracing::error!(
                "no answer within {} s from {}; the service manager ends this process after {} s without a sign of life",
                patience.as_secs(),
                parts.join(", "),
                limit.as_secs()
            ),
        }
        tokio::time::sleep(patience).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager what state this process is in");
    }
}

#[cfg(test)]
mod tests;
