//! Attempts at one portion of records: how often, how far apart, and what becomes of it when all
//! of them failed.

use std::sync::Arc;
use std::time::Duration;

use standpipe_config::names::Arrival;
use standpipe_config::settings::delivery::{OnUnreachable, Transform as Settings};

use super::{Failed, Fault, Outcome, Transform};
use crate::failure::{Failure, Verdict};
use crate::record::portion::Portion;

/// Each retry waits so many times as long as the one before: 1 s, 5 s, 25 s.
const LONGER: u32 = 5;

/// No retry waits longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// While nobody is there, somebody looks so often at least.
const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// How attempts are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempts {
    /// Attempts after the first one.
    pub retries: u32,
    /// How long the first retry waits.
    pub pause: Duration,
    /// Whether records wait while nobody is there.
    pub waits: bool,
}

impl Attempts {
    /// What the settings say.
    pub fn of(settings: &Settings) -> Self {
        Self {
            retries: settings.retries,
            pause: settings.retry_pause,
            waits: settings.on_unreachable == OnUnreachable::Wait,
        }
    }

    /// Applies `transform` to `portion` until an attempt succeeds, or all records have failed.
    /// Each failed attempt is told. An error halts: no attempt can succeed.
    pub async fn make(
        &self,
        transform: &impl Transform,
        portion: &Arc<Portion>,
        told: impl Fn(&str) + Send,
    ) -> Result<Vec<Outcome>, Failure> {
        let (mut failed, mut waited) = (0, 0);
        loop {
            let fault = match transform.apply(portion).await {
                Ok(outcomes) => return check(outcomes, portion),
                Err(fault) => fault,
            };
            if fault.verdict == Verdict::Halt {
                return Err(Failure::halt(fault.message));
            }
            told(&fault.message);
            let pause = if fault.is_unreachable && self.waits {
                waited += 1;
                self.pause_before(waited).min(LONGEST_WAIT)
            } else {
                failed += 1;
                if failed > self.retries {
                    return Ok(all_failed(&fault, failed, portion.len()));
                }
                self.pause_before(failed)
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// How long to wait before a retry, which are counted from 1.
    fn pause_before(&self, retry: u32) -> Duration {
        let factor = LONGER.saturating_pow(retry.saturating_sub(1));
        self.pause.saturating_mul(factor).min(LONGEST_PAUSE)
    }
}

/// One outcome per record is what a transform owes; anything else is a fault of ours.
fn check(outcomes: Vec<Outcome>, portion: &Portion) -> Result<Vec<Outcome>, Failure> {
    if outcomes.len() == portion.len() {
        return Ok(outcomes);
    }
    Err(Failure::halt(format!(
        "a transform gave {} outcomes for {} records",
        outcomes.len(),
        portion.len()
    )))
}

fn all_failed(fault: &Fault, attempts: u32, records: usize) -> Vec<Outcome> {
    let failed = Arc::new(Failed {
        code: fault.code,
        message: fault.message.clone(),
        attempts,
        ended: Arrival::now(),
    });
    vec![Outcome::Failed(failed); records]
}
