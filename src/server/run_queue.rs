//! Step 2. Where connections rest between visits: the longer one has been quiet, the more rarely it is looked at.
//!
//! std has no readiness API and `unsafe` is forbidden, so a quiet socket must be asked. It is asked after a quarter of the
//! time it has been quiet: a busy one within microseconds, a quiet one a few dozen times a second. Pauses come in levels,
//! each twice the one before; within a level everything waits equally long, so each level is a plain first-in first-out
//! queue and nothing need be sorted.
//!
//! A plain value without threads or clock: task_queue.rs puts its lock around it.
//! Invariant: in each level the due times ascend from front to back, but for the length of a visit: a worker lays a connection to
//! rest with the time at which it last looked at the clock.

use crate::limits::{VISIT_US_MAX, VISIT_US_MIN, VISIT_US_PER_CONNECTION};
use std::collections::VecDeque;

/// Levels of 32 µs, 64 µs … up to the longest pause, which grows with the number of connections.
const LEVELS: usize = 16;

/// What rests between two visits.
pub struct Resting<C> {
    /// The connection.
    pub connection: C,
    /// When it last sent or took a byte, in the clock's microseconds.
    pub progress_us: u64,
    /// Whether it is between two requests, so that it may be asked to give way.
    pub idle: bool,
}

/// The resting connections.
pub struct RunQueue<C> {
    levels: [VecDeque<(u64, Resting<C>)>; LEVELS],
    resting: usize,
    idle: usize,
}

impl<C> RunQueue<C> {
    /// An empty queue.
    pub fn new() -> RunQueue<C> {
        RunQueue {
            levels: std::array::from_fn(|_| VecDeque::new()),
            resting: 0,
            idle: 0,
        }
    }

    /// Lays a connection to rest until its next visit.
    pub fn rest(&mut self, resting: Resting<C>, now_us: u64) {
        let quiet_us = now_us.saturating_sub(resting.progress_us);
        let level = self.level(quiet_us / 4);
        self.resting += 1;
        self.idle += usize::from(resting.idle);
        if let Some(queue) = self.levels.get_mut(level) {
            queue.push_back((now_us.saturating_add(pause_us(level)), resting));
        }
    }

    /// The connection whose visit has been due longest, if any visit is due.
    pub fn take_due(&mut self, now_us: u64) -> Option<C> {
        let level = self.earliest().filter(|&(due, _)| due <= now_us)?.1;
        let (_, resting) = self.levels.get_mut(level)?.pop_front()?;
        self.count_out(&resting);
        Some(resting.connection)
    }

    /// When the next visit is due.
    pub fn next_due_us(&self) -> Option<u64> {
        self.earliest().map(|(due, _)| due)
    }

    /// The connection that has been idle longest (N-53: the one to give way at the connection limit). Looks at every
    /// resting connection: for the moments when the limit is reached, not for each visit.
    pub fn take_longest_idle(&mut self) -> Option<C> {
        let (_, level, place) = self
            .levels
            .iter()
            .enumerate()
            .flat_map(|(level, queue)| {
                queue
                    .iter()
                    .enumerate()
                    .map(move |(place, entry)| (level, place, entry))
            })
            .filter(|(_, _, (_, resting))| resting.idle)
            .map(|(level, place, (_, resting))| (resting.progress_us, level, place))
            .min()?;
        let (_, resting) = self.levels.get_mut(level)?.remove(place)?;
        self.count_out(&resting);
        Some(resting.connection)
    }

    /// Makes every visit due at once: a drain looks at each connection now.
    pub fn hurry(&mut self) {
        for (due, _) in self.levels.iter_mut().flatten() {
            *due = 0;
        }
    }

    /// Connections resting.
    pub fn len(&self) -> usize {
        self.resting
    }

    /// Whether none rests.
    pub fn is_empty(&self) -> bool {
        self.resting == 0
    }

    /// Connections resting between two requests.
    pub fn idle(&self) -> usize {
        self.idle
    }

    fn count_out(&mut self, resting: &Resting<C>) {
        self.resting -= 1;
        self.idle -= usize::from(resting.idle);
    }

    fn earliest(&self) -> Option<(u64, usize)> {
        self.levels
            .iter()
            .enumerate()
            .filter_map(|(level, queue)| queue.front().map(|(due, _)| (*due, level)))
            .min()
    }

    /// The level whose pause is `wanted_us` or a little less, within the shortest and the longest that there is now.
    fn level(&self, wanted_us: u64) -> usize {
        let crowd = u64::try_from(self.resting).unwrap_or(u64::MAX);
        let longest_us = VISIT_US_MAX.max(crowd.saturating_mul(VISIT_US_PER_CONNECTION));
        let steps = wanted_us.min(longest_us) / VISIT_US_MIN;
        usize::try_from(steps.checked_ilog2().unwrap_or(0))
            .map_or(LEVELS - 1, |level| level.min(LEVELS - 1))
    }
}

impl<C> Default for RunQueue<C> {
    fn default() -> Self {
        RunQueue::new()
    }
}

fn pause_us(level: usize) -> u64 {
    VISIT_US_MIN << level
}
