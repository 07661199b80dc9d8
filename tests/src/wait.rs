//! Waits for a fact, never for time.

use std::thread;
use std::time::{Duration, Instant};

use crate::{Outcome, Trouble};

const PAUSE: Duration = Duration::from_millis(20);

/// Asks again and again until the answer is there. `Err` says what is the case instead; the last
/// one is told when the deadline has passed.
pub fn until<T>(what: &str, deadline: Duration, mut ask: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok(answer),
            Err(Trouble(instead)) if start.elapsed() > deadline => {
                let waited = start.elapsed().as_secs();
                return Err(Trouble(format!(
                    "waited {waited} s for {what}, but {instead}"
                )));
            }
            Err(_) => thread::sleep(PAUSE),
        }
    }
}
