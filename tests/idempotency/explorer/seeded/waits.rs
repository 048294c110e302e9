//! Mistakes about waiting: those who wait for a key that is PENDING, each with a flag that is raised when it is over.

use super::Model;
use crate::idempotency::explorer::{Act, Footprint, Playable};
use nanoserve::idempotency::points::{Point, Points};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Key {
    status: AtomicUsize,
    waiting: Mutex<Vec<Flag>>,
    executions: AtomicUsize,
}

type Flag = Arc<AtomicBool>;

const PENDING: usize = 0;
const COMPLETED: usize = 1;
const RELEASED: usize = 2;

impl Model<Key> {
    fn is_pending(&self) -> bool {
        self.is.status.load(SeqCst) == PENDING
    }

    fn register(&self) -> Flag {
        self.register_and(|| !self.is_pending())
    }

    /// The look under the lock: who ends the key later finds the flag, and who ended it before is seen here.
    fn register_and(&self, is_over: impl Fn() -> bool) -> Flag {
        let mut waiting = self.lock(0, &self.is.waiting);
        let flag = Arc::new(AtomicBool::new(is_over()));
        waiting.push(Arc::clone(&flag));
        flag
    }

    fn wait(&self, flag: &Flag) {
        let is_raised = || flag.load(SeqCst).then_some(());
        self.baton
            .until("its flag is raised", Footprint::ALL, is_raised);
    }

    fn complete(&self) {
        self.is.status.store(COMPLETED, SeqCst);
        self.raise(usize::MAX);
    }

    fn release(&self) {
        self.is.status.store(RELEASED, SeqCst);
        self.baton.at(Point::Released);
        self.raise(1);
    }

    /// Raises as many flags as are not up yet, the oldest first.
    fn raise(&self, most: usize) {
        let waiting = self.lock(0, &self.is.waiting);
        let down = waiting.iter().filter(|flag| !flag.load(SeqCst));
        down.take(most).for_each(|flag| flag.store(true, SeqCst));
    }

    /// Claims the key if it is free, and runs it.
    fn attempt(&self) {
        let status = &self.is.status;
        if status
            .compare_exchange(RELEASED, PENDING, SeqCst, SeqCst)
            .is_ok()
        {
            self.is.executions.fetch_add(1, SeqCst);
            self.complete();
        }
    }

    fn ran_at_most_once(&self) {
        assert!(self.is.executions.load(SeqCst) <= 1, "executed twice");
    }
}

/// Between the look at the status and the place among those who wait the end comes, and nobody is told: a lost wake-up.
pub fn look_before_registering_only(right: bool) -> Box<dyn Playable> {
    fn wait(model: &Model<Key>) {
        if !model.is_pending() {
            return;
        }
        let flag = model.register_and(|| model.right && !model.is_pending());
        model.wait(&flag);
    }
    let acts: &[Act<Model<Key>>] = &[("complete", Model::complete), ("wait", wait)];
    Model::play(
        "look-before-registering-only",
        right,
        acts,
        Model::ran_at_most_once,
    )
}

/// The one who was told that the key is free goes away, and tells nobody.
pub fn heir_that_leaves_silently(right: bool) -> Box<dyn Playable> {
    fn leave(model: &Model<Key>) {
        let flag = model.register();
        model.baton.at(Point::WaiterRegistered);
        let mut waiting = model.lock(0, &model.is.waiting);
        waiting.retain(|other| !Arc::ptr_eq(other, &flag));
        drop(waiting);
        if model.right && flag.load(SeqCst) {
            model.raise(1);
        }
    }
    fn wait(model: &Model<Key>) {
        let flag = model.register();
        model.wait(&flag);
        model.attempt();
    }
    let acts: &[Act<Model<Key>>] = &[
        ("release", Model::release),
        ("leave", leave),
        ("wait", wait),
    ];
    Model::play(
        "heir-that-leaves-silently",
        right,
        acts,
        Model::ran_at_most_once,
    )
}

/// The one who was told that the key is free takes it for granted: a newcomer may have been quicker.
pub fn heir_that_does_not_ask(right: bool) -> Box<dyn Playable> {
    fn wait(model: &Model<Key>) {
        let flag = model.register();
        model.wait(&flag);
        if model.right {
            model.attempt();
        } else if model.is.status.load(SeqCst) != COMPLETED {
            model.is.executions.fetch_add(1, SeqCst);
            model.complete();
        }
    }
    fn newcomer(model: &Model<Key>) {
        let claims = &model.is.status;
        if claims
            .compare_exchange(RELEASED, PENDING, SeqCst, SeqCst)
            .is_ok()
        {
            model.is.executions.fetch_add(1, SeqCst);
            model.baton.at(Point::SnapshotSet);
            model.complete();
        }
    }
    let acts: &[Act<Model<Key>>] = &[
        ("release", Model::release),
        ("wait", wait),
        ("newcomer", newcomer),
    ];
    Model::play(
        "heir-that-does-not-ask",
        right,
        acts,
        Model::ran_at_most_once,
    )
}

/// Waits by asking again and again: if the others are not let on in between, for ever.
pub fn wait_by_asking_again(right: bool) -> Box<dyn Playable> {
    fn wait(model: &Model<Key>) {
        if model.right {
            let flag = model.register();
            return model.wait(&flag);
        }
        while model.is_pending() {
            model.baton.at(Point::CountLoaded);
        }
    }
    let acts: &[Act<Model<Key>>] = &[("wait", wait), ("complete", Model::complete)];
    Model::play("wait-by-asking-again", right, acts, Model::ran_at_most_once)
}
