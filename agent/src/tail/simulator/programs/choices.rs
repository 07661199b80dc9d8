//! Choices that a number decides, so that a program is told by it.

use super::super::Luck;

/// SplitMix64: small, and good enough to choose acts.
pub(super) struct Choices {
    state: u64,
}

impl Choices {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `below`.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.next() % below
    }

    pub(super) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// What happens to a request; where the process lives, it gets there.
    pub(super) fn luck(&mut self, lives: bool) -> Luck {
        match self.below(10) {
            0 => Luck::Refused,
            1 if !lives => Luck::RequestLost,
            2 | 3 if !lives => Luck::ReplyLost,
            _ => Luck::Good,
        }
    }
}
