//! Mistakes about one key.

use super::Model;
use crate::idempotency::explorer::{Act, Playable};
use nanoserve::idempotency::points::{Point, Points};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};

#[derive(Default)]
struct Key {
    claimed: Mutex<bool>,
    executions: AtomicUsize,
}

/// Looks under one lock and links under the next: what was seen may be over by then.
pub fn claim_in_two_steps(right: bool) -> Box<dyn Playable> {
    fn claim(model: &Model<Key>) {
        if *model.lock(0, &model.is.claimed) {
            return;
        }
        model.baton.at(Point::ReadMissed);
        let mut claimed = model.lock(0, &model.is.claimed);
        if model.right && *claimed {
            return;
        }
        *claimed = true;
        model.is.executions.fetch_add(1, SeqCst);
    }
    Model::play(
        "claim-in-two-steps",
        right,
        &[("claim", claim), ("claim", claim)],
        |model| {
            assert_eq!(model.is.executions.load(SeqCst), 1, "executions");
        },
    )
}

#[derive(Default)]
struct Chain {
    node: Mutex<Option<Arc<Released>>>,
    kept: AtomicBool,
}

type Released = AtomicBool;

impl Model<Chain> {
    fn claim(&self) -> Option<Arc<Released>> {
        let mut node = self.lock(0, &self.is.node);
        let is_free = node.as_ref().is_none_or(|record| record.load(SeqCst));
        is_free.then(|| Arc::clone(node.insert(Arc::default())))
    }
}

/// A release takes out whatever stands there, and not its own record only.
pub fn unlink_of_anybodys(right: bool) -> Box<dyn Playable> {
    fn release(model: &Model<Chain>) {
        let Some(own) = model.claim() else { return };
        own.store(true, SeqCst);
        model.baton.at(Point::Released);
        let mut node = model.lock(0, &model.is.node);
        let is_own = node
            .as_ref()
            .is_some_and(|record| Arc::ptr_eq(record, &own));
        if is_own || !model.right {
            *node = None;
        }
    }
    fn keep(model: &Model<Chain>) {
        if model.claim().is_some() {
            model.is.kept.store(true, SeqCst);
        }
    }
    Model::play(
        "unlink-of-anybodys",
        right,
        &[("release", release), ("keep", keep)],
        |model| {
            let linked = model.is.node.lock().is_ok_and(|node| node.is_some());
            assert_eq!(
                linked,
                model.is.kept.load(SeqCst),
                "what was kept is linked"
            );
        },
    )
}

/// One record, expired at first; in its place a new one may stand, or none.
struct Expiring(Mutex<Option<bool>>);

impl Default for Expiring {
    fn default() -> Self {
        Expiring(Mutex::new(Some(true)))
    }
}

/// The sweeper unlinks what it saw under the read lock, though it may have been replaced in place.
pub fn sweep_without_a_second_look(right: bool) -> Box<dyn Playable> {
    fn sweep(model: &Model<Expiring>) {
        let expired = |record: &Option<bool>| *record == Some(true);
        if expired(&model.lock(0, &model.is.0)) {
            model.baton.at(Point::BeforeSweepUnlink);
            let mut record = model.lock(0, &model.is.0);
            if expired(&record) || !model.right {
                *record = None;
            }
        }
    }
    fn claim(model: &Model<Expiring>) {
        *model.lock(0, &model.is.0) = Some(false);
    }
    Model::play(
        "sweep-without-a-second-look",
        right,
        &[("sweep", sweep), ("claim", claim)],
        |model| {
            let record = model.is.0.lock().is_ok_and(|record| *record == Some(false));
            assert!(record, "a pending record was swept");
        },
    )
}

#[derive(Default)]
struct Published {
    completed: AtomicBool,
    snapshot: OnceLock<&'static str>,
}

/// COMPLETED comes first, and the snapshot after it.
pub fn published_before_it_is_set(right: bool) -> Box<dyn Playable> {
    fn complete(model: &Model<Published>) {
        let Published {
            completed,
            snapshot,
        } = &model.is;
        completed.store(!model.right, SeqCst);
        let _ = model.right && snapshot.set("done").is_ok();
        model.baton.at(Point::SnapshotSet);
        let _ = snapshot.set("done");
        completed.store(true, SeqCst);
    }
    fn replay(model: &Model<Published>) {
        if model.is.completed.load(SeqCst) {
            assert!(
                model.is.snapshot.get().is_some(),
                "completed, and nothing to replay"
            );
        }
    }
    let acts: &[Act<Model<Published>>] = &[("complete", complete), ("replay", replay)];
    Model::play("published-before-it-is-set", right, acts, |_| ())
}

/// Bounds: one key, and bytes for a small one.
#[derive(Default)]
struct Held {
    keys: Mutex<usize>,
    refused: AtomicBool,
}

/// A claim takes its place, then finds no room for its bytes and gives the place back: meanwhile another is refused.
pub fn reserve_and_undo(right: bool) -> Box<dyn Playable> {
    fn reserve(model: &Model<Held>, bytes_fit: bool) -> bool {
        let mut keys = model.lock(0, &model.is.keys);
        if *keys > 0 || (model.right && !bytes_fit) {
            return false;
        }
        *keys += 1;
        drop(keys);
        if !model.right && !bytes_fit {
            *model.lock(0, &model.is.keys) -= 1;
        }
        bytes_fit
    }
    fn large(model: &Model<Held>) {
        reserve(model, false);
    }
    fn small(model: &Model<Held>) {
        let fits = reserve(model, true);
        model.is.refused.store(!fits, SeqCst);
    }
    let acts: &[Act<Model<Held>>] = &[("large", large), ("small", small)];
    Model::play("reserve-and-undo", right, acts, |model| {
        assert!(
            !model.is.refused.load(SeqCst),
            "refused a place that nobody uses"
        );
    })
}
