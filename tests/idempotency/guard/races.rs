//! Chosen interleavings: one thread stops at a named point, another does its worst, the first goes on.

use crate::idempotency::scene::{
    NET, PRINT, SCOPE, TTL_MS, admit, answer, config, execute, key, run, seen, told,
};
use crate::idempotency::stops::Stops;
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Gauges, Guard, GuardConfig};
use nanoserve::idempotency::points::Point;
use nanoserve::idempotency::sweeper::Sweep;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

fn stopped() -> (Guard<Stops>, Clock, Stops) {
    let (clock, stops) = (Clock::manual(0), Stops::default());
    let guard = Guard::with_points(config(), clock.clone(), stops.clone());
    (guard, clock, stops)
}

/// Admits and, where it may, executes; says which.
fn attempt(guard: &Guard<Stops>) -> String {
    let admission = admit(guard, b"k");
    let word = told(&admission);
    if let Admission::Execute(ticket) = admission {
        ticket.complete(answer(201, b"done"));
    }
    word
}

// N-4, N-22: a miss under the read lock, then another's claim, then the write lock.
pub(super) fn a_key_claimed_between_the_two_locks_is_seen() {
    let (guard, _, stops) = stopped();
    let missed = stops.next_at(Point::ReadMissed);
    thread::scope(|scope| {
        let late = scope.spawn(|| attempt(&guard));
        missed.reached();
        let ticket = execute(&guard, b"k");
        missed.go_on();
        assert_eq!(late.join().expect("the thread ends"), "InFlight");
        ticket.complete(answer(201, b"done"));
    });
    assert_eq!(guard.gauges().completed, 1);
}

// N-34: RELEASED is out, the unlink is not; a new claim takes the key, even completes it, and the late unlink leaves it.
pub(super) fn a_release_takes_out_its_own_record_only() {
    for complete_before_unlink in [false, true] {
        let (guard, _, stops) = stopped();
        let ticket = execute(&guard, b"k");
        let Admission::InFlight(first) = admit(&guard, b"k") else {
            panic!("not in flight");
        };
        let released = stops.next_at(Point::Released);
        thread::scope(|scope| {
            scope.spawn(|| ticket.release());
            released.reached();
            assert!(first.is_over(), "who waits for it may claim from here on");
            let newer = execute(&guard, b"k");
            if complete_before_unlink {
                newer.complete(answer(201, b"newer"));
                released.go_on();
            } else {
                released.go_on();
                newer.complete(answer(201, b"newer"));
            }
        });
        assert_eq!(seen(&guard, b"k"), "Replay newer");
        let gauges = guard.gauges();
        assert_eq!((gauges.pending, gauges.completed), (0, 1));
    }
}

// N-40: both have seen the expired record and are about to replace it.
pub(super) fn of_two_that_replace_an_expired_record_one_executes() {
    let (guard, clock, stops) = stopped();
    run(&guard, b"k", b"old");
    clock.advance_ms(TTL_MS);
    let both = [
        stops.next_at(Point::BeforeReplace),
        stops.next_at(Point::BeforeReplace),
    ];
    let mut words = thread::scope(|scope| {
        let callers = [(); 2].map(|()| scope.spawn(|| attempt(&guard)));
        for stop in &both {
            stop.reached();
        }
        drop(both);
        callers.map(|caller| caller.join().expect("the thread ends"))
    });
    words.sort();
    assert_eq!(words[0], "Execute");
    assert_ne!(words[1], "Execute");
    assert_eq!(guard.gauges().completed, 1);
}

