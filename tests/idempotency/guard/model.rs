//! The sentences of the contract as a `HashMap`: what the guard must say to one caller after the other.

use crate::idempotency::guard::queue::{Attempt, End, Queue};
use crate::idempotency::scene::{OTHER_SCOPE, SCOPE, charged};
use nanoserve::idempotency::guard::{Gauges, GuardConfig, Sighting};
use nanoserve::idempotency::scope::ScopeDigest;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;
use std::collections::HashMap;

/// A key of one of two callers. Key n is n bytes long, so that keys differ in what they are charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub caller: Caller,
    pub key: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    Usual,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Record {
    /// Claimed with the usual fingerprint.
    usual: bool,
    attempt: Attempt,
    claimed_at_ms: u64,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Pending,
    Completed { kept: Kept, expires_at_ms: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Bytes(usize),
    Net,
    Tombstone,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    bounds: Bounds,
    records: HashMap<Place, Record>,
    pub now_ms: u64,
    claims: Attempt,
    pub queue: Queue,
}

/// What of the configuration the model goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bounds {
    ttl_ms: u64,
    keys_max: usize,
    bytes_max: usize,
    stored_max: usize,
    net_label: u16,
}

impl Caller {
    pub fn scope(self) -> ScopeDigest {
        match self {
            Caller::Usual => SCOPE,
            Caller::Other => OTHER_SCOPE,
        }
    }
}

impl Place {
    pub fn key_bytes(self) -> Vec<u8> {
        vec![self.key; self.key.into()]
    }

    fn cost(self, record: Record) -> usize {
        let response_bytes = match record.state {
            State::Pending => CLAIM_ALLOWANCE_BYTES,
            State::Completed {
                kept: Kept::Bytes(n),
                ..
            } => n,
            State::Completed { .. } => 0,
        };
        charged(self.key.into(), response_bytes)
    }
}

impl Record {
    fn is_expired(self, now_ms: u64) -> bool {
        matches!(self.state, State::Completed { expires_at_ms, .. } if now_ms >= expires_at_ms)
    }
}

impl Model {
    pub fn new(config: &GuardConfig) -> Model {
        Model {
            bounds: Bounds {
                ttl_ms: config.ttl_ms,
                keys_max: config.keys_max,
                bytes_max: config.bytes_max,
                stored_max: config.stored_max,
                net_label: config.last_net.0,
            },
            records: HashMap::new(),
            now_ms: 0,
            claims: 0,
            queue: Queue::new(config.waiters_max),
        }
    }

    /// N-20 to N-24, N-40, N-41, in the order in which one of them wins over the other.
    pub fn claim(&mut self, place: Place, usual: bool) -> String {
        let met = self.records.get(&place).copied();
        if let Some(record) = met.filter(|record| !record.is_expired(self.now_ms)) {
            return match record.state {
                _ if record.usual != usual => "Mismatch".into(),
                State::Pending => "InFlight".into(),
                State::Completed { kept, .. } => format!("Replay {}", kept.told()),
            };
        }
        if met.is_none() && self.records.len() == self.bounds.keys_max {
            return "Full Keys".into();
        }
        let record = Record {
            usual,
            attempt: self.claims,
            claimed_at_ms: self.now_ms,
            state: State::Pending,
        };
        if !self.fits(place, record) {
            return "Full Bytes".into();
        }
        self.records.insert(place, record);
        self.claims += 1;
        "Execute".into()
    }

    /// The attempt at a key that is known.
    pub fn attempt(&self, place: Place) -> Attempt {
        self.records[&place].attempt
    }

    /// N-33; without a size it is a dropped ticket (N-31).
    pub fn complete(&mut self, place: Place, size: Option<usize>) {
        let pending = self.records[&place];
        let completed = |kept| Record {
            state: State::Completed {
                kept,
                expires_at_ms: self.now_ms + self.bounds.ttl_ms,
            },
            ..pending
        };
        let kept = match size {
            None => Kept::Net,
            Some(n) if !self.would_store(n) => Kept::Tombstone,
            Some(n) if !self.fits(place, completed(Kept::Bytes(n))) => Kept::Tombstone,
            Some(n) => Kept::Bytes(n),
        };
        self.records.insert(place, completed(kept));
        self.queue.end(pending.attempt, End::Completed);
    }

