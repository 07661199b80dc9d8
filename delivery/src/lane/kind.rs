//! Which records may lie in one batch: those that are redriven go where they would have gone, and take
//! nothing else along, because prefixes are made of the oldest arrival (rule 27).

use crate::record::Row;

/// In milliseconds.
const HOUR: i64 = 60 * 60 * 1000;

/// What the records of a batch have in common.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Kind {
    /// None is in it yet.
    #[default]
    Open,
    /// They came through a door.
    Fresh,
    /// They were redriven, and arrived in this hour since 1970.
    Redriven(i64),
}

impl Kind {
    /// That of a record.
    pub(super) fn of(row: &Row<'_>) -> Self {
        match row.redriven {
            None => Self::Fresh,
            Some(_) => Self::Redriven(row.arrival.0.div_euclid(HOUR)),
        }
    }

    /// Whether a record may lie in the batch too.
    pub(super) fn takes(self, row: &Row<'_>) -> bool {
        self == Self::Open || self == Self::of(row)
    }

    /// Whether copies are made for source backup. Of redriven records there are some already.
    pub(super) fn is_copied(self) -> bool {
        !matches!(self, Self::Redriven(_))
    }
}
