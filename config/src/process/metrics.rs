//! Metrics in Prometheus' text form, without a listener of their own.
//!
//! What a status can tell is not counted a second time: at each scrape it is set from the status,
//! on a recorder that lives for that scrape only. So no second bookkeeping can lie, and a stream
//! that is gone leaves no stale series. What only happens in passing (a refusal at a door) is
//! counted with the macros of `metrics` on the process's own recorder.

use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// How often what histograms gathered is folded, so that they stay small though nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// Up to where the buckets of histograms go, in seconds: from a quick answer to the longest timeout.
const BUCKETS: [f64; 10] = [0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0, 300.0];

/// The metrics of this process. A handle.
#[derive(Clone)]
pub struct Metrics {
    process: PrometheusHandle,
}

/// There can be one recorder per process.
#[derive(Debug, thiserror::Error)]
#[error("the metrics of this process are recorded elsewhere already: {0}")]
pub struct Taken(#[from] metrics_exporter_prometheus::BuildError);

impl Metrics {
    /// Makes this the recorder of the process.
    pub fn install() -> Result<Self, Taken> {
        let process = PrometheusBuilder::new()
            .set_buckets(&BUCKETS)?
            .install_recorder()?;
        Ok(Self { process })
    }

    /// Metrics that nobody counts into, for a program that shows only its status.
    pub fn detached() -> Self {
        let process = PrometheusBuilder::new().build_recorder().handle();
        Self { process }
    }

    /// One scrape: what the process counted, and what `from_status` records with the macros of
    /// `metrics`. The two must not share a name.
    pub fn render(&self, from_status: impl FnOnce()) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, from_status);
        let mut text = self.process.render();
        text.push_str(&recorder.handle().render());
        text
    }

    /// Keeps what was gathered small, for ever.
    pub async fn upkeep(&self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.process.run_upkeep();
        }
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

#[cfg(test)]
mod tests;
