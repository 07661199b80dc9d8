use super::*;

#[test]
fn a_series_that_the_status_no_longer_has_is_gone_at_the_next_scrape() {
    let metrics = Metrics::detached();
    let waiting = |n: f64| move || metrics::gauge!("records_waiting", "stream" => "web").set(n);
    assert!(
        metrics
            .render(waiting(3.0))
            .contains("records_waiting{stream=\"web\"} 3")
    );
    assert!(
        metrics
            .render(waiting(2.0))
            .contains("records_waiting{stream=\"web\"} 2")
    );
    assert!(!metrics.render(|| {}).contains("records_waiting"));
}
