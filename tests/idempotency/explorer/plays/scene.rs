//! The scenes on which the guard's acts are played, and the truth beside them: what every answer of the guard is held
//! against, the moment it is given.
//!
//! The truth can be exact because one thread runs at a time: between an answer and the look at the truth lies no stop.

use super::waits::Heirs;
use crate::idempotency::explorer::{Baton, Footprint, THREADS_MAX};
use crate::idempotency::scene::{NET, PRINT, SCOPE, TTL_MS, held, key};
use nanoserve::clock::Clock;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::guard::{Admission, Full, Guard, GuardConfig, Ticket};
use nanoserve::idempotency::points::Point;
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::sweeper::Sweep;
use nanoserve::idempotency::table::TableShape;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The keys of a play, by where they fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// The one that all is about. It belongs to the last bucket, however many there are: each doubling moves it.
    Main,
    /// Bucket 1 of however many: to touch it splits what `Main` lies in before its first move.
    Beside,
    /// Bucket 2.
    Third,
    /// Bucket 0, for ever.
    Still,
    /// As `Still`.
    StillToo,
}

/// As many as a table of these keys grows to; a play has to be the same each time, though every table draws its hash anew.
const BUCKETS: u64 = 8;

const NAMES: [(Name, u64); 5] = [
    (Name::Main, 7),
    (Name::Beside, 1),
    (Name::Third, 2),
    (Name::Still, 0),
    (Name::StillToo, 0),
];

pub struct Scene {
    pub guard: Guard<Baton>,
    pub clock: Clock,
    pub baton: Baton,
    keys: [[u8; 2]; 5],
    keys_max: usize,
    pub waiters_max: usize,
    pub heirs: Mutex<Heirs>,
    lives: Mutex<[Life; 5]>,
    /// Each caller's answers, for comparing how schedules end.
    answers: Mutex<[Vec<&'static str>; THREADS_MAX]>,
}

/// What is true of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    pub state: State,
    /// Claims so far.
    pub claims: u32,
    /// Whether a node may stand in the table for it.
    pub may_be_linked: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Free,
    Pending(Fingerprint),
    Completed {
        print: Fingerprint,
        content: Vec<u8>,
        /// It expires not before the first of these moments, and at the last of them at the latest.
        expires_ms: (u64, u64),
    },
}

/// How an execution ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Complete,
    Release,
    Drop,
}

impl Scene {
    /// With a table of so many buckets at first, and the bounds that `config` has.
    pub fn new(baton: Baton, buckets_initial: usize, config: GuardConfig) -> Scene {
        let clock = Clock::manual(0);
        let (keys_max, waiters_max) = (config.keys_max, config.waiters_max);
        let config = GuardConfig {
            // One page holds all buckets of a play, and is there before it begins: who makes a page is OnceLock's affair.
            shape: TableShape {
                buckets_initial,
                page_buckets: 16,
            },
            ..config
        };
        let guard = Guard::with_points(config, clock.clone(), baton.clone());
        let mut numbers = 0..u16::MAX;
        let mut find = |bucket: u64| {
            numbers
                .by_ref()
                .map(u16::to_be_bytes)
                .find(|bytes| guard.hash(&SCOPE, key(bytes)) % BUCKETS == bucket)
                .expect("of 65,535 keys some fall into each of eight buckets")
        };
        let keys = NAMES.map(|(_, bucket)| find(bucket));
        let refused = guard.admit(&SCOPE, key(&keys[0]), &PRINT, || false);
        assert!(matches!(refused, Admission::Full(Full::Workers)));
        drop(refused);
        Scene {
            guard,
            clock,
            baton,
            keys,
            keys_max,
            waiters_max,
            heirs: Mutex::default(),
            lives: Mutex::default(),
            answers: Mutex::default(),
        }
    }

    pub fn key(&self, name: Name) -> &[u8] {
        &self.keys[name as usize]
    }

    pub fn life(&self, name: Name) -> Life {
        self.baton
            .touches(Footprint::reads(name as usize).and(Footprint::READS_CLOCK));
        self.lives()[name as usize].clone()
    }

