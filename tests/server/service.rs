//! Claims about src/server/service.rs: who may run a handler.

use crate::harness::Test;
use nanoserve::server::service::HandlerPlaces;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

pub const TESTS: &[Test] = &[
    (
        "places_are_bounded_and_given_back",
        places_are_bounded_and_given_back,
    ),
    ("a_panic_gives_its_place_back", a_panic_gives_its_place_back),
    (
        "no_more_than_the_bound_under_contention",
        no_more_than_the_bound_under_contention,
    ),
];

// N-24
fn places_are_bounded_and_given_back() {
    let places = HandlerPlaces::new(2);
    let first = places.take().expect("two places are free");
    let second = places.take().expect("one place is free");
    assert!(places.take().is_none());
    assert_eq!(places.taken(), 2);
    drop(first);
    assert!(places.take().is_some());
    drop(second);
    assert_eq!(places.taken(), 0);
}

fn a_panic_gives_its_place_back() {
    let places = HandlerPlaces::new(1);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let _place = places.take().expect("the place is free");
        panic!("on purpose");
    }));
    assert!(caught.is_err());
    assert_eq!(places.taken(), 0);
}

fn no_more_than_the_bound_under_contention() {
    let places = HandlerPlaces::new(3);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let place = places.take();
                    assert!(places.taken() <= 3);
                    drop(place);
                }
            });
        }
    });
    assert_eq!(places.taken(), 0);
}
