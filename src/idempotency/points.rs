//! The places where two threads can meet, by name: tests stop there and let another thread go on.

/// A named place inside the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// After the bucket count was loaded.
    CountLoaded,
    /// After a claim has doubled the bucket count.
    CountDoubled,
    /// After a miss under the read lock, before the write lock.
    ReadMissed,
    /// Between the two locks of a split.
    BetweenSplitLocks,
    /// After the snapshot is set, before COMPLETED is published.
    SnapshotSet,
    /// Between RELEASED and the unlink.
    Released,
    /// Before a lookup replaces an expired record in place.
    BeforeReplace,
    /// Before the sweeper unlinks an expired record.
    BeforeSweepUnlink,
    /// Before a dropped ticket publishes.
    BeforeDropPublish,
    /// After a waiter registered.
    WaiterRegistered,
}

/// A lock of the engine: the bucket of this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Shared with others that read.
    Read(usize),
    /// Alone.
    Write(usize),
}

/// What happens at each point. The server's own does nothing and costs nothing.
pub trait Points: Send + Sync + 'static {
    /// Called with no lock of the engine held, save where the point's name says otherwise.
    fn at(&self, point: Point) {
        let _ = point;
    }

    /// Takes a lock of the engine: `wait` waits for it, `attempt` takes it only if nobody holds it. The server waits. Tests
    /// that let one thread run at a time attempt, and let another go on where that fails: so they see who waits for whom.
    /// The lock has a name, so that they can also see which steps have nothing to do with each other.
    fn take<L>(&self, lock: Lock, attempt: impl Fn() -> Option<L>, wait: impl FnOnce() -> L) -> L {
        let _ = (lock, attempt);
        wait()
    }
}

/// The points of the running server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Points for Silent {}
