//! What to do next with a file for one stream. Pure: a view in, a step out.

use standpipe_config::frame::GapReason;

use crate::progress::Place;

/// What is known when a step is decided.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Up to where bytes were read or skipped.
    pub next: Place,
    /// Up to where everything is acknowledged.
    pub acknowledged: Place,
    /// The file's current epoch.
    pub epoch: u64,
    /// How many bytes the epoch of `next` held, if it is not the current one.
    pub closed_at: u64,
    /// Bytes before this offset are excluded by settings.
    pub excluded: u64,
    /// The largest size seen in the current epoch.
    pub size: u64,
    /// No line ends between `next` and here.
    pub unfinished: u64,
    /// Nothing was written for so long that what ends with a line end is whole.
    pub quiet: bool,
    /// How the file ends.
    pub ending: Ending,
    /// The daemon knows that the source ended here.
    pub is_final: bool,
}

/// How a file ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It may grow.
    Open,
    /// It may grow, but this process will not wait for it (`--once`).
    Once,
    /// It was renamed to a name that is followed too, and is quiet: nobody will write the rest of
    /// an unfinished last line, so that it is a record. It may grow all the same.
    Renamed,
    /// It was renamed out of sight or deleted, and is quiet: an unfinished last line is a record,
    /// and then it is final.
    Closing,
    /// It is gone, and no descriptor is left: what was not read never will be.
    Gone,
}

/// The next thing to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Bytes up to `end` cannot or shall not be read: say so (rule 5).
    Gap {
        /// Behind the last of them.
        end: u64,
        /// Why.
        reason: GapReason,
    },
    /// The epoch is over: go to the beginning of the next one.
    NextEpoch,
    /// Read on. With `to_end`, what has no line end is a record too.
    Read {
        /// Nothing will follow.
        to_end: bool,
    },
    /// Tell the daemon that the source ends here.
    Final,
    /// Nothing to do.
    Nothing,
}

/// Decides what to do next.
pub fn step(view: &View) -> Step {
    let at = view.next.offset;
    if view.next.epoch < view.epoch {
        return match view.closed_at {
            end if at < end => gap(end, GapReason::Truncated),
            // The answer tells whether the daemon has these bytes all the same; once it has some of the
            // next epoch, no answer does.
            _ if view.acknowledged.at() != view.next.at() => Step::Nothing,
            _ => Step::NextEpoch,
        };
    }
    let excluded = view.excluded.min(view.size);
    if at < excluded {
        return gap(excluded, GapReason::Excluded);
    }
    if at < view.size {
        return match view.ending {
            Ending::Gone => gap(view.size, GapReason::Deleted),
            Ending::Once | Ending::Renamed | Ending::Closing => Step::Read { to_end: true },
            Ending::Open if view.unfinished >= view.size && !view.quiet => Step::Nothing,
            Ending::Open => Step::Read { to_end: false },
        };
    }
    let over = matches!(view.ending, Ending::Closing | Ending::Gone);
    if over && !view.is_final && view.acknowledged.at() == view.next.at() {
        return Step::Final;
    }
    Step::Nothing
}

fn gap(end: u64, reason: GapReason) -> Step {
    Step::Gap { end, reason }
}

#[cfg(test)]
mod tests;
