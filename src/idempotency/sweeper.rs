//! The sweeper: gives back what has expired (N-42), in bounded steps, so that no request waits for a whole pass.
//!
//! `Guard::sweep_step` is the work, free of threads; `Sweeper` is the thread that paces it. Invariant: only COMPLETED
//! records whose TTL is over are unlinked, each with its charge; no page is made and no bucket split. The thread waits
//! on a condition variable with nothing held, and ends when its `Sweeper` is dropped.

use crate::idempotency::chain::{Chain, Node};
use crate::idempotency::guard::Guard;
use crate::idempotency::points::{Point, Points};
use crate::idempotency::table::{self, Bucket};
use crate::limits::{
    FULL_WARNING_PERCENT, SWEEP_EAGER_PERCENT, SWEEP_PAUSE_MS_MAX, SWEEP_PAUSE_MS_MIN,
    SWEEP_STEP_BUCKETS, SWEEP_STEPS_MAX,
};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A walk over the whole table, under way.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The bucket to visit next.
    at: usize,
    /// Before this nothing that was seen so far can expire; none before the first step.
    earliest_ms: Option<u64>,
}

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Records unlinked.
    pub removed: usize,
    /// The sweep is whole, and before this moment nothing can expire; none while buckets are left.
    pub nothing_before_ms: Option<u64>,
}

/// The thread that sweeps. Dropping it ends the thread and waits for that.
pub struct Sweeper {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
}

/// What the thread is told. The lock is held for a look or a store, never while sweeping; it is taken with no other lock
/// held, and a panic under it cannot be: poison is passed over.
#[derive(Default)]
struct Signals {
    told: Mutex<Told>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct Told {
    stop: bool,
    /// A whole sweep is wanted soon.
    asked: bool,
}

impl<P: Points> Guard<P> {
    /// Visits at most `buckets` buckets (a page that was never made counts as one) and unlinks what has expired there.
    ///
    /// Ascending: nodes move to higher numbers only, and the count is looked at in each turn, so a whole sweep misses
    /// no record that had expired when it began. A finished sweep starts anew with the next step.
    pub fn sweep_step(&self, sweep: &mut Sweep, buckets: usize) -> Step {
        let now_ms = self.clock().now_ms();
        // What is completed from now on expires a TTL from now at the earliest.
        let mut earliest_ms = sweep
            .earliest_ms
            .unwrap_or_else(|| now_ms.saturating_add(self.ttl_ms()));
        let mut removed = 0;
        for _ in 0..buckets {
            if sweep.at >= self.table().buckets() {
                break;
            }
            let Some(bucket) = self.table().made(sweep.at) else {
                sweep.at = self.table().page_end(sweep.at);
                continue;
            };
            let seen = earliest_expiry(&table::read_lock(self.points(), sweep.at, bucket));
            match seen {
                Some(at_ms) if at_ms <= now_ms => {
                    removed += self.expire(sweep.at, bucket, now_ms, &mut earliest_ms);
                }
                Some(at_ms) => earliest_ms = earliest_ms.min(at_ms),
                None => {}
            }
            sweep.at += 1;
        }
        let whole = sweep.at >= self.table().buckets();
        *sweep = if whole {
            Sweep::default()
        } else {
            Sweep {
                at: sweep.at,
                earliest_ms: Some(earliest_ms),
            }
        };
        Step {
            removed,
            nothing_before_ms: whole.then_some(earliest_ms),
        }
    }

    /// Unlinks a bucket's expired records. What the read lock showed may be over: a lookup may have replaced the record
    /// in place, so each is judged again under the write lock.
    fn expire(&self, at: usize, bucket: &Bucket, now_ms: u64, earliest_ms: &mut u64) -> usize {
        self.points().at(Point::BeforeSweepUnlink);
        let mut expired = Chain::new(true);
        let mut chain = table::write_lock(self.points(), at, bucket);
        let removed = chain.move_into(&mut expired, |node| node.record().is_expired(now_ms));
        for node in expired.nodes() {
            self.capacity().give_back(node.charge());
        }
        if let Some(at_ms) = earliest_expiry(&chain) {
            *earliest_ms = at_ms.min(*earliest_ms);
        }
        drop(chain);
        drop(expired); // the memory, after the lock
        removed
    }
}

impl Sweeper {
    /// Starts the thread. `warn` is called with the fullness in percent whenever that has come to
    /// `FULL_WARNING_PERCENT` from below; it must not panic, and holds up the sweep while it runs.
    ///
    /// # Errors
    /// The operating system's, where it has no thread to give.
    pub fn start<P: Points>(
        guard: Arc<Guard<P>>,
        warn: impl FnMut(usize) + Send + 'static,
    ) -> io::Result<Sweeper> {
        let signals = Arc::new(Signals::default());
        let heard = Arc::clone(&signals);
        let thread = thread::Builder::new()
            .name("sweeper".into())
            .spawn(move || run(&guard, &heard, warn))?;
        Ok(Sweeper {
            signals,
            thread: Some(thread),
        })
    }