    fn set(&self, name: Name, change: impl FnOnce(&mut Life)) {
        self.baton.touches(Footprint::writes(name as usize));
        change(&mut self.lives()[name as usize]);
    }

    fn lives(&self) -> MutexGuard<'_, [Life; 5]> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, admission: &Admission<'_, Baton>) {
        if let Some(number) = Baton::number() {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers[number].push(match admission {
                Admission::Execute(_) => "Execute",
                Admission::Replay(_) => "Replay",
                Admission::InFlight(_) => "InFlight",
                Admission::Mismatch => "Mismatch",
                Admission::Full(_) => "Full",
            });
        }
    }

    /// What the callers were told, and what has become of the keys.
    pub fn end_of_play(&self) -> String {
        format!("{:?} {:?}", self.answers, self.lives())
    }

    /// Admits, and holds the answer against the truth.
    pub fn admit(&self, name: Name, print: Fingerprint) -> Admission<'_, Baton> {
        let admission = self
            .guard
            .admit(&SCOPE, key(self.key(name)), &print, || true);
        let now_ms = self.clock.now_ms();
        let life = self.life(name);
        self.note(&admission);
        match &admission {
            Admission::Execute(_) => {
                assert!(life.is_free(now_ms), "executes, but the key is {life:?}");
                self.set(name, |life| {
                    life.state = State::Pending(print);
                    life.claims += 1;
                    life.may_be_linked = true;
                });
            }
            Admission::Replay(replay) => {
                let replayed = held(replay);
                assert!(
                    life.is_replayed_as(&replayed, print, now_ms),
                    "replays {replayed}, but the key is {life:?}"
                );
            }
            Admission::InFlight(_) => {
                assert_eq!(life.state, State::Pending(print), "is told: in flight");
            }
            Admission::Mismatch => {
                assert!(
                    life.mismatches(print, now_ms),
                    "is told: mismatch, but the key is {life:?}"
                );
            }
            Admission::Full(full) => {
                let lives = NAMES.map(|(name, _)| self.life(name));
                let linked = lives.iter().filter(|life| life.may_be_linked).count();
                assert!(linked >= self.keys_max, "is told: full of {full:?}");
            }
        }
        admission
    }

    /// Admits and, where it may, executes.
    pub fn attempt(&self, name: Name, print: Fingerprint, end: End) {
        if let Admission::Execute(ticket) = self.admit(name, print) {
            self.end(name, ticket, end);
        }
    }

    pub fn end(&self, name: Name, ticket: Ticket<'_, Baton>, end: End) {
        let Life { claims, state, .. } = self.life(name);
        let State::Pending(print) = state else {
            panic!("{name:?} is executed and not pending: {state:?}");
        };
        let earliest_ms = self.clock.now_ms() + TTL_MS;
        let content = match end {
            End::Complete => {
                let content = format!("{name:?} {claims}").into_bytes();
                ticket.complete(Outcome::Answer {
                    label: 201,
                    content_bytes: content.len(),
                    snapshot: content.clone(),
                });
                content
            }
            End::Drop => {
                drop(ticket);
                NET.to_vec()
            }
            End::Release => return self.release(name, ticket),
        };
        let latest_ms = match end {
            End::Complete => earliest_ms, // its clock is read before its first stop
            _ => self.clock.now_ms() + TTL_MS,
        };
        self.set(name, |life| {
            life.state = State::Completed {
                print,
                content,
                expires_ms: (earliest_ms, latest_ms),
            };
        });
    }

    /// From the moment at which the record is RELEASED, which comes before the first stop, others may claim the key.
    fn release(&self, name: Name, ticket: Ticket<'_, Baton>) {
        self.baton.pause("its handler is done"); // the other ends stop before they publish
        let claims = self.life(name).claims;
        self.set(name, |life| life.state = State::Free);
        ticket.release();
        self.baton.touches(Footprint::MOVES_WAITERS);
        if self.life(name).claims == claims {
            self.set(name, |life| life.may_be_linked = false);
        }
    }

    /// Two more keys: a narrow table doubles once or twice, and splits.
    pub fn grow(&self) {
        self.attempt(Name::Beside, PRINT, End::Complete);
        self.attempt(Name::Third, PRINT, End::Complete);
    }

    /// Comes again after its answer. If its claim has doubled the table, it is the one that splits what its key lies in.
    pub fn retry(&self) {
        self.attempt(Name::Main, PRINT, End::Complete);
        self.attempt(Name::Main, PRINT, End::Complete);
    }

    pub fn expire(&self) {
        self.clock.advance_ms(TTL_MS);
    }

    /// Sweeps the whole table.
    pub fn sweep(&self) {
        let began_ms = self.clock.now_ms();
        let before = NAMES.map(|(name, _)| self.life(name));
        let step = self.guard.sweep_step(&mut Sweep::default(), 1000);
        let nothing_before_ms = step.nothing_before_ms.expect("a table of few buckets");
        for ((name, _), before) in NAMES.into_iter().zip(before) {
            let life = self.life(name);
            let State::Completed { expires_ms, .. } = life.state else {
                continue;
            };
            if expires_ms.0 > began_ms {
                assert!(nothing_before_ms <= expires_ms.1, "{life:?} is slept over");
            } else if expires_ms.1 <= began_ms && life == before {
                self.set(name, |life| life.may_be_linked = false);
            }
        }
    }

    /// Looks the main key up: a record that stands before and after is seen, and nothing is seen twice.
    pub fn look_up(&self) {
        let before = self.life(Name::Main);
        let sightings = self.guard.look_up(key(self.key(Name::Main)));
        let after = self.life(Name::Main);
        assert!(sightings.len() <= 1, "seen twice: {sightings:?}");
        let is_seen = sightings.first().map(|seen| seen.completed.is_some());
        if before == after {
            match after.state {
                State::Pending(_) => assert!(is_seen == Some(false), "pending, and not seen"),
                State::Completed { expires_ms, .. } if self.clock.now_ms() < expires_ms.0 => {
                    assert!(is_seen == Some(true), "completed, and not seen");
                }
                _ => {}
            }
        }
    }

    /// When all acts have ended: everything the guard says is so, every key can be used, and no charge is lost.
    pub fn verify(&self) {
        let lives = self.lives().clone();
        let now_ms = self.clock.now_ms();
        let at_least = lives.iter().filter(|life| !life.is_free(now_ms)).count();
        let at_most = lives.iter().filter(|life| life.may_be_linked).count();
        let gauges = self.guard.gauges();
        assert_eq!((gauges.pending, self.guard.waiting()), (0, 0));
        let keys = gauges.completed;
        assert!(
            (at_least..=at_most).contains(&keys),
            "{keys} keys are held: {lives:?}"
        );
        self.look_up();
        for (name, _) in NAMES {
            self.attempt(name, PRINT, End::Complete);
        }
        self.expire();
        self.sweep();
        let gauges = self.guard.gauges();
        assert_eq!((gauges.completed, gauges.bytes), (0, 0), "a charge is lost");
    }

    /// Releases a key, and never gets on to the unlink.
    pub fn release_and_get_stuck(&self, name: Name) {
        let Admission::Execute(ticket) = self.admit(name, PRINT) else {
            panic!("a new key executes");
        };
        self.set(name, |life| life.state = State::Free);
        Baton::stuck_at(Point::Released, || ticket.release());
    }
}

impl Life {
    fn is_free(&self, now_ms: u64) -> bool {
        match &self.state {
            State::Free => true,
            State::Pending(_) => false,
            State::Completed { expires_ms, .. } => expires_ms.0 <= now_ms,
        }
    }

    fn is_replayed_as(&self, replayed: &str, print: Fingerprint, now_ms: u64) -> bool {
        matches!(&self.state, State::Completed { print: own, content, expires_ms }
            if *own == print && content == replayed.as_bytes() && now_ms < expires_ms.1)
    }

    fn mismatches(&self, print: Fingerprint, now_ms: u64) -> bool {
        match &self.state {
            State::Free => false,
            State::Pending(own) => *own != print,
            State::Completed {
                print: own,
                expires_ms,
                ..
            } => *own != print && now_ms < expires_ms.1,
        }
    }
}
