//! Claims about src/idempotency/waiters.rs.

use crate::harness::Test;
use crate::idempotency::scene::{NET, admit, answer, config, execute, seen, small, told, with};
use crate::idempotency::stops::Stops;
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, InFlight, Waiter};
use nanoserve::idempotency::points::{Point, Points};
use std::thread;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_completion_ends_every_wait", a_completion_ends_every_wait),
    ("a_dropped_ticket_ends_every_wait", a_dropped_ticket_ends_every_wait),
    ("a_release_ends_the_longest_wait_alone", a_release_ends_the_longest_wait_alone),
    ("those_who_waited_with_the_heir_wait_for_the_heir", those_who_waited_with_the_heir_wait_for_the_heir),
    ("an_heir_that_meets_a_newcomer_waits_on_with_all_others", an_heir_that_meets_a_newcomer_waits_on_with_all_others),
    ("an_heir_that_leaves_sends_the_others", an_heir_that_leaves_sends_the_others),
    ("who_leaves_and_is_no_heir_sends_nobody", who_leaves_and_is_no_heir_sends_nobody),
    ("an_end_that_came_before_the_place_was_taken_is_not_missed", an_end_that_came_before_the_place_was_taken_is_not_missed),
    ("an_end_that_comes_before_a_wait_goes_on_is_not_missed", an_end_that_comes_before_a_wait_goes_on_is_not_missed),
    ("an_end_that_comes_right_after_the_place_was_taken_is_not_missed", an_end_that_comes_right_after_the_place_was_taken_is_not_missed),
    ("places_are_bounded_and_come_back", places_are_bounded_and_come_back),
    ("the_servers_own_bound_is_1024", the_servers_own_bound_is_1024),
    ("who_waits_on_keeps_its_place_at_the_bound", who_waits_on_keeps_its_place_at_the_bound),
    ("an_end_is_told_to_those_who_wait_for_it_alone", an_end_is_told_to_those_who_wait_for_it_alone),
];

/// Meets the attempt that runs.
#[track_caller]
fn met<P: Points>(guard: &Guard<P>, key: &[u8]) -> InFlight {
    let admission = admit(guard, key);
    let Admission::InFlight(in_flight) = admission else {
        panic!("wanted InFlight, got {}", told(&admission));
    };
    in_flight
}

#[track_caller]
fn wait<P: Points>(guard: &Guard<P>, key: &[u8]) -> Waiter {
    guard
        .wait(&met(guard, key), None)
        .expect("there is a place")
}

fn over(waiters: &[Waiter]) -> Vec<bool> {
    waiters.iter().map(Waiter::is_over).collect()
}

// N-22
fn a_completion_ends_every_wait() {
    let (guard, _) = small();
    let ticket = execute(&guard, b"k");
    let waiters = [(); 3].map(|()| wait(&guard, b"k"));
    assert_eq!(over(&waiters), [false; 3]);
    ticket.complete(answer(201, b"done"));
    assert_eq!(over(&waiters), [true; 3]);
    assert_eq!(seen(&guard, b"k"), "Replay done");
    assert_eq!(guard.waiting(), 3, "a place is held until its owner leaves");
    drop(waiters);
    assert_eq!(guard.waiting(), 0);
}

// N-22, N-31
fn a_dropped_ticket_ends_every_wait() {
    let (guard, _) = small();
    let ticket = execute(&guard, b"k");
    let waiters = [(); 2].map(|()| wait(&guard, b"k"));
    drop(ticket);
    assert_eq!(over(&waiters), [true; 2]);
    let net = String::from_utf8_lossy(NET);
    assert_eq!(seen(&guard, b"k"), format!("Replay {net}"));
}

// N-22, N-30
fn a_release_ends_the_longest_wait_alone() {
    let (guard, _) = small();
    let ticket = execute(&guard, b"k");
    let waiters = [(); 3].map(|()| wait(&guard, b"k"));
    ticket.release();
    assert_eq!(over(&waiters), [true, false, false]);
}

// N-22, N-30: first with an end that is recorded, then with one that is another release.
fn those_who_waited_with_the_heir_wait_for_the_heir() {
    for released_again in [false, true] {
        let (guard, _) = small();
        let first = execute(&guard, b"k");
        let [heir, second, third] = [(); 3].map(|()| wait(&guard, b"k"));
        first.release();
        let ticket = execute(&guard, b"k");
        ticket.succeed(heir);
        assert_eq!(guard.waiting(), 2, "the heir waits no more");
        let others = [second, third];
        assert_eq!(over(&others), [false; 2]);
        if released_again {
            ticket.release();
        } else {
            ticket.complete(answer(201, b"done"));
        }
        assert_eq!(over(&others), [true, !released_again]);
    }
}

// N-22: between the release and the heir's admission somebody else claims the key.
fn an_heir_that_meets_a_newcomer_waits_on_with_all_others() {
    let (guard, _) = small();
    let first = execute(&guard, b"k");
    let [heir, other] = [(); 2].map(|()| wait(&guard, b"k"));
    first.release();
    let newcomer = execute(&guard, b"k");
    let heir = guard
        .wait(&met(&guard, b"k"), Some(heir))
        .expect("it has a place");
    let both = [heir, other];
    assert_eq!(over(&both), [false; 2], "both wait for the newcomer");
    assert_eq!(guard.waiting(), 2);
    newcomer.complete(answer(201, b"done"));
    assert_eq!(over(&both), [true; 2]);
}

