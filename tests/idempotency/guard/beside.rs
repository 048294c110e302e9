//! The guard beside its model (model.rs): one operation on both, then everything that can be seen is compared.

use crate::harness::random::Random;
use crate::idempotency::guard::model::Place;
use crate::idempotency::guard::queue::Attempt;
use crate::idempotency::guard::worlds::{WORLDS_MAX, Worlds};
use crate::idempotency::scene::{OTHER_PRINT, PRINT, answer, held, key, told};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, InFlight, Ticket, Waiter};
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
    /// For the attempt that was last met in flight, whether or not it is over by now.
    Wait,
    /// The nth of those who wait admits again, over or not.
    Again(usize),
    /// The nth of those who wait leaves.
    GiveUp(usize),
}

/// Who asks for what, and whether with the usual fingerprint.
#[derive(Clone, Copy)]
struct Asker {
    place: Place,
    usual: bool,
}

/// The guard, its open tickets and the model.
pub struct Pair<'g> {
    guard: &'g Guard,
    clock: Clock,
    tickets: BTreeMap<Place, Ticket<'g>>,
    /// The sweep in parts, and when it began.
    sweep: Option<(Sweep, u64)>,
    met: Option<(Asker, InFlight, Attempt)>,
    waiters: BTreeMap<usize, (Asker, Waiter)>,
    waited: usize,
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
        met: None,
        waiters: BTreeMap::new(),
        waited: 0,
        worlds: Worlds::new(config),
    })
}

impl Pair<'_> {
    pub fn has_ticket(&self, place: Place) -> bool {
        self.tickets.contains_key(&place)
    }

    /// Whether an attempt was met in flight that may be waited for.
    pub fn can_wait(&self) -> bool {
        self.met.is_some()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiters.len()
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
            Op::Claim(place) => self.claim(Asker { place, usual: true }, None),
            Op::ClaimOtherwise(place) => self.claim(
                Asker {
                    place,
                    usual: false,
                },
                None,
            ),
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
            Op::Wait => self.wait(),
            Op::Again(nth) => {
                if let Some((who, asker, waiter)) = self.take_waiter(nth) {
                    self.claim(asker, Some((who, waiter)));
                }
            }
            Op::GiveUp(nth) => {
                if let Some((who, _, waiter)) = self.take_waiter(nth) {
                    drop(waiter);
                    self.worlds.queue(|queue| queue.leave(who));
                }
            }
        }
        self.compare(key);
        if self.worlds.count() > WORLDS_MAX {
            self.step(Op::Sweep, key);
        }
    }

    /// Admits, with the waiter of one that admits again.
    fn claim(&mut self, asker: Asker, waiter: Option<(usize, Waiter)>) {
        let Asker { place, usual } = asker;
        let fingerprint = if usual { &PRINT } else { &OTHER_PRINT };
        let bytes = place.key_bytes();
        let admission = self
            .guard
            .admit(&place.caller.scope(), key(&bytes), fingerprint, || true);
        self.worlds.claimed(place, usual, &told(&admission));
        match (admission, waiter) {
            (Admission::Execute(ticket), waiter) => {
                if let Some((who, waiter)) = waiter {
                    ticket.succeed(waiter);
                    let attempt = self.worlds.any().attempt(place);
                    self.worlds.queue(|queue| queue.succeed(who, attempt));
                }
                self.tickets.insert(place, ticket);
            }
            (Admission::InFlight(in_flight), waiter) => {
                let attempt = self.worlds.any().attempt(place);
                if let Some((who, waiter)) = waiter {
                    let waiter = self.guard.wait(&in_flight, Some(waiter));
                    let waiter = waiter.expect("it keeps its place");
                    self.worlds.queue(|queue| queue.wait_on(who, attempt));
                    self.waiters.insert(who, (asker, waiter));
                }
                self.met = Some((asker, in_flight, attempt));
            }
            (_, Some((who, waiter))) => {
                drop(waiter); // answered
                self.worlds.queue(|queue| queue.leave(who));
            }
            (_, None) => {}
        }
    }

    fn wait(&mut self) {
        let Some((asker, in_flight, attempt)) = self.met.clone() else {
            return;
        };
        let who = self.waited;
        self.waited += 1;
        let waiter = self.guard.wait(&in_flight, None);
        let has_room = self.worlds.queue(|queue| queue.wait(who, attempt));
        assert_eq!(waiter.is_some(), has_room);
        if let Some(waiter) = waiter {
            self.waiters.insert(who, (asker, waiter));
        }
    }

    fn take_waiter(&mut self, nth: usize) -> Option<(usize, Asker, Waiter)> {
        let who = *self.waiters.keys().nth(nth)?;
        let (asker, waiter) = self.waiters.remove(&who)?;
        Some((who, asker, waiter))
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
        self.worlds.saw(("kept", kept.len()), |model| {
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
        self.worlds.saw(gauges, |model| model.gauges() == gauges);
        self.worlds.unite();
        let (full, percent) = (guard.is_full(), guard.fullness_percent());
        let model = self.worlds.any();
        assert_eq!((full, percent), (model.is_full(), model.fullness_percent()));
        assert_eq!(guard.waiting(), model.queue.len());
        for (who, (_, waiter)) in &self.waiters {
            assert_eq!(waiter.is_over(), model.queue.is_over(*who), "waiter {who}");
        }
        let mut sightings = guard.look_up(key(&vec![number; number.into()]));
        sightings.sort_by_key(|sighting| sighting.scope.0);
        assert_eq!(sightings, model.look_up(number));
    }
}
