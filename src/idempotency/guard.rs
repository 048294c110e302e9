//! Steps 4 and 6. The guard: `admit` decides in one atomic step; a `Ticket` is the right to execute once.
//!
//! Invariant: of all callers with one scope and key, at most one holds a ticket, from its claim until the record is
//! released or has expired. The atomic step is made under one bucket's lock: that nobody else has the key is seen, its
//! place is reserved, and the node is linked, without the lock being given back in between.

use crate::clock::Clock;
use crate::idempotency::capacity::{Capacity, Held};
use crate::idempotency::chain::{self, Node};
use crate::idempotency::fingerprint::Fingerprint;
use crate::idempotency::key::Key;
use crate::idempotency::points::{Point, Points, Silent};
use crate::idempotency::record::{Kept, Record, Status};
use crate::idempotency::scope::ScopeDigest;
use crate::idempotency::table::{Table, TableShape, Work};
use crate::idempotency::waiters::Waiters;
use crate::limits;
use std::mem;
use std::sync::Arc;

pub use crate::idempotency::capacity::Full;
pub use crate::idempotency::ticket::{InFlight, Replay, Stored, Ticket};
pub use crate::idempotency::waiters::Waiter;

/// What a guard is made with.
#[derive(Clone, Debug)]
pub struct GuardConfig {
    /// N-40, at least 1.
    pub ttl_ms: u64,
    /// Bound on keys.
    pub keys_max: usize,
    /// Bound on bytes.
    pub bytes_max: usize,
    /// Largest content that is stored whole (N-33).
    pub stored_max: usize,
    /// Bound on those who wait for a running attempt (N-22).
    pub waiters_max: usize,
    /// What a ticket publishes that was dropped while PENDING: label and snapshot, built beforehand.
    pub last_net: (u16, Vec<u8>),
    /// How the table starts and grows; tests make small ones.
    pub shape: TableShape,
}

/// The one door to the records.
pub struct Guard<P: Points = Silent> {
    table: Table,
    ttl_ms: u64,
    stored_max: usize,
    last_net: (u16, Arc<[u8]>),
    clock: Clock,
    points: P,
    waiters: Arc<Waiters>,
    capacity: Capacity,
}

/// What `admit` decided (N-20 to N-24).
pub enum Admission<'g, P: Points = Silent> {
    /// The key is new: run, then complete or release.
    Execute(Ticket<'g, P>),
    /// Completed earlier with the same fingerprint.
    Replay(Replay),
    /// The first attempt, same fingerprint, is running.
    InFlight(InFlight),
    /// The key belongs to another request.
    Mismatch,
    /// No room for a new key, or `may_execute` said no.
    Full(Full),
}

/// Numbers for the gauges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauges {
    /// Records PENDING.
    pub pending: usize,
    /// Records COMPLETED, expired ones included until they are swept.
    pub completed: usize,
    /// Bytes reserved.
    pub bytes: usize,
}

/// One record of a key, for people (N-61).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Whose.
    pub scope: ScopeDigest,
    /// Since the claim.
    pub age_ms: u64,
    /// Time left to live, in milliseconds, and label; none while pending.
    pub completed: Option<(u64, u16)>,
}

/// What the write lock showed.
enum Claim {
    Claimed,
    Known(Arc<Record>),
    Full(Full),
}

impl Default for GuardConfig {
    /// The server's defaults, with an empty last net.
    fn default() -> Self {
        GuardConfig {
            ttl_ms: limits::TTL_MS,
            keys_max: limits::KEYS_MAX,
            bytes_max: limits::BYTES_MAX,
            stored_max: limits::STORED_RESPONSE_MAX,
            waiters_max: limits::WAITERS_MAX,
            last_net: (0, Vec::new()),
            shape: TableShape::default(),
        }
    }
}

impl Guard<Silent> {
    /// A guard for the running server.
    pub fn new(config: GuardConfig, clock: Clock) -> Guard<Silent> {
        Guard::with_points(config, clock, Silent)
    }
}

impl<P: Points> Guard<P> {
    /// A guard whose named points do something (tests).
    pub fn with_points(config: GuardConfig, clock: Clock, points: P) -> Guard<P> {
        let (label, snapshot) = config.last_net;
        Guard {
            table: Table::new(config.keys_max, config.shape),
            // With a TTL of 0 a record would be over before anybody could replay it.
            ttl_ms: config.ttl_ms.max(1),
            stored_max: config.stored_max,
            last_net: (label, snapshot.into()),
            clock,
            points,
            waiters: Arc::new(Waiters::new(config.waiters_max)),
            capacity: Capacity::new(config.keys_max, config.bytes_max),
        }
    }

