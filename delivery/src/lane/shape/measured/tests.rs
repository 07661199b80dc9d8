use standpipe_config::names::{Arrival, Run};
use standpipe_config::process::metrics::Metrics;

use super::*;
use crate::failure::Verdict;
use crate::record::{Row, Stage};

/// Drops the first record and fails the others, or does not answer.
struct Half {
    answers: bool,
}

impl Transform for Half {
    async fn apply(&self, portion: &Arc<Portion>) -> Result<Vec<Outcome>, Fault> {
        let fault = Fault {
            verdict: Verdict::Retry,
            code: "Lambda.FunctionError",
            message: "no".into(),
            is_unreachable: false,
        };
        let failed = Outcome::failed("Lambda.ProcessingFailedStatus", "no");
        let mut outcomes = vec![failed; portion.len()];
        outcomes[0] = Outcome::Drop;
        self.answers.then_some(outcomes).ok_or(fault)
    }
}

fn portion(records: &[&[u8]]) -> Arc<Portion> {
    let mut portion = Portion::default();
    for (position, bytes) in (0..).zip(records) {
        portion.push(&Row {
            run: Run([2; 8]),
            position,
            index: 0,
            arrival: Arrival(0),
            stage: Stage::Accepted,
            part: None,
            redriven: None,
            bytes,
        });
    }
    Arc::new(portion)
}

#[test]
fn attempts_times_and_what_passed_are_counted() {
    let stream: StreamName = "web".parse().unwrap();
    let portion = portion(&[b"four", b"three"]);
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    let text = Metrics::detached().render(|| {
        for answers in [true, false, true] {
            let half = Half { answers };
            let measured = Measured {
                transform: &half,
                stream: &stream,
            };
            let made = runtime.block_on(measured.apply(&portion));
            assert_eq!(made.is_ok(), answers);
        }
    });
    for line in [
        r#"standpipe_transform_attempts_total{stream="web",result="succeeded"} 2"#,
        r#"standpipe_transform_attempts_total{stream="web",result="failed"} 1"#,
        r#"standpipe_transform_seconds_count{stream="web"} 3"#,
        r#"standpipe_records_transformed_total{stream="web"} 2"#,
        r#"standpipe_bytes_transformed_total{stream="web"} 8"#,
    ] {
        assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
    }
}
