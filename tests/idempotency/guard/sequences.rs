//! The guard beside its model: over all short sequences of operations, and over long random ones.

use crate::harness::note;
use crate::harness::random::Random;
use crate::harness::stress::{rounds, stress_time};
use crate::idempotency::guard::beside::{Op, Pair, beside};
use crate::idempotency::guard::model::{Caller, Place};
use crate::idempotency::scene::{SMALLEST, TTL_MS, charged, config};
use nanoserve::idempotency::guard::GuardConfig;
use nanoserve::idempotency::table::TableShape;
use nanoserve::limits::CLAIM_ALLOWANCE_BYTES;
use std::panic::{self, AssertUnwindSafe};

/// Who takes part in a set of sequences, under which bounds, and how large the answers are.
struct Cast {
    name: &'static str,
    config: GuardConfig,
    /// At most two; the second does nothing before the first.
    places: Vec<Place>,
    sizes: &'static [usize],
    /// Whether duplicates wait. Then there is nothing to sweep and time passes by whole TTLs, so that sequences can be longer.
    waiting: bool,
    /// Operations of the longest ones.
    length: usize,
    /// So many sequences at least: fewer, and something is passed over.
    played_min: usize,
}

const fn place(caller: Caller, key: u8) -> Place {
    Place { caller, key }
}

fn casts() -> Vec<Cast> {
    let two_keys = || vec![place(Caller::Usual, 1), place(Caller::Usual, 2)];
    let claim = |key_bytes| charged(key_bytes, CLAIM_ALLOWANCE_BYTES);
    vec![
        Cast {
            name: "two keys, room for both",
            config: GuardConfig {
                keys_max: 2,
                ..config()
            },
            places: two_keys(),
            waiting: false,
            sizes: &[100, 101], // around stored_max
            length: 5,
            played_min: 35_000,
        },
        Cast {
            name: "one key of two callers, room for one record",
            config: GuardConfig {
                keys_max: 1,
                ..config()
            },
            places: vec![place(Caller::Usual, 1), place(Caller::Other, 1)],
            waiting: false,
            sizes: &[0, 101],
            length: 5,
            played_min: 25_000,
        },
        Cast {
            name: "bytes for two claims and not one more",
            config: GuardConfig {
                bytes_max: claim(1) + claim(2),
                stored_max: 1000,
                ..config()
            },
            places: two_keys(),
            waiting: false,
            sizes: &[CLAIM_ALLOWANCE_BYTES, CLAIM_ALLOWANCE_BYTES + 1],
            length: 5,
            played_min: 35_000,
        },
        Cast {
            name: "one key and its answer fill all bytes",
            config: GuardConfig {
                bytes_max: charged(1, 1000),
                stored_max: 5000,
                ..config()
            },
            places: vec![place(Caller::Usual, 1)],
            waiting: false,
            sizes: &[1000, 1001],
            length: 5,
            played_min: 10_000,
        },
        Cast {
            name: "duplicates that wait in three places",
            config: GuardConfig {
                waiters_max: 3,
                ..config()
            },
            places: vec![place(Caller::Usual, 1)],
            waiting: true,
            sizes: &[100],
            length: 8,
            played_min: 30_000,
        },
    ]
}

/// What may come next: everything, save what needs a ticket, or somebody who waits, where there is none.
fn candidates(cast: &Cast, ops: &[Op], pair: &Pair<'_>) -> Vec<Op> {
    let mut next = match ops {
        [] => Vec::new(), // nothing passes and nothing is swept before the first claim
        _ if cast.waiting => vec![Op::Advance(TTL_MS)],
        // Up to the moment of expiry, exactly to it, and past it.
        _ => vec![
            Op::Advance(TTL_MS - 1),
            Op::Advance(1),
            Op::Sweep,
            Op::SweepStep,
        ],
    };
    // Until it is used the second place is like the first, so it waits for that.
    let first = cast.places[0];
    let is_used = ops.contains(&Op::Claim(first)) || ops.contains(&Op::ClaimOtherwise(first));
    let open = if is_used { cast.places.len() } else { 1 };
    for place in &cast.places[..open] {
        next.extend([Op::Claim(*place), Op::ClaimOtherwise(*place)]);
        if pair.has_ticket(*place) {
            next.extend(cast.sizes.iter().map(|size| Op::Complete(*place, *size)));
            next.extend([Op::Release(*place), Op::Drop(*place)]);
        }
    }
    if cast.waiting {
        next.retain(|op| !matches!(op, Op::ClaimOtherwise(_) | Op::Drop(_)));
        next.extend(pair.can_wait().then_some(Op::Wait));
        let waiting = 0..pair.waiting();
        next.extend(waiting.flat_map(|nth| [Op::Again(nth), Op::GiveUp(nth)]));
    }
    next
}

