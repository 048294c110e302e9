//! The chained hash table with a lock per bucket, growing without a pause.
//!
//! A bucket's number is the low bits of its keys' hash. Doubling the number of buckets is one compare-exchange; a new
//! bucket (the child) takes its nodes over from the bucket whose number lacks the highest bit (the parent) when it is
//! first touched. Buckets live in pages that are made when first touched. So no insert pays for more than its own
//! bucket (N-44), and `Work` says what it paid.
//!
//! Invariant: a key's node is in the chain of the nearest split ancestor of the bucket that its hash and the count lead
//! to; nodes move to higher numbers only.
//! Lock order: of two buckets the lower number first; nothing else is locked under a bucket lock, and nothing is done
//! there but walk, compare, count, link, unlink.

use crate::idempotency::chain::{self, Chain};
use crate::idempotency::key::Key;
use crate::idempotency::points::{Lock, Point, Points};
use crate::idempotency::scope::ScopeDigest;
use crate::limits::{BUCKETS_INITIAL, KEYS_MAX_MAX, PAGE_BUCKETS};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{
    OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError, TryLockResult,
};

/// How large a table starts and grows. The default is the server's; tests make small ones, to see them grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Buckets before any growth; taken up to a power of two.
    pub buckets_initial: usize,
    /// Buckets in a page; taken up to a power of two.
    pub page_buckets: usize,
}

/// What one call cost beyond its own walk (N-44).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Pages allocated.
    pub pages_made: usize,
    /// Buckets filled from their parents.
    pub buckets_split: usize,
    /// Nodes moved by that.
    pub nodes_moved: usize,
}

/// The buckets.
pub struct Table {
    /// Keyed, and the key is drawn anew in each process: clients choose the keys, but not where they fall (N-45).
    hasher: RandomState,
    count: AtomicUsize,
    count_initial: usize,
    count_max: usize,
    page_bits: u32,
    pages: Box<[OnceLock<Page>]>,
}

/// A chain behind its lock: 32 bytes.
pub(super) type Bucket = RwLock<Chain>;
type Page = Box<[Bucket]>;

impl Default for TableShape {
    fn default() -> Self {
        TableShape {
            buckets_initial: BUCKETS_INITIAL,
            page_buckets: PAGE_BUCKETS,
        }
    }
}

impl Table {
    /// A table for up to `keys_max` keys; makes no page yet.
    pub fn new(keys_max: usize, shape: TableShape) -> Table {
        let count_initial = shape.buckets_initial.next_power_of_two();
        let count_max = keys_max
            .min(KEYS_MAX_MAX)
            .next_power_of_two()
            .max(count_initial);
        // A page larger than the table could ever be would only waste memory.
        let page_buckets = shape.page_buckets.next_power_of_two().min(count_max);
        let page_bits = page_buckets.trailing_zeros();
        let pages = ((count_max - 1) >> page_bits) + 1;
        Table {
            hasher: RandomState::new(),
            count: AtomicUsize::new(count_initial),
            count_initial,
            count_max,
            page_bits,
            pages: (0..pages).map(|_| OnceLock::new()).collect(),
        }
    }

    /// The hash that all calls for a key are made with. The scope has a fixed length, so the two cannot run together.
    pub fn hash(&self, scope: &ScopeDigest, key: Key<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(&scope.0);
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    /// How many buckets there are now, made or not.
    pub fn buckets(&self) -> usize {
        // Relaxed, here and in the looks of `reach`: see there.
        self.count.load(Ordering::Relaxed)
    }

    /// The chain where a hash belongs, locked for reading.
    pub fn read<P: Points>(
        &self,
        points: &P,
        hash: u64,
        work: &mut Work,
    ) -> RwLockReadGuard<'_, Chain> {
        self.reach(points, hash, work, |at, bucket| {
            read_lock(points, at, bucket)
        })
    }

