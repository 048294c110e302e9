//! One key and many keys under 64 threads, while the table grows from a single bucket.

use super::{GiveWay, guard_for, sweep};
use crate::harness::random::Random;
use crate::harness::stress::{THREADS, rounds, storm, while_another};
use crate::idempotency::scene::{NET, PRINT, SCOPE, answer, config, key, told};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, Ticket};
use nanoserve::idempotency::table::Work;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Room for so many keys, which do not expire.
fn room_for(keys: usize, round: usize) -> Guard<GiveWay> {
    let config = GuardConfig {
        keys_max: keys,
        bytes_max: 8 << 20,
        ..config()
    };
    guard_for(round, &config, &Clock::manual(0))
}

/// Ends an execution as its number has it: completed, left behind, or left behind by a panic. Returns what all others
/// are to be told.
fn outcome(number: usize) -> String {
    let text = if number.is_multiple_of(3) {
        number.to_string()
    } else {
        String::from_utf8_lossy(NET).into_owned()
    };
    format!("Replay {text}")
}

fn finish(ticket: Ticket<'_, GiveWay>, number: usize) {
    match number % 3 {
        0 => drop(ticket.complete(answer(201, number.to_string().as_bytes()))),
        1 => drop(ticket),
        _ => {
            let unwound = panic::catch_unwind(AssertUnwindSafe(move || {
                let _held = ticket;
                panic::resume_unwind(Box::new("a handler's")); // without the hook's message
            }));
            assert!(unwound.is_err());
        }
    }
}

// N-4, N-20 to N-22, N-31: all want the same key, and none goes on to the next before it has seen the outcome of this. A
// guard that lets two in shows two runs; one that publishes too early, another answer.
pub fn sixty_four_threads_run_one_key_once() {
    const KEYS: usize = 60;
    let mut random = Random::new();
    rounds(4, |round| {
        let guard = room_for(KEYS, round);
        let runs: Vec<AtomicUsize> = (0..KEYS).map(|_| AtomicUsize::new(0)).collect();
        while_another(
            || sweep(&guard),
            || {
                storm(&mut random, |_, _| {
                    for (number, runs) in runs.iter().enumerate() {
                        let text = format!("key {number}");
                        loop {
                            match guard.admit(&SCOPE, key(text.as_bytes()), &PRINT, || true) {
                                Admission::Execute(ticket) => {
                                    runs.fetch_add(1, Ordering::Relaxed);
                                    thread::yield_now(); // the others come meanwhile
                                    finish(ticket, number);
                                }
                                Admission::InFlight(_) => thread::yield_now(),
                                other => {
                                    assert_eq!(told(&other), outcome(number));
                                    break;
                                }
                            }
                        }
                    }
                });
            },
        );
        assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
        let gauges = guard.gauges();
        assert_eq!((gauges.pending, gauges.completed), (0, KEYS));
    });
}

// N-4, N-20 to N-22, N-44: each thread comes to the keys in an order of its own. A split by a wrong mask, or a count that
// is not looked at again under the lock, loses a key, and it runs a second time.
pub fn many_keys_run_once_each_while_the_table_doubles_twice_between_touches() {
    const KEYS: usize = 400;
    let mut random = Random::new();
    rounds(4, |round| {
        let guard = room_for(KEYS, round);
        let runs: Vec<AtomicUsize> = (0..KEYS).map(|_| AtomicUsize::new(0)).collect();
        let (splits_of_an_unsplit_parent, moved) = (AtomicUsize::new(0), AtomicUsize::new(0));
        while_another(
            || sweep(&guard),
            || {
                storm(&mut random, |_, mut random| {
                    let mut order: Vec<usize> = (0..KEYS).collect();
                    random.shuffle(&mut order);
                    for number in order {
                        let text = number.to_string();
                        let mut work = Work::default();
                        let key = key(text.as_bytes());
                        match guard.admit_counting(&SCOPE, key, &PRINT, || true, &mut work) {
                            Admission::Execute(ticket) => {
                                runs[number].fetch_add(1, Ordering::Relaxed);
                                ticket.complete(answer(201, text.as_bytes()));
                            }
                            Admission::InFlight(_) => {}
                            other => assert_eq!(told(&other), format!("Replay {text}")),
                        }
                        moved.fetch_add(work.nodes_moved, Ordering::Relaxed);
                        let twice = usize::from(work.buckets_split > 1);
                        splits_of_an_unsplit_parent.fetch_add(twice, Ordering::Relaxed);
                    }
                });
            },
        );
        assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
        let gauges = guard.gauges();
        assert_eq!((gauges.pending, gauges.completed), (0, KEYS));
        assert!(
            moved.into_inner() > 0,
            "nothing grew under {THREADS} threads"
        );
        assert!(
            splits_of_an_unsplit_parent.into_inner() > 0,
            "no bucket was touched for the first time after two doublings"
        );
    });
}
