//! Counts what a stream's transform does, for the metrics: each attempt, how long it took, and what
//! passed.

use std::sync::Arc;

use standpipe_config::names::StreamName;
use tokio::time::Instant;

use crate::record::portion::Portion;
use crate::transform::{Fault, Outcome, Transform};

/// A transform whose attempts are counted.
#[derive(Debug)]
pub(super) struct Measured<'a, T> {
    pub(super) transform: &'a T,
    pub(super) stream: &'a StreamName,
}

impl<T: Transform + Sync> Transform for Measured<'_, T> {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let began = Instant::now();
        let made = self.transform.apply(portion).await;
        let stream = self.stream.to_string();
        metrics::histogram!("standpipe_transform_seconds", "stream" => stream.clone())
            .record(began.elapsed().as_secs_f64());
        let result = if made.is_ok() { "succeeded" } else { "failed" };
        let labels = [("stream", stream.clone()), ("result", result.to_owned())];
        metrics::counter!("standpipe_transform_attempts_total", &labels).increment(1);
        if let Ok(outcomes) = &made {
            let (records, bytes) = passed(portion, outcomes);
            metrics::counter!("standpipe_records_transformed_total", "stream" => stream.clone())
                .increment(records);
            metrics::counter!("standpipe_bytes_transformed_total", "stream" => stream)
                .increment(bytes);
        }
        made
    }
}

/// How many records the transform took, to keep or to drop them, and their bytes as they came.
fn passed(portion: &Portion, outcomes: &[Outcome]) -> (u64, u64) {
    let rows = portion.rows().zip(outcomes);
    let rows = rows.filter(|(_, outcome)| !outcome.is_failed());
    rows.fold((0, 0), |(records, bytes), (row, _)| {
        (records + 1, bytes + row.bytes.len() as u64)
    })
}

#[cfg(test)]
mod tests;
