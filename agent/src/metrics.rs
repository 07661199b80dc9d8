//! What Prometheus learns: read from the status when it asks, so that nothing is counted twice.

use metrics::{counter, gauge};

use crate::tail::Status;

/// Sets the metrics from a status.
pub(crate) fn record(status: &Status) {
    let bytes = status.bytes;
    counter!("standpipe_agent_bytes_delivered_total").absolute(bytes.delivered);
    counter!("standpipe_agent_bytes_excluded_total").absolute(bytes.excluded);
    counter!("standpipe_agent_bytes_gone_total").absolute(bytes.gone);
    gauge!("standpipe_agent_bytes_waiting").set(bytes.waiting as f64);
    gauge!("standpipe_agent_sources").set(status.sources.len() as f64);
    for state in ["reading", "drained", "failing", "rotated", "gone"] {
        let count = status.sources.iter().filter(|s| s.state == state).count();
        gauge!("standpipe_agent_sources_by_state", "state" => state).set(count as f64);
    }
}
