//! What the engine's tests are staged with: small guards, and short names for keys and answers.

use nanoserve::clock::Clock;
use nanoserve::idempotency::fingerprint::Fingerprint;
use nanoserve::idempotency::guard::{Admission, Guard, GuardConfig, Replay, Stored, Ticket};
use nanoserve::idempotency::key::Key;
use nanoserve::idempotency::points::{Points, Silent};
use nanoserve::idempotency::record::Outcome;
use nanoserve::idempotency::scope::ScopeDigest;
use nanoserve::idempotency::table::TableShape;
use nanoserve::limits::{CLAIM_ALLOWANCE_BYTES, KEY_OVERHEAD_BYTES};

pub const SCOPE: ScopeDigest = ScopeDigest([1; 32]);
pub const OTHER_SCOPE: ScopeDigest = ScopeDigest([2; 32]);
pub const PRINT: Fingerprint = Fingerprint([3; 32]);
pub const OTHER_PRINT: Fingerprint = Fingerprint([4; 32]);
pub const TTL_MS: u64 = 1000;
pub const NET: &[u8] = b"the last net";
pub const NET_LABEL: u16 = 500;
/// What the smallest claim counts for: a key of one byte.
pub const CLAIM_BYTES: usize = KEY_OVERHEAD_BYTES + 1 + CLAIM_ALLOWANCE_BYTES;

/// One bucket and pages of two at first, so that everything grows and splits at once.
pub const SMALLEST: TableShape = TableShape {
    buckets_initial: 1,
    page_buckets: 2,
};

pub fn key(bytes: &[u8]) -> Key<'_> {
    Key::new(bytes).expect("tests use keys of valid length")
}

pub fn config() -> GuardConfig {
    GuardConfig {
        ttl_ms: TTL_MS,
        keys_max: 64,
        bytes_max: 1 << 20,
        stored_max: 100,
        waiters_max: 4,
        last_net: (NET_LABEL, NET.to_vec()),
        shape: SMALLEST,
    }
}

/// A small guard and the clock that moves it.
pub fn small() -> (Guard<Silent>, Clock) {
    with(config())
}

pub fn with(config: GuardConfig) -> (Guard<Silent>, Clock) {
    let clock = Clock::manual(0);
    (Guard::new(config, clock.clone()), clock)
}

pub fn answer(label: u16, snapshot: &[u8]) -> Outcome {
    Outcome::Answer {
        label,
        snapshot: snapshot.to_vec(),
        content_bytes: snapshot.len(),
    }
}

/// Admits with the usual scope and fingerprint.
pub fn admit<'g, P: Points>(guard: &'g Guard<P>, bytes: &[u8]) -> Admission<'g, P> {
    guard.admit(&SCOPE, key(bytes), &PRINT, || true)
}

/// Admits where the answer must be Execute.
#[track_caller]
pub fn execute<'g, P: Points>(guard: &'g Guard<P>, bytes: &[u8]) -> Ticket<'g, P> {
    match admit(guard, bytes) {
        Admission::Execute(ticket) => ticket,
        other => panic!("wanted Execute, got {}", told(&other)),
    }
}

/// Runs a key to completion.
#[track_caller]
pub fn run<P: Points>(guard: &Guard<P>, bytes: &[u8], snapshot: &[u8]) {
    execute(guard, bytes).complete(answer(201, snapshot));
}

/// An admission in a word: what a replay holds, or which bound was met.
pub fn told<P: Points>(admission: &Admission<'_, P>) -> String {
    match admission {
        Admission::Execute(_) => "Execute".into(),
        Admission::Replay(replay) => format!("Replay {}", held(replay)),
        Admission::InFlight(_) => "InFlight".into(),
        Admission::Mismatch => "Mismatch".into(),
        Admission::Full(full) => format!("Full {full:?}"),
    }
}

/// The word for an admission that must not be Execute, or else its ticket would publish the last net.
#[track_caller]
pub fn seen<P: Points>(guard: &Guard<P>, bytes: &[u8]) -> String {
    told(&admit(guard, bytes))
}

pub fn held(replay: &Replay) -> String {
    match replay.stored() {
        Stored::Snapshot(bytes) => String::from_utf8_lossy(bytes.as_ref().as_ref()).into_owned(),
        Stored::Tombstone(label) => format!("tombstone {label}"),
    }
}

/// What a key and its response count for.
pub fn charged(key_bytes: usize, response_bytes: usize) -> usize {
    KEY_OVERHEAD_BYTES + key_bytes + response_bytes
}
