//! How many keys and bytes are held, never over their bounds (N-43): a claim reserves by compare-exchange.
//!
//! Invariant: at any moment keys <= `keys_max` and bytes <= `bytes_max`; and while no bucket lock is held for writing,
//! both are the sums over the nodes in the table (a node's charge is `Node::charge`), a completion under way excepted.
//! So a Full is never false: nobody holds a place that he is not going to use.

use crate::limits::{BYTES_MAX_MAX, KEYS_MAX_MAX};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Why a new key was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The bound on keys.
    Keys,
    /// The bound on bytes.
    Bytes,
    /// The caller could not execute.
    Workers,
}

/// Bits of the bytes' share in the word; the keys have the rest above them.
const BYTES_BITS: u32 = 37;
const ONE_KEY: u64 = 1 << BYTES_BITS;
const BYTES_MASK: u64 = ONE_KEY - 1;

const _: () =
    assert!(BYTES_MAX_MAX as u64 <= BYTES_MASK && (KEYS_MAX_MAX as u64) < 1 << (64 - BYTES_BITS));

/// The two bounds and what is held under them.
///
/// Both counts share one word. With a word each, a claim that got its key but not its bytes would have to give the key
/// back, and for that moment another claim would be refused a place that nobody uses; whichever came first.
#[derive(Debug)]
#[repr(align(64))] // each claim writes here: not on one cache line with what every request reads
pub struct Capacity {
    // Relaxed throughout: the counts order nothing else. Each change is one read-modify-write of the whole word, and
    // those of one word have a single order, so a bound that holds in each step holds always.
    held: AtomicU64,
    pending: AtomicUsize,
    keys_max: u64,
    bytes_max: u64,
}

/// What is held, both counts of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Records in the table.
    pub keys: usize,
    /// Bytes charged for them.
    pub bytes: usize,
}

impl Capacity {
    /// Bounds over `KEYS_MAX_MAX` and `BYTES_MAX_MAX` are taken down to these.
    pub fn new(keys_max: usize, bytes_max: usize) -> Capacity {
        Capacity {
            held: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            keys_max: keys_max.min(KEYS_MAX_MAX) as u64,
            bytes_max: bytes_max.min(BYTES_MAX_MAX) as u64,
        }
    }

    /// Takes a place for one key and its bytes, both or neither; returns how many keys there are now.
    ///
    /// # Errors
    /// The bound that does not allow it; keys, where both do not.
    pub fn reserve(&self, bytes: usize) -> Result<usize, Full> {
        self.change(|keys, held| (keys + 1, held.saturating_add(bytes as u64)))
    }

    /// Trades one charge in bytes for another, for a key that keeps its place.
    ///
    /// # Errors
    /// `Full::Bytes` where the larger charge finds no room: the old one stands. A smaller charge always fits.
    pub fn exchange(&self, old: usize, new: usize) -> Result<(), Full> {
        let swap = |keys, held: u64| {
            (
                keys,
                held.saturating_sub(old as u64).saturating_add(new as u64),
            )
        };
        self.change(swap).map(drop)
    }

    /// Gives a key's place and its bytes back.
    pub fn give_back(&self, bytes: usize) {
        // Cannot underflow: every charge given back was reserved, or exchanged for one that was.
        self.held
            .fetch_sub(ONE_KEY + bytes as u64, Ordering::Relaxed);
    }

    /// One more record is PENDING.
    pub fn began(&self) {
        self.pending.fetch_add(1, Ordering::Relaxed);
    }

    /// One record is not PENDING any more.
    pub fn ended(&self) {
        self.pending.fetch_sub(1, Ordering::Relaxed);
    }

    /// Records PENDING.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// What is held now.
    pub fn held(&self) -> Held {
        let (keys, bytes) = apart(self.held.load(Ordering::Relaxed));
        Held {
            keys: count(keys),
            bytes: count(bytes),
        }
    }

    /// Whether one more key with so many bytes would fit now.
    pub fn has_room(&self, bytes: usize) -> bool {
        let (keys, held) = apart(self.held.load(Ordering::Relaxed));
        keys < self.keys_max && held.saturating_add(bytes as u64) <= self.bytes_max
    }

    /// How full it is in percent, rounded down: the fuller of the two counts, 100 at a bound.
    pub fn percent(&self) -> usize {
        let (keys, bytes) = apart(self.held.load(Ordering::Relaxed));
        let of = |held: u64, max: u64| (held * 100).checked_div(max).unwrap_or(100);
        count(of(keys, self.keys_max).max(of(bytes, self.bytes_max)))
    }

    fn change(&self, to: impl Fn(u64, u64) -> (u64, u64)) -> Result<usize, Full> {
        let mut now = self.held.load(Ordering::Relaxed);
        loop {
            let (keys_held, bytes_held) = apart(now);
            let (keys, bytes) = to(keys_held, bytes_held);
            if keys > self.keys_max {
                return Err(Full::Keys);
            }
            if bytes > self.bytes_max {
                return Err(Full::Bytes);
            }
            let next = keys * ONE_KEY + bytes;
            match self
                .held
                .compare_exchange_weak(now, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return Ok(count(keys)),
                Err(seen) => now = seen,
            }
        }
    }
}

fn apart(held: u64) -> (u64, u64) {
    (held >> BYTES_BITS, held & BYTES_MASK)
}

fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
