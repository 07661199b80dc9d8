//! Files that can be taken for one another: by name, by inode number, by content.

use std::fs;
use std::os::unix::fs::symlink;

use standpipe_tests::Outcome;

use crate::stage::Stage;
use crate::{ALL, Loss, Row};

/// A name that is a symbolic link.
const LINK: &str = "paths: [\"LOGS/app.log\"]";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("delete-unread", ALL, Loss::IfKilled, deleted),
        Row::new("delete-stopped", ALL, Loss::Counted, deleted_while_stopped),
        Row::new("recreate", ALL, Loss::None, recreated),
        Row::new("recreate-stopped", ALL, Loss::None, recreated_while_stopped),
        Row::new("replace", ALL, Loss::IfKilled, replaced),
        Row::new("symlink", LINK, Loss::None, retargeted),
        Row::new(
            "symlink-stopped",
            LINK,
            Loss::None,
            retargeted_while_stopped,
        ),
        Row::new("hard-links", ALL, Loss::None, hard_links),
        Row::new("equal-beginnings", ALL, Loss::None, equal_beginnings),
        Row::new("tiny-files", ALL, Loss::None, tiny),
    ]
}

/// The descriptor still reads it.
fn deleted(stage: &mut Stage) -> Outcome {
    stage.close();
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 100)?;
    stage.seen()?;
    stage.remove("app.log")?;
    stage.put(&mut old, 10)?;
    stage.doom();
    stage.write("app.log", 10)?;
    stage.open()
}

fn deleted_while_stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.arrived()?;
    stage.close();
    stage.write("app.log", 30)?;
    stage.stop()?;
    stage.doom();
    stage.remove("app.log")?;
    stage.write("app.log", 10)?;
    stage.start()?;
    stage.open()
}

/// The same name and the same beginning, and on most file systems the same inode number.
fn recreated(stage: &mut Stage) -> Outcome {
    for _ in 0..4 {
        stage.header("app.log", 5000)?;
        stage.write("app.log", 20)?;
        stage.arrived()?;
        stage.remove("app.log")?;
    }
    stage.header("app.log", 5000)?;
    stage.write("app.log", 20)
}

fn recreated_while_stopped(stage: &mut Stage) -> Outcome {
    stage.header("app.log", 5000)?;
    stage.write("app.log", 20)?;
    stage.arrived()?;
    stage.stop()?;
    stage.remove("app.log")?;
    stage.header("app.log", 5000)?;
    stage.write("app.log", 40)?;
    stage.start()?;
    stage.write("app.log", 10)
}

/// Another file takes the name in one step.
fn replaced(stage: &mut Stage) -> Outcome {
    for round in 0..4 {
        if round > 0 {
            stage.write("app.log", 10)?;
            stage.seen()?;
            stage.doom();
        }
        stage.write("new", 30)?;
        stage.rename("new", "app.log")?;
    }
    stage.write("app.log", 10)
}

fn point(stage: &Stage, target: &str) -> Outcome {
    let (link, new) = (stage.path("app.log"), stage.path("app.new"));
    symlink(stage.path(target), &new)?;
    Ok(fs::rename(new, link)?)
}

fn retargeted(stage: &mut Stage) -> Outcome {
    for day in 0..4 {
        let target = format!("day.{day}");
        stage.write(&target, 30)?;
        point(stage, &target)?;
        stage.write(&target, 10)?;
        stage.arrived()?;
    }
    Ok(())
}

fn retargeted_while_stopped(stage: &mut Stage) -> Outcome {
    stage.write("day.0", 30)?;
    point(stage, "day.0")?;
    stage.arrived()?;
    stage.stop()?;
    stage.write("day.0", 10)?;
    stage.write("day.1", 30)?;
    point(stage, "day.1")?;
    stage.start()
}

fn hard_links(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 30)?;
    fs::hard_link(stage.path("app.log"), stage.path("app.log.1"))?;
    stage.write("app.log.1", 10)?;
    stage.pause(300)?;
    stage.remove("app.log")?;
    stage.write("app.log.1", 10)?;
    stage.write("app.log", 10)
}

fn equal_beginnings(stage: &mut Stage) -> Outcome {
    let files = if stage.is_full() { 100 } else { 20 };
    for file in 0..files {
        stage.header(&format!("app.log.{file}"), 1024)?;
    }
    stage.pause(300)?;
    for file in 0..files {
        stage.write(&format!("app.log.{file}"), 3)?;
    }
    Ok(())
}

/// Empty ones, and some of a byte, which grow in the end.
fn tiny(stage: &mut Stage) -> Outcome {
    let mut rests = vec![];
    for file in 0..10 {
        let name = format!("app.log.{file}");
        let mut open = stage.writer(&name)?;
        if file % 2 == 1 {
            rests.push((name, stage.first_byte(&mut open)?));
        }
    }
    stage.pause(500)?;
    for (name, rest) in rests {
        let mut open = stage.writer(&name)?;
        stage.put_bytes(&mut open, &rest)?;
    }
    stage.write("app.log.0", 5)
}
