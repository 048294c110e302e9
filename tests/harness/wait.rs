//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

/// Returns as soon as the condition holds.
///
/// # Panics
/// If it still does not hold after `deadline`; the place shown is the caller's.
#[track_caller]
pub fn wait_until(deadline: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + deadline;
    while !condition() {
        assert!(
            Instant::now() < end,
            "waited {} ms in vain",
            deadline.as_millis()
        );
        thread::sleep(Duration::from_micros(200)); // a poll: tests wait for things that announce themselves to nobody
    }
}
