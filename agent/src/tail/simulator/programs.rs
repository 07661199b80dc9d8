//! Random programs for a file system under a follower: many, small, and each a different kind of
//! trouble, where the histories of `simulator/tests.rs` are few and long.
//!
//! Whatever happens: no line arrives twice, none is missing that could be read, what is counted as
//! gone is missing, what is counted as delivered was, and durable progress is never ahead of the
//! daemon.

use super::Luck;

mod choices;
mod ledger;
mod stage;

use choices::Choices;
use stage::Stage;

/// One step of a program. Files and streams by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// So many bytes, and the line's end or not.
    Write(usize, usize, bool),
    /// Renamed to `.1`; what had that name is renamed out of the patterns, or written over.
    Rotate(usize, bool),
    /// Copied to a name that a pattern matches, or to another one.
    Copy(usize, bool),
    /// Nothing is left.
    Truncate(usize),
    /// So many lines are left.
    Cut(usize, usize),
    /// The file, or the one that it was rotated to.
    Delete(usize, bool),
    /// The rotated file is compressed.
    Pack(usize),
    /// The file cannot be opened, or can be again.
    Lock(usize, bool),
    /// The file system goes away, or comes back.
    Unmount(bool),
    Scan,
    Exchange(usize, Luck),
    Wait(u64),
    Commit,
    /// The process dies so many steps from now.
    Kill(u64),
    /// The daemon forgets the marks of everything whose acknowledgement is durable.
    Forget,
    /// Progress is deleted, and rebuilt from what the daemon holds.
    Lose,
}

/// What kind of machine a program runs on, and what may happen there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    /// The file system tells no births.
    pub(super) birthless: bool,
    /// Files begin with the same line.
    pub(super) headers: bool,
    /// Each change is seen before the next, and nobody is killed: then every byte is accounted for.
    pub(super) watched: bool,
}

/// A program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Program {
    pub(super) kind: Kind,
    pub(super) acts: Vec<Act>,
}

impl Program {
    /// The program that this number stands for.
    pub(super) fn of(seed: u64) -> Self {
        let mut choices = Choices::seeded(seed);
        let birthless = choices.once_in(4);
        let kind = Kind {
            birthless,
            // A file that begins like the one whose inode it got is that one, where no birth
            // tells otherwise.
            headers: !birthless && choices.once_in(2),
            watched: choices.once_in(4),
        };
        let length = 4 + choices.below(20);
        let acts = (0..length).map(|_| act(&mut choices, &kind)).collect();
        Self { kind, acts }
    }

    /// Plays it. What went wrong, if so.
    pub(super) fn play(&self) -> Result<(), String> {
        let mut stage = Stage::new(self.kind);
        for act in &self.acts {
            stage.act(*act);
            stage.check_progress()?;
        }
        stage.settle();
        stage.check_progress()?;
        stage.check()
    }

    /// The same without its nth act.
    pub(super) fn without(&self, act: usize) -> Self {
        let mut smaller = self.clone();
        smaller.acts.remove(act);
        smaller
    }
}

fn act(choices: &mut Choices, kind: &Kind) -> Act {
    let file = choices.below(4) as usize / 3;
    let stream = choices.below(2) as usize;
    // What a watched program never meets stands last.
    let most = if kind.watched { 19 } else { 29 };
    match choices.below(most) {
        0..=4 => Act::Write(file, 1 + choices.below(50) as usize, !choices.once_in(4)),
        5 => Act::Write(file, 800 + choices.below(2500) as usize, true),
        6 | 7 => Act::Rotate(file, choices.once_in(2)),
        8 => Act::Truncate(file),
        9 => Act::Delete(file, choices.once_in(2)),
        10 | 11 => Act::Scan,
        12..=16 => Act::Exchange(stream, choices.luck(kind.watched)),
        17 => Act::Wait(choices.below(40)),
        18 => Act::Commit,
        19 | 20 => Act::Kill(choices.below(40)),
        21 | 22 => Act::Copy(file, choices.once_in(2)),
        23 => Act::Cut(file, choices.below(4) as usize),
        24 => Act::Pack(file),
        25 => Act::Lock(file, choices.once_in(2)),
        26 => Act::Unmount(choices.once_in(2)),
        27 => Act::Forget,
        _ => Act::Lose,
    }
}

#[cfg(test)]
mod tests;
