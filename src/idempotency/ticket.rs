//! Step 6. What admit hands out: the ticket, which is the right to execute once, and the views of a record that others get.
//!
//! Invariant: each PENDING record has exactly one ticket, and the ticket ends it on every way out, a panic included.
//!
//! Why a late owner cannot touch a newer claim (N-34):
//! 1. While its ticket has not acted, the record is PENDING, and nothing takes a PENDING record out of the table or puts
//!    another in its place: not a claim (`is_free`), not the sweeper (only what has expired), not a full table. So there is
//!    no newer claim, however late the owner is.
//! 2. A ticket acts once: `complete` and `release` consume it, and `drop` does nothing where the record is not PENDING. It
//!    cannot be copied, nor made outside the engine, where the guard alone makes one for each claim; and a record's status
//!    moves for nobody else.
//! 3. What it writes is its own record, through its own `Arc`; a newer claim is another record. A completion never looks into
//!    the table. What expires between its publication and its return was published, and is over.
//! 4. Only a release goes to the table afterwards, when a newer claim may stand there. It unlinks the very record that it
//!    released, or nothing; and as it holds that record until then, no newer one can have its address.
//!
//! The compiler keeps the second step:
//!
//! ```compile_fail,E0382
//! fn twice(ticket: nanoserve::idempotency::guard::Ticket<'_>) {
//!     ticket.release();
//!     ticket.release(); // the right is used up
//! }
//! ```
//! ```compile_fail,E0599
//! fn two(ticket: &nanoserve::idempotency::guard::Ticket<'_>) {
//!     ticket.clone().release(); // the right is one
//! }
//! ```
//! ```compile_fail,E0624
//! fn from_outside(record: &nanoserve::idempotency::record::Record) {
//!     record.release(); // the ticket's alone
//! }
//! ```

use crate::idempotency::guard::Guard;
use crate::idempotency::points::{Point, Points, Silent};
use crate::idempotency::record::{Kept, Outcome, Record, Status};
use crate::idempotency::waiters::Waiter;
use std::sync::Arc;

/// The right to execute once. Dropping it while PENDING publishes the guard's last net.
#[must_use = "a dropped ticket records a failure"]
pub struct Ticket<'g, P: Points = Silent> {
    guard: &'g Guard<P>,
    record: Arc<Record>,
    hash: u64,
    key_bytes: usize,
}

/// A completed record that outlives its place in the table for as long as it is read.
#[derive(Clone)]
pub struct Replay(Arc<Record>);

/// What a completed record holds.
pub enum Stored {
    /// The snapshot, shared.
    Snapshot(Arc<dyn AsRef<[u8]> + Send + Sync>),
    /// Too large to keep (N-33): the label of what was answered.
    Tombstone(u16),
}

/// A record whose owner was still running when it was met.
#[derive(Clone)]
pub struct InFlight(Arc<Record>);

impl<'g, P: Points> Ticket<'g, P> {
    pub(super) fn new(
        guard: &'g Guard<P>,
        record: Arc<Record>,
        hash: u64,
        key_bytes: usize,
    ) -> Ticket<'g, P> {
        Ticket {
            guard,
            record,
            hash,
            key_bytes,
        }
    }

    /// Records the outcome; from here on every other caller with this key replays it. Returns what was stored: a
    /// tombstone where the content is over `stored_max`, or the snapshot found no room within `bytes_max` (N-33).
    pub fn complete(self, outcome: Outcome) -> Replay {
        let kept = match outcome {
            Outcome::Answer {
                label,
                snapshot,
                content_bytes,
            } => self
                .guard
                .keep(self.key_bytes, label, snapshot, content_bytes),
            Outcome::TooLarge { label } => self.guard.keep_none(self.key_bytes, label),
        };
        self.guard.publish(&self.record, kept);
        Replay(Arc::clone(&self.record))
    }

    /// Whether an answer with so many bytes of content may be stored at all (N-33), before anybody copies them.
    pub fn would_store(&self, content_bytes: usize) -> bool {
        content_bytes <= self.guard.stored_max()
    }

    /// The waiter that was the first to claim a released key: those who waited with it now wait for this ticket.
    pub fn succeed(&self, waiter: Waiter) {
        waiter.succeeded_by(&self.record);
    }

    /// Gives the key back: nothing was done (N-30). The key is free when this returns.
    pub fn release(self) {
        self.guard.release(&self.record, self.hash);
    }
}

