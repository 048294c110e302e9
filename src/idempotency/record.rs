//! One key's record: three states and one publication.
//!
//! Invariant: the status moves once, from PENDING to COMPLETED or to RELEASED, and only its ticket moves it. It is the
//! one truth: what completion holds is read only after COMPLETED was seen. While it is PENDING, those who wait for the end
//! may note that (`AWAITED`), and that is all they may do. Nothing here takes a lock.

use crate::idempotency::fingerprint::Fingerprint;
use crate::limits::CLAIM_ALLOWANCE_BYTES;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// What was decided, as the engine keeps it.
#[derive(Debug)]
pub enum Outcome {
    /// The answer's bytes (opaque here), the number by which look-ups name it, and the size of its content.
    Answer {
        /// The number by which a look-up names the outcome.
        label: u16,
        /// The bytes a replay is made of.
        snapshot: Vec<u8>,
        /// Bytes that count against `stored_max`.
        content_bytes: usize,
    },
    /// An answer that `Ticket::would_store` said no to: nobody need make a snapshot of it.
    TooLarge {
        /// The number by which a look-up names the outcome.
        label: u16,
    },
}

/// How far a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Its owner is running, or will be.
    Pending,
    /// Its outcome is decided and readable.
    Completed,
    /// The owner gave the key back; the record is on its way out of the table.
    Released,
}

/// PENDING, and somebody waits for the end. Only the record and waiters.rs tell the two apart: who ends an awaited record
/// sees it in the same step, so nobody takes the waiters' lock for a record that no one waits for.
const AWAITED: u8 = Status::Released as u8 + 1;

/// What completion left behind.
#[derive(Debug)]
pub enum Kept {
    /// The snapshot, this record's own.
    Snapshot {
        /// Names the outcome in look-ups.
        label: u16,
        /// What a replay is made of.
        bytes: Box<[u8]>,
    },
    /// The guard's last net: one snapshot that all dropped tickets share.
    Net {
        /// Names the outcome in look-ups.
        label: u16,
        /// What a replay is made of.
        bytes: Arc<[u8]>,
    },
    /// Too large to keep (N-33).
    Tombstone {
        /// Names what was answered.
        label: u16,
    },
}

/// One claim of one key.
#[derive(Debug)]
pub struct Record {
    status: AtomicU8,
    fingerprint: Fingerprint,
    claimed_at_ms: u64,
    completion: OnceLock<Completion>,
}

#[derive(Debug)]
struct Completion {
    kept: Kept,
    /// The TTL in force at completion, as the moment at which it is over (N-40).
    expires_at_ms: u64,
}

impl Record {
    /// A claim, PENDING.
    pub fn new(fingerprint: Fingerprint, claimed_at_ms: u64) -> Record {
        Record {
            status: AtomicU8::new(Status::Pending as u8),
            fingerprint,
            claimed_at_ms,
            completion: OnceLock::new(),
        }
    }

    /// How far it has come.
    pub fn status(&self) -> Status {
        // Acquire pairs with the release stores below: who sees COMPLETED sees all of the completion, and who sees
        // RELEASED sees everything that its owner did before giving the key back.
        match self.status.load(Ordering::Acquire) {
            completed if completed == Status::Completed as u8 => Status::Completed,
            released if released == Status::Released as u8 => Status::Released,
            _ => Status::Pending, // awaited or not
        }
    }

    /// What the claiming request was; set at the claim and never changed.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Monotonic milliseconds at the claim.
    pub fn claimed_at_ms(&self) -> u64 {
        self.claimed_at_ms
    }

    /// What completion left behind; none while PENDING and once RELEASED.
    pub fn kept(&self) -> Option<&Kept> {
        self.completed().map(|completion| &completion.kept)
    }

    /// When it expires, in monotonic milliseconds; none unless COMPLETED: a pending record does not expire (N-41).
    pub fn expires_at_ms(&self) -> Option<u64> {
        self.completed().map(|completion| completion.expires_at_ms)
    }

