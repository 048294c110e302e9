//! A bound on bytes over all connections, and who gives way when it is reached (N-43).
//!
//! Three budgets exist: content being received, where the slowest gives way; answers the sockets have not taken, where the
//! one that has waited longest does; and requests that are parked, where nobody does. All are off the hot path: a request
//! that came whole and an answer that went out in one write never touch them.
//!
//! Invariant: `used` is the sum of the holders' bytes and never exceeds `max`.
//! Lock order: the budget's lock is taken last; its holder calls nothing of ours.

use crate::limits::{SLOW_CONTENT_BYTES_PER_S, SLOW_CONTENT_GRACE_MS};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who gives way when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivesWay {
    /// The holder with the lowest rate, if it is under `SLOW_CONTENT_BYTES_PER_S` after its first second.
    SlowestBelowRate,
    /// The holder that has held its bytes longest, always.
    LongestHeld,
    /// Nobody: who finds no room goes without.
    Nobody,
}

/// Bytes that many connections hold together.
pub struct Budget {
    max: usize,
    rule: GivesWay,
    state: Mutex<State>,
}

/// One connection's part of a budget. Dropping it gives the bytes back.
pub struct Share {
    budget: Arc<Budget>,
    id: u64,
}

/// There is no room, and nobody who must give way; or this share itself gave way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

#[derive(Default)]
struct State {
    used: usize,
    next_id: u64,
    holders: HashMap<u64, Holder>, // one a connection, so never more than the connection limit
}

struct Holder {
    bytes: usize,
    since_us: u64,
    moved: u64,
    gave_way: bool,
}

impl Budget {
    /// A budget of `max` bytes.
    pub fn new(max: usize, rule: GivesWay) -> Arc<Budget> {
        Arc::new(Budget {
            max,
            rule,
            state: Mutex::default(),
        })
    }

    /// Takes `bytes`, making others give way if it must.
    ///
    /// # Errors
    /// `NoRoom` when it cannot; nothing is taken then.
    pub fn take(self: &Arc<Budget>, bytes: usize, now_us: u64) -> Result<Share, NoRoom> {
        let mut state = self.lock();
        self.make_room(&mut state, bytes, now_us)?;
        state.used += bytes;
        let id = state.next_id;
        state.next_id += 1;
        state.holders.insert(
            id,
            Holder {
                bytes,
                since_us: now_us,
                moved: 0,
                gave_way: false,
            },
        );
        Ok(Share {
            budget: Arc::clone(self),
            id,
        })
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.lock().used
    }

    fn make_room(&self, state: &mut State, bytes: usize, now_us: u64) -> Result<(), NoRoom> {
        let missing = bytes.saturating_sub(self.max - state.used);
        if missing == 0 {
            return Ok(());
        }
        let victims = match self.rule {
            GivesWay::SlowestBelowRate => slowest_first(&state.holders, now_us),
            GivesWay::LongestHeld => longest_held_first(&state.holders),
            GivesWay::Nobody => Vec::new(),
        };
        // Nobody gives way to one that would find no room all the same.
        let mut freed = 0;
        let enough = victims.iter().position(|id| {
            freed += state.holders.get(id).map_or(0, |holder| holder.bytes);
            freed >= missing
        });
        let last = enough.ok_or(NoRoom)?;
        for id in victims.iter().take(last + 1) {
            if let Some(holder) = state.holders.get_mut(id) {
                // The victim's buffer lives until its connection is next visited, a fraction of a second later at most;
                // the bytes are promised anew at once.
                holder.gave_way = true;
                state.used -= std::mem::take(&mut holder.bytes);
            }
        }
        Ok(())
    }

    /// Every change under this lock is made whole before anything could panic, so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// Takes `bytes` more.
    ///
    /// # Errors
    /// `NoRoom` when there is none, or when this share gave way meanwhile.
    pub fn grow(&self, bytes: usize, now_us: u64) -> Result<(), NoRoom> {
        let mut state = self.budget.lock();
        if state
            .holders
            .get(&self.id)
            .is_none_or(|holder| holder.gave_way)
        {
            return Err(NoRoom);
        }
        self.budget.make_room(&mut state, bytes, now_us)?;
        // Making room may have chosen this very share.
        let holder = state
            .holders
            .get_mut(&self.id)
            .filter(|holder| !holder.gave_way)
            .ok_or(NoRoom)?;
        holder.bytes += bytes;
        state.used += bytes;
        Ok(())
    }

    /// Notes how many bytes have moved since the share was taken; false when it has given way.
    #[must_use = "a share that gave way must be given up"]
    pub fn note_moved(&self, moved: u64) -> bool {
        let mut state = self.budget.lock();
        state.holders.get_mut(&self.id).is_some_and(|holder| {
            holder.moved = moved;
            !holder.gave_way
        })
    }
}

impl Share {
    /// Holds no more than `bytes` from now on; false when it has given way.
    #[must_use = "a share that gave way must be given up"]
    pub fn shrink_to(&self, bytes: usize) -> bool {
        let mut state = self.budget.lock();
        let Some(holder) = state.holders.get_mut(&self.id) else {
            return false;
        };
        let freed = holder.bytes.saturating_sub(bytes);
        holder.bytes -= freed;
        let stays = !holder.gave_way;
        state.used -= freed;
        stays
    }
}

impl Drop for Share {
    // Also runs while a panic unwinds; the holder is there exactly once, so its bytes go back exactly once.
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        if let Some(holder) = state.holders.remove(&self.id) {
            state.used -= holder.bytes;
        }
    }
}

fn slowest_first(holders: &HashMap<u64, Holder>, now_us: u64) -> Vec<u64> {
    let rate = |holder: &Holder| {
        let age_us = now_us.saturating_sub(holder.since_us).max(1);
        holder.moved.saturating_mul(1_000_000) / age_us
    };
    let mut slow: Vec<(u64, u64)> = holders
        .iter()
        .filter(|(_, holder)| holder.bytes > 0)
        .filter(|(_, holder)| now_us.saturating_sub(holder.since_us) > SLOW_CONTENT_GRACE_MS * 1000)
        .map(|(&id, holder)| (rate(holder), id))
        .filter(|&(rate, _)| rate < SLOW_CONTENT_BYTES_PER_S)
        .collect();
    slow.sort_unstable();
    slow.into_iter().map(|(_, id)| id).collect()
}

fn longest_held_first(holders: &HashMap<u64, Holder>) -> Vec<u64> {
    let held = holders.iter().filter(|(_, holder)| holder.bytes > 0);
    let mut held: Vec<(u64, u64)> = held.map(|(&id, holder)| (holder.since_us, id)).collect();
    held.sort_unstable();
    held.into_iter().map(|(_, id)| id).collect()
}
