//! Claims about src/idempotency/capacity.rs.

use crate::harness::Test;
use nanoserve::idempotency::capacity::{Capacity, Full, Held};
use nanoserve::limits::BYTES_MAX_MAX;
use std::sync::Barrier;
use std::thread;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("exactly_the_bounds_can_be_reserved", exactly_the_bounds_can_be_reserved),
    ("a_refused_reservation_takes_nothing", a_refused_reservation_takes_nothing),
    ("an_exchange_keeps_the_key_and_swaps_the_bytes", an_exchange_keeps_the_key_and_swaps_the_bytes),
    ("the_largest_bounds_fit_the_word", the_largest_bounds_fit_the_word),
    ("a_bound_of_nothing_is_full_from_the_start", a_bound_of_nothing_is_full_from_the_start),
    ("racing_claims_never_pass_the_bounds_and_are_never_refused_falsely", racing_claims_never_pass_the_bounds_and_are_never_refused_falsely),
    ("a_refused_claim_never_keeps_another_out", a_refused_claim_never_keeps_another_out),
    ("fullness_is_the_fuller_of_the_two", fullness_is_the_fuller_of_the_two),
];

// N-43
fn exactly_the_bounds_can_be_reserved() {
    let by_keys = Capacity::new(2, 1000);
    assert_eq!(by_keys.reserve(10), Ok(1));
    assert_eq!(by_keys.reserve(10), Ok(2));
    assert_eq!(by_keys.reserve(10), Err(Full::Keys));
    let by_bytes = Capacity::new(10, 100);
    assert_eq!(by_bytes.reserve(60), Ok(1));
    assert_eq!(by_bytes.reserve(41), Err(Full::Bytes));
    assert_eq!(by_bytes.reserve(40), Ok(2));
    assert_eq!(
        by_bytes.held(),
        Held {
            keys: 2,
            bytes: 100
        }
    );
}

// N-43: a key without its bytes would keep another out.
fn a_refused_reservation_takes_nothing() {
    let capacity = Capacity::new(2, 100);
    assert_eq!(capacity.reserve(101), Err(Full::Bytes));
    assert_eq!(capacity.held(), Held { keys: 0, bytes: 0 });
    assert_eq!(capacity.reserve(50), Ok(1));
    assert_eq!(capacity.reserve(50), Ok(2));
    assert_eq!(capacity.reserve(0), Err(Full::Keys));
    capacity.give_back(50);
    assert_eq!(capacity.held(), Held { keys: 1, bytes: 50 });
    assert_eq!(capacity.reserve(50), Ok(2));
}

// N-33, N-43
fn an_exchange_keeps_the_key_and_swaps_the_bytes() {
    let capacity = Capacity::new(1, 100);
    assert_eq!(capacity.reserve(60), Ok(1));
    assert_eq!(capacity.exchange(60, 101), Err(Full::Bytes));
    assert_eq!(capacity.held(), Held { keys: 1, bytes: 60 });
    assert_eq!(capacity.exchange(60, 100), Ok(()));
    assert_eq!(capacity.exchange(100, 7), Ok(()));
    assert_eq!(capacity.held(), Held { keys: 1, bytes: 7 });
}

// N-43
fn the_largest_bounds_fit_the_word() {
    let capacity = Capacity::new(usize::MAX, usize::MAX);
    assert_eq!(capacity.reserve(BYTES_MAX_MAX), Ok(1));
    assert_eq!(capacity.reserve(1), Err(Full::Bytes));
    assert_eq!(
        capacity.exchange(BYTES_MAX_MAX, usize::MAX),
        Err(Full::Bytes)
    );
    assert_eq!(capacity.exchange(BYTES_MAX_MAX, 0), Ok(()));
    assert_eq!(capacity.reserve(usize::MAX), Err(Full::Bytes));
    assert_eq!(capacity.reserve(BYTES_MAX_MAX), Ok(2));
    assert_eq!(
        capacity.held(),
        Held {
            keys: 2,
            bytes: BYTES_MAX_MAX
        }
    );
}

fn a_bound_of_nothing_is_full_from_the_start() {
    assert_eq!(Capacity::new(0, 100).reserve(1), Err(Full::Keys));
    assert_eq!(Capacity::new(1, 0).reserve(1), Err(Full::Bytes));
    assert_eq!(Capacity::new(0, 100).percent(), 100);
}

// N-24, N-43: as many threads as places, each always within its own place: none may ever be told Full.
fn racing_claims_never_pass_the_bounds_and_are_never_refused_falsely() {
    const THREADS: usize = 8;
    const TURNS: usize = 5_000;
    let capacity = Capacity::new(THREADS, THREADS * 100);
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for turn in 0..TURNS {
                    let bytes = turn % 100 + 1;
                    assert!(capacity.reserve(bytes).is_ok(), "a place was free");
                    assert_eq!(capacity.exchange(bytes, 100), Ok(()));
                    let held = capacity.held();
                    assert!(held.keys <= THREADS && held.bytes <= THREADS * 100);
                    capacity.give_back(100);
                }
            });
        }
    });
    assert_eq!(capacity.held(), Held { keys: 0, bytes: 0 });
}

// N-24: one claim after the other asks for more bytes than there are. None of them may hold the only place, be it for the
// moment between finding a key's place and finding no bytes for it.
fn a_refused_claim_never_keeps_another_out() {
    const TURNS: usize = 1_000_000; // enough to be interrupted many times, where there is only one core
    let capacity = Capacity::new(1, 100);
    thread::scope(|scope| {
        let refused = scope.spawn(|| (0..TURNS).all(|_| capacity.reserve(101).is_err()));
        while !refused.is_finished() {
            assert_eq!(capacity.reserve(1), Ok(1), "the place was free");
            capacity.give_back(1);
        }
        assert!(refused.join().expect("the thread ends"));
    });
}

// N-43
fn fullness_is_the_fuller_of_the_two() {
    let capacity = Capacity::new(10, 1000);
    assert_eq!(capacity.percent(), 0);
    assert_eq!(capacity.reserve(799), Ok(1));
    assert_eq!(capacity.percent(), 79);
    assert_eq!(capacity.exchange(799, 800), Ok(()));
    assert_eq!(capacity.percent(), 80);
    for keys in 2..=9 {
        assert_eq!(capacity.reserve(0), Ok(keys));
    }
    assert_eq!(capacity.percent(), 90);
}
