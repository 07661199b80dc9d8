//! What the service manager is told. Without one (`NOTIFY_SOCKET` not set) nothing happens.

use std::time::Duration;

use sd_notify::NotifyState;

/// All doors are open.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It is on its way down and may need this long; the manager waits for it.
pub fn stopping(at_most: Duration) {
    let at_most = u32::try_from(at_most.as_micros()).unwrap_or(u32::MAX);
    tell(&[
        NotifyState::Stopping,
        NotifyState::ExtendTimeoutUsec(at_most),
    ]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager what state this process is in");
    }
}
