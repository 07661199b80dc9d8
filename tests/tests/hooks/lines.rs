//! A hundred thousand access-log lines through a function in the Lambda style.

use std::collections::BTreeSet;

use jiff::Zoned;
use standpipe_tests::random::Random;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, access, http, objects};

use crate::{Function, PATIENCE, error_lines, raw_data, stream};

const LINES: usize = 100_000;

/// Records are shorter.
const LONGEST: usize = 1_000_000;

/// What the function is to do with the lines.
struct Expected {
    kept: Ledger,
    failed: Ledger,
    dropped: u64,
}

/// The lines of one request each, and what is expected of all.
fn made_up() -> (Vec<Vec<u8>>, Expected) {
    let (mut random, now) = (Random::new(), Zoned::now());
    let mut expected = Expected {
        kept: Ledger::new(LONGEST),
        failed: Ledger::new(LONGEST),
        dropped: 0,
    };
    let mut requests = vec![];
    for _ in 0..LINES / 5000 {
        let mut request = vec![];
        for number in 0..5000 {
            let mut line = format!("{}-{number} ", requests.len()).into_bytes();
            access::line(&mut random, &now, &mut line);
            let end = line.len() - 1;
            let text = String::from_utf8_lossy(&line);
            if text.contains(" /robots.txt HTTP") {
                expected.dropped += 1;
            } else if text.contains("\"PUT ") {
                expected.failed.wrote(&line[..end]);
            } else {
                expected.kept.wrote(&line[..end]);
            }
            request.extend_from_slice(&line);
        }
        requests.push(request);
    }
    (requests, expected)
}

#[test]
fn a_function_shapes_drops_and_fails_a_hundred_thousand_lines() -> Outcome {
    let folder = Folder::new("hook-lines")?;
    let Some(function) = Function::start(&folder)? else {
        return folder.done();
    };
    let mut daemon = Daemon::start(folder.path(), &stream("web", &function.url(), ""))?;
    let (requests, mut expected) = made_up();
    for request in &requests {
        daemon.post("web", request)?.ok()?;
    }
    let books = daemon.settled("web", LINES as u64, PATIENCE)?;
    assert_eq!(books.dropped, expected.dropped);
    assert_eq!(books.failed, expected.failed.written());
    assert_eq!(books.delivered, expected.kept.written());
    check_counts(&daemon, books.failed)?;
    for path in objects::below(&folder.join("out/web"))? {
        for row in objects::json_lines(&path)? {
            let line = row["line"].as_str().unwrap_or("(none)");
            expected.kept.arrived(line.as_bytes());
        }
    }
    expected.kept.settle()?;
    check_errors(&folder, &function, &mut expected.failed)?;
    let mut copies = Ledger::new(LONGEST);
    objects::raw_arrived(&folder.join("copies"), &mut copies)?;
    assert_eq!(
        copies.has_arrived(),
        LINES as u64,
        "source backup has all as they came"
    );
    folder.done()
}

/// What operators see of it: as many records passed as did not fail, and why the others failed.
fn check_counts(daemon: &Daemon, failed: u64) -> Outcome {
    let metrics = http::get(daemon.door("admin")?, "/metrics")?.ok()?;
    let metrics = String::from_utf8_lossy(&metrics.body);
    let passed = LINES as u64 - failed;
    for said in [
        &format!("standpipe_records_transformed_total{{stream=\"web\"}} {passed}\n"),
        "standpipe_transform_attempts_total{stream=\"web\",result=\"succeeded\"} ",
        "standpipe_transform_seconds_bucket{stream=\"web\",le=\"+Inf\"} ",
    ] {
        assert!(metrics.contains(said), "{said} is not in {metrics}");
    }
    let status = daemon.status("web")?;
    let code = &status["errors"]["Lambda.ProcessingFailedStatus"];
    assert_eq!(code["lines"], failed, "{status}");
    let sample = &code["samples"][0]["message"];
    assert_eq!(sample, "ProcessingFailed status set for record");
    Ok(())
}

/// D.5: the fields of an error line, and the record as it came.
fn check_errors(folder: &Folder, function: &Function, failed: &mut Ledger) -> Outcome {
    let mut ids = BTreeSet::new();
    for line in error_lines(&folder.join("out/errors/web"))? {
        failed.arrived(&raw_data(&line)?);
        assert_eq!(line["errorCode"], "Lambda.ProcessingFailedStatus");
        assert_eq!(
            line["errorMessage"],
            "ProcessingFailed status set for record"
        );
        assert_eq!(line["attemptsMade"], 1);
        assert_eq!(line["lambdaARN"], function.url());
        assert_eq!(line["standpipe"]["stage"], "accepted");
        assert!(line["arrivalTimestamp"].is_i64() && line["attemptEndingTimestamp"].is_i64());
        assert!(
            ids.insert(line["standpipe"]["id"].to_string()),
            "{line} twice"
        );
    }
    failed.settle()
}
