//! Time in one place: monotonic for every deadline and TTL, wall time for `Date` and for what people read.
//!
//! Invariant: `now_us` never goes back. A manual clock (tests) moves only when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of time; clones share it.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The operating system's clocks. Monotonic time starts at `offset_us` when the clock is made.
    System {
        /// When the clock was made.
        base: Instant,
        /// What it showed then.
        offset_us: u64,
    },
    /// A clock for tests: monotonic and wall time are both what it was set to.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The system's clock, starting at 0.
    pub fn system() -> Clock {
        Clock::starting_at_ms(0)
    }

    /// The system's clock, its monotonic side starting at `start_ms`: a journal's accumulated uptime, say.
    pub fn starting_at_ms(start_ms: u64) -> Clock {
        Clock::System {
            base: Instant::now(),
            offset_us: start_ms.saturating_mul(1000),
        }
    }

    /// A clock that stands still at `start_ms` until it is moved.
    pub fn manual(start_ms: u64) -> Clock {
        Clock::Manual(Arc::new(AtomicU64::new(start_ms.saturating_mul(1000))))
    }

    /// Moves a manual clock on; a system clock moves by itself and ignores this.
    pub fn advance_us(&self, us: u64) {
        if let Clock::Manual(now) = self {
            // Relaxed: the value is all that is shared; tests order their threads by other means.
            now.fetch_add(us, Ordering::Relaxed);
        }
    }

    /// `advance_us` in milliseconds.
    pub fn advance_ms(&self, ms: u64) {
        self.advance_us(ms.saturating_mul(1000));
    }

    /// Monotonic microseconds.
    pub fn now_us(&self) -> u64 {
        match self {
            Clock::System { base, offset_us } => {
                let passed = u64::try_from(base.elapsed().as_micros()).unwrap_or(u64::MAX);
                offset_us.saturating_add(passed)
            }
            Clock::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Monotonic milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }

    /// Seconds since 1970-01-01T00:00:00Z; 0 where the system's clock stands before that.
    pub fn wall_seconds(&self) -> u64 {
        match self {
            Clock::System { .. } => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            Clock::Manual(now) => now.load(Ordering::Relaxed) / 1_000_000,
        }
    }
}
