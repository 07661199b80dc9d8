//! What becomes of changes that were not synced.

use crate::random::Random;

/// What becomes of a row of changes. Were each of a hundred left to a coin of its own, hardly ever
/// would all or none of them survive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// None survives.
    Lost,
    /// All survive.
    There,
    /// The first so many survive.
    First(u64),
    /// All but the first so many survive.
    Last(u64),
    /// A coin for each.
    Chance,
}

impl Fate {
    /// The fate of `count` changes.
    pub(super) fn draw(count: usize, random: &mut Random) -> Self {
        let some = random.below(count as u64 + 1);
        *random.one_of(&[
            Self::Lost,
            Self::There,
            Self::First(some),
            Self::Last(some),
            Self::Chance,
        ])
    }

    /// Whether the change of this number survives.
    pub(super) fn spares(self, number: usize, random: &mut Random) -> bool {
        match self {
            Self::Lost => false,
            Self::There => true,
            Self::First(some) => (number as u64) < some,
            Self::Last(some) => (number as u64) >= some,
            Self::Chance => random.once_in(2),
        }
    }
}
