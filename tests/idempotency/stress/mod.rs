//! The engine under 64 threads of the operating system: tiny tables that grow, the sweeper at work all the time.
//!
//! The enumerated interleavings (explorer/) show what can happen at the named points; this shows that nothing
//! happens between them. In every other round each thread gives way at the points, so that it is overtaken there far more
//! often than it would be. `make test` plays a few rounds of each; `make stress` goes on for `STRESS_SECONDS` with each.

mod bounds;
mod expiry;
mod growth;
mod waiting;

use crate::harness::Test;
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Gauges, Guard, GuardConfig};
use nanoserve::idempotency::points::{Point, Points};
use nanoserve::idempotency::sweeper::Sweep;
use std::thread;
use std::time::Duration;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("sixty_four_threads_run_one_key_once", growth::sixty_four_threads_run_one_key_once),
    ("many_keys_run_once_each_while_the_table_doubles_twice_between_touches", growth::many_keys_run_once_each_while_the_table_doubles_twice_between_touches),
    ("each_life_of_a_key_is_executed_once_while_it_is_swept", expiry::each_life_of_a_key_is_executed_once_while_it_is_swept),
    ("a_handler_that_outlasts_its_ttl_stays_alone", expiry::a_handler_that_outlasts_its_ttl_stays_alone),
    ("expired_keys_at_the_bound_make_room_and_live_ones_stay", bounds::expired_keys_at_the_bound_make_room_and_live_ones_stay),
    ("shifting_sizes_never_pass_the_bounds_and_every_byte_comes_back", bounds::shifting_sizes_never_pass_the_bounds_and_every_byte_comes_back),
    ("sixty_four_that_wait_have_a_released_key_one_after_the_other", waiting::sixty_four_that_wait_have_a_released_key_one_after_the_other),
    ("nobody_waits_for_ever_whoever_leaves", waiting::nobody_waits_for_ever_whoever_leaves),
];

/// How long a thread waits for what must come soon.
const PATIENCE: Duration = Duration::from_secs(10);

/// The points of a guard under stress: in some rounds whoever comes to one lets others go first.
struct GiveWay(bool);

impl Points for GiveWay {
    fn at(&self, _: Point) {
        if self.0 {
            thread::yield_now();
        }
    }
}

/// A guard for a round: in odd ones the server's own, in even ones one whose threads give way.
fn guard_for(round: usize, config: &GuardConfig, clock: &Clock) -> Guard<GiveWay> {
    let points = GiveWay(round.is_multiple_of(2));
    Guard::with_points(config.clone(), clock.clone(), points)
}

/// A whole sweep at once: what has expired is gone when it returns.
fn sweep(guard: &Guard<GiveWay>) {
    guard.sweep_step(&mut Sweep::default(), usize::MAX);
}

/// One look at the counters, which must be within the bounds at any moment (N-43).
fn within(guard: &Guard<GiveWay>, keys_max: usize, bytes_max: usize) {
    let gauges = guard.gauges();
    let Gauges {
        pending,
        completed,
        bytes,
    } = gauges;
    assert!(
        pending + completed <= keys_max && bytes <= bytes_max,
        "{gauges:?}"
    );
}
