//! What the tests lean on: the server as a process, a strict client on a raw socket, and waiting for a condition.
//!
//! Invariant: nothing here knows a fixed port, waits without a deadline, or leaves a process behind.

mod flood;
mod json;
mod metrics;
mod process;
mod random;
mod request;
mod wire;

pub(crate) use flood::{Flooded, flood, make_known, while_replaying};
pub(crate) use json::Json;
pub(crate) use metrics::Metrics;
pub(crate) use process::Server;
pub(crate) use random::{Random, seed};
pub(crate) use request::{Request, payment};
pub(crate) use wire::{Client, Response};

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take that is not itself about a longer time.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// Asks until there is an answer; panics with what was waited for when `DEADLINE` is over.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(
            Instant::now() < deadline,
            "waited {DEADLINE:?} in vain: {what}"
        );
        pause();
    }
}

/// `wait_for` where the answer is yes.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

/// Lets the other side have the processor between two looks at a condition. Not a way to wait for something to happen.
pub(crate) fn pause() {
    thread::park_timeout(Duration::from_millis(3));
}

/// Runs `act` in `count` threads that start together, and gives what each returned, in their order.
pub(crate) fn at_once<T: Send>(count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (start, act) = (Barrier::new(count), &act);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|i| {
                let start = &start;
                scope.spawn(move || {
                    start.wait();
                    act(i)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .expect("its panic was printed where it happened")
            })
            .collect()
    })
}

/// Raises a flag when it is dropped, also by a panic: a thread that goes on until then must not go on for ever.
pub(crate) struct Raised<'f>(pub(crate) &'f AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
