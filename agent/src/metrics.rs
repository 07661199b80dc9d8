//! What Prometheus learns: read from the status when it asks, so that nothing is counted twice.

use metrics::{counter, gauge};

use crate::tail::{STATES, Status};

/// Sets the metrics from a status.
pub(crate) fn record(status: &Status) {
    let bytes = status.bytes;
    counter!("standpipe_agent_bytes_delivered_total").absolute(bytes.delivered);
    counter!("standpipe_agent_bytes_excluded_total").absolute(bytes.excluded);
    for (reason, gone) in bytes.reasons.named() {
        counter!("standpipe_agent_bytes_gone_total", "reason" => reason).absolute(gone);
    }
    gauge!("standpipe_agent_bytes_waiting").set(bytes.waiting as f64);
    let followed = status.sources.iter().filter(|source| source.is_followed());
    gauge!("standpipe_agent_sources").set(followed.count() as f64);
    gauge!("standpipe_agent_files_unreadable").set(status.unreadable.len() as f64);
    gauge!("standpipe_agent_patterns_unmatched").set(status.unmatched.len() as f64);
    for state in STATES {
        let count = status.sources.iter().filter(|s| s.state == state).count();
        gauge!("standpipe_agent_sources_by_state", "state" => state).set(count as f64);
    }
}
