//! What a model without buckets cannot know is which expired records a sweep in part has come by. It is kept open: one
//! model (model.rs) for each answer that agrees with all that was seen since.

use crate::idempotency::guard::model::{Model, Place};
use crate::idempotency::guard::queue::Queue;
use nanoserve::idempotency::guard::GuardConfig;
use std::fmt;

/// Every model that agrees with all that was seen; they differ in which expired records are swept, and in nothing else.
pub struct Worlds(Vec<Model>);

/// More worlds than this are not followed: a whole sweep makes them one again.
pub const WORLDS_MAX: usize = 32;

impl Worlds {
    pub fn new(config: &GuardConfig) -> Worlds {
        Worlds(vec![Model::new(config)])
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What holds in all of them.
    pub fn any(&self) -> &Model {
        &self.0[0]
    }

    pub fn now_ms(&self) -> u64 {
        self.any().now_ms
    }

    /// Keeps the worlds in which something seen is so.
    #[track_caller]
    pub fn saw(&mut self, what: impl fmt::Debug, agrees: impl Fn(&Model) -> bool) {
        assert!(
            self.0.iter().any(&agrees),
            "no model agrees on {what:?}: {:?}",
            self.any()
        );
        self.0.retain(agrees);
    }

    #[track_caller]
    pub fn claimed(&mut self, place: Place, usual: bool, told: &str) {
        let mut expected = Vec::new();
        self.0.retain_mut(|model| {
            expected.push(model.claim(place, usual));
            expected.last().is_some_and(|expected| expected == told)
        });
        assert!(
            !self.0.is_empty(),
            "{place:?} was told {told}, expected one of {expected:?}"
        );
        self.unite();
    }

    pub fn completed(&mut self, place: Place, size: Option<usize>) {
        self.each(|model| model.complete(place, size));
    }

    pub fn released(&mut self, place: Place) {
        self.each(|model| model.release(place));
    }

    /// Something that concerns those who wait alone.
    pub fn queue<T>(&mut self, act: impl Fn(&mut Queue) -> T) -> T {
        let mut last = None;
        self.each(|model| last = Some(act(&mut model.queue)));
        last.expect("there is a world")
    }

    pub fn advanced(&mut self, ms: u64) {
        self.each(|model| model.now_ms += ms);
    }

    /// A sweep that was one step: all that had expired is gone, and the moment it tells is exact.
    #[track_caller]
    pub fn swept(&mut self, removed: usize, nothing_before_ms: Option<u64>) {
        self.saw("how many a whole sweep took", |model| {
            model.expired().len() == removed
        });
        self.each(|model| {
            for place in model.expired() {
                model.unlink(place);
            }
        });
        self.saw("what a whole sweep knows", |model| {
            nothing_before_ms == Some(model.nothing_before_ms())
        });
    }

    /// A step of a sweep that began at `begun_ms`: some that had expired are gone. Where it was the last, all that had
    /// expired at the beginning are, and what is left does not expire before the moment that is told.
    #[track_caller]
    pub fn swept_in_part(&mut self, removed: usize, begun_ms: u64, nothing_before_ms: Option<u64>) {
        let parts = self.0.iter().flat_map(|model| {
            let choices = subsets(&model.expired(), removed);
            choices.into_iter().map(|gone| {
                let mut model = model.clone();
                for place in gone {
                    model.unlink(place);
                }
                model
            })
        });
        self.0 = parts.collect();
        assert!(!self.0.is_empty(), "{removed} are more than had expired");
        if let Some(nothing_before_ms) = nothing_before_ms {
            self.saw("what the parts of a sweep left", |model| {
                model
                    .soonest_ms()
                    .is_none_or(|at_ms| at_ms > begun_ms && at_ms >= nothing_before_ms)
            });
        }
    }

    fn each(&mut self, act: impl FnMut(&mut Model)) {
        self.0.iter_mut().for_each(act);
        self.unite();
    }

    /// Worlds that have become the same are one.
    pub fn unite(&mut self) {
        if self.0.len() == 1 {
            return;
        }
        let mut different: Vec<Model> = Vec::new();
        for model in self.0.drain(..) {
            if !different.contains(&model) {
                different.push(model);
            }
        }
        self.0 = different;
    }
}

/// Every way to choose so many of them.
fn subsets(of: &[Place], count: usize) -> Vec<Vec<Place>> {
    match of {
        _ if count == 0 => vec![Vec::new()],
        [] => Vec::new(),
        [first, rest @ ..] => {
            let mut with = subsets(rest, count - 1);
            for chosen in &mut with {
                chosen.push(*first);
            }
            with.extend(subsets(rest, count));
            with
        }
    }
}