    /// The chain where a hash belongs, locked for writing. What a read saw may be over by now: look again.
    pub fn write<P: Points>(
        &self,
        points: &P,
        hash: u64,
        work: &mut Work,
    ) -> RwLockWriteGuard<'_, Chain> {
        self.reach(points, hash, work, |at, bucket| {
            write_lock(points, at, bucket)
        })
    }

    /// Doubles the number of buckets once there are more keys than buckets; `keys` is what the caller's claim made it.
    /// True where it was this call that doubled it.
    pub fn grow(&self, keys: usize) -> bool {
        let count = self.buckets();
        if keys > count && count < self.count_max {
            // One compare-exchange: of several callers that saw the same count one doubles it, and the others need
            // not. Relaxed: the number is all there is to publish; pages and flags have their own synchronization.
            let doubled =
                self.count
                    .compare_exchange(count, count * 2, Ordering::Relaxed, Ordering::Relaxed);
            return doubled.is_ok();
        }
        false
    }

    /// A bucket as the sweeper and look-ups visit it: without making its page, without splitting it. None where the page
    /// is not made; then no bucket of that page is, and `page_end` is where to go on.
    pub(super) fn made(&self, at: usize) -> Option<&Bucket> {
        let page = self.pages.get(at >> self.page_bits)?.get()?;
        page.get(at & ((1 << self.page_bits) - 1))
    }

    /// The first bucket of the page after that of bucket `at`.
    pub(super) fn page_end(&self, at: usize) -> usize {
        ((at >> self.page_bits) + 1) << self.page_bits
    }

    /// Each bucket's chain in ascending order under its read lock; a node that moves meanwhile moves ahead, so it is
    /// seen at least once.
    pub(super) fn each_chain<P: Points>(&self, points: &P, mut look: impl FnMut(&Chain)) {
        let mut at = 0;
        // The count is looked at again each time: what was split off during the walk is ahead of it.
        while at < self.buckets() {
            if let Some(bucket) = self.made(at) {
                look(&read_lock(points, at, bucket));
                at += 1;
            } else {
                at = self.page_end(at);
            }
        }
    }

    /// The four steps to a bucket; the order matters, and each look is needed.
    fn reach<'t, P: Points, G: Deref<Target = Chain>>(
        &'t self,
        points: &P,
        hash: u64,
        work: &mut Work,
        lock: impl Fn(usize, &'t Bucket) -> G,
    ) -> G {
        loop {
            // (1) Where the count leads. It may grow from here on.
            let at = chain::index(hash, self.buckets() - 1);
            points.at(Point::CountLoaded);
            let chain = lock(at, self.bucket(at, work));
            // (2) The bucket must be split, which starts with no lock held. The flag is looked at under the lock that
            // step 3 needs anyway, not under one of its own before it: a bucket is filled once and reached often.
            if !chain.is_split() {
                drop(chain);
                self.split(points, at, work);
                continue;
            }
            // (3) Look at the count again, under the lock. If a child has taken this hash over, the count had grown
            // before, and the split held this very lock: what happened before its unlock is visible after our lock, so
            // even a relaxed load cannot miss it. And while the lock is held no child can take anything.
            if chain::index(hash, self.buckets() - 1) == at {
                return chain; // (4) the caller walks
            }
        }
    }

    /// Fills a bucket from its parent. No lock is held on entry.
    ///
    /// Calls itself for the parent, which may be unsplit too: at most once for each doubling there has been, 27 in all.
    fn split<P: Points>(&self, points: &P, child: usize, work: &mut Work) {
        let bucket = self.bucket(child, work);
        if child < self.count_initial || read_lock(points, child, bucket).is_split() {
            return;
        }
        let highest_bit = 1 << child.ilog2();
        let parent = child - highest_bit;
        self.split(points, parent, work);
        let mut from = write_lock(points, parent, self.bucket(parent, work));
        points.at(Point::BetweenSplitLocks); // the parent's lock is held here
        let mut to = write_lock(points, child, bucket);
        // Two may have come here for the same child; the second finds it done.
        if !to.is_split() {
            // The mask of the child's own level, not that of the current count: if the count has doubled twice, the
            // child must also take what its own children will look for in it, or nobody finds that any more.
            let mask = 2 * highest_bit - 1;
            work.nodes_moved += to.fill_from(&mut from, child, mask);
            work.buckets_split += 1;
        }
    }

    /// A bucket, its page made if need be. `at` came from the count, so it is below `count_max`, which sizes `pages`.
    fn bucket(&self, at: usize, work: &mut Work) -> &Bucket {
        let page_number = at >> self.page_bits;
        // Of two threads that make one page the second waits for the first. No bucket lock is held meanwhile: `split`
        // asks for both its buckets before it locks them.
        let page = self.pages[page_number].get_or_init(|| {
            work.pages_made += 1;
            let first = page_number << self.page_bits;
            (first..first + (1 << self.page_bits))
                .map(|at| RwLock::new(Chain::new(at < self.count_initial)))
                .collect()
        });
        &page[at & ((1 << self.page_bits) - 1)]
    }
}

/// A poisoned bucket lock is passed over: nothing that is done under it can panic (walking, comparing, counting in
/// atomics, moving boxes), and were a thread to die there all the same, a chain is a whole list after each of its steps.
pub(super) fn read_lock<'b, P: Points>(
    points: &P,
    at: usize,
    bucket: &'b Bucket,
) -> RwLockReadGuard<'b, Chain> {
    points.take(
        Lock::Read(at),
        || if_free(bucket.try_read()),
        || bucket.read().unwrap_or_else(PoisonError::into_inner),
    )
}

/// As `read_lock`.
pub(super) fn write_lock<'b, P: Points>(
    points: &P,
    at: usize,
    bucket: &'b Bucket,
) -> RwLockWriteGuard<'b, Chain> {
    points.take(
        Lock::Write(at),
        || if_free(bucket.try_write()),
        || bucket.write().unwrap_or_else(PoisonError::into_inner),
    )
}

/// What an attempt at a lock got; poison is passed over.
pub(super) fn if_free<L>(attempt: TryLockResult<L>) -> Option<L> {
    match attempt {
        Ok(lock) => Some(lock),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}
