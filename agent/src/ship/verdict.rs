//! What an answer of the daemon means for a source (rules 3 to 5). Pure.
//!
//! A *stored* range moves the source on. A range that was *held* before does so only if the
//! daemon's evidence agrees with our own file; so does a mark that lies ahead of us. A mark behind
//! us means that the daemon lost something: it gets it again. Evidence that disagrees means that
//! somebody else writes under our ids.

use standpipe_config::frame::{Answer, Mark, Outcome, Tail};

use crate::progress::Place;

/// A range that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Where it began.
    pub start: Place,
    /// Where it ended.
    pub end: Place,
    /// It held no bytes, but said that they cannot be read.
    pub is_gap: bool,
}

/// What our own file says about the daemon's evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Confirmation {
    /// The same bytes.
    Agrees,
    /// Other bytes, or fewer.
    Disagrees,
    /// The bytes are not there to be compared.
    Unknown,
}

/// What to do about a range that was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Acknowledged up to its end.
    Advance,
    /// Read again from here on; everything before is the daemon's.
    GoTo {
        /// Offset in the range's epoch.
        offset: u64,
    },
    /// Read again from what is durably acknowledged: the daemon knows nothing of the source.
    Again,
    /// Go on as a new source from what is acknowledged: somebody else uses this one's id (rule 4).
    Mint,
}

/// Decides what an answer means. `confirm` holds evidence for an offset of the range's epoch
/// against our own file.
pub fn judge(
    sent: &Sent,
    answer: &Answer,
    confirm: impl FnOnce(u64, &Tail) -> Confirmation,
) -> Move {
    match answer.outcome {
        Outcome::Stored => Move::Advance,
        Outcome::Held => held(sent, answer.mark.as_ref(), confirm),
        Outcome::Expected => expected(sent, answer.mark.as_ref(), confirm),
        // An answer for another kind of frame: nothing is known, so nothing moves.
        Outcome::Noted => Move::Again,
    }
}

fn held(
    sent: &Sent,
    mark: Option<&Mark>,
    confirm: impl FnOnce(u64, &Tail) -> Confirmation,
) -> Move {
    // Nothing can be compared for bytes that cannot be read, and nothing is gained by saying so
    // twice.
    if sent.is_gap {
        return Move::Advance;
    }
    let Some(mark) = mark.filter(|mark| mark.epoch == sent.end.epoch) else {
        return Move::Mint;
    };
    if mark.offset < sent.end.offset {
        return Move::Again;
    }
    // What was read is better evidence than what the file holds by now.
    if mark.offset == sent.end.offset && mark.tail.is_some() && mark.tail == sent.end.tail {
        return Move::Advance;
    }
    match evidence(mark, confirm) {
        Confirmation::Agrees => Move::Advance,
        Confirmation::Disagrees | Confirmation::Unknown => Move::Mint,
    }
}

fn expected(
    sent: &Sent,
    mark: Option<&Mark>,
    confirm: impl FnOnce(u64, &Tail) -> Confirmation,
) -> Move {
    let Some(mark) = mark.filter(|mark| mark.epoch >= sent.start.epoch) else {
        return Move::Again;
    };
    if mark.epoch > sent.start.epoch {
        return if sent.is_gap {
            Move::Advance
        } else {
            Move::Mint
        };
    }
    let to = Move::GoTo {
        offset: mark.offset,
    };
    let ahead = mark.offset > sent.start.offset;
    match evidence(mark, confirm) {
        Confirmation::Agrees => to,
        Confirmation::Disagrees => Move::Mint,
        // To pass over bytes takes evidence; to send them again takes none.
        Confirmation::Unknown if ahead && !sent.is_gap => Move::Mint,
        Confirmation::Unknown => to,
    }
}

fn evidence(mark: &Mark, confirm: impl FnOnce(u64, &Tail) -> Confirmation) -> Confirmation {
    match &mark.tail {
        Some(tail) => confirm(mark.offset, tail),
        None => Confirmation::Unknown,
    }
}

#[cfg(test)]
mod tests;
