//! Claims about src/idempotency/points.rs.

use crate::harness::Test;
use nanoserve::idempotency::guard::Guard;
use nanoserve::idempotency::points::{Point, Points, Silent};

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("the_servers_points_cost_no_byte", the_servers_points_cost_no_byte),
    ("a_point_that_nobody_watches_does_nothing", a_point_that_nobody_watches_does_nothing),
];

struct Wordy([u64; 16]);

impl Points for Wordy {}

fn the_servers_points_cost_no_byte() {
    assert_eq!(size_of::<Silent>(), 0);
    assert_eq!(
        size_of::<Guard<Wordy>>() - size_of::<Guard<Silent>>(),
        size_of::<Wordy>()
    );
}

fn a_point_that_nobody_watches_does_nothing() {
    Silent.at(Point::CountLoaded);
    let wordy = Wordy([0; 16]);
    wordy.at(Point::Released);
    assert_eq!(wordy.0, [0; 16]);
}
