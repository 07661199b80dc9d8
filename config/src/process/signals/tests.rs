use std::time::Duration;

use rustix::process::{Signal as Number, getpid, kill_process};

use super::*;

// One test, because signals are for the whole process.
#[tokio::test]
async fn a_hangup_asks_to_reload_and_a_second_stop_is_seen_too() {
    let mut signals = Signals::catch().unwrap();
    kill_process(getpid(), Number::HUP).unwrap();
    let early = tokio::time::timeout(Duration::from_millis(200), signals.stop()).await;
    assert!(early.is_err(), "SIGHUP stopped the process: {early:?}");
    assert_eq!(signals.next().await, Asked::Reload);
    kill_process(getpid(), Number::TERM).unwrap();
    assert_eq!(signals.stop().await, "SIGTERM");
    kill_process(getpid(), Number::INT).unwrap();
    assert_eq!(signals.stop().await, "SIGINT");
}
