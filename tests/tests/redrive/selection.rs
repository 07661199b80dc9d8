//! A part of what failed is put back, by code, by time, or so many at most; what was put back before
//! never again.

use serde_json::Value;
use standpipe_tests::{Daemon, Folder, Ledger, Outcome, Trouble, objects};

use crate::{
    COLUMNS, LINES, PATIENCE, command, error_lines, failed, lines, redrive, redriven, stream,
};

/// The code of text where JSON is wanted.
const TEXT: &str = "DataFormatConversion.ParseError";

/// When records that begin with `name` arrived, as an operator would write it: first and last.
fn arrived(lines: &[Value], name: &str) -> Outcome<[String; 2]> {
    let mut times = vec![];
    for line in lines {
        let raw = line["rawData"].as_str().unwrap_or_default();
        let raw = base64_simd::STANDARD.decode_to_vec(raw)?;
        if raw.starts_with(name.as_bytes()) {
            times.extend(line["standpipe"]["arrival"].as_i64());
        }
    }
    let time = |time: Option<&i64>| -> Outcome<String> {
        let time = time.ok_or_else(|| Trouble(format!("nothing of {name} failed")))?;
        Ok(jiff::Timestamp::from_millisecond(*time)?.to_string())
    };
    Ok([time(times.iter().min())?, time(times.iter().max())?])
}

/// A daemon whose records of three kinds failed, and by now would not.
fn failed_and_repaired(folder: &Folder, ledger: &mut Ledger) -> Outcome<Daemon> {
    let mut daemon = Daemon::start(folder.path(), &stream(COLUMNS))?;
    daemon.post("web", &lines("early", 300, ledger))?.ok()?;
    daemon.settled("web", 300, PATIENCE)?;
    daemon.post("web", &lines("late", 200, ledger))?.ok()?;
    daemon.settled("web", 500, PATIENCE)?;
    daemon.post("web", &lines("[1]", 100, ledger))?.ok()?;
    daemon
        .post("web", b"{\"n\":\"a\"}\n{\"n\":\"b\"}\n")?
        .ok()?;
    ledger.wrote(b"{\"n\":\"a\"}");
    ledger.wrote(b"{\"n\":\"b\"}");
    let books = daemon.settled("web", 602, PATIENCE)?;
    assert_eq!(books.failed, 602);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    daemon.configure(&stream(LINES))?;
    daemon.up()?;
    Ok(daemon)
}

#[test]
fn a_selection_is_put_back_and_nothing_twice() -> Outcome {
    let folder = Folder::new("redrive-selection")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = failed_and_repaired(&folder, &mut ledger)?;
    let all = error_lines(&folder.join("out/errors"))?;
    let [since, _] = arrived(&all, "late")?;
    let [_, until] = arrived(&all, "early")?;

    assert_eq!(redrive(&daemon, &["--dry-run"])?, 602);
    assert_eq!((redriven(&daemon)?, failed(&daemon)?), (0, 602));
    let late = ["--since", &since, "--error-code", TEXT];
    let before = redrive(&daemon, &[&late[..], &["--dry-run"]].concat())?;
    assert!(
        before >= 200,
        "those that came late, and no early ones: {before}"
    );
    assert_eq!(
        redrive(&daemon, &[&late[..], &["--limit", "50"]].concat())?,
        50
    );
    assert_eq!(redrive(&daemon, &late)?, before - 50);
    assert_eq!(redrive(&daemon, &late)?, 0, "again");
    // Before the last of the early ones: that one, and all of its millisecond, are left.
    let early = redrive(&daemon, &["--until", &until])?;
    assert!(early < 300, "{early}");
    assert_eq!(redrive(&daemon, &["--error-code", "No.Such"])?, 0);
    let left = 602 - before - early;
    assert_eq!(failed(&daemon)?, left);
    assert_eq!(redrive(&daemon, &[])?, left);
    assert_eq!(redrive(&daemon, &[])?, 0, "a second one has nothing to do");

    let books = daemon.settled("web", 1204, PATIENCE)?;
    assert_eq!((books.delivered, books.failed), (602, 602), "{books:?}");
    assert_eq!(redriven(&daemon)?, 602);
    objects::raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    // All of it was moved aside, nothing was lost.
    let aside = error_lines(&folder.join("out/errors/redriven"))?;
    assert_eq!(aside.len(), 602);
    assert_eq!(error_lines(&folder.join("out/errors"))?.len(), 602);
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    folder.done()
}

#[test]
fn errors_are_grouped_by_code_with_samples() -> Outcome {
    let folder = Folder::new("redrive-errors")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = failed_and_repaired(&folder, &mut ledger)?;
    let (exit, summary) = command(&daemon, "errors", &[])?;
    assert_eq!(exit, 0);
    let groups = summary["groups"].as_array().cloned().unwrap_or_default();
    let count: u64 = groups.iter().filter_map(|g| g["records"].as_u64()).sum();
    assert_eq!((count, &summary["records"]), (602, &602.into()));
    let text = groups.iter().find(|group| group["code"] == TEXT);
    let text = text.ok_or_else(|| Trouble(format!("{summary}")))?;
    assert_eq!(text["kind"], "format-conversion-failed");
    assert!(text["oldest"].as_i64() <= text["newest"].as_i64());
    let samples = text["samples"].as_array().cloned().unwrap_or_default();
    assert_eq!(samples.len(), 3);
    let data = samples[0]["data"].as_str().unwrap_or_default();
    assert!(data.ends_with(" 0"), "the first line of an object: {data}");
    assert!(
        samples[0]["message"]
            .as_str()
            .is_some_and(|m| !m.is_empty())
    );
    assert_eq!(daemon.stop(PATIENCE)?, 0);
    // Nobody to ask.
    for what in ["errors", "redrive"] {
        assert_eq!(command(&daemon, what, &[])?.0, 1);
    }
    folder.done()
}

/// Another daemon's records, and what is no error line at all, are left where they lie.
#[test]
fn what_is_not_of_this_lane_is_left_alone() -> Outcome {
    let folder = Folder::new("redrive-foreign")?;
    let mut ledger = Ledger::new(1_000_000);
    let mut daemon = failed_and_repaired(&folder, &mut ledger)?;
    let found = objects::below(&folder.join("out/errors"))?;
    let one = found.first().ok_or(Trouble::new("nothing failed"))?;
    let text = std::fs::read_to_string(one)?;
    let line: Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
    let id = line["standpipe"]["id"].as_str().unwrap_or_default();
    let lane = id.split('-').next().unwrap_or_default();
    // The first half of the file's name stays, so that it is looked into.
    let name = one.to_string_lossy().into_owned();
    let other = format!("{}{}", &name[..name.len() - 4], "ffff");
    std::fs::write(&other, text.replace(lane, &"0".repeat(32)) + "no line\n")?;
    let foreign = text.lines().count() as u64 + 1;
    let (exit, counts) = command(&daemon, "redrive", &[])?;
    assert_eq!(exit, 0);
    assert_eq!(
        (&counts["redriven"], &counts["foreign"]),
        (&602.into(), &foreign.into())
    );
    assert!(std::path::Path::new(&other).exists());
    daemon.settled("web", 1204, PATIENCE)?;
    objects::raw_arrived(&folder.join("out/web"), &mut ledger)?;
    ledger.settle()?;
    folder.done()
}
