//! Logs that are copied and then truncated, with copies that a pattern matches: what the copy repeats
//! arrives once, and what only the copy holds arrives.

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use standpipe_tests::wait::until;
use standpipe_tests::{Outcome, Trouble};

use crate::stage::Stage;
use crate::{ALL, Loss, PATIENCE, Row};

/// The copy is in the log's folder, and no pattern matches it.
const ONE: &str = "paths: [\"LOGS/app.log\"]";

/// The length of a busy writer's lines. A part of a page: nobody reads half of one.
const LENGTH: usize = 64;

/// What is in a busy log before it is rotated, in bytes.
const LEAST: u64 = 16 * 1024;

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("copytruncate-read", ALL, Loss::None, read),
        Row::new("copytruncate-unread", ALL, Loss::None, unread),
        Row::new("copytruncate-unread-apart", ONE, Loss::None, unread),
        Row::new("copytruncate-stopped", ALL, Loss::None, stopped),
        Row::new("copytruncate-slow", ALL, Loss::None, slow),
        Row::new("copytruncate-busy", ALL, Loss::Bounded, |stage| {
            busy(stage, copytruncate)
        }),
        Row::new("replace-copy", ALL, Loss::None, |stage| {
            replaced(stage, false)
        }),
        Row::new("replace-copy-stopped", ALL, Loss::None, |stage| {
            replaced(stage, true)
        }),
        Row::new("equal-files", ALL, Loss::None, equal),
    ]
}

/// `app.log.1` becomes `app.log.2` and so on; a copy becomes `app.log.1`.
fn copy(stage: &mut Stage) -> Outcome {
    let numbered = |number: u32| format!("app.log.{number}");
    let last = (1..).find(|number| !stage.path(&numbered(*number)).exists());
    for number in (1..last.unwrap_or(1)).rev() {
        let (from, to) = (numbered(number), numbered(number + 1));
        fs::rename(stage.path(&from), stage.path(&to))?;
    }
    fs::copy(stage.path("app.log"), stage.path(&numbered(1)))?;
    Ok(())
}

fn copytruncate(stage: &mut Stage) -> Outcome {
    stage.act()?;
    copy(stage)?;
    stage.truncate("app.log")
}

fn read(stage: &mut Stage) -> Outcome {
    for _ in 0..3 {
        stage.write("app.log", 100)?;
        stage.arrived()?;
        copytruncate(stage)?;
    }
    stage.write("app.log", 50)
}

/// What nobody took in time lies in the copies.
fn unread(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.arrived()?;
    stage.close();
    for _ in 0..2 {
        stage.write("app.log", 3000)?;
        stage.seen()?;
        copytruncate(stage)?;
    }
    stage.write("app.log", 20)?;
    stage.open()
}

/// Several generations come while the agent does not run.
fn stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 80)?;
    stage.arrived()?;
    stage.stop()?;
    for _ in 0..3 {
        stage.write("app.log", 40)?;
        copytruncate(stage)?;
    }
    stage.write("app.log", 20)?;
    stage.start()?;
    stage.write("app.log", 20)
}

/// The copy grows for a while, and the log meanwhile.
fn slow(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 300)?;
    stage.arrived()?;
    let mut copy = fs::File::create(stage.path("app.log.1"))?;
    let mut copied = 0;
    for _ in 0..8 {
        stage.pause(50)?;
        let log = fs::read(stage.path("app.log"))?;
        let until = log.len().min(copied + 3000);
        copy.write_all(&log[copied..until])?;
        copied = until;
        stage.write("app.log", 5)?;
    }
    copy.write_all(&fs::read(stage.path("app.log"))?[copied..])?;
    stage.truncate("app.log")?;
    stage.write("app.log", 20)
}

/// A copy takes the name of the log in one step, as editors do it.
fn replaced(stage: &mut Stage, while_stopped: bool) -> Outcome {
    for _ in 0..2 {
        stage.write("app.log", 200)?;
        stage.arrived()?;
        // What was read has to be remembered.
        stage.stop()?;
        if !while_stopped {
            stage.start()?;
            stage.seen()?;
        }
        fs::copy(stage.path("app.log"), stage.path("new"))?;
        // A file that is replaced within one tick of the clock may as well have been deleted before.
        stage.pause(100)?;
        stage.rename("new", "app.log")?;
        stage.write("app.log", 20)?;
        if while_stopped {
            stage.start()?;
        }
    }
    Ok(())
}

/// Files with the same content, all of which live: each is its own.
fn equal(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 10)?;
    stage.arrived()?;
    for name in ["app.log.a", "app.log.b", "app.log.c"] {
        stage.header(name, 200)?;
    }
    stage.arrived()
}

fn turns(stage: &mut Stage, rotate: impl Fn(&mut Stage) -> Outcome) -> Outcome {
    for _ in 0..3 {
        stage.pause(200)?;
        // More than many files have in common.
        until("the log to grow", PATIENCE, || {
            let size = fs::metadata(stage.path("app.log"))?.len();
            match size >= LEAST {
                true => Ok(()),
                false => Err(Trouble(format!("it has {size} bytes"))),
            }
        })?;
        rotate(stage)?;
    }
    stage.pause(200)
}

/// Rotates while lines are written all the time, all of which may be missing.
pub(crate) fn busy(stage: &mut Stage, rotate: impl Fn(&mut Stage) -> Outcome) -> Outcome {
    let (play, first) = (stage.done.number, stage.done.lines.len());
    let mut log = stage.writer("app.log")?;
    let over = AtomicBool::new(false);
    let (written, rotated) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = first;
            while !over.load(Ordering::Relaxed) {
                for _ in 0..10 {
                    let line = format!("@{play}:{number}@");
                    let line = format!("{line:x<width$}$\n", width = LENGTH - 2);
                    log.write_all(line.as_bytes())?;
                    number += 1;
                }
                thread::sleep(Duration::from_millis(5));
            }
            Ok::<_, Trouble>(number - first)
        });
        let rotated = turns(stage, &rotate);
        over.store(true, Ordering::Relaxed);
        (writer.join(), rotated)
    });
    rotated?;
    let written = written.map_err(|_| Trouble::new("the writer broke"))??;
    stage.done.lines.extend(vec![LENGTH as u64; written]);
    stage.written += (LENGTH * written) as u64;
    stage.doom();
    Ok(())
}