    /// One atomic step under one bucket lock. `may_execute` is asked, at most once and with no lock held, when the key
    /// looks new: false turns Execute into `Full(Workers)`. Known keys are answered without it.
    pub fn admit(
        &self,
        scope: &ScopeDigest,
        key: Key<'_>,
        fingerprint: &Fingerprint,
        may_execute: impl FnOnce() -> bool,
    ) -> Admission<'_, P> {
        self.admit_counting(scope, key, fingerprint, may_execute, &mut Work::default())
    }

    /// `admit`, adding what the table did for it to `work` (N-44).
    pub fn admit_counting(
        &self,
        scope: &ScopeDigest,
        key: Key<'_>,
        fingerprint: &Fingerprint,
        may_execute: impl FnOnce() -> bool,
        work: &mut Work,
    ) -> Admission<'_, P> {
        let hash = self.table.hash(scope, key);
        let mut may_execute = Some(may_execute); // asked once; a yes stays a yes
        // Each turn but the last met a record that became free, by release or expiry, while it was looked at: somebody
        // else has got on, so this ends.
        loop {
            let met = self
                .table
                .read(&self.points, hash, work)
                .find(hash, scope, key)
                .map(|node| Arc::clone(node.record()));
            match met {
                Some(record) => {
                    if let Some(answer) = self.answer(record, fingerprint) {
                        return answer;
                    }
                    self.points.at(Point::BeforeReplace);
                }
                None => self.points.at(Point::ReadMissed),
            }
            if may_execute.take().is_some_and(|ask| !ask()) {
                return Admission::Full(Full::Workers);
            }
            let now_ms = self.clock.now_ms();
            let record = Arc::new(Record::new(*fingerprint, now_ms));
            let node = Node::new(hash, scope, key, Arc::clone(&record));
            match self.claim(hash, scope, key, node, now_ms, work) {
                Claim::Claimed => {
                    let key_bytes = key.as_bytes().len();
                    return Admission::Execute(Ticket::new(self, record, hash, key_bytes));
                }
                Claim::Known(known) => {
                    if let Some(answer) = self.answer(known, fingerprint) {
                        return answer;
                    }
                }
                Claim::Full(full) => return Admission::Full(full),
            }
        }
    }

    /// By what the table finds a key: for tests that choose keys by the bucket they fall into.
    pub fn hash(&self, scope: &ScopeDigest, key: Key<'_>) -> u64 {
        self.table.hash(scope, key)
    }

    /// Waits, without a thread, for the end of the attempt that was met (N-22): once the waiter is over, admit again. `before`
    /// is the waiter of a caller that has admitted again and met the next attempt: it keeps its place. None past the bound.
    pub fn wait(&self, in_flight: &InFlight, before: Option<Waiter>) -> Option<Waiter> {
        let waiter = Waiters::wait(&self.waiters, in_flight.record(), before);
        self.points.at(Point::WaiterRegistered);
        waiter
    }

    /// How many wait, for the gauges.
    pub fn waiting(&self) -> usize {
        self.waiters.waiting()
    }

    /// Every scope's record of a key, expired ones left out, at most `SIGHTINGS_MAX`. Walks the whole table, one bucket lock
    /// at a time: for people, not for the hot path.
    pub fn look_up(&self, key: Key<'_>) -> Vec<Sighting> {
        // Room beforehand: nothing is allocated, and nothing freed, under a bucket lock.
        let mut met: Vec<(ScopeDigest, Arc<Record>)> = Vec::with_capacity(limits::SIGHTINGS_MAX);
        self.table.each_chain(&self.points, |chain| {
            for node in chain.nodes().filter(|node| node.key() == key.as_bytes()) {
                if met.len() < limits::SIGHTINGS_MAX {
                    met.push((*node.scope(), Arc::clone(node.record())));
                }
            }
        });
        let now_us = self.clock.now_us();
        let mut sightings: Vec<Sighting> = Vec::new();
        for (scope, record) in met {
            // A node that has moved ahead in a split was met twice; what it held before, if that was another record, is free.
            if record.is_free(now_us / 1000) || sightings.iter().any(|seen| seen.scope == scope) {
                continue;
            }
            sightings.push(Sighting {
                scope,
                age_ms: (now_us / 1000).saturating_sub(record.claimed_at_ms()),
                // What is left is told as too little rather than too much, by a fraction of a millisecond.
                completed: record
                    .expires_at_ms()
                    .zip(record.kept())
                    .map(|(at, kept)| (at.saturating_sub(now_us.div_ceil(1000)), kept.label())),
            });
        }
        sightings
    }

    /// The numbers for the gauges. Keys and bytes are of one moment; a claim or completion under way may already count
    /// in one number and not yet in another.
    pub fn gauges(&self) -> Gauges {
        let pending = self.capacity.pending();
        let Held { keys, bytes } = self.capacity.held();
        Gauges {
            pending,
            completed: keys.saturating_sub(pending),
            bytes,
        }
    }

    /// Whether not even the smallest new key would find room: then all of them get Full.
    pub fn is_full(&self) -> bool {
        !self
            .capacity
            .has_room(chain::charge(1, limits::CLAIM_ALLOWANCE_BYTES))
    }

    /// How full it is in percent of keys or bytes, whichever is more; for the warning at `FULL_WARNING_PERCENT`.
    pub fn fullness_percent(&self) -> usize {
        self.capacity.percent()
    }

    /// What a record that was met means for a caller; none where it is free, and the key to be claimed.
    ///
    /// Runs after the bucket's lock was given back: the record is the caller's own reference, a status once decided
    /// stays, and the clock is read after the lookup, so an expired record is not served however long that took (N-40).
    fn answer(&self, record: Arc<Record>, fingerprint: &Fingerprint) -> Option<Admission<'_, P>> {
        let status = record.status();
        let free = match status {
            Status::Pending => false,
            Status::Completed => record.is_expired(self.clock.now_ms()),
            Status::Released => true,
        };
        if free {
            return None;
        }
        // Before the status is told: a mismatch says nothing about the record (N-23).
        if record.fingerprint() != fingerprint {
            return Some(Admission::Mismatch);
        }
        Some(match status {
            Status::Completed => Admission::Replay(Replay::new(record)),
            _ => Admission::InFlight(InFlight::new(record)),
        })
    }

    /// The write lock's part of `admit`: look again, then reserve and link, or replace a free record in place.
    ///
    /// The reservation is made under the lock, though it is no walk and no link: two atomic operations that wait for
    /// nobody. Made before it, of two callers with one new key both would reserve, and the one that then finds the
    /// other's node would have kept a third out, or would itself be told Full where its key is in flight.
    fn claim(
        &self,
        hash: u64,
        scope: &ScopeDigest,
        key: Key<'_>,
        mut node: Box<Node>,
        now_ms: u64,
        work: &mut Work,
    ) -> Claim {
        let charge = node.charge();
        let mut chain = self.table.write(&self.points, hash, work);
        match chain.find_mut(hash, scope, key) {
            Some(met) if met.record.is_free(now_ms) => {
                // The key keeps its place; only the bytes change, from what the old record holds to a claim's.
                if let Err(full) = self.capacity.exchange(met.charge(), charge) {
                    return Claim::Full(full);
                }
                self.capacity.began();
                // The node that was made stays behind with the old record, and is dropped after the lock.
                mem::swap(&mut met.record, &mut node.record);
                drop(chain);
                Claim::Claimed
            }
            Some(met) => {
                let known = Arc::clone(&met.record);
                drop(chain);
                Claim::Known(known)
            }
            None => match self.capacity.reserve(charge) {
                Ok(keys) => {
                    self.capacity.began();
                    chain.link(node);
                    drop(chain);
                    if self.table.grow(keys) {
                        self.points.at(Point::CountDoubled);
                    }
                    Claim::Claimed
                }
                Err(full) => Claim::Full(full),
            },
        }
    }
}

