//! Points at which a test can stop a thread and send it on: one interleaving, chosen by the test.

use nanoserve::idempotency::points::{Point, Points};
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
    changed: Condvar,
}

struct State {
    point: Point,
    reached: bool,
    open: bool,
}

impl Stops {
    pub fn next_at(&self, point: Point) -> Stop {
        let mut stops = self.0.lock();
        stops.push(State {
            point,
            reached: false,
            open: false,
        });
        Stop {
            shared: Arc::clone(&self.0),
            number: stops.len() - 1,
        }
    }
}

impl Points for Stops {
    fn at(&self, point: Point) {
        let mut stops = self.0.lock();
        let Some(number) = stops
            .iter()
            .position(|stop| stop.point == point && !stop.reached && !stop.open)
        else {
            return;
        };
        stops[number].reached = true;
        self.0.changed.notify_all();
        // A test that fails never opens its stop; the thread then goes on after a while, so that the test can end.
        let closed = |stops: &mut Vec<State>| !stops[number].open;
        drop(self.0.changed.wait_timeout_while(stops, PATIENCE, closed));
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

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.stops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