    /// Asks for a whole sweep soon: each Full does (N-24). Costs little when asked again and again.
    pub fn wake(&self) {
        let mut told = self.signals.lock();
        if !told.asked {
            told.asked = true;
            self.signals.changed.notify_one(); // one thread waits there
        }
    }

    /// Ends the thread and waits until it has: at most one step.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Sweeper {
    // The only place that ends the thread; `stop` comes here too.
    fn drop(&mut self) {
        self.signals.lock().stop = true;
        self.signals.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // An Err would be a panic in `warn`, which the panic hook has already told of.
            let _ = thread.join();
        }
    }
}

impl Signals {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, at most so long, until told to stop or, where `heed_asked`, asked for a sweep.
    fn wait(&self, pause_ms: u64, heed_asked: bool) -> Told {
        let quiet = |told: &mut Told| !(told.stop || told.asked && heed_asked);
        // A signal given before this wait is seen here, under the same lock, so none is lost.
        let (told, _) = self
            .changed
            .wait_timeout_while(self.lock(), Duration::from_millis(pause_ms), quiet)
            .unwrap_or_else(PoisonError::into_inner);
        *told
    }

    /// Takes the wish for a whole sweep: one that comes later asks for another.
    fn take_asked(&self) -> bool {
        std::mem::take(&mut self.lock().asked)
    }
}

/// The pause after each step of `steps`: a whole sweep is to take a quarter of the TTL, so that expired records use at
/// most about that much more memory; an eager one the least that leaves the cores to the requests.
pub fn pause_ms(ttl_ms: u64, steps: usize, eager: bool) -> u64 {
    if eager {
        return SWEEP_PAUSE_MS_MIN;
    }
    (ttl_ms / 4 / steps.max(1) as u64).clamp(SWEEP_PAUSE_MS_MIN, SWEEP_PAUSE_MS_MAX)
}

/// The thread's life: sweep after sweep, none begun before something can have expired.
fn run<P: Points>(guard: &Guard<P>, signals: &Signals, warn: impl FnMut(usize)) {
    let mut watch = Watch {
        warn,
        warned: false,
    };
    let mut sweep = Sweep::default();
    let mut hurried = false;
    loop {
        let buckets = guard.table().buckets();
        let step_buckets = SWEEP_STEP_BUCKETS.max(buckets / SWEEP_STEPS_MAX);
        let step = guard.sweep_step(&mut sweep, step_buckets);
        let percent = watch.look(guard);
        let eager = hurried || percent >= SWEEP_EAGER_PERCENT;
        let mut told = if guard.capacity().held().keys == 0 {
            signals.wait(SWEEP_PAUSE_MS_MAX, true) // nothing to sweep, however short the TTL
        } else {
            let pause = pause_ms(guard.ttl_ms(), buckets / step_buckets, eager);
            signals.wait(pause, !eager)
        };
        hurried |= told.asked;
        if let Some(nothing_before_ms) = step.nothing_before_ms {
            // In pieces: a manual clock does not tell when it was moved, and fullness is watched meanwhile. A wish
            // that is known already does not cut the wait short again; nothing can have expired.
            while let Some(left_ms) = nothing_before_ms
                .checked_sub(guard.clock().now_ms())
                .filter(|left_ms| *left_ms > 0 && !told.stop)
            {
                told = signals.wait(left_ms.min(SWEEP_PAUSE_MS_MAX), !told.asked);
                watch.look(guard);
            }
            hurried = signals.take_asked();
        }
        if told.stop {
            return;
        }
    }
}

/// Warns once each time the fullness comes to the warning's bound.
struct Watch<F> {
    warn: F,
    warned: bool,
}

impl<F: FnMut(usize)> Watch<F> {
    fn look<P: Points>(&mut self, guard: &Guard<P>) -> usize {
        let percent = guard.fullness_percent();
        let high = percent >= FULL_WARNING_PERCENT;
        if high && !self.warned {
            (self.warn)(percent);
        }
        self.warned = high;
        percent
    }
}

fn earliest_expiry(chain: &Chain) -> Option<u64> {
    chain
        .nodes()
        .filter_map(|node: &Node| node.record().expires_at_ms())
        .min()
}
