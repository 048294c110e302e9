//! Short lives and narrow bounds, with 64 connections at work: N-22, N-24 and N-40 to N-44 as clients see them.
//!
//! What is asserted stands on what the clients know for certain, however slow the machine: when a request left and when
//! its answer had come. `STRESS_SECONDS=60` (`make stress`, against the release build) goes on for so long with each.

mod bounds;
mod lives;
mod memory;
mod turns;

use std::time::Duration;

const CONNECTIONS: usize = 64;

/// How long a test goes on.
fn length(at_least: Duration) -> Duration {
    let seconds = std::env::var("STRESS_SECONDS").ok();
    let seconds = seconds.map(|text| text.parse().expect("a whole number of seconds"));
    seconds.map_or(at_least, Duration::from_secs)
}