impl<P: Points> Drop for Ticket<'_, P> {
    // Runs after `complete` and `release` too, and does nothing then. Only the ticket moves the status, so what is read
    // here cannot change meanwhile. Nothing on this way allocates or can panic: the net's bytes are shared, its charge is
    // smaller than the claim's, and the record's OnceLock is empty while it is PENDING. It waits for nothing but, where
    // somebody waits for this record, the waiters' lock, whose holders only walk a bounded list.
    fn drop(&mut self) {
        if self.record.status() == Status::Pending {
            self.guard.publish_net(&self.record, self.key_bytes);
        }
    }
}

impl Replay {
    pub(super) fn new(record: Arc<Record>) -> Replay {
        Replay(record)
    }

    /// What is held.
    pub fn stored(&self) -> Stored {
        match self.0.kept() {
            Some(Kept::Tombstone { label }) => Stored::Tombstone(*label),
            // A replay is only made of a COMPLETED record.
            _ => Stored::Snapshot(Arc::clone(&self.0) as Arc<dyn AsRef<[u8]> + Send + Sync>),
        }
    }
}

impl InFlight {
    pub(super) fn new(record: Arc<Record>) -> InFlight {
        InFlight(record)
    }

    pub(super) fn record(&self) -> &Arc<Record> {
        &self.0
    }

    /// Whether the attempt it stands for is over: completed or released. To learn which, admit again.
    pub fn is_over(&self) -> bool {
        self.0.status() != Status::Pending
    }
}

impl<P: Points> Guard<P> {
    /// What becomes of an answer: decides between snapshot and tombstone and settles the charge.
    ///
    /// The record is PENDING, so nobody else looks at its charge: between here and the publication the counter already
    /// stands at what the record is going to hold.
    fn keep(&self, key_bytes: usize, label: u16, snapshot: Vec<u8>, content_bytes: usize) -> Kept {
        if content_bytes <= self.stored_max() {
            let bytes = snapshot.into_boxed_slice();
            if self.settle(key_bytes, bytes.len()) {
                return Kept::Snapshot { label, bytes };
            }
        }
        self.keep_none(key_bytes, label)
    }

    fn keep_none(&self, key_bytes: usize, label: u16) -> Kept {
        // Cannot fail: it only gives back.
        self.settle(key_bytes, 0);
        Kept::Tombstone { label }
    }

    /// The snapshot is in place before COMPLETED is seen (record.rs); no lock is held, and none is needed: the record is
    /// found through the table, but who may write to it is the ticket's affair.
    fn publish(&self, record: &Arc<Record>, kept: Kept) {
        // Counted before it can be seen, so that who sees the replay sees the gauge agree (N-62).
        self.capacity().ended();
        // The clock is read here and not reused from the claim: the TTL runs from completion (N-40). Rounded up, as a record
        // must not be forgotten before its time, be it by less than a millisecond.
        let now_ms = self.clock().now_us().div_ceil(1000);
        let expires_at_ms = now_ms.saturating_add(self.ttl_ms());
        if record.complete(kept, expires_at_ms, || self.points().at(Point::SnapshotSet)) {
            self.waiters().completed(record);
        }
    }

    fn publish_net(&self, record: &Arc<Record>, key_bytes: usize) {
        self.points().at(Point::BeforeDropPublish);
        self.settle(key_bytes, 0);
        self.publish(record, self.net());
    }

    /// RELEASED first, then the unlink: in between the record may be met in the table, and whoever meets it claims the
    /// key in place. The unlink therefore takes out this very record or nothing.
    fn release(&self, record: &Arc<Record>, hash: u64) {
        self.capacity().ended();
        let awaited = record.release();
        self.points().at(Point::Released);
        let node = self.unlink(hash, record);
        drop(node); // after the bucket's lock, which `unlink` has given back
        if awaited {
            self.waiters().released(record);
        }
    }
}
