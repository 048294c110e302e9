//! Choices that can be had again: `SEED=n` repeats a run.

/// A source of choices (xorshift64). Its seed is shown when a test that made one fails.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        let seed = std::env::var("SEED").map_or_else(
            |_| u64::from(std::process::id()),
            |seed| seed.parse().expect("SEED is a number"),
        );
        println!("SEED={seed} repeats it");
        Random(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One of so many.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("below a usize")
    }
}
