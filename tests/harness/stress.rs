//! What stress tests are made of: rounds, 64 threads at once, and one that looks on.
//!
//! Such a test could go on for ever. It plays a few rounds, or for as long as `STRESS_SECONDS` says (`make stress`).

use super::held;
use super::random::Random;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Threads of a storm.
pub const THREADS: usize = 64;

/// For how long each stress test is to go on; none where a few rounds will do.
pub fn stress_time() -> Option<Duration> {
    let text = std::env::var("STRESS_SECONDS").ok()?;
    let seconds = text.parse().expect("STRESS_SECONDS is a whole number");
    Some(Duration::from_secs(seconds))
}

/// Plays so many rounds, numbered from 1, and then more of them until `STRESS_SECONDS` are over.
pub fn rounds(least: usize, mut round: impl FnMut(usize)) {
    let end = stress_time().map(|time| Instant::now() + time);
    let mut number = 0;
    while number < least || end.is_some_and(|end| Instant::now() < end) {
        number += 1;
        let _told = Round(number);
        round(number);
    }
}

/// Says which round it was that failed.
struct Round(usize);

impl Drop for Round {
    fn drop(&mut self) {
        if thread::panicking() {
            held::note(format!("in round {}", self.0));
        }
    }
}

/// 64 threads that start together, each with its number and a source of random values of its own.
pub fn storm(random: &mut Random, act: impl Fn(usize, Random) + Sync) {
    let (start, act) = (Barrier::new(THREADS), &act);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (start, random) = (&start, random.fork());
            scope.spawn(move || {
                start.wait();
                act(number, random);
            });
        }
    });
}

/// Does something while another thread does something else over and over, once at least.
pub fn while_another(keeps: impl Fn() + Sync, act: impl FnOnce()) {
    /// Ends the other thread on a panic too, as the scope waits for it.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                keeps();
                if done.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let _done = Done(&done);
        act();
    });
}
