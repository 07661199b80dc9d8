//! Rotation by rename: the oldest way, and the only one that loses nothing by itself.

use standpipe_tests::Outcome;

use crate::stage::Stage;
use crate::{ALL, Loss, Row};

/// Two places that are followed, one of them a folder below the other.
const TWO: &str = "paths: [\"LOGS/app.log*\", \"LOGS/old/*\"]";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("rename-ahead", ALL, Loss::None, ahead),
        Row::new("rename-behind", ALL, Loss::None, behind),
        Row::new("rename-stopped", ALL, Loss::None, stopped),
        Row::new("rename-cyclic", ALL, Loss::None, cyclic),
        Row::new("rename-same-times", ALL, Loss::None, same_times),
        Row::new("rename-late-lines", ALL, Loss::None, late_lines),
        Row::new("rename-half-line", ALL, Loss::None, half_line),
        Row::new("rename-many-notices", ALL, Loss::None, many_notices),
        Row::new("rename-out", ALL, Loss::None, out),
        Row::new("rename-out-stopped", ALL, Loss::None, out_stopped),
        Row::new("rename-in", ALL, Loss::None, into),
        Row::new("rename-across", TWO, Loss::None, across),
        Row::new("rename-across-stopped", TWO, Loss::None, across_stopped),
        Row::new("rename-away", ALL, Loss::IfKilled, away),
        Row::new("rename-away-stopped", ALL, Loss::Counted, away_stopped),
    ]
}

/// All is read before the next generation begins.
fn ahead(stage: &mut Stage) -> Outcome {
    for _ in 0..5 {
        stage.write("app.log", 50)?;
        stage.arrived()?;
        stage.shift()?;
    }
    stage.write("app.log", 20)
}

/// Nothing is taken while one generation follows the other.
fn behind(stage: &mut Stage) -> Outcome {
    stage.close();
    for _ in 0..if stage.is_full() { 50 } else { 20 } {
        stage.write("app.log", 20)?;
        stage.shift()?;
    }
    stage.write("app.log", 20)?;
    stage.open()
}

fn stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 80)?;
    stage.stop()?;
    for _ in 0..3 {
        stage.write("app.log", 20)?;
        stage.shift()?;
    }
    stage.write("app.log", 20)?;
    stage.start()?;
    stage.write("app.log", 20)
}

/// Three names take turns.
fn cyclic(stage: &mut Stage) -> Outcome {
    for round in 0..9 {
        for name in ["app.log.a", "app.log.b", "app.log.c"] {
            stage.write(name, 10)?;
        }
        stage.rename("app.log.a", "turn")?;
        stage.rename("app.log.b", "app.log.a")?;
        stage.rename("app.log.c", "app.log.b")?;
        stage.rename("turn", "app.log.c")?;
        if round == 4 {
            stage.pause(300)?;
        }
    }
    Ok(())
}

/// No order by time: all files say the same one, which has not come yet.
fn same_times(stage: &mut Stage) -> Outcome {
    let future = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    for _ in 0..5 {
        stage.write("app.log", 30)?;
        stage.writer("app.log")?.set_modified(future)?;
        stage.shift()?;
    }
    stage.write("app.log", 10)?;
    Ok(stage.writer("app.log")?.set_modified(future)?)
}

/// A server that is told late to open its log again.
fn late_lines(stage: &mut Stage) -> Outcome {
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 30)?;
    stage.shift()?;
    stage.write("app.log", 10)?;
    stage.put(&mut old, 10)?;
    stage.arrived()?;
    stage.pause(if stage.is_full() { 60_000 } else { 1000 })?;
    stage.put(&mut old, 10)
}

/// The last line has no end when its file is rotated, and gets it later.
fn half_line(stage: &mut Stage) -> Outcome {
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 10)?;
    let rest = stage.half(&mut old)?;
    stage.shift()?;
    stage.write("app.log", 10)?;
    stage.pause(300)?;
    stage.put_bytes(&mut old, &rest)?;
    stage.put(&mut old, 5)
}

/// Neighbours that nobody follows are so busy that notices may get lost.
fn many_notices(stage: &mut Stage) -> Outcome {
    let mut neighbours = [stage.writer("a.txt")?, stage.writer("b.txt")?];
    for _ in 0..4 {
        stage.write("app.log", 30)?;
        for number in 0..10_000 {
            std::io::Write::write_all(&mut neighbours[number % 2], b"x\n")?;
        }
        stage.shift()?;
    }
    stage.write("app.log", 10)
}

/// To a name that no pattern finds; the descriptor still does.
fn out(stage: &mut Stage) -> Outcome {
    stage.close();
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 50)?;
    stage.seen()?;
    stage.rename("app.log", "old")?;
    stage.put(&mut old, 20)?;
    stage.write("app.log", 20)?;
    stage.open()?;
    stage.arrived()?;
    stage.put(&mut old, 5)
}

fn out_stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.stop()?;
    stage.write("app.log", 10)?;
    stage.rename("app.log", "old")?;
    stage.write("old", 10)?;
    stage.write("app.log", 10)?;
    stage.start()
}

fn into(stage: &mut Stage) -> Outcome {
    stage.write("prepared", 50)?;
    stage.rename("prepared", "app.log")?;
    stage.write("app.log", 10)?;
    stage.write("prepared", 50)?;
    stage.rename("prepared", "app.log.1")
}

/// From one followed place to another.
fn across(stage: &mut Stage) -> Outcome {
    stage.close();
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 50)?;
    stage.seen()?;
    stage.rename("app.log", "old/app")?;
    stage.put(&mut old, 20)?;
    stage.write("app.log", 20)?;
    stage.open()
}

fn across_stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.stop()?;
    stage.rename("app.log", "old/app")?;
    stage.write("old/app", 20)?;
    stage.write("app.log", 20)?;
    stage.start()
}

/// To a folder in which nobody looks.
fn away(stage: &mut Stage) -> Outcome {
    stage.close();
    let mut old = stage.writer("app.log")?;
    stage.put(&mut old, 50)?;
    stage.seen()?;
    stage.rename("app.log", "elsewhere/app.log")?;
    stage.put(&mut old, 20)?;
    stage.doom();
    stage.write("app.log", 20)?;
    stage.open()
}

fn away_stopped(stage: &mut Stage) -> Outcome {
    stage.write("app.log", 50)?;
    stage.arrived()?;
    stage.close();
    stage.write("app.log", 30)?;
    stage.stop()?;
    stage.doom();
    stage.rename("app.log", "elsewhere/app.log")?;
    stage.write("app.log", 10)?;
    stage.start()?;
    stage.open()
}
