//! Choices that can be had again: `SEED=n` repeats a run.

use std::hash::{BuildHasher, RandomState};

/// A source of choices (splitmix64, Vigna).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        Random::at(&[seed()])
    }

    /// Of a place of its own, where what came back to one request must not shift the choices of the next: `place` is whatever
    /// tells this use from every other, the seed first.
    pub(crate) fn at(place: &[u64]) -> Random {
        let mut random = Random(0);
        for part in place {
            random.0 ^= part;
            random.0 = random.next();
        }
        random
    }

    /// Any 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of so many, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// The one that `SEED` names, or one of its own for each run; shown when a test that asked for it fails.
pub(crate) fn seed() -> u64 {
    let seed = std::env::var("SEED").map_or_else(
        |_| RandomState::new().hash_one(()),
        |seed| seed.parse().expect("SEED is a number"),
    );
    println!("SEED={seed} makes the same choices again");
    seed
}
