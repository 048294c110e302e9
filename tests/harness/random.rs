//! Random values that can be had again: `SEED=n` repeats a run.
//!
//! The generator is xoshiro256**, its state filled by splitmix64 (Blackman and Vigna): good enough to find inputs, of no
//! use against people.

use super::held;
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// A source of values. The seed is shown when a test that made one fails.
pub struct Random([u64; 4]);

impl Random {
    /// Seeded by the run: a new seed each time, or `SEED`. Every call in one run begins the same sequence, so that a test
    /// sees the same values alone and among others.
    pub fn new() -> Random {
        let seed = run_seed();
        held::note(format!("SEED={seed} repeats it"));
        Random::seeded(seed)
    }

    /// Seeded by the caller.
    pub fn seeded(seed: u64) -> Random {
        let mut state = seed;
        Random(std::array::from_fn(|_| splitmix(&mut state)))
    }

    /// A source of its own for another thread.
    pub fn fork(&mut self) -> Random {
        Random::seeded(self.next())
    }

    /// Any 64 bits.
    pub fn next(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// A number under `bound`, which is at least 1.
    pub fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "no number is below 0");
        // The remainder favours small numbers by less than one in 2^40 for any bound that a test uses.
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// A number in the range, both ends included.
    pub fn within(&mut self, range: RangeInclusive<usize>) -> usize {
        range.start() + self.below(range.end() - range.start() + 1)
    }

    /// True `percent` times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// Any bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    /// Puts them into another order.
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

/// The seed of this run, the same for all its tests.
fn run_seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| match std::env::var("SEED") {
        Ok(text) => text.parse().expect("SEED is a number of 64 bits"),
        Err(_) => RandomState::new().hash_one(()), // std's keys come from the system's randomness
    })
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
