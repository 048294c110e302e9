//! Keys, states and opaque bytes: the engine that lets one request with a key run and all others learn its outcome.
//!
//! The guarantee, within one process life: of all requests with one scope and key, at most one executes until its record
//! is released or has expired. Whoever sees a completed record sees all of it, and every replay is the same bytes. A
//! live record, pending or completed, is never evicted: where there is no room, new keys are refused. A record whose
//! owner is lost (a panic, a dropped ticket) is completed all the same, with an answer that was built beforehand.
//!
//! Knows no HTTP word and no socket. In reading order: `key`, `scope` and `fingerprint` say what is compared, `record`
//! what is kept, `chain` and `table` where, `capacity` how much; `guard` is the one door, `ticket` what it hands out,
//! `waiters` who waits for whom; `points` names the places where threads can meet; `sweeper` gives back what has expired.

pub mod sha256;

pub mod key;

pub mod scope;

pub mod fingerprint;

pub mod points;

pub mod record;

pub mod capacity;

pub mod chain;

pub mod table;

pub mod guard;

pub mod ticket;

pub mod waiters;

pub mod sweeper;

use record::Status;

/// What becomes of a key: the state, the verb, the state after it; none is a key that is free.
///
/// A record that is RELEASED, or COMPLETED and expired, may stand in the table a little longer: until the releaser's or
/// the sweeper's unlink, or until a claim replaces it in place. The key is free all the same. A dropped ticket is a
/// `complete` with the guard's last net.
pub const TRANSITIONS: &[(Option<Status>, &str, Option<Status>)] = &[
    (None, "claim", Some(Status::Pending)),
    (Some(Status::Pending), "complete", Some(Status::Completed)),
    (Some(Status::Pending), "release", None),
    (Some(Status::Completed), "expire", None),
];
