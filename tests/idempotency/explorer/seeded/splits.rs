//! Mistakes about buckets: a table as the engine's, four buckets at most, keys that are their own hash.

use super::Model;
use crate::idempotency::explorer::{Act, Playable};
use nanoserve::idempotency::points::{Point, Points};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

struct Table {
    /// The number of buckets less one.
    mask: AtomicUsize,
    buckets: [Mutex<Bucket>; 4],
    linked: AtomicUsize,
}

struct Bucket {
    is_split: bool,
    keys: Vec<usize>,
}

impl Default for Table {
    fn default() -> Self {
        let bucket = |at| Bucket {
            is_split: at == 0,
            keys: Vec::new(),
        };
        Table {
            mask: AtomicUsize::new(0),
            buckets: std::array::from_fn(|at| Mutex::new(bucket(at))),
            linked: AtomicUsize::new(0),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mistake {
    MaskOfTheCount,
    NoSecondLook,
}

impl Model<Table> {
    fn insert(&self, key: usize, mistake: Mistake) {
        loop {
            let at = key & self.is.mask.load(SeqCst);
            self.baton.at(Point::CountLoaded);
            let mut bucket = self.lock(at, &self.is.buckets[at]);
            if !bucket.is_split {
                drop(bucket);
                self.split(at, mistake);
                continue;
            }
            let looks_again = self.right || mistake != Mistake::NoSecondLook;
            if looks_again && key & self.is.mask.load(SeqCst) != at {
                continue;
            }
            if !bucket.keys.contains(&key) {
                bucket.keys.push(key);
                self.is.linked.fetch_add(1, SeqCst);
            }
            return;
        }
    }

    fn split(&self, child: usize, mistake: Mistake) {
        if self.lock(child, &self.is.buckets[child]).is_split {
            return;
        }
        let highest_bit = 1 << child.ilog2();
        let parent = child - highest_bit;
        self.split(parent, mistake);
        let mut from = self.lock(parent, &self.is.buckets[parent]);
        self.baton.at(Point::BetweenSplitLocks);
        let mut to = self.lock(child, &self.is.buckets[child]);
        if !to.is_split {
            let mask = match mistake {
                Mistake::MaskOfTheCount if !self.right => self.is.mask.load(SeqCst),
                _ => 2 * highest_bit - 1,
            };
            let (moved, kept) = from.keys.iter().partition(|key| **key & mask == child);
            (to.keys, from.keys, to.is_split) = (moved, kept, true);
        }
    }

    fn double(&self) {
        self.is
            .mask
            .fetch_add(self.is.mask.load(SeqCst) + 1, SeqCst);
    }

    fn each_key_is_linked_once(&self) {
        assert_eq!(self.is.linked.load(SeqCst), 2, "keys were linked, of two");
    }

    fn played(name: &str, right: bool, grow: fn(&Self), insert: fn(&Self)) -> Box<dyn Playable> {
        let acts = &[("grow", grow), ("insert", insert)];
        Model::play(name, right, acts, Self::each_key_is_linked_once)
    }
}

/// A split takes what the present count leads to the child, and leaves behind what belongs to the child's own children.
pub fn mask_of_the_count(right: bool) -> Box<dyn Playable> {
    const MISTAKE: Mistake = Mistake::MaskOfTheCount;
    fn grow(model: &Model<Table>) {
        model.insert(3, MISTAKE);
        model.double();
        model.double();
        model.insert(1, MISTAKE);
    }
    fn insert(model: &Model<Table>) {
        model.insert(3, MISTAKE);
    }
    Model::played("mask-of-the-count", right, grow, insert)
}

/// Locks the bucket that the count led to, and does not ask whether it still does.
pub fn no_second_look_at_the_count(right: bool) -> Box<dyn Playable> {
    const MISTAKE: Mistake = Mistake::NoSecondLook;
    fn grow(model: &Model<Table>) {
        model.insert(3, MISTAKE);
        model.double();
        model.double();
        model.insert(1, MISTAKE);
    }
    fn insert(model: &Model<Table>) {
        model.insert(3, MISTAKE);
    }
    Model::played("no-second-look-at-the-count", right, grow, insert)
}

/// Two who need two locks each begin with another one.
pub fn locks_in_both_orders(right: bool) -> Box<dyn Playable> {
    fn both(model: &Model<[Mutex<()>; 2]>, first: usize, second: usize) {
        let _first = model.lock(first, &model.is[first]);
        let _second = model.lock(second, &model.is[second]);
    }
    fn up(model: &Model<[Mutex<()>; 2]>) {
        both(model, 0, 1);
    }
    fn down(model: &Model<[Mutex<()>; 2]>) {
        if model.right {
            up(model);
        } else {
            both(model, 1, 0);
        }
    }
    let acts: &[Act<Model<_>>] = &[("up", up), ("down", down)];
    Model::play("locks-in-both-orders", right, acts, |_| ())
}
