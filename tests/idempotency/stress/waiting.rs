//! Duplicates that wait, while what they wait for is completed, released, left behind, and given up by those who came first.

use super::expiry::Life;
use super::{PATIENCE, guard_for, sweep};
use crate::harness::random::Random;
use crate::harness::stress::{THREADS, rounds, storm, while_another};
use crate::harness::wait_until;
use crate::idempotency::scene::{TTL_MS, admit, answer, config, told};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, GuardConfig, Waiter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

// N-22, N-30: all of them wait for the same key, each is to have it once, and each gives it back. A release that wakes nobody,
// or an heir that is lost, leaves the others waiting for ever; one that lets in two shows two owners.
pub fn sixty_four_that_wait_have_a_released_key_one_after_the_other() {
    let config = GuardConfig {
        waiters_max: THREADS,
        ..config()
    };
    let mut random = Random::new();
    rounds(20, |round| {
        let clock = Clock::manual(0);
        let guard = guard_for(round, &config, &clock);
        let (life, owners) = (Life::default(), AtomicUsize::new(0));
        storm(&mut random, |_, _| {
            let mut waiter: Option<Waiter> = None;
            loop {
                match admit(&guard, b"k") {
                    Admission::Execute(ticket) => {
                        if let Some(waiter) = waiter.take() {
                            ticket.succeed(waiter);
                        }
                        life.begin(&clock);
                        owners.fetch_add(1, Ordering::Relaxed);
                        thread::yield_now(); // the others come meanwhile
                        life.end(0);
                        return ticket.release();
                    }
                    Admission::InFlight(in_flight) => {
                        let place = guard.wait(&in_flight, waiter.take());
                        let place = place.expect("as many places as threads");
                        wait_until(PATIENCE, || place.is_over());
                        waiter = Some(place);
                    }
                    other => panic!("{}", told(&other)),
                }
            }
        });
        assert_eq!(owners.into_inner(), THREADS);
        assert_eq!(guard.waiting(), 0, "each place was given back");
        assert_eq!(guard.gauges().bytes, 0);
    });
}

// N-22, N-30, N-31, N-34, N-40: every end there is, fewer places than threads, and one in four that wait leaves before its
// time. Whoever stays is told in the end; nobody has a key beside another; and never do more wait than there are places.
pub fn nobody_waits_for_ever_whoever_leaves() {
    const KEYS: usize = 4;
    const TURNS: usize = 100;
    const PLACES: usize = 40;
    let config = GuardConfig {
        waiters_max: PLACES,
        ..config()
    };
    let mut random = Random::new();
    rounds(2, |round| {
        let clock = Clock::manual(0);
        let guard = guard_for(round, &config, &clock);
        let lives: Vec<Life> = (0..KEYS).map(|_| Life::default()).collect();
        let [refused, replayed, left] = [(); 3].map(|()| AtomicUsize::new(0));
        let look = || {
            assert!(guard.waiting() <= PLACES);
            sweep(&guard);
        };
        let act = |random: &mut Random| {
            let number = random.below(KEYS);
            let bytes = [u8::try_from(number).expect("few keys") + 1];
            let mut waiter: Option<Waiter> = None;
            loop {
                match admit(&guard, &bytes) {
                    Admission::Execute(ticket) => {
                        if let Some(waiter) = waiter.take() {
                            ticket.succeed(waiter);
                        }
                        lives[number].begin(&clock);
                        thread::yield_now(); // the others come meanwhile
                        let outcome = random.below(8);
                        let stands_ms = if outcome < 5 { 0 } else { TTL_MS };
                        lives[number].end(clock.now_ms() + stands_ms);
                        return match outcome {
                            0..5 => ticket.release(),
                            5 => drop(ticket),
                            _ => drop(ticket.complete(answer(201, b"done"))),
                        };
                    }
                    Admission::InFlight(in_flight) => {
                        let Some(place) = guard.wait(&in_flight, waiter.take()) else {
                            refused.fetch_add(1, Ordering::Relaxed);
                            return;
                        };
                        if random.chance(25) {
                            left.fetch_add(1, Ordering::Relaxed);
                            return; // the place is dropped, heir or not
                        }
                        wait_until(PATIENCE, || place.is_over());
                        waiter = Some(place);
                    }
                    Admission::Replay(_) => {
                        replayed.fetch_add(1, Ordering::Relaxed);
                        // Most that are asked for are new again, so that there is something to wait for.
                        return clock.advance_ms(TTL_MS);
                    }
                    other => panic!("{}", told(&other)),
                }
            }
        };
        while_another(look, || {
            storm(&mut random, |_, mut random| {
                for _ in 0..TURNS {
                    act(&mut random);
                }
            });
        });
        assert_eq!(guard.waiting(), 0, "each place was given back");
        assert_eq!(guard.gauges().pending, 0);
        for (what, count) in [("refused", refused), ("replayed", replayed), ("left", left)] {
            assert!(count.into_inner() > 0, "nobody was {what}");
        }
    });
}
