//! Claims about src/clock.rs.

use crate::harness::Test;
use nanoserve::clock::Clock;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_manual_clock_moves_only_when_told_to", a_manual_clock_moves_only_when_told_to),
    ("clones_share_their_time", clones_share_their_time),
    ("the_systems_clock_never_goes_back_and_ignores_being_moved", the_systems_clock_never_goes_back_and_ignores_being_moved),
    ("monotonic_time_starts_where_it_is_told_to", monotonic_time_starts_where_it_is_told_to),
    ("no_start_is_too_late", no_start_is_too_late),
    ("wall_time_is_seconds_since_1970", wall_time_is_seconds_since_1970),
];

fn a_manual_clock_moves_only_when_told_to() {
    let clock = Clock::manual(5);
    assert_eq!((clock.now_ms(), clock.now_us()), (5, 5_000));
    clock.advance_us(999);
    assert_eq!(clock.now_ms(), 5);
    clock.advance_us(1);
    assert_eq!(clock.now_ms(), 6);
    clock.advance_ms(1_994);
    assert_eq!((clock.now_ms(), clock.wall_seconds()), (2_000, 2));
}

fn clones_share_their_time() {
    let clock = Clock::manual(0);
    let other = clock.clone();
    clock.advance_ms(7);
    assert_eq!(other.now_ms(), 7);
}

// N-40
fn the_systems_clock_never_goes_back_and_ignores_being_moved() {
    let clock = Clock::system();
    let mut before = clock.now_us();
    for _ in 0..1000 {
        let now = clock.now_us();
        assert!(now >= before);
        before = now;
    }
    clock.advance_ms(3_600_000);
    assert!(clock.now_ms() < 3_600_000);
}

fn monotonic_time_starts_where_it_is_told_to() {
    let clock = Clock::starting_at_ms(86_400_000);
    assert!((86_400_000..86_460_000).contains(&clock.now_ms()));
}

fn no_start_is_too_late() {
    assert_eq!(Clock::starting_at_ms(u64::MAX).now_us(), u64::MAX);
}

fn wall_time_is_seconds_since_1970() {
    assert!(Clock::system().wall_seconds() > 1_700_000_000);
}
