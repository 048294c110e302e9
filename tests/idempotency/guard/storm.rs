//! Threads of the operating system, tiny tables, the sweeper beside them.

use crate::idempotency::scene::{
    Numbers, PRINT, SCOPE, TTL_MS, answer, config, eventually, key, told,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig};
use nanoserve::idempotency::sweeper::Sweeper;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

// N-4, N-20 to N-22, N-44: no record expires here, so each key has one life; growth and sweeper are under way.
pub(super) fn sixteen_threads_run_each_key_once() {
    const THREADS: usize = 16;
    const KEYS: u32 = 1_500;
    let guard = Arc::new(Guard::new(
        GuardConfig {
            keys_max: KEYS as usize,
            bytes_max: 8 << 20,
            ..config()
        },
        Clock::manual(0),
    ));
    let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
    let runs: Vec<AtomicUsize> = (0..KEYS).map(|_| AtomicUsize::new(0)).collect();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (guard, runs, start, sweeper) = (&guard, &runs, &start, &sweeper);
            scope.spawn(move || {
                start.wait();
                for number in 0..KEYS {
                    // Half of them from the other end, so that new and known keys are met by all.
                    let number = if thread % 2 == 0 {
                        number
                    } else {
                        KEYS - 1 - number
                    };
                    let text = number.to_string();
                    match guard.admit(&SCOPE, key(text.as_bytes()), &PRINT, || true) {
                        Admission::Execute(ticket) => {
                            runs[number as usize].fetch_add(1, Ordering::Relaxed);
                            ticket.complete(answer(201, text.as_bytes()));
                        }
                        Admission::InFlight(_) => {}
                        other => assert_eq!(told(&other), format!("Replay {text}")),
                    }
                    if number % 64 == 0 {
                        sweeper.wake();
                    }
                }
            });
        }
    });
    assert!(runs.iter().all(|runs| runs.load(Ordering::Relaxed) == 1));
    let gauges = guard.gauges();
    assert_eq!((gauges.pending, gauges.completed), (0, KEYS as usize));
}

struct Life {
    running: AtomicBool,
    /// Until when the last outcome stands at least.
    stands_until_ms: AtomicU64,
}

// N-20, N-30, N-31, N-40, N-42: keys run, are released, dropped, expire, are swept and replaced, all at once.
pub(super) fn each_life_of_a_key_is_executed_once_while_it_is_swept() {
    const THREADS: usize = 8;
    const KEYS: usize = 40;
    const TURNS: usize = 4_000;
    let clock = Clock::manual(0);
    let guard = Arc::new(Guard::new(config(), clock.clone()));
    let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
    let lives: Vec<Life> = (0..KEYS)
        .map(|_| Life {
            running: AtomicBool::new(false),
            stands_until_ms: AtomicU64::new(0),
        })
        .collect();
    let seed =
        Numbers::fresh("each_life_of_a_key_is_executed_once_while_it_is_swept").below(1 << 30);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (guard, clock, lives, sweeper) = (&guard, &clock, &lives, &sweeper);
            scope.spawn(move || {
                let mut numbers = Numbers::seeded((seed + thread) as u64 * 2 + 1);
                for _ in 0..TURNS {
                    let number = numbers.below(KEYS);
                    let bytes = [u8::try_from(number).expect("few keys") + 1];
                    if let Admission::Execute(ticket) =
                        guard.admit(&SCOPE, key(&bytes), &PRINT, || true)
                    {
                        let life = &lives[number];
                        assert!(!life.running.swap(true, Ordering::SeqCst), "two owners");
                        let stands_until_ms = life.stands_until_ms.load(Ordering::SeqCst);
                        assert!(clock.now_ms() >= stands_until_ms, "run again in its life");
                        let outcome = numbers.below(4);
                        if outcome > 0 {
                            let until_ms = clock.now_ms() + TTL_MS;
                            life.stands_until_ms.store(until_ms, Ordering::SeqCst);
                        }
                        life.running.store(false, Ordering::SeqCst);
                        match outcome {
                            0 => ticket.release(),
                            1 => drop(ticket),
                            _ => drop(ticket.complete(answer(201, b"done"))),
                        }
                    }
                    if numbers.below(8) == 0 {
                        clock.advance_ms(TTL_MS / 4);
                        sweeper.wake();
                    }
                }
            });
        }
    });
    assert_eq!(guard.gauges().pending, 0);
    clock.advance_ms(TTL_MS);
    sweeper.wake();
    eventually("everything is swept", || guard.gauges().completed == 0);
    assert_eq!(guard.gauges().bytes, 0, "each charge was given back once");
}
