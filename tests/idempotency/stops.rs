//! Points at which a test can stop a thread and send it on: one interleaving, chosen by the test.

use nanoserve::idempotency::points::{Lock, Point, Points};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// The points of a guard under test; clones share their stops. A point without a stop lets everybody pass.
#[derive(Clone, Default)]
pub struct Stops(Arc<Shared>);

/// A stop for the next thread that comes to a point; others pass. Dropping it sends the thread on.
pub struct Stop {
    shared: Arc<Shared>,
    number: usize,
}

#[derive(Default)]
struct Shared {
    stops: Mutex<Vec<State>>,
    /// A thread found a lock taken. Stored and looked at under the lock on `stops`.
    refused: AtomicBool,
    changed: Condvar,
}

struct State {
    /// None: before a lock is taken.
    point: Option<Point>,
    /// How many threads pass before one stops.
    passes: usize,
    reached: bool,
    open: bool,
}

impl Stops {
    pub fn next_at(&self, point: Point) -> Stop {
        self.stop(Some(point), 0)
    }

    /// Before a lock of the engine is taken: the first from now on, where `passes` is 0.
    pub fn before_lock(&self, passes: usize) -> Stop {
        self.stop(None, passes)
    }

    fn stop(&self, point: Option<Point>, passes: usize) -> Stop {
        let mut stops = self.0.lock();
        stops.push(State {
            point,
            passes,
            reached: false,
            open: false,
        });
        Stop {
            shared: Arc::clone(&self.0),
            number: stops.len() - 1,
        }
    }

    /// Waits until a thread has found a lock of the engine taken, and so waits for it.
    #[track_caller]
    pub fn lock_awaited(&self) {
        let not_yet = |_: &mut Vec<State>| !self.0.refused.load(Ordering::Relaxed);
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.0.lock(), PATIENCE, not_yet)
            .unwrap_or_else(PoisonError::into_inner)
            .1;
        assert!(!waited.timed_out(), "no thread waits for a lock");
    }
}

impl Points for Stops {
    fn at(&self, point: Point) {
        self.0.come_to(Some(point));
    }

    fn take<L>(&self, _: Lock, attempt: impl Fn() -> Option<L>, wait: impl FnOnce() -> L) -> L {
        self.0.come_to(None);
        attempt().unwrap_or_else(|| {
            let stops = self.0.lock();
            self.0.refused.store(true, Ordering::Relaxed);
            self.0.changed.notify_all();
            drop(stops);
            wait()
        })
    }
}

impl Shared {
    fn come_to(&self, point: Option<Point>) {
        let mut stops = self.lock();
        let Some(number) = stops
            .iter()
            .position(|stop| stop.point == point && !stop.reached && !stop.open)
        else {
            return;
        };
        if stops[number].passes > 0 {
            stops[number].passes -= 1;
            return;
        }
        stops[number].reached = true;
        self.changed.notify_all();
        // A test that fails never opens its stop; the thread then goes on after a while, so that the test can end.
        let closed = |stops: &mut Vec<State>| !stops[number].open;
        drop(self.changed.wait_timeout_while(stops, PATIENCE, closed));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stop {
    /// Waits until a thread stands here.
    #[track_caller]
    pub fn reached(&self) -> &Stop {
        let missing = |stops: &mut Vec<State>| !stops[self.number].reached;
        let (stops, waited) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), PATIENCE, missing)
            .unwrap_or_else(PoisonError::into_inner);
        drop(stops);
        assert!(!waited.timed_out(), "no thread came to the stop");
        self
    }

    pub fn go_on(self) {
        drop(self);
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.shared.lock()[self.number].open = true;
        self.shared.changed.notify_all();
    }
}
