//! Claims about src/idempotency/record.rs.

use crate::harness::Test;
use crate::idempotency::scene::{
    PRINT, TTL_MS, admit, answer, config, execute, key, run, seen, small, told,
};
use crate::idempotency::stops::Stops;
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard};
use nanoserve::idempotency::points::Point;
use nanoserve::idempotency::record::{Kept, Record, Status};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_claim_is_pending_and_holds_nothing", a_claim_is_pending_and_holds_nothing),
    ("a_record_is_pending_for_all_until_it_is_published", a_record_is_pending_for_all_until_it_is_published),
    ("whoever_sees_completed_sees_the_whole_snapshot", whoever_sees_completed_sees_the_whole_snapshot),
    ("a_record_expires_at_its_moment_and_not_before", a_record_expires_at_its_moment_and_not_before),
    ("only_a_snapshot_of_its_own_takes_bytes", only_a_snapshot_of_its_own_takes_bytes),
    ("a_record_takes_88_bytes", a_record_takes_88_bytes),
];

// N-41
fn a_claim_is_pending_and_holds_nothing() {
    let record = Record::new(PRINT, 7);
    assert_eq!(record.status(), Status::Pending);
    assert_eq!(record.fingerprint(), &PRINT);
    assert_eq!(record.claimed_at_ms(), 7);
    assert!(record.kept().is_none());
    assert_eq!(record.expires_at_ms(), None);
    assert!(
        !record.is_free(u64::MAX),
        "a pending record does not expire"
    );
    assert_eq!(record.as_ref(), b"");
}

// N-6, N-22, N-62: the snapshot is set, and not yet published.
fn a_record_is_pending_for_all_until_it_is_published() {
    let stops = Stops::default();
    let guard = Guard::with_points(config(), Clock::manual(0), stops.clone());
    let ticket = execute(&guard, b"k");
    let set = stops.next_at(Point::SnapshotSet);
    thread::scope(|scope| {
        scope.spawn(|| ticket.complete(answer(201, b"done")));
        set.reached();
        let met = admit(&guard, b"k");
        let Admission::InFlight(first) = &met else {
            panic!("published too early: {}", told(&met));
        };
        assert!(!first.is_over());
        assert_eq!(guard.look_up(key(b"k"))[0].completed, None);
        // The gauge is ahead of the record, so that who sees the replay sees the gauge agree.
        assert_eq!(guard.gauges().pending, 0);
        set.go_on();
    });
    assert_eq!(seen(&guard, b"k"), "Replay done");
}

// N-6, N-21: readers race the publication.
fn whoever_sees_completed_sees_the_whole_snapshot() {
    const READERS: usize = 3;
    let (guard, _) = small();
    let replays = AtomicUsize::new(0);
    let text = "all of it ".repeat(10);
    for turn in 0..40_u8 {
        let ticket = execute(&guard, &[turn + 1]);
        thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    loop {
                        match admit(&guard, &[turn + 1]) {
                            Admission::InFlight(_) => thread::yield_now(),
                            other => {
                                assert_eq!(told(&other), format!("Replay {text}"));
                                replays.fetch_add(1, Ordering::Relaxed);
                                return;
                            }
                        }
                    }
                });
            }
            ticket.complete(answer(201, text.as_bytes()));
        });
    }
    assert_eq!(replays.into_inner(), 40 * READERS);
}

// N-40
fn a_record_expires_at_its_moment_and_not_before() {
    let (guard, clock) = small();
    run(&guard, b"k", b"done");
    clock.advance_us(TTL_MS * 1000 - 1);
    assert_eq!(seen(&guard, b"k"), "Replay done");
    clock.advance_us(1);
    assert_eq!(seen(&guard, b"k"), "Execute");
}

// N-33, N-43
fn only_a_snapshot_of_its_own_takes_bytes() {
    let snapshot = Kept::Snapshot {
        label: 201,
        bytes: [1; 30].into(),
    };
    let net = Kept::Net {
        label: 500,
        bytes: [1; 30].into(),
    };
    let tombstone = Kept::Tombstone { label: 202 };
    assert_eq!(
        [&snapshot, &net, &tombstone].map(Kept::label),
        [201, 500, 202]
    );
    assert_eq!(
        [&snapshot, &net, &tombstone].map(Kept::bytes_held),
        [30, 0, 0]
    );
}

// N-43: what KEY_OVERHEAD_BYTES is counted on; with its two counts an Arc of it fills a chunk of 112 bytes.
fn a_record_takes_88_bytes() {
    assert_eq!(size_of::<Record>(), 88);
}