/// Plays a sequence from its beginning, and each that begins with it and is up to `left` operations longer; returns how
/// many that were.
fn play(cast: &Cast, ops: &mut Vec<Op>, left: usize) -> usize {
    let next = panic::catch_unwind(AssertUnwindSafe(|| {
        beside(&cast.config, |pair| {
            for (at, op) in ops.iter().enumerate() {
                pair.step(*op, 1 + u8::from(at % 2 == 1));
            }
            candidates(cast, ops, pair)
        })
    }));
    let Ok(next) = next else {
        panic!("{}: {ops:?}", cast.name);
    };
    let mut played = 1;
    if left > 0 {
        for op in next {
            ops.push(op);
            played += play(cast, ops, left - 1);
            ops.pop();
        }
    }
    played
}

// N-20 to N-24, N-30, N-31, N-33, N-40, N-41, N-43
pub fn all_short_sequences_agree_with_the_model() {
    for cast in casts() {
        // `make stress` has the time, and a release build.
        let length = cast.length + 2 * usize::from(stress_time().is_some());
        let played = play(&cast, &mut Vec::new(), length);
        assert!(played >= cast.played_min, "{}: {played}", cast.name);
    }
}

// N-20 to N-24, N-30, N-31, N-33, N-40, N-41, N-43: bounds that are drawn tight, so that each is met often. SEED repeats
// the operations; where in the table the keys lie is drawn anew each time.
pub fn long_random_sequences_agree_with_the_model() {
    const LENGTH: usize = 10_000;
    let mut random = Random::new();
    rounds(10, |_| {
        let keys_max = random.within(1..=20);
        let bytes_max = random.within(1..=keys_max) * charged(8, CLAIM_ALLOWANCE_BYTES);
        let config = GuardConfig {
            keys_max,
            bytes_max,
            stored_max: random.below(1_500),
            waiters_max: random.within(1..=5),
            shape: TableShape {
                buckets_initial: 1 << random.below(4),
                ..SMALLEST
            },
            ..config()
        };
        note(format!("{config:?}"));
        beside(&config, |pair| {
            for _ in 0..LENGTH {
                let op = draw(&mut random, pair, &config);
                let key = 1 + u8::try_from(random.below(KEYS)).expect("few keys");
                pair.step(op, key);
            }
        });
    });
}

/// Keys of each caller in a random sequence.
const KEYS: usize = 15;

fn draw(random: &mut Random, pair: &Pair<'_>, config: &GuardConfig) -> Op {
    let caller = *random.pick(&[Caller::Usual, Caller::Other]);
    let key = 1 + u8::try_from(random.below(KEYS)).expect("few keys");
    let place = Place { caller, key };
    let ticket = pair.a_ticket(random);
    match (random.below(20), ticket) {
        (0..7, _) => Op::Claim(place),
        (7, _) => Op::ClaimOtherwise(place),
        (8, _) => Op::Advance(*random.pick(&[1, TTL_MS / 4, TTL_MS - 1, TTL_MS, TTL_MS + 1])),
        (9, _) => Op::Sweep,
        (10, _) => Op::Wait,
        (11..13, _) => Op::Again(random.below(5)),
        (13, _) => Op::GiveUp(random.below(5)),
        (14, _) | (_, None) => Op::SweepStep,
        (15, Some(place)) => Op::Release(place),
        (16, Some(place)) => Op::Drop(place),
        (17, Some(place)) => Op::Complete(place, config.stored_max + random.below(2)),
        // Just all the room there is, or all but what one more claim takes, or a byte more than that.
        (18, Some(place)) => {
            let claim = charged(key.into(), CLAIM_ALLOWANCE_BYTES);
            let left = *random.pick(&[0, claim]);
            Op::Complete(
                place,
                pair.room_for(place).saturating_sub(left) + random.below(2),
            )
        }
        (_, Some(place)) => Op::Complete(place, random.below(1_500)),
    }
}