// N-24, N-42: the sweeper has seen an expired record; before its unlink a lookup replaces it.
pub(super) fn the_sweeper_leaves_a_record_that_was_replaced_before_its_unlink() {
    let (guard, clock, stops) = stopped();
    run(&guard, b"k", b"old");
    clock.advance_ms(TTL_MS);
    let unlink = stops.next_at(Point::BeforeSweepUnlink);
    thread::scope(|scope| {
        let sweep = scope.spawn(|| guard.sweep_step(&mut Sweep::default(), 1000));
        unlink.reached();
        let newer = execute(&guard, b"k");
        unlink.go_on();
        let step = sweep.join().expect("the thread ends");
        assert_eq!(step.removed, 0);
        newer.complete(answer(201, b"newer"));
    });
    assert_eq!(seen(&guard, b"k"), "Replay newer");
}

// N-40: the lookup began in time and was held up before it came to the record.
pub(super) fn a_record_that_expires_during_a_lookup_is_not_served() {
    let (guard, clock, stops) = stopped();
    run(&guard, b"k", b"old");
    let loaded = stops.next_at(Point::CountLoaded);
    thread::scope(|scope| {
        let late = scope.spawn(|| attempt(&guard));
        loaded.reached();
        clock.advance_ms(TTL_MS);
        loaded.go_on();
        assert_eq!(late.join().expect("the thread ends"), "Execute");
    });
    assert_eq!(seen(&guard, b"k"), "Replay done");
}

// N-22, N-31
pub(super) fn others_wait_until_a_dropped_ticket_has_published() {
    let (guard, _, stops) = stopped();
    let ticket = execute(&guard, b"k");
    let publish = stops.next_at(Point::BeforeDropPublish);
    thread::scope(|scope| {
        scope.spawn(|| drop(ticket));
        publish.reached();
        assert_eq!(seen(&guard, b"k"), "InFlight");
        let gauges = guard.gauges();
        assert_eq!((gauges.pending, gauges.completed), (1, 0));
        publish.go_on();
    });
    assert_eq!(
        seen(&guard, b"k"),
        format!("Replay {}", String::from_utf8_lossy(NET))
    );
    assert_eq!(guard.gauges().pending, 0);
}

// N-61: the walk has seen the first of two buckets; they become 64, and most records move ahead of it.
pub(super) fn a_look_up_shows_a_record_that_moves_meanwhile_once() {
    for number in 1..=20 {
        let (guard, _, stops) = stopped();
        run(&guard, &[number], b"done");
        run(&guard, b"another", b"done");
        assert_eq!(seen(&guard, &[number]), "Replay done"); // so that it lies where it belongs
        let second = stops.before_lock(1);
        thread::scope(|scope| {
            let look_up = scope.spawn(|| guard.look_up(key(&[number])));
            second.reached();
            for other in 100..=160 {
                run(&guard, &[other], b"done");
            }
            assert_eq!(seen(&guard, &[number]), "Replay done"); // and so now, too
            second.go_on();
            let sightings = look_up.join().expect("the thread ends");
            assert_eq!(sightings.len(), 1, "key {number}");
        });
    }
}

// N-22, N-24, N-43: as many places as keys. A caller that reserved before it saw another's claim would have others, or
// itself, told Full.
pub(super) fn duplicates_at_the_bound_are_never_told_full() {
    const THREADS: usize = 6;
    const KEYS: u8 = 3;
    for _ in 0..100 {
        let guard = Guard::new(
            GuardConfig {
                keys_max: KEYS.into(),
                ..config()
            },
            Clock::manual(0),
        );
        let (executed, start) = (AtomicUsize::new(0), Barrier::new(THREADS));
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    start.wait();
                    for number in 1..=KEYS {
                        match guard.admit(&SCOPE, key(&[number]), &PRINT, || true) {
                            Admission::Execute(ticket) => {
                                executed.fetch_add(1, Ordering::Relaxed);
                                ticket.complete(answer(201, b"done"));
                            }
                            Admission::Full(full) => panic!("falsely told {full:?}"),
                            _ => {}
                        }
                    }
                });
            }
        });
        assert_eq!(executed.into_inner(), KEYS.into());
        let Gauges { completed, .. } = guard.gauges();
        assert_eq!(completed, usize::from(KEYS));
    }
}
