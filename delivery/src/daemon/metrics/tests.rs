use std::path::Path;

use standpipe_config::process::metrics::Metrics;

use super::super::status::tests::status;
use super::*;

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
        r#"standpipe_delivery_attempts_total{stream="web",destination="s3",result="delivered"} 11"#,
        r#"standpipe_delivery_attempts_total{stream="web",destination="s3",result="halt"} 14"#,
        r#"standpipe_sealed_bytes{stream="web"} 15"#,
        r#"standpipe_journal_position{stream="web"} 16"#,
        r#"standpipe_sealed_position{stream="web"} 17"#,
        "standpipe_memory_used_bytes 18",
        "standpipe_memory_limit_bytes 19",
        "standpipe_settings_reloads_total 3",
        "standpipe_settings_usable 0",
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
    for Metric { name, labels, .. } in FROM_STATUS {
        assert!(
            text.contains(&format!("\n{name}{{")) || text.contains(&format!("\n{name} ")),
            "{name} is explained but not there"
        );
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name}{{")));
        for label in *labels {
            assert!(
                line.unwrap().contains(&format!("{label}=")),
                "{name} {label}"
            );
        }
    }
}

/// The manual's page, as the table has it.
fn page() -> String {
    let mut page = include_str!("intro.md").to_owned();
    for (title, metrics) in [
        ("Set from the status at each scrape", FROM_STATUS),
        ("Counted in passing", IN_PASSING),
    ] {
        page += &format!(
            "\n## {title}\n\n| metric | kind | labels | says | in Firehose |\n|---|---|---|---|---|\n"
        );
        for metric in metrics {
            let Metric {
                name,
                kind,
                labels,
                about,
                firehose,
            } = metric;
            let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
            let kind = format!("{kind:?}").to_lowercase();
            page += &format!(
                "| `{name}` | {kind} | {} | {about} | {firehose} |\n",
                labels.join(", ")
            );
        }
    }
    page
}

/// Written anew with STANDPIPE_WRITE_DOCS=1.
#[test]
fn the_manual_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    if std::env::var_os("STANDPIPE_WRITE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        written,
        page(),
        "STANDPIPE_WRITE_DOCS=1 writes docs/metrics.md anew"
    );
}

/// What dashboard and alert rules ask for is there.
#[test]
fn dashboard_and_alerts_ask_for_metrics_and_labels_that_there_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/grafana");
    let known: Vec<_> = FROM_STATUS.iter().chain(IN_PASSING).collect();
    for file in ["standpipe.json", "alerts.yaml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut asked = 0;
        for (at, _) in text.match_indices("standpipe_") {
            let name: String = text[at..].chars().take_while(|c| word(*c)).collect();
            let is_series = |metric: &&&Metric| match metric.kind {
                Kind::Counter | Kind::Gauge => metric.name == name,
                Kind::Histogram => ["_bucket", "_sum", "_count"]
                    .map(|end| metric.name.to_owned() + end)
                    .contains(&name),
            };
            assert!(
                known.iter().any(|m| is_series(&m)),
                "{file} asks for {name}"
            );
            asked += 1;
        }
        assert!(asked > 5, "{file} asks for little: {asked}");
    }
    let dashboard = std::fs::read(folder.join("standpipe.json")).unwrap();
    let dashboard: serde_json::Value = serde_json::from_slice(&dashboard).unwrap();
    assert!(!dashboard["panels"].as_array().unwrap().is_empty());
}
