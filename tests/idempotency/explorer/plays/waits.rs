//! Those who wait for the attempt that they met (N-22), as the lifecycle does: admit, wait, admit again.
//!
//! That nobody waits for ever needs no check of its own: where all others have ended and one still waits, that is a deadlock.

use super::scene::{End, Name, Scene, State};
use crate::idempotency::explorer::Footprint;
use crate::idempotency::scene::PRINT;
use nanoserve::idempotency::guard::{Admission, InFlight, Waiter};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// Who was told of a release.
#[derive(Default)]
pub struct Heirs {
    /// By the number of the claim that was released.
    told: BTreeMap<u32, u32>,
    /// Waiters that went away without having claimed the key.
    gone: u32,
}

/// What the baton calls them, among the scene's own things.
const HEIRS: usize = 7;

/// How long somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Leaves as soon as there is a place.
    None,
    /// Leaves when it is told that the wait is over: its client has gone.
    UntilTold,
    Endless,
}

impl Scene {
    /// Admits until there is an answer, or patience is at an end; where it may, executes.
    pub fn wait(&self, patience: Patience, end: End) {
        let mut waited: Option<Waiter> = None;
        loop {
            match self.admit(Name::Main, PRINT) {
                Admission::Execute(ticket) => {
                    if let Some(waiter) = waited.take() {
                        self.baton.touches(Footprint::MOVES_WAITERS);
                        ticket.succeed(waiter);
                    }
                    return self.end(Name::Main, ticket, end);
                }
                Admission::InFlight(in_flight) => {
                    waited = self.wait_for(&in_flight, waited, patience);
                }
                _ => {
                    self.leave(waited);
                    return;
                }
            }
            if waited.is_none() {
                return; // no place, or no patience
            }
        }
    }

    /// Until it is time to admit again. None where it is not going to.
    fn wait_for(
        &self,
        in_flight: &InFlight,
        before: Option<Waiter>,
        patience: Patience,
    ) -> Option<Waiter> {
        let met = self.life(Name::Main);
        let had_a_place = before.is_some();
        self.baton.pause("it knows whom it met"); // between the answer and the place the end may come
        let waiter = self.guard.wait(in_flight, before);
        self.baton.touches(Footprint::LOOKS_AT_WAITERS);
        assert!(self.guard.waiting() <= self.waiters_max);
        let Some(waiter) = waiter else {
            assert!(!had_a_place, "a place is kept");
            assert_eq!(self.waiters_max, 1, "there is a place");
            return None;
        };
        // Still pending: so it was when the place was taken, and whoever ends it finds the place.
        let is_in_time = self.life(Name::Main) == met;
        if patience == Patience::None {
            self.leave(Some(waiter));
            return None;
        }
        let is_over = || waiter.is_over().then_some(());
        self.baton
            .until("its wait is over", Footprint::LOOKS_AT_WAITERS, is_over);
        if is_in_time {
            self.is_told();
        }
        if patience == Patience::UntilTold {
            self.leave(Some(waiter));
            return None;
        }
        Some(waiter)
    }

    fn leave(&self, waiter: Option<Waiter>) {
        if let Some(waiter) = waiter {
            self.baton.touches(Footprint::MOVES_WAITERS);
            self.heirs().gone += 1;
            drop(waiter);
        }
    }

    /// One that waited when the key was released is told so. Another is told only where such a one has gone away.
    fn is_told(&self) {
        let life = self.life(Name::Main);
        if life.state == State::Free {
            let mut heirs = self.heirs();
            let told = heirs.told.entry(life.claims).or_default();
            *told += 1;
            let told = *told;
            assert!(told <= 1 + heirs.gone, "{told} heirs of one release");
        }
    }

    fn heirs(&self) -> MutexGuard<'_, Heirs> {
        self.baton.touches(Footprint::writes(HEIRS));
        self.heirs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
