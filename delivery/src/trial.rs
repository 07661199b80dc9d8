//! Trying a stream out: records pass its transform and its format as they would in the daemon, and
//! what became of them is told, not delivered.
//!
//! It is the lane's own code, in a folder that is removed afterwards. Neither a daemon nor its data
//! folder is needed, and none is touched; a schema is inferred from these records alone.

use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use standpipe_config::settings::delivery::Stream;
use tokio::sync::mpsc::{self, Receiver};

use crate::failure::Failure;
use crate::lane::shape::Shaped;
use crate::record::portion::Portion;
use crate::transform::wasm::Engine;
use crate::transform::{AnyTransform, Attempts};
use bench::Bench;

pub use report::Report;

mod bench;
mod input;
mod look;
mod report;

/// Runs the records of `input`, a line each, through `stream`. `told` hears of each attempt of a
/// transform that failed.
pub async fn run(
    stream: &Stream,
    input: impl Read + Send + 'static,
    told: impl Fn(&str) + Send + Sync + 'static,
) -> Result<Report, Failure> {
    let began = Instant::now();
    let transform = match &stream.transform {
        Some(settings) => Some(Arc::new(Shaper {
            transform: AnyTransform::open(settings, &stream.name, &Engine::new(None)).await?,
            // Whoever tries wants to know, and not to wait.
            attempts: Attempts {
                waits: false,
                ..Attempts::of(settings)
            },
            told: Box::new(told),
        })),
        None => None,
    };
    let bench = Bench::set_up(stream)?;
    let passed = shape(stream, transform, input);
    let worked = tokio::task::spawn_blocking(move || bench.work(passed)).await;
    let mut report = match worked {
        Ok(report) => report?,
        Err(e) => return Err(Failure::halt(format!("the trial ended unexpectedly: {e}"))),
    };
    report.seconds.total = began.elapsed().as_secs_f64();
    Ok(report)
}

/// Records behind the transform, and how long they were in it.
struct Passed {
    shaped: Shaped,
    took: Duration,
}

struct Shaper {
    transform: AnyTransform,
    attempts: Attempts,
    told: Box<dyn Fn(&str) + Send + Sync>,
}

impl Shaper {
    async fn pass(&self, portion: Portion) -> Result<Passed, Failure> {
        let (began, portion) = (Instant::now(), Arc::new(portion));
        let made = self.attempts.make(&self.transform, &portion, &self.told);
        let outcomes = made.await?;
        Ok(Passed {
            shaped: Shaped::Passed(portion, outcomes),
            took: began.elapsed(),
        })
    }
}

/// What is read passes the transform, several portions at once, and comes out in order.
fn shape(
    stream: &Stream,
    shaper: Option<Arc<Shaper>>,
    input: impl Read + Send + 'static,
) -> Receiver<Result<Passed, Failure>> {
    let settings = stream.transform.as_ref();
    let in_flight = settings.map_or(1, |settings| settings.in_flight as usize);
    let portions = input::portions(input, settings.map(|s| s.buffering.size), shaper.clone());
    let portions = futures::stream::unfold(portions, async |mut portions| {
        Some((portions.recv().await?, portions))
    });
    let passed = portions.map(move |portion| {
        let shaper = shaper.clone();
        async move {
            match shaper {
                Some(shaper) => shaper.pass(portion?).await,
                None => Ok(Passed {
                    shaped: Shaped::Passed(Arc::new(portion?), Vec::new()),
                    took: Duration::ZERO,
                }),
            }
        }
    });
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut passed = std::pin::pin!(passed.buffered(in_flight));
        while let Some(next) = passed.next().await {
            // Nobody listens any more once something failed.
            if sender.send(next).await.is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests;
