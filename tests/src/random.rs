//! Random choices that can be repeated: the seed is printed, and `tests/run --seed N` takes it.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64: small, and good enough to choose moments and lengths.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Seeded by `STANDPIPE_SEED`, else afresh. Prints its seed.
    pub fn new() -> Self {
        let given = std::env::var("STANDPIPE_SEED").ok();
        let given = given.and_then(|text| text.parse().ok());
        let seed = given.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()));
        println!("seed {seed}: tests/run --seed {seed} repeats these choices");
        Self::seeded(seed)
    }

    /// Seeded by the caller.
    pub fn seeded(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Another source of choices, for another thread.
    pub fn fork(&mut self) -> Self {
        Self::seeded(self.next())
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `below`.
    pub fn below(&mut self, below: u64) -> u64 {
        self.next() % below.max(1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of some things.
    pub fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len() as u64) as usize]
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}
