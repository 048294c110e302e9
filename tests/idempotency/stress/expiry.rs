//! Keys that live for a moment: run, released, dropped, expired, swept and replaced, all at once.

use super::{GiveWay, PATIENCE, guard_for, sweep};
use crate::harness::random::Random;
use crate::harness::stress::{rounds, storm, while_another};
use crate::harness::wait_until;
use crate::idempotency::scene::{
    PRINT, SCOPE, SMALLEST, TTL_MS, admit, answer, config, held, key, told,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, GuardConfig, Ticket};
use nanoserve::idempotency::sweeper::Sweeper;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// A key as its owners see it.
#[derive(Default)]
pub(super) struct Life {
    running: AtomicBool,
    /// Until when the last outcome stands at least.
    stands_until_ms: AtomicU64,
}

impl Life {
    /// What must hold for one who has just become the owner.
    pub(super) fn begin(&self, clock: &Clock) {
        assert!(!self.running.swap(true, Ordering::SeqCst), "two owners");
        let stands_until_ms = self.stands_until_ms.load(Ordering::SeqCst);
        assert!(clock.now_ms() >= stands_until_ms, "run again in its life");
    }

    /// Before the ticket is used: afterwards another may be the owner already.
    pub(super) fn end(&self, stands_until_ms: u64) {
        self.stands_until_ms
            .store(stands_until_ms, Ordering::SeqCst);
        self.running.store(false, Ordering::SeqCst);
    }
}

// N-20, N-30, N-31, N-34, N-40, N-42: an owner marks the key as its own. Were a record evicted while it is pending or
// before its time, or unlinked by a late owner, another owner would find the mark, or the time not over.
pub fn each_life_of_a_key_is_executed_once_while_it_is_swept() {
    const KEYS: usize = 40;
    const TURNS: usize = 500;
    let mut random = Random::new();
    rounds(2, |round| {
        let clock = Clock::manual(0);
        let guard = Arc::new(guard_for(round, &config(), &clock));
        let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
        let lives: Vec<Life> = (0..KEYS).map(|_| Life::default()).collect();
        storm(&mut random, |_, mut random| {
            for _ in 0..TURNS {
                let number = random.below(KEYS);
                let bytes = [u8::try_from(number).expect("few keys") + 1];
                if let Admission::Execute(ticket) = admit(&*guard, &bytes) {
                    lives[number].begin(&clock);
                    let outcome = random.below(4);
                    let stands_ms = if outcome == 0 { 0 } else { TTL_MS };
                    lives[number].end(clock.now_ms() + stands_ms);
                    match outcome {
                        0 => ticket.release(),
                        1 => drop(ticket),
                        _ => drop(ticket.complete(answer(201, b"done"))),
                    }
                }
                if random.chance(12) {
                    clock.advance_ms(TTL_MS / 4);
                    sweeper.wake();
                }
            }
        });
        assert_eq!(guard.gauges().pending, 0);
        clock.advance_ms(TTL_MS);
        sweeper.wake();
        wait_until(PATIENCE, || guard.gauges().completed == 0);
        assert_eq!(guard.gauges().bytes, 0, "each charge was given back once");
    });
}

// N-40 to N-42, on the real clock: each handler lasts three times as long as an answer does, and the sweeper never rests.
// A pending record that expired would be swept or replaced, and its key have two owners; an answer served too long would
// be of a life whose end is known to be over.
pub fn a_handler_that_outlasts_its_ttl_stays_alone() {
    const SHORT_MS: u64 = 2;
    const KEYS: usize = 16;
    const LIVES: usize = 20;
    let config = GuardConfig {
        ttl_ms: SHORT_MS,
        shape: SMALLEST,
        ..config()
    };
    let mut random = Random::new();
    rounds(2, |round| {
        let clock = Clock::system();
        let guard = guard_for(round, &config, &clock);
        let keys: Vec<Lives> = (0..KEYS).map(|_| Lives::default()).collect();
        let served = AtomicUsize::new(0);
        let run = |ticket: Ticket<'_, GiveWay>, bytes: &[u8], lives: &Lives| {
            lives.now.begin(&clock);
            let until_ms = clock.now_ms() + 3 * SHORT_MS;
            wait_until(PATIENCE, || clock.now_ms() >= until_ms);
            let met = admit(&guard, bytes);
            assert_eq!(told(&met), "InFlight", "its own key, past the TTL");
            let life = lives.begun.fetch_add(1, Ordering::SeqCst);
            lives.now.end(clock.now_ms() + SHORT_MS);
            ticket.complete(answer(201, life.to_string().as_bytes()));
            // By now it is complete, so by then it is over: the engine rounds the time of completion up.
            let complete_by_ms = clock.now_us().div_ceil(1000);
            lives.over_by_ms[life].store(complete_by_ms + SHORT_MS, Ordering::SeqCst);
        };
        while_another(
            || sweep(&guard),
            || {
                storm(&mut random, |_, mut random| {
                    let unfinished = |lives: &&Lives| lives.begun.load(Ordering::SeqCst) < LIVES;
                    while keys.iter().any(|lives| unfinished(&lives)) {
                        let number = random.below(KEYS);
                        let lives = &keys[number];
                        if !unfinished(&lives) {
                            continue;
                        }
                        let bytes = [u8::try_from(number).expect("few keys") + 1];
                        let asked_ms = clock.now_ms();
                        match guard.admit(&SCOPE, key(&bytes), &PRINT, || true) {
                            Admission::Execute(ticket) => run(ticket, &bytes, lives),
                            Admission::Replay(replay) => {
                                let life: usize = held(&replay).parse().expect("a number of ours");
                                let over_by_ms = lives.over_by_ms[life].load(Ordering::SeqCst);
                                let is_known = over_by_ms > 0;
                                assert!(!is_known || asked_ms < over_by_ms, "served when over");
                                served.fetch_add(1, Ordering::Relaxed);
                            }
                            Admission::InFlight(_) => thread::yield_now(),
                            other => panic!("{}", told(&other)),
                        }
                    }
                });
            },
        );
        assert!(served.into_inner() > 0, "nobody met an answer in its time");
        wait_until(PATIENCE, || {
            sweep(&guard);
            guard.gauges().completed == 0
        });
        assert_eq!(guard.gauges().bytes, 0);
    });
}

/// A key's lives, one after the other.
#[derive(Default)]
struct Lives {
    now: Life,
    begun: AtomicUsize,
    /// For each life when its answer is over for certain; 0 until that is known.
    over_by_ms: [AtomicU64; 32],
}