/// What ticket and sweeper work with.
impl<P: Points> Guard<P> {
    /// Takes this record's node out, if it is still this record's, and gives back what it was charged, both under the
    /// bucket's lock: the counters never tell of a place that is gone or a key that is not there.
    pub(super) fn unlink(&self, hash: u64, record: &Arc<Record>) -> Option<Box<Node>> {
        let mut chain = self.table.write(&self.points, hash, &mut Work::default());
        let node = chain.unlink(|node| Arc::ptr_eq(&node.record, record))?;
        self.capacity.give_back(node.charge());
        Some(node)
    }

    /// Exchanges a PENDING record's charge for that of a response of so many bytes. False where it finds no room.
    pub(super) fn settle(&self, key_bytes: usize, response_bytes: usize) -> bool {
        let pending = chain::charge(key_bytes, limits::CLAIM_ALLOWANCE_BYTES);
        let settled = chain::charge(key_bytes, response_bytes);
        self.capacity.exchange(pending, settled).is_ok()
    }

    /// What a dropped ticket leaves behind.
    pub(super) fn net(&self) -> Kept {
        Kept::Net {
            label: self.last_net.0,
            bytes: Arc::clone(&self.last_net.1),
        }
    }

    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    pub(super) fn capacity(&self) -> &Capacity {
        &self.capacity
    }

    pub(super) fn waiters(&self) -> &Waiters {
        &self.waiters
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn points(&self) -> &P {
        &self.points
    }

    pub(super) fn ttl_ms(&self) -> u64 {
        self.ttl_ms
    }

    pub(super) fn stored_max(&self) -> usize {
        self.stored_max
    }
}
