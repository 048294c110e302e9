//! The guard against a model of it: a `HashMap` and the sentences of the contract, one thread.

use crate::idempotency::scene::{
    Numbers, OTHER_PRINT, PRINT, SCOPE, TTL_MS, answer, charged, config, key, told,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::guard::{Admission, Gauges, Guard, GuardConfig, Ticket};
use nanoserve::idempotency::sweeper::Sweep;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;
use std::collections::HashMap;

#[derive(Clone, Copy, Debug)]
enum Op {
    Claim(u8),
    ClaimOtherwise(u8),
    /// With a response of so many bytes.
    Complete(u8, usize),
    Release(u8),
    Drop(u8),
    Advance(u64),
    Sweep,
}

#[derive(Clone, Copy)]
enum State {
    Pending(bool),
    Completed {
        usual: bool,
        answer: Answer,
        expires_at: u64,
    },
}

#[derive(Clone, Copy)]
enum Answer {
    Bytes(usize),
    Net,
    Tombstone,
}

#[derive(Clone)]
struct Model {
    bounds: GuardConfig,
    keys: HashMap<u8, State>,
    now: u64,
}

impl Model {
    fn new(bounds: GuardConfig) -> Model {
        Model {
            bounds,
            keys: HashMap::new(),
            now: 0,
        }
    }

    fn pending(&self, key: u8) -> bool {
        matches!(self.keys.get(&key), Some(State::Pending(_)))
    }

    fn bytes_but_for(&self, but: u8) -> usize {
        let others = self.keys.iter().filter(|(key, _)| **key != but);
        others.map(|(_, state)| cost(*state)).sum()
    }

    fn gauges(&self) -> Gauges {
        let pending = self.keys.keys().filter(|key| self.pending(**key)).count();
        Gauges {
            pending,
            completed: self.keys.len() - pending,
            bytes: self.keys.values().map(|state| cost(*state)).sum(),
        }
    }

    fn claim(&mut self, key: u8, usual: bool) -> String {
        let pending = State::Pending(usual);
        match self.keys.get(&key) {
            Some(State::Pending(claimed)) if *claimed == usual => return "InFlight".into(),
            Some(State::Pending(_)) => return "Mismatch".into(),
            Some(State::Completed {
                usual: claimed,
                answer,
                expires_at,
            }) if self.now < *expires_at => {
                return match answer {
                    _ if *claimed != usual => "Mismatch".into(),
                    Answer::Bytes(n) => format!("Replay {}", "x".repeat(*n)),
                    Answer::Net => "Replay the last net".into(),
                    Answer::Tombstone => "Replay tombstone 201".into(),
                };
            }
            None if self.keys.len() == self.bounds.keys_max => return "Full Keys".into(),
            _ => {}
        }
        if self.bytes_but_for(key) + cost(pending) > self.bounds.bytes_max {
            return "Full Bytes".into();
        }
        self.keys.insert(key, pending);
        "Execute".into()
    }

    fn complete(&mut self, key: u8, n: Option<usize>) {
        let Some(State::Pending(usual)) = self.keys.get(&key).copied() else {
            panic!("only a pending key is completed");
        };
        let completed = |answer| State::Completed {
            usual,
            answer,
            expires_at: self.now + TTL_MS,
        };
        let kept = n.map_or(Answer::Net, Answer::Bytes);
        let fits = self.bytes_but_for(key) + cost(completed(kept)) <= self.bounds.bytes_max;
        let stored = n.is_none_or(|n| n <= self.bounds.stored_max);
        let state = completed(if fits && stored {
            kept
        } else {
            Answer::Tombstone
        });
        self.keys.insert(key, state);
    }

    fn sweep(&mut self) -> usize {
        let (before, now) = (self.keys.len(), self.now);
        self.keys.retain(
            |_, state| !matches!(state, State::Completed { expires_at, .. } if now >= *expires_at),
        );
        before - self.keys.len()
    }
}

fn cost(state: State) -> usize {
    charged(
        1,
        match state {
            State::Pending(_) => CLAIM_ALLOWANCE_BYTES,
            State::Completed {
                answer: Answer::Bytes(n),
                ..
            } => n,
            State::Completed { .. } => 0,
        },
    )
}

/// The guard, its open tickets and the model, moved together and compared after each step.
struct Pair<'g> {
    guard: &'g Guard,
    clock: Clock,
    tickets: HashMap<u8, Ticket<'g>>,
    model: Model,
}