    pub fn release(&mut self, place: Place) {
        if let Some(record) = self.records.remove(&place) {
            self.queue.end(record.attempt, End::Released);
        }
    }

    /// What the sweeper does with a record that has expired.
    pub fn unlink(&mut self, place: Place) {
        self.records.remove(&place);
    }

    pub fn would_store(&self, size: usize) -> bool {
        size <= self.bounds.stored_max
    }

    /// What was kept of a completed record's answer.
    pub fn kept(&self, place: Place) -> Option<String> {
        match self.records.get(&place)?.state {
            State::Pending => None,
            State::Completed { kept, .. } => Some(kept.told()),
        }
    }

    pub fn expired(&self) -> Vec<Place> {
        let expired = self.records.iter();
        let expired = expired.filter(|(_, record)| record.is_expired(self.now_ms));
        expired.map(|(place, _)| *place).collect()
    }

    /// The first moment at which a record can expire, one that is completed from now on included (N-24).
    pub fn nothing_before_ms(&self) -> u64 {
        let may_come_yet = self.now_ms + self.bounds.ttl_ms;
        self.soonest_ms()
            .map_or(may_come_yet, |at_ms| at_ms.min(may_come_yet))
    }

    /// When the first of its records expires.
    pub fn soonest_ms(&self) -> Option<u64> {
        self.records.values().filter_map(Record::expiry).min()
    }

    fn fits(&self, place: Place, record: Record) -> bool {
        place.cost(record) <= self.bounds.bytes_max - self.bytes_but_for(place)
    }

    /// The largest answer that fits for a place that is claimed.
    pub fn room_for(&self, place: Place) -> usize {
        self.bounds.bytes_max - self.bytes_but_for(place) - charged(place.key.into(), 0)
    }

    fn bytes_but_for(&self, place: Place) -> usize {
        let others = self.records.iter().filter(|(other, _)| **other != place);
        others.map(|(other, record)| other.cost(*record)).sum()
    }

    fn bytes(&self) -> usize {
        let costs = self.records.iter();
        costs.map(|(place, record)| place.cost(*record)).sum()
    }

    /// N-43, N-62.
    pub fn gauges(&self) -> Gauges {
        let pending = self.records.values();
        let pending = pending
            .filter(|record| record.state == State::Pending)
            .count();
        Gauges {
            pending,
            completed: self.records.len() - pending,
            bytes: self.bytes(),
        }
    }

    /// Whether no new key finds room, be it the shortest.
    pub fn is_full(&self) -> bool {
        self.records.len() == self.bounds.keys_max
            || self.bytes() + charged(1, CLAIM_ALLOWANCE_BYTES) > self.bounds.bytes_max
    }

    pub fn fullness_percent(&self) -> usize {
        let keys = self.records.len() * 100 / self.bounds.keys_max;
        keys.max(self.bytes() * 100 / self.bounds.bytes_max)
    }

    /// N-61: every caller's record of a key that is not over, the usual caller's first.
    pub fn look_up(&self, key: u8) -> Vec<Sighting> {
        let both = [Caller::Usual, Caller::Other].map(|caller| Place { caller, key });
        let records = both.into_iter().filter_map(|place| {
            let record = *self.records.get(&place)?;
            let completed = match record.state {
                State::Pending => None,
                State::Completed {
                    kept,
                    expires_at_ms,
                } => {
                    let left_ms = expires_at_ms.checked_sub(self.now_ms)?;
                    let label = if kept == Kept::Net {
                        self.bounds.net_label
                    } else {
                        201
                    };
                    Some((left_ms, label))
                }
            };
            (!record.is_expired(self.now_ms)).then_some(Sighting {
                scope: place.caller.scope(),
                age_ms: self.now_ms - record.claimed_at_ms,
                completed,
            })
        });
        records.collect()
    }
}

impl Record {
    fn expiry(&self) -> Option<u64> {
        match self.state {
            State::Pending => None,
            State::Completed { expires_at_ms, .. } => Some(expires_at_ms),
        }
    }
}

impl Kept {
    fn told(self) -> String {
        match self {
            Kept::Bytes(n) => "x".repeat(n),
            Kept::Net => "the last net".into(),
            Kept::Tombstone => "tombstone 201".into(),
        }
    }
}
