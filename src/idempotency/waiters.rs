//! Who waits for whom (N-22): callers that met a running attempt and want its outcome, in one bounded table.
//!
//! A waiter is a place here and a flag; it holds no thread. When the flag is up, it admits again and learns what became of
//! the key: so there is one door still, and waiting decides nothing. A completed record raises the flags of all who wait
//! for it. A released one raises one flag: that waiter, the heir, is to claim the key, and the others wait for the heir.
//!
//! Invariant, whenever the lock is free: of those who wait for one record, either it is PENDING and knows that it is awaited
//! (`Record::await_end`), or it is COMPLETED and all their flags are up, or it is RELEASED and at least one flag is up; and
//! whose flag is up admits again, or gives up and raises the others. So nobody is forgotten, whoever leaves.
//! Lock order: the waiters' lock is taken alone, and its holder does nothing but walk the table, store and compare. No
//! named point lies under it.

use crate::idempotency::record::{Record, Status};
use crate::idempotency::ticket::Replay;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The table of those who wait, over all keys.
#[derive(Debug)]
pub struct Waiters {
    places_max: usize,
    /// In the order in which they came. A walk over all of them takes a microsecond or two, and only those who wait, or end
    /// an awaited record, walk.
    places: Mutex<Vec<Place>>,
}

#[derive(Debug)]
struct Place {
    over: Arc<AtomicBool>,
    /// Whose end is waited for.
    record: Arc<Record>,
}

/// A place among those who wait. Dropping it gives the place back.
#[derive(Debug)]
pub struct Waiter {
    waiters: Arc<Waiters>,
    over: Arc<AtomicBool>,
}

impl Waiters {
    /// Room for `places_max` waiters.
    pub fn new(places_max: usize) -> Waiters {
        Waiters {
            places_max,
            places: Mutex::default(),
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// A place with those who wait for a record's end, or none past the bound. A waiter from before keeps the place it has,
    /// and takes along all who waited with it: what they waited for is over, and this record has the key now.
    pub(super) fn wait(
        waiters: &Arc<Waiters>,
        record: &Arc<Record>,
        before: Option<Waiter>,
    ) -> Option<Waiter> {
        let mut left = None; // may be the last to hold a record: freed after the lock
        let mut places = waiters.lock();
        let waiter = if let Some(waiter) = before {
            waiter.over.store(false, Ordering::Relaxed); // read again by its owner alone, who calls this
            left = waiter.move_to(&mut places, record);
            waiter
        } else if places.len() < waiters.places_max {
            let over = Arc::default();
            places.push(Place {
                over: Arc::clone(&over),
                record: Arc::clone(record),
            });
            Waiter {
                waiters: Arc::clone(waiters),
                over,
            }
        } else {
            return None;
        };
        // The look under the lock. Had the end come after the caller met the record and before this, nobody would raise the
        // flag; and who ends an awaited record from here on waits for this lock and finds the place.
        if !record.await_end() {
            raise_all(&places, record);
        }
        drop(places);
        drop(left);
        Some(waiter)
    }

    /// A record that was awaited is COMPLETED: all who wait for it are over.
    pub(super) fn completed(&self, record: &Arc<Record>) {
        raise_all(&self.lock(), record);
    }

    /// A record that was awaited is RELEASED: whoever has waited longest is its heir. Its flag may be up already; then it is
    /// about to admit again in any case.
    pub(super) fn released(&self, record: &Arc<Record>) {
        let places = self.lock();
        if let Some(heir) = of(&places, record).next() {
            heir.raise();
        }
    }

    /// A list is changed whole or not at all, so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, Vec<Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiter {
    /// Whether it is time to admit again.
    pub fn is_over(&self) -> bool {
        // Acquire, with the Release in `raise`: the end that it was raised for is visible to who admits again.
        self.over.load(Ordering::Acquire)
    }

    /// What the attempt that is waited for has ended with, if it has completed. It is told even where its TTL is over since:
    /// the wait was over when it completed, and only the looks at a flag come late.
    pub fn replay(&self) -> Option<Replay> {
        let places = self.waiters.lock();
        let own = places.iter().find(|place| place.is(self))?;
        let is_completed = own.record.status() == Status::Completed;
        is_completed.then(|| Replay::new(Arc::clone(&own.record)))
    }

    /// Leaves without having been able to claim the key, which says nothing about the others: if it was the heir, the one that
    /// has waited longest after it is.
    pub fn pass_on(self) {
        let mut places = self.waiters.lock();
        let left = self.leave(&mut places);
        if let Some(record) = left.as_ref().and_then(Place::inherited)
            && let Some(heir) = of(&places, record).next()
        {
            heir.raise();
        }
        drop(places); // before `self`, whose drop takes the lock again and finds its place given back
        drop(left);
    }

    /// This waiter has claimed the key: it waits no more, and those who waited with it wait for its record.
    pub(super) fn succeeded_by(self, record: &Arc<Record>) {
        let mut places = self.waiters.lock();
        let left = self.move_to(&mut places, record);
        // The caller holds the record's ticket, so the end cannot have come.
        record.await_end();
        drop(places); // before `self`, whose drop takes the lock again and gives its own place back
        drop(left);
    }

    /// Moves this waiter, and all that wait for the same record, to another record; returns the one they left.
    fn move_to(&self, places: &mut [Place], record: &Arc<Record>) -> Option<Arc<Record>> {
        let own = places.iter().find(|place| place.is(self))?;
        let old = Arc::clone(&own.record);
        let with_it = places
            .iter_mut()
            .filter(|place| Arc::ptr_eq(&place.record, &old));
        for place in with_it {
            place.record = Arc::clone(record);
        }
        Some(old)
    }

    fn leave(&self, places: &mut Vec<Place>) -> Option<Place> {
        let at = places.iter().position(|place| place.is(self))?;
        Some(places.remove(at))
    }
}

impl Drop for Waiter {
    // On every way out: answered, out of time, its client gone, a panic. An heir that leaves without having claimed the key
    // leaves the others without anybody who will end their wait, so they are all sent to see for themselves. Nobody who was
    // not raised can be the heir, and both looks are under the lock.
    fn drop(&mut self) {
        let mut places = self.waiters.lock();
        let left = self.leave(&mut places);
        if let Some(record) = left.as_ref().and_then(Place::inherited) {
            raise_all(&places, record);
        }
        drop(places);
        drop(left); // perhaps the last to hold the record: freed after the lock
    }
}

impl Place {
    fn is(&self, waiter: &Waiter) -> bool {
        Arc::ptr_eq(&self.over, &waiter.over)
    }

    /// The released record whose heir this place may be.
    fn inherited(&self) -> Option<&Arc<Record>> {
        let is_heir = self.over.load(Ordering::Relaxed) && self.record.status() == Status::Released;
        is_heir.then_some(&self.record)
    }

    fn raise(&self) {
        self.over.store(true, Ordering::Release); // see `is_over`
    }
}

fn of<'p>(places: &'p [Place], record: &'p Arc<Record>) -> impl Iterator<Item = &'p Place> {
    places
        .iter()
        .filter(|place| Arc::ptr_eq(&place.record, record))
}

fn raise_all(places: &[Place], record: &Arc<Record>) {
    of(places, record).for_each(Place::raise);
}
