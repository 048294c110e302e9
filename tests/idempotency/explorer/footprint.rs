//! What a step can have touched, told by the points that bound it and the locks that it took: two steps of which neither
//! writes what the other touches may be played in either order and nobody could tell.
//!
//! The engine's atomics cannot be watched without cluttering it, so this is a table of what lies between its points. It
//! errs on the side of more: what is not known to be harmless touches everything. Where it said too little, two schedules
//! of one class could end differently; `equal_classes_end_equally` plays them all and compares.

use super::schedule::Stop;
use nanoserve::idempotency::points::{Lock, Point};

/// What a step reads and writes, a bit for each thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    pub reads: u64,
    pub writes: u64,
}

/// The number of buckets.
const COUNT: u64 = 1;
/// The manual clock.
const CLOCK: u64 = 1 << 1;
/// Every record's status and what it publishes; not whether it is awaited.
const STATUS: u64 = 1 << 2;
/// Keys held. (Bytes and records pending are counted up and down, which commutes, and nobody asks before the end: the
/// bound on bytes is far away.)
const KEYS: u64 = 1 << 3;
/// Who waits for which record, and their flags.
const WAITERS: u64 = 1 << 4;
/// The buckets have the bits above; two that share one only seem to meet.
const BUCKETS_FROM: usize = 16;
/// Below them: what the scene keeps for itself.
const OWN_FROM: usize = 8;

const NOTHING: Footprint = footprint(0, 0);

const fn footprint(reads: u64, writes: u64) -> Footprint {
    Footprint { reads, writes }
}

impl Footprint {
    /// The count is doubled.
    pub const DOUBLES: Footprint = footprint(COUNT, COUNT);
    /// A look at those who wait, or at a flag.
    pub const LOOKS_AT_WAITERS: Footprint = footprint(WAITERS, 0);
    /// A waiter leaves, or is succeeded by the ticket for which the others now wait; a release tells its heir.
    pub const MOVES_WAITERS: Footprint = footprint(STATUS, WAITERS);
    /// Reads all there is: what looks at the state of the whole scene.
    pub const LOOKS_AT_ALL: Footprint = footprint(u64::MAX, 0);
    /// Commutes with nothing.
    pub const ALL: Footprint = footprint(u64::MAX, u64::MAX);

    /// A thing of the scene's own, of those that have a number below 8.
    pub fn reads(own: usize) -> Footprint {
        footprint(1 << (OWN_FROM + own), 0)
    }

    /// As `reads`.
    pub fn writes(own: usize) -> Footprint {
        footprint(0, 1 << (OWN_FROM + own))
    }

    pub const READS_CLOCK: Footprint = footprint(CLOCK, 0);

    pub fn of_lock(lock: Lock) -> Footprint {
        let bit = |at: usize| 1 << (BUCKETS_FROM + at % (64 - BUCKETS_FROM));
        match lock {
            Lock::Read(at) => footprint(bit(at), 0),
            Lock::Write(at) => footprint(0, bit(at)),
        }
    }

    pub fn and(self, other: Footprint) -> Footprint {
        footprint(self.reads | other.reads, self.writes | other.writes)
    }

    pub fn commutes_with(self, other: Footprint) -> bool {
        self.writes & (other.reads | other.writes) == 0 && other.writes & self.reads == 0
    }

    /// Of the step between two stops, in which these locks were taken, or held from the step before.
    pub fn of_step(from: Stop, locks: [Option<Lock>; 2], to: Stop) -> Footprint {
        let locks = locks.into_iter().flatten().map(Footprint::of_lock);
        let locks = locks.fold(NOTHING, Footprint::and);
        locks.and(after(from, locks, to)).and(before(to))
    }
}

/// What is done on the way on from a stop, whatever the next one is.
#[allow(clippy::match_same_arms)] // in the order of a request's way, an arm for each thought
fn after(from: Stop, locks: Footprint, to: Stop) -> Footprint {
    match from {
        // An act that calls nothing of the engine: the clock moved, say.
        Stop::Start if to == Stop::End && locks == NOTHING => Footprint::ALL,
        Stop::Start => NOTHING,
        // A split moves nodes, and nothing else.
        Stop::At(Point::BetweenSplitLocks) => NOTHING,
        // The bucket's lock is next: see the arms for it.
        Stop::At(Point::CountLoaded | Point::BeforeSweepUnlink) | Stop::Lock(_) => under(locks, to),
        // The moment of the new claim.
        Stop::At(Point::ReadMissed | Point::BeforeReplace) => footprint(CLOCK, 0),
        // COMPLETED is published, and those who wait are told.
        Stop::At(Point::SnapshotSet) => footprint(WAITERS, STATUS | WAITERS),
        // The way to the unlink begins; what it does is done under the lock.
        Stop::At(Point::Released) => NOTHING,
        // Expiry counts from here.
        Stop::At(Point::BeforeDropPublish) => footprint(CLOCK, 0),
        // An act goes on by itself, and announces what it does.
        Stop::At(Point::WaiterRegistered) | Stop::Until(_) => NOTHING,
        Stop::At(_) | Stop::End => Footprint::ALL,
    }
}

/// What is done under a bucket's lock and right after it.
fn under(locks: Footprint, to: Stop) -> Footprint {
    match (locks.writes != 0, to) {
        // The first lock of a split.
        (true, Stop::At(Point::BetweenSplitLocks)) => NOTHING,
        // A claim (if it makes the table grow, it says so); an unlink (if it tells those who wait, its act says so).
        (true, _) => footprint(COUNT | STATUS | CLOCK, KEYS),
        // The second look at the count; no record was met.
        (false, Stop::At(Point::ReadMissed)) => footprint(COUNT, 0),
        // A record was met and judged, the sweeper's way or a caller's.
        (false, _) => footprint(COUNT | STATUS | CLOCK, 0),
    }
}

/// What is done on the way to a stop, wherever it came from.
#[allow(clippy::match_same_arms)] // in the order of a request's way, an arm for each thought
fn before(to: Stop) -> Footprint {
    match to {
        Stop::Start | Stop::End | Stop::Until(_) => NOTHING, // what an act does by itself it announces
        Stop::Lock(_) => footprint(COUNT | CLOCK, 0), // a sweep begins with a look at the clock
        Stop::At(Point::CountLoaded) => footprint(COUNT, 0),
        Stop::At(Point::ReadMissed | Point::BetweenSplitLocks) => NOTHING,
        Stop::At(Point::BeforeReplace | Point::BeforeSweepUnlink) => footprint(STATUS | CLOCK, 0),
        // Expiry counts from here; nothing is published yet.
        Stop::At(Point::SnapshotSet) => footprint(CLOCK, 0),
        // Whether anybody waits is learned in the same step.
        Stop::At(Point::Released) => footprint(WAITERS, STATUS),
        Stop::At(Point::BeforeDropPublish) => footprint(STATUS, 0),
        // The record is noted as awaited, which only its end asks for.
        Stop::At(Point::WaiterRegistered) => footprint(STATUS, WAITERS),
        Stop::At(_) => Footprint::ALL,
    }
}
