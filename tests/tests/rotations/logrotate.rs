//! The real logrotate, in the modes that people use.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use standpipe_tests::Outcome;
use standpipe_tests::components::needs;

use crate::stage::Stage;
use crate::{ALL, Loss, Row, copies};

/// Without the copies that `copytruncate` makes.
const ONE: &str = "paths: [\"LOGS/app.log\"]";

/// Where distributions keep it.
const PLACES: [&str; 3] = [
    "/usr/sbin/logrotate",
    "/usr/bin/logrotate",
    "/sbin/logrotate",
];

/// None where there is no logrotate, which is noted.
pub(crate) fn rows() -> Outcome<Vec<Row>> {
    if program().is_none() {
        needs("logrotate: it is not there; to install it: apt-get install logrotate")?;
        return Ok(vec![]);
    }
    Ok(vec![
        Row::new("logrotate-create", ALL, Loss::None, |stage| {
            rotate(stage, "create 0644")
        }),
        Row::new("logrotate-nocreate", ALL, Loss::None, |stage| {
            rotate(stage, "nocreate")
        }),
        Row::new("logrotate-compress", ALL, Loss::IfKilled, |stage| {
            rotate(stage, "create\n  compress")
        }),
        Row::new("logrotate-delaycompress", ALL, Loss::IfKilled, |stage| {
            rotate(stage, "create\n  compress\n  delaycompress")
        }),
        Row::new("logrotate-dateext", ALL, Loss::None, |stage| {
            rotate(stage, "create\n  dateext\n  dateformat -%Y%m%d-%s")
        }),
        Row::new("logrotate-copytruncate", ONE, Loss::NoneInPlace, |stage| {
            rotate(stage, "copytruncate")
        }),
        Row::new("logrotate-copies", ALL, Loss::None, |stage| {
            rotate(stage, "copytruncate")
        }),
        Row::new("logrotate-copies-dateext", ALL, Loss::None, |stage| {
            rotate(stage, "copytruncate\n  dateext\n  dateformat -%Y%m%d-%s")
        }),
        Row::new("logrotate-copies-busy", ALL, Loss::Bounded, |stage| {
            let settings = settings(stage, "copytruncate")?;
            copies::busy(stage, |stage| run(stage, &settings))
        }),
    ])
}

fn program() -> Option<PathBuf> {
    let mut places = PLACES.iter().map(PathBuf::from);
    places.find(|place| place.exists())
}

fn run(stage: &mut Stage, settings: &Path) -> Outcome {
    let state = stage.path("../logrotate.state");
    let arguments = [
        "-f",
        "-s",
        &state.to_string_lossy(),
        &settings.to_string_lossy(),
    ];
    stage.command(&program().unwrap_or_default(), &arguments)
}

fn rotate(stage: &mut Stage, mode: &str) -> Outcome {
    let settings = settings(stage, mode)?;
    let in_place = mode.starts_with("copytruncate");
    for _ in 0..3 {
        let mut old = stage.writer("app.log")?;
        stage.put(&mut old, 200)?;
        // What is compressed or truncated at once has to have been seen; the writer pauses.
        if in_place {
            stage.arrived()?;
        } else {
            stage.seen()?;
            stage.doom();
        }
        next_second();
        run(stage, &settings)?;
        // A server that is told late to open its log again.
        if !in_place && !mode.contains("compress") {
            stage.put(&mut old, 10)?;
        }
        stage.write("app.log", 10)?;
    }
    Ok(())
}

/// Names made of the time are to differ: logrotate refuses to rotate twice to one name. The clock that
/// it reads moves by ticks, up to 10 ms late, so the next second has to have begun for longer.
fn next_second() {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let over = Duration::from_nanos(u64::from(now.unwrap_or_default().subsec_nanos()));
    let tick = Duration::from_millis(50);
    std::thread::sleep(Duration::from_secs(1) + tick - over);
}

/// logrotate refuses settings and folders to which others may write.
fn settings(stage: &Stage, mode: &str) -> Outcome<PathBuf> {
    let log = stage.path("app.log");
    let text = format!(
        "\"{}\" {{\n  rotate 9\n  missingok\n  {mode}\n}}\n",
        log.display()
    );
    let path = stage.path("../logrotate.conf");
    fs::write(&path, text)?;
    let only_ours = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    only_ours(&path, 0o644)?;
    only_ours(&stage.path(""), 0o755)?;
    Ok(path)
}
