use standpipe_config::process::metrics::Metrics;

use super::*;
use crate::stream::Books;

fn books(accepted: u64) -> Books {
    Books {
        accepted,
        delivered: 4,
        failed: 1,
        dropped: 1,
        waiting: accepted - 6,
    }
}

fn status() -> Status {
    let stream = StreamStatus {
        state: State::Halted,
        books: books(9),
        bytes: books(900),
        waiting_bytes: 894,
        oldest_waiting_seconds: 1.5,
        sealed_files: 2,
        objects_delivered: 3,
        failed: BTreeMap::from([("format-conversion-failed".to_owned(), 1)]),
        disk_used: 10,
        disk_quota: 20,
        backup: Some(Backup {
            delivered: 5,
            waiting: 6,
            sealed_files: 7,
            halted: true,
        }),
        last_error: Some("no such bucket".into()),
    };
    Status {
        version: "1.2.3",
        streams: BTreeMap::from([("web".parse().unwrap(), stream)]),
    }
}

#[test]
fn the_metrics_say_what_the_status_says() {
    let status = status();
    let text = Metrics::detached().render(|| record(&status));
    for line in [
        r#"standpipe_build_info{version="1.2.3"} 1"#,
        r#"standpipe_records_accepted_total{stream="web"} 9"#,
        r#"standpipe_records_delivered_total{stream="web"} 4"#,
        r#"standpipe_records_failed_total{stream="web",reason="format-conversion-failed"} 1"#,
        r#"standpipe_records_dropped_total{stream="web"} 1"#,
        r#"standpipe_records_waiting{stream="web"} 3"#,
        r#"standpipe_bytes_accepted_total{stream="web"} 900"#,
        r#"standpipe_bytes_delivered_total{stream="web"} 4"#,
        r#"standpipe_bytes_failed_total{stream="web"} 1"#,
        r#"standpipe_bytes_dropped_total{stream="web"} 1"#,
        r#"standpipe_bytes_waiting{stream="web"} 894"#,
        r#"standpipe_oldest_waiting_seconds{stream="web"} 1.5"#,
        r#"standpipe_sealed_files{stream="web"} 2"#,
        r#"standpipe_objects_delivered_total{stream="web"} 3"#,
        r#"standpipe_disk_used_bytes{stream="web"} 10"#,
        r#"standpipe_disk_quota_bytes{stream="web"} 20"#,
        r#"standpipe_stream_state{stream="web",state="halted"} 1"#,
        r#"standpipe_stream_state{stream="web",state="running"} 0"#,
        r#"standpipe_backup_records_delivered_total{stream="web"} 5"#,
        r#"standpipe_backup_records_waiting{stream="web"} 6"#,
        r#"standpipe_backup_sealed_files{stream="web"} 7"#,
        r#"standpipe_backup_halted{stream="web"} 1"#,
    ] {
        assert!(
            text.lines().any(|l| l == line),
            "{line} is missing in\n{text}"
        );
    }
}

#[test]
fn every_metric_is_explained() {
    let status = status();
    let text = Metrics::detached().render(|| record(&status));
    let names = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in names {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name}");
    }
    for (name, _) in COUNTERS.iter().chain(GAUGES) {
        assert!(
            text.contains(&format!("\n{name}{{")),
            "{name} is explained but not there"
        );
    }
}

#[test]
fn the_status_has_the_fields_that_scripts_rely_on() {
    let json = serde_json::to_value(status()).unwrap();
    let web = &json["streams"]["web"];
    assert_eq!(json["version"], "1.2.3");
    assert_eq!(web["state"], "halted");
    assert_eq!(web["books"]["waiting"], 3);
    assert_eq!(web["waiting_bytes"], 894);
    assert_eq!(web["oldest_waiting_seconds"], 1.5);
    assert_eq!(web["sealed_files"], 2);
    assert_eq!(web["last_error"], "no such bucket");
}

#[test]
fn before_the_streams_are_there_the_status_is_empty() {
    let json = serde_json::to_value(Status::of(None)).unwrap();
    assert_eq!(json["streams"], serde_json::json!({}));
}