    /// Whether its TTL is over: from `expires_at_ms` on, that moment included.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms().is_some_and(|at| now_ms >= at)
    }

    /// Whether the key may be claimed anew although this record still stands in the table. Once true it stays true: a
    /// clock that was read too early errs on the side of keeping.
    pub fn is_free(&self, now_ms: u64) -> bool {
        self.status() == Status::Released || self.is_expired(now_ms)
    }

    /// Bytes that count for the response: the allowance until it is known, then what it takes. Final once the status
    /// is, so whoever unlinks the record gives back exactly what it holds.
    pub fn response_bytes(&self) -> usize {
        self.kept().map_or(CLAIM_ALLOWANCE_BYTES, Kept::bytes_held)
    }

    /// PENDING -> COMPLETED. `before_publication` runs between the two stores, for tests. True where somebody waits.
    ///
    /// For the ticket alone, which is the only one to hold a PENDING record with the right to move it.
    #[must_use = "who waits must be woken"]
    pub(super) fn complete(
        &self,
        kept: Kept,
        expires_at_ms: u64,
        before_publication: impl FnOnce(),
    ) -> bool {
        let completion = Completion {
            kept,
            expires_at_ms,
        };
        if self.completion.set(completion).is_err() {
            return false; // not reachable: one ticket, consumed by its one completion
        }
        before_publication();
        self.end(Status::Completed)
    }

    /// PENDING -> RELEASED. For the ticket alone. True where somebody waits.
    #[must_use = "who waits must be woken"]
    pub(super) fn release(&self) -> bool {
        self.end(Status::Released)
    }

    /// Notes that somebody waits for the end; false where the end has come, and nobody is going to be woken for it. Called
    /// under the waiters' lock.
    pub(super) fn await_end(&self) -> bool {
        // One step with the ticket's swap: either the swap finds the note, or this finds the end. Acquire on failure, as in
        // `status`; what success publishes, the place among the waiters, is under their lock.
        let noted = self.status.compare_exchange(
            Status::Pending as u8,
            AWAITED,
            Ordering::Relaxed,
            Ordering::Acquire,
        );
        noted.is_ok() || noted == Err(AWAITED)
    }

    fn end(&self, status: Status) -> bool {
        // Release: the completion is in place before anybody can see COMPLETED; and who admits again because it sees
        // RELEASED also sees what the owner did, that is, nothing half done. A swap and not a store, for the note of those
        // who wait, which is the only other write to the status.
        self.status.swap(status as u8, Ordering::Release) == AWAITED
    }

    fn completed(&self) -> Option<&Completion> {
        // The status is asked first, although the OnceLock would do: the snapshot is set a moment before it is
        // published, and until then the record is PENDING for everybody.
        (self.status() == Status::Completed)
            .then(|| self.completion.get())
            .flatten()
    }
}

/// The snapshot; no bytes where there is none. A replay shares the record itself instead of a copy.
impl AsRef<[u8]> for Record {
    fn as_ref(&self) -> &[u8] {
        match self.kept() {
            Some(Kept::Snapshot { bytes, .. }) => bytes,
            Some(Kept::Net { bytes, .. }) => bytes,
            Some(Kept::Tombstone { .. }) | None => &[],
        }
    }
}

impl Kept {
    /// The number by which a look-up names the outcome.
    pub fn label(&self) -> u16 {
        match self {
            Kept::Snapshot { label, .. } | Kept::Net { label, .. } | Kept::Tombstone { label } => {
                *label
            }
        }
    }

    /// Bytes that count against the bound: only a snapshot of its own takes any. Never more than the allowance for the
    /// other two, so they always fit (N-33).
    pub fn bytes_held(&self) -> usize {
        match self {
            Kept::Snapshot { bytes, .. } => bytes.len(),
            Kept::Net { .. } | Kept::Tombstone { .. } => 0,
        }
    }
}

// What a key costs is counted in chain.rs; an Arc<Record> fills a 112-byte chunk: two counts, the record, 8 of malloc's.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Record>() == 88);