// N-22: whatever it got instead, or if its client left: nobody else would end their wait.
fn an_heir_that_leaves_sends_the_others() {
    let (guard, _) = small();
    let first = execute(&guard, b"k");
    let [heir, second, third] = [(); 3].map(|()| wait(&guard, b"k"));
    first.release();
    drop(heir);
    assert_eq!(over(&[second, third]), [true; 2]);
    assert_eq!(guard.waiting(), 0);
}

// N-22
fn who_leaves_and_is_no_heir_sends_nobody() {
    let (guard, _) = small();
    let first = execute(&guard, b"k");
    let [heir, second, third, fourth] = [(); 4].map(|()| wait(&guard, b"k"));
    drop(second);
    assert_eq!(over(&[heir, third, fourth]), [false; 3], "before the end");
    let [heir, third, fourth] = [(); 3].map(|()| wait(&guard, b"k"));
    first.release();
    drop(third);
    assert_eq!(over(&[heir, fourth]), [true, false], "and after it");
}

// N-22: the lost wake-up. The caller has met the attempt, which ends before the caller has a place.
fn an_end_that_came_before_the_place_was_taken_is_not_missed() {
    for released in [false, true] {
        let (guard, _) = small();
        let ticket = execute(&guard, b"k");
        let in_flight = met(&guard, b"k");
        if released {
            ticket.release();
        } else {
            ticket.complete(answer(201, b"done"));
        }
        let waiter = guard.wait(&in_flight, None).expect("there is a place");
        assert!(waiter.is_over(), "nobody is going to end this wait");
    }
}

// N-22: the same for one that waits on, and for those it takes along.
fn an_end_that_comes_before_a_wait_goes_on_is_not_missed() {
    let (guard, _) = small();
    let first = execute(&guard, b"k");
    let [heir, other] = [(); 2].map(|()| wait(&guard, b"k"));
    first.release();
    let newcomer = execute(&guard, b"k");
    let in_flight = met(&guard, b"k");
    newcomer.complete(answer(201, b"done"));
    let heir = guard.wait(&in_flight, Some(heir)).expect("it has a place");
    assert_eq!(over(&[heir, other]), [true; 2]);
}

// N-22
fn an_end_that_comes_right_after_the_place_was_taken_is_not_missed() {
    let stops = Stops::default();
    let guard = Guard::with_points(config(), Clock::manual(0), stops.clone());
    let ticket = execute(&guard, b"k");
    let registered = stops.next_at(Point::WaiterRegistered);
    thread::scope(|scope| {
        let waits = scope.spawn(|| wait(&guard, b"k").is_over());
        registered.reached();
        ticket.complete(answer(201, b"done"));
        registered.go_on();
        assert!(waits.join().expect("the thread ends"));
    });
}

// N-22
fn places_are_bounded_and_come_back() {
    let (guard, _) = with(GuardConfig {
        waiters_max: 2,
        ..config()
    });
    let tickets = [execute(&guard, b"k"), execute(&guard, b"l")];
    let (one, other) = (wait(&guard, b"k"), wait(&guard, b"l"));
    for key in [b"k", b"l"] {
        assert!(guard.wait(&met(&guard, key), None).is_none(), "two in all");
    }
    drop(one);
    let another = guard
        .wait(&met(&guard, b"l"), None)
        .expect("a place came back");
    let _ = tickets.map(|ticket| ticket.complete(answer(201, b"done")));
    assert_eq!(over(&[other, another]), [true; 2]);
    assert_eq!(guard.waiting(), 0);
}

// N-22
fn who_waits_on_keeps_its_place_at_the_bound() {
    let (guard, _) = with(GuardConfig {
        waiters_max: 1,
        ..config()
    });
    let first = execute(&guard, b"k");
    let heir = wait(&guard, b"k");
    first.release();
    let _newcomer = execute(&guard, b"k");
    let in_flight = met(&guard, b"k");
    assert!(
        guard.wait(&in_flight, None).is_none(),
        "the one place is taken"
    );
    assert!(guard.wait(&in_flight, Some(heir)).is_some(), "by this one");
}

// N-22
fn an_end_is_told_to_those_who_wait_for_it_alone() {
    let (guard, _) = small();
    let (one, other) = (execute(&guard, b"k"), execute(&guard, b"l"));
    let waiters = [wait(&guard, b"l"), wait(&guard, b"k")];
    one.complete(answer(201, b"done"));
    assert_eq!(over(&waiters), [false, true]);
    other.release();
    assert_eq!(over(&waiters), [true, true]);
}

// N-22: elsewhere it is made small.
fn the_servers_own_bound_is_1024() {
    let (guard, _) = with(GuardConfig::default());
    let _ticket = execute(&guard, b"k");
    let waiters: Vec<Option<Waiter>> = (0..1025)
        .map(|_| guard.wait(&met(&guard, b"k"), None))
        .collect();
    assert_eq!(waiters.iter().flatten().count(), 1024);
    assert!(waiters[1024].is_none());
}