impl Pair<'_> {
    fn step(&mut self, op: Op) {
        match op {
            Op::Claim(key) => self.claim(key, true),
            Op::ClaimOtherwise(key) => self.claim(key, false),
            Op::Complete(key, n) => {
                let ticket = self.tickets.remove(&key).expect("the model has it pending");
                ticket.complete(answer(201, "x".repeat(n).as_bytes()));
                self.model.complete(key, Some(n));
            }
            Op::Release(key) => {
                let ticket = self.tickets.remove(&key).expect("the model has it pending");
                ticket.release();
                self.model.keys.remove(&key);
            }
            Op::Drop(key) => {
                self.tickets.remove(&key);
                self.model.complete(key, None);
            }
            Op::Advance(ms) => {
                self.clock.advance_ms(ms);
                self.model.now += ms;
            }
            Op::Sweep => {
                let step = self.guard.sweep_step(&mut Sweep::default(), usize::MAX);
                assert_eq!(step.removed, self.model.sweep());
                assert!(step.nothing_before_ms.is_some_and(|at| at > self.model.now));
            }
        }
        assert_eq!(self.guard.gauges(), self.model.gauges());
    }

    fn claim(&mut self, number: u8, usual: bool) {
        let fingerprint: &Fingerprint = if usual { &PRINT } else { &OTHER_PRINT };
        let admission = self
            .guard
            .admit(&SCOPE, key(&[number]), fingerprint, || true);
        assert_eq!(told(&admission), self.model.claim(number, usual));
        if let Admission::Execute(ticket) = admission {
            self.tickets.insert(number, ticket);
        }
    }
}

fn replay(bounds: &GuardConfig, ops: &[Op]) {
    let clock = Clock::manual(0);
    let guard = Guard::new(bounds.clone(), clock.clone());
    let mut pair = Pair {
        guard: &guard,
        clock,
        tickets: HashMap::new(),
        model: Model::new(bounds.clone()),
    };
    for op in ops {
        pair.step(*op);
    }
}

/// All sequences of exactly `left` more operations that mean something: a ticket is only used where there is one.
fn extend(model: &Model, ops: &mut Vec<Op>, left: usize, run: &mut impl FnMut(&[Op])) {
    if left == 0 {
        return run(ops);
    }
    let mut candidates = vec![Op::Advance(TTL_MS), Op::Sweep];
    for key in [1, 2] {
        // Until one is used, the keys are the same: the second waits for the first.
        if key == 1
            || ops
                .iter()
                .any(|op| matches!(op, Op::Claim(1) | Op::ClaimOtherwise(1)))
        {
            candidates.push(Op::Claim(key));
            candidates.push(Op::ClaimOtherwise(key));
        }
        if model.pending(key) {
            candidates.extend([Op::Complete(key, 30), Op::Release(key), Op::Drop(key)]);
        }
    }
    for op in candidates {
        let mut next = model.clone();
        match op {
            Op::Claim(key) => drop(next.claim(key, true)),
            Op::ClaimOtherwise(key) => drop(next.claim(key, false)),
            Op::Complete(key, n) => next.complete(key, Some(n)),
            Op::Drop(key) => next.complete(key, None),
            Op::Release(key) => drop(next.keys.remove(&key)),
            Op::Advance(ms) => next.now += ms,
            Op::Sweep => drop(next.sweep()),
        }
        ops.push(op);
        extend(&next, ops, left - 1, run);
        ops.pop();
    }
}

// N-20 to N-24, N-30, N-33, N-40, N-41, N-43
pub(super) fn all_short_sequences_agree_with_the_model() {
    for keys_max in [1, 2] {
        let bounds = GuardConfig {
            keys_max,
            ..config()
        };
        let mut sequences = 0;
        extend(
            &Model::new(bounds.clone()),
            &mut Vec::new(),
            5,
            &mut |ops| {
                sequences += 1;
                let outcome = std::panic::catch_unwind(|| replay(&bounds, ops));
                assert!(outcome.is_ok(), "keys_max {keys_max}: {ops:?}");
            },
        );
        assert!(sequences > 10_000, "{sequences} sequences");
    }
}

// N-20 to N-24, N-30, N-33, N-40, N-41, N-43: tight bounds on keys, bytes and content, so that each is met often.
pub(super) fn long_random_sequences_agree_with_the_model() {
    let mut numbers = Numbers::fresh("long_random_sequences_agree_with_the_model");
    let bounds = GuardConfig {
        keys_max: 20,
        bytes_max: 15 * charged(1, CLAIM_ALLOWANCE_BYTES),
        stored_max: 1000,
        ..config()
    };
    let clock = Clock::manual(0);
    let guard = Guard::new(bounds.clone(), clock.clone());
    let mut pair = Pair {
        guard: &guard,
        clock,
        tickets: HashMap::new(),
        model: Model::new(bounds),
    };
    for _ in 0..30_000 {
        let key = u8::try_from(numbers.below(30) + 1).expect("at most 30");
        let op = match numbers.below(12) {
            0..4 => Op::Claim(key),
            4 => Op::ClaimOtherwise(key),
            5 => Op::Advance(numbers.below(400) as u64),
            6 => Op::Sweep,
            chosen if !pair.model.pending(key) => {
                let _ = chosen;
                continue;
            }
            7 => Op::Release(key),
            8 => Op::Drop(key),
            _ => Op::Complete(key, numbers.below(1100)),
        };
        pair.step(op);
    }
}
