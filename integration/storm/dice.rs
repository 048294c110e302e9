//! Choices that can be had again: each step of each client has numbers of its own, so that what came back to one request
//! does not shift the choices of the next.

/// A source of numbers, made from where it is used.
pub(crate) struct Dice(u64);

impl Dice {
    /// `place` is whatever tells this use from every other: seed, client, step.
    pub(crate) fn at(place: &[u64]) -> Dice {
        let mut dice = Dice(0);
        for part in place {
            dice.0 ^= part;
            dice.0 = dice.next();
        }
        dice
    }

    /// Any 64 bits: splitmix64 (Vigna).
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number under `sides`, which is at least 1.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        usize::try_from(self.next() % sides as u64).expect("under a usize")
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
