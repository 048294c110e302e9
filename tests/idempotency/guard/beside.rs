//! The guard beside its model (model.rs): one operation on both, then everything that can be seen is compared.

use crate::harness::random::Random;
use crate::idempotency::guard::model::Place;
use crate::idempotency::guard::worlds::{WORLDS_MAX, Worlds};
use crate::idempotency::scene::{OTHER_PRINT, PRINT, answer, held, key, told};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, Ticket};
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::sweeper::Sweep;
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Claim(Place),
    /// With another fingerprint.
    ClaimOtherwise(Place),
    /// With a response of so many bytes.
    Complete(Place, usize),
    Release(Place),
    /// The ticket, unused.
    Drop(Place),
    Advance(u64),
    /// The whole table at once.
    Sweep,
    /// One bucket of a sweep that goes on with the next of these.
    SweepStep,
}

/// The guard, its open tickets and the model.
pub struct Pair<'g> {
    guard: &'g Guard,
    clock: Clock,
    tickets: BTreeMap<Place, Ticket<'g>>,
    /// The sweep in parts, and when it began.
    sweep: Option<(Sweep, u64)>,
    worlds: Worlds,
}

/// Plays with a new guard on a clock that stands until it is moved.
pub fn beside<T>(config: &GuardConfig, play: impl FnOnce(&mut Pair<'_>) -> T) -> T {
    let clock = Clock::manual(0);
    let guard = Guard::new(config.clone(), clock.clone());
    play(&mut Pair {
        guard: &guard,
        clock,
        tickets: BTreeMap::new(),
        sweep: None,
        worlds: Worlds::new(config),
    })
}

impl Pair<'_> {
    pub fn has_ticket(&self, place: Place) -> bool {
        self.tickets.contains_key(&place)
    }

    /// One of the open tickets.
    pub fn a_ticket(&self, random: &mut Random) -> Option<Place> {
        let number = random.below(self.tickets.len().max(1));
        self.tickets.keys().nth(number).copied()
    }

    /// The largest answer that still fits for who has this ticket.
    pub fn room_for(&self, place: Place) -> usize {
        self.worlds.any().room_for(place)
    }

    /// Does it to both and compares, the records of `key` included. An operation that needs a ticket is passed over where
    /// there is none.
    pub fn step(&mut self, op: Op, key: u8) {
        match op {
            Op::Claim(place) => self.claim(place, true),
            Op::ClaimOtherwise(place) => self.claim(place, false),
            Op::Complete(place, size) => self.complete(place, size),
            Op::Release(place) => {
                if let Some(ticket) = self.tickets.remove(&place) {
                    ticket.release();
                    self.worlds.released(place);
                }
            }
            Op::Drop(place) => {
                if let Some(ticket) = self.tickets.remove(&place) {
                    drop(ticket);
                    self.worlds.completed(place, None);
                }
            }
            Op::Advance(ms) => {
                self.clock.advance_ms(ms);
                self.worlds.advanced(ms);
            }
            Op::Sweep => self.sweep_whole(),
            Op::SweepStep => self.sweep_step(),
        }
        self.compare(key);
        if self.worlds.count() > WORLDS_MAX {
            self.step(Op::Sweep, key);
        }
    }

    fn claim(&mut self, place: Place, usual: bool) {
        let fingerprint = if usual { &PRINT } else { &OTHER_PRINT };
        let bytes = place.key_bytes();
        let admission = self
            .guard
            .admit(&place.caller.scope(), key(&bytes), fingerprint, || true);
        self.worlds.claimed(place, usual, &told(&admission));
        if let Admission::Execute(ticket) = admission {
            self.tickets.insert(place, ticket);
        }
    }

    fn complete(&mut self, place: Place, size: usize) {
        let Some(ticket) = self.tickets.remove(&place) else {
            return;
        };
        let would_store = ticket.would_store(size);
        assert_eq!(would_store, self.worlds.any().would_store(size));
        // Half of what will not be stored is not even shown, as the lifecycle does it.
        let outcome = if would_store || size.is_multiple_of(2) {
            answer(201, "x".repeat(size).as_bytes())
        } else {
            Outcome::TooLarge { label: 201 }
        };
        let kept = held(&ticket.complete(outcome));
        self.worlds.completed(place, Some(size));
        self.worlds.saw("what was kept", |model| {
            model.kept(place).as_ref() == Some(&kept)
        });
    }

    fn sweep_whole(&mut self) {
        let step = self.guard.sweep_step(&mut Sweep::default(), usize::MAX);
        self.worlds.swept(step.removed, step.nothing_before_ms);
    }

    fn sweep_step(&mut self) {
        let now_ms = self.worlds.now_ms();
        let (mut sweep, begun_ms) = self.sweep.take().unwrap_or((Sweep::default(), now_ms));
        let step = self.guard.sweep_step(&mut sweep, 1);
        self.worlds
            .swept_in_part(step.removed, begun_ms, step.nothing_before_ms);
        if step.nothing_before_ms.is_none() {
            self.sweep = Some((sweep, begun_ms));
        }
    }

    fn compare(&mut self, number: u8) {
        let guard = self.guard;
        let gauges = guard.gauges();
        self.worlds
            .saw(&format!("{gauges:?}"), |model| model.gauges() == gauges);
        self.worlds.unite();
        let (full, percent) = (guard.is_full(), guard.fullness_percent());
        let model = self.worlds.any();
        assert_eq!((full, percent), (model.is_full(), model.fullness_percent()));
        let mut sightings = guard.look_up(key(&vec![number; number.into()]));
        sightings.sort_by_key(|sighting| sighting.scope.0);
        assert_eq!(sightings, model.look_up(number));
    }
}
