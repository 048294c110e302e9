//! [4] What each of the five answers of `admit` costs, on one thread; the fingerprint is made beforehand.

use crate::keys::{Uuid, uuids};
use crate::runner::Runner;
use crate::timing::{in_rounds, timed};
use nanoserve::clock::Clock;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::guard::{Admission, Full, Guard, GuardConfig, Ticket};
use nanoserve::idempotency::key::Key;
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::scope::ScopeDigest;
use std::hint::black_box;

const SCOPE: ScopeDigest = ScopeDigest([9; 32]);
const FINGERPRINT: Fingerprint = Fingerprint([7; 32]);
const OTHER_FINGERPRINT: Fingerprint = Fingerprint([8; 32]);
/// New keys in one table; then the next one begins, empty.
const ROUND_KEYS: usize = 100_000;

/// Execute with both of its ends, then the answers that change nothing.
pub fn measure(runner: &mut Runner) {
    let keys = uuids(runner.size(ROUND_KEYS, 100));
    let (first, second) = (&keys[0], &keys[1]);
    let mut group = runner.group("admit");
    group.equal_samples().bench("Execute, complete", |b| {
        b.iter_custom(|iterations| {
            in_rounds(iterations, keys.len(), |count| {
                let guard = guard(keys.len());
                timed(|| {
                    for key in &keys[..count] {
                        complete(execute(&guard, key));
                    }
                })
            })
        });
    });

    let guard_of_one = guard(1);
    group.bench("Execute, release", |b| {
        b.iter(|| execute(&guard_of_one, first).release());
    });

    let pending = execute(&guard_of_one, first);
    group.bench("InFlight", |b| {
        b.iter(|| {
            let answer = admit(&guard_of_one, first, &FINGERPRINT);
            assert!(matches!(answer, Admission::InFlight(_)));
        });
    });
    complete(pending);
    group.bench("Replay", |b| {
        b.iter(|| {
            let answer = admit(&guard_of_one, first, &FINGERPRINT);
            assert!(matches!(answer, Admission::Replay(_)));
        });
    });
    group.bench("Mismatch", |b| {
        b.iter(|| {
            let answer = admit(&guard_of_one, first, &OTHER_FINGERPRINT);
            assert!(matches!(answer, Admission::Mismatch));
        });
    });
    group.bench("Full of keys", |b| {
        b.iter(|| {
            let answer = admit(&guard_of_one, second, &FINGERPRINT);
            assert!(matches!(answer, Admission::Full(Full::Keys)));
        });
    });
    group.bench("Full of workers", |b| {
        b.iter(|| {
            let answer = guard_of_one.admit(&SCOPE, key(black_box(second)), &FINGERPRINT, || false);
            assert!(matches!(answer, Admission::Full(Full::Workers)));
        });
    });
}

fn guard(keys_max: usize) -> Guard {
    let config = GuardConfig {
        keys_max,
        ..GuardConfig::default()
    };
    Guard::new(config, Clock::system())
}

fn key(uuid: &Uuid) -> Key<'_> {
    Key::new(uuid).expect("36 bytes are within a key's bounds")
}

fn admit<'g>(guard: &'g Guard, uuid: &Uuid, fingerprint: &Fingerprint) -> Admission<'g> {
    guard.admit(&SCOPE, key(black_box(uuid)), black_box(fingerprint), || {
        true
    })
}

fn execute<'g>(guard: &'g Guard, uuid: &Uuid) -> Ticket<'g> {
    match admit(guard, uuid, &FINGERPRINT) {
        Admission::Execute(ticket) => ticket,
        _ => panic!("a new key, or one given back, is executed"),
    }
}

/// With an answer of the size that an echo or a payment leaves.
fn complete(ticket: Ticket<'_>) {
    ticket.complete(Outcome::Answer {
        label: 200,
        snapshot: vec![b'x'; 300],
        content_bytes: 300,
    });
}
