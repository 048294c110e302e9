//! The bounds on keys and bytes under 64 threads: what has expired makes room, what lives stays, and what is counted is
//! what is there.

use super::{GiveWay, PATIENCE, guard_for, sweep, within};
use crate::harness::random::Random;
use crate::harness::stress::{THREADS, rounds, storm, while_another};
use crate::harness::wait_until;
use crate::idempotency::scene::{
    PRINT, SCOPE, TTL_MS, admit, answer, charged, config, held, key, run, seen, told,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Full, Guard, GuardConfig};
use nanoserve::idempotency::sweeper::Sweeper;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;
use std::sync::Arc;

/// Keys of one length, so that they are charged alike.
fn name(kind: &str, number: usize) -> Vec<u8> {
    format!("{kind} {number:04}").into_bytes()
}

/// An answer that takes just what its claim had reserved.
const LIKE_A_CLAIM: [u8; CLAIM_ALLOWANCE_BYTES] = [b'x'; CLAIM_ALLOWANCE_BYTES];

// N-24, N-42, N-43: all places are taken, three in four by what has expired, and each of 64 threads brings as many new
// keys as will just fit. Were Full kept up, or a place lost, a thread would wait in vain; were a live record evicted, its
// replay would be a new run; were a place given twice, the last key of all would be let in.
pub fn expired_keys_at_the_bound_make_room_and_live_ones_stay() {
    const EACH: usize = 3;
    const NEW: usize = EACH * THREADS;
    const LIVE: usize = NEW / 3;
    let by_keys = GuardConfig {
        keys_max: NEW + LIVE,
        ..config()
    };
    let by_bytes = GuardConfig {
        keys_max: 10 * (NEW + LIVE),
        bytes_max: (NEW + LIVE) * charged(b"live 0000".len(), CLAIM_ALLOWANCE_BYTES),
        stored_max: CLAIM_ALLOWANCE_BYTES,
        ..by_keys.clone()
    };
    let by_keys = GuardConfig {
        stored_max: CLAIM_ALLOWANCE_BYTES,
        ..by_keys
    };
    let mut random = Random::new();
    rounds(4, |round| {
        for (config, full) in [(&by_keys, Full::Keys), (&by_bytes, Full::Bytes)] {
            let clock = Clock::manual(0);
            let guard = Arc::new(guard_for(round, config, &clock));
            (0..NEW).for_each(|number| run(&guard, &name("old.", number), &LIKE_A_CLAIM));
            clock.advance_ms(TTL_MS - 1);
            (0..LIVE).for_each(|number| run(&guard, &name("live", number), &LIKE_A_CLAIM));
            let full = format!("Full {full:?}");
            assert_eq!(seen(&guard, &name("new.", 0)), full, "all are still alive");
            let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
            clock.advance_ms(1);
            let look = || within(&guard, config.keys_max, config.bytes_max);
            while_another(look, || {
                storm(&mut random, |thread, mut random| {
                    for number in 0..EACH {
                        let bytes = name("new.", thread * EACH + number);
                        wait_until(PATIENCE, || {
                            let live = name("live", random.below(LIVE));
                            assert!(seen(&guard, &live).starts_with("Replay x"), "evicted");
                            match admit(&*guard, &bytes) {
                                Admission::Execute(ticket) => {
                                    ticket.complete(answer(201, &LIKE_A_CLAIM));
                                    true
                                }
                                other => {
                                    assert_eq!(told(&other), full);
                                    sweeper.wake(); // as the lifecycle does
                                    false
                                }
                            }
                        });
                    }
                });
            });
            assert_eq!(seen(&guard, &name("late", 0)), full);
            let gauges = guard.gauges();
            assert_eq!((gauges.pending, gauges.completed), (0, NEW + LIVE));
        }
    });
}

// N-24, N-30, N-33, N-43: answers of every size on both sides of every bound, with one thread that does nothing but read
// the counters. A bound that is looked at and then passed, or a charge given back twice or never, shows there or at the end.
pub fn shifting_sizes_never_pass_the_bounds_and_every_byte_comes_back() {
    const KEYS: usize = 300;
    const TURNS: usize = 200;
    const STORED_MAX: usize = 3_000;
    const KEYS_MAX: usize = 200;
    const BYTES_MAX: usize = 150 * 1024;
    let config = GuardConfig {
        keys_max: KEYS_MAX,
        bytes_max: BYTES_MAX,
        stored_max: STORED_MAX,
        ..config()
    };
    let around = |n: usize| [n - 1, n, n + 1];
    let mut random = Random::new();
    rounds(2, |round| {
        let clock = Clock::manual(0);
        let guard = Arc::new(guard_for(round, &config, &clock));
        let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
        let look = || within(&guard, KEYS_MAX, BYTES_MAX);
        while_another(look, || {
            storm(&mut random, |_, mut random| {
                for _ in 0..TURNS {
                    let bytes = name("key", random.below(KEYS));
                    match admit(&*guard, &bytes) {
                        Admission::Execute(ticket) => match random.below(8) {
                            0 => ticket.release(),
                            1 => drop(ticket),
                            turn => {
                                let size = match turn {
                                    2 => 0,
                                    3 => *random.pick(&around(CLAIM_ALLOWANCE_BYTES)),
                                    4 => *random.pick(&around(STORED_MAX)),
                                    _ => random.below(STORED_MAX),
                                };
                                let kept = held(&ticket.complete(answer(201, &vec![b'x'; size])));
                                assert!(kept.len() == size || kept == "tombstone 201");
                            }
                        },
                        Admission::Full(_) => sweeper.wake(),
                        _ => {}
                    }
                    if random.chance(1) {
                        clock.advance_ms(TTL_MS / 8);
                    }
                }
            });
        });
        drop(sweeper);
        counters_are_what_a_walk_says(&guard, KEYS);
        clock.advance_ms(TTL_MS);
        sweep(&guard);
        let gauges = guard.gauges();
        assert_eq!((gauges.pending, gauges.completed, gauges.bytes), (0, 0, 0));
    });
}

/// Reads every key there can be and adds up what its record holds, once what has expired is out of the way.
fn counters_are_what_a_walk_says(guard: &Guard<GiveWay>, keys: usize) {
    sweep(guard);
    let (mut records, mut sum) = (0, 0);
    for bytes in (0..keys).map(|number| name("key", number)) {
        match guard.admit(&SCOPE, key(&bytes), &PRINT, || false) {
            Admission::Replay(replay) => {
                let kept = held(&replay);
                let own = kept.bytes().all(|byte| byte == b'x'); // neither a tombstone nor the net
                records += 1;
                sum += charged(bytes.len(), if own { kept.len() } else { 0 });
            }
            other => assert_eq!(told(&other), "Full Workers", "free, or else completed"),
        }
    }
    let gauges = guard.gauges();
    assert_eq!(
        (gauges.pending, gauges.completed, gauges.bytes),
        (0, records, sum)
    );
}
