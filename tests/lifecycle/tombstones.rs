//! Claims about answers that are not kept (N-33), and about the one that always is (N-31).

use super::{House, Setup, TTL_MS, post, request};
use crate::harness::Test;
use nanoserve::http::snapshot;
use nanoserve::lifecycle::handler_failed;
use nanoserve::limits::{CLAIM_ALLOWANCE_BYTES, KEY_OVERHEAD_BYTES};
use nanoserve::metrics::Counter;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_bound_of_nothing_or_one_byte_is_kept_to_the_byte", a_bound_of_nothing_or_one_byte_is_kept_to_the_byte),
    ("what_has_no_content_is_stored_whatever_the_bound", what_has_no_content_is_stored_whatever_the_bound),
    ("one_byte_of_room_decides", one_byte_of_room_decides),
    ("a_tombstone_is_an_answer_of_the_guard", a_tombstone_is_an_answer_of_the_guard),
    ("reading_does_not_extend_a_tombstones_time", reading_does_not_extend_a_tombstones_time),
    ("the_500_of_a_panic_is_stored_whatever_the_bounds", the_500_of_a_panic_is_stored_whatever_the_bounds),
    ("the_longest_500_of_a_panic_fits_the_claims_allowance", the_longest_500_of_a_panic_fits_the_claims_allowance),
];

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn storing(stored_max: usize) -> House {
    House::new(Setup {
        stored_max,
        ..Setup::default()
    })
}

// N-33
fn a_bound_of_nothing_or_one_byte_is_kept_to_the_byte() {
    for (stored_max, cases) in [
        (0, [(0, 201), (1, 410), (2, 410)]),
        (1, [(0, 201), (1, 201), (2, 410)]),
    ] {
        let house = storing(stored_max);
        for (run, (bytes, status)) in (1..).zip(cases) {
            let target = format!("/bytes/{bytes}");
            let first = house.post(&target, &target, "");
            assert_eq!((first.status, first.content.len()), (201, bytes));
            let again = house.post(&target, &target, "");
            assert_eq!(again.status, status, "{bytes} of {stored_max}");
            assert_eq!(again.is_replay(), status == 201);
            assert_eq!(house.runs(), run);
        }
    }
}

// N-33: the bound is on the content's bytes, as they are sent.
fn what_has_no_content_is_stored_whatever_the_bound() {
    let house = House::demo(Setup {
        stored_max: 0,
        ..Setup::default()
    });
    for status in [204, 205, 304] {
        let target = format!("/lab/runs/x?status={status}&bytes=5000&field=X-Kept:yes");
        let first = house.post(&target, &target, "");
        let again = house.post(&target, &target, "");
        for answer in [&first, &again] {
            assert_eq!((answer.status, answer.content.as_str()), (status, ""));
            assert_eq!(answer.field("X-Kept"), "yes");
        }
        assert_eq!((first.is_replay(), again.is_replay()), (false, true));
    }
    assert_eq!(house.count(Counter::Tombstone), 0);
}

// N-33, N-43: what counts is the recorded answer with its field lines, learnt from a house that has room.
fn one_byte_of_room_decides() {
    let roomy = House::new(Setup::default());
    roomy.post("/bytes/900", "k", "");
    let bytes = roomy.guard.gauges().bytes;
    assert!(bytes > KEY_OVERHEAD_BYTES + 1 + CLAIM_ALLOWANCE_BYTES);
    for (bytes_max, status) in [(bytes, 201), (bytes - 1, 410)] {
        let house = House::new(Setup {
            bytes_max,
            ..Setup::default()
        });
        let first = house.post("/bytes/900", "k", "");
        assert_eq!((first.status, first.content.len()), (201, 900));
        assert_eq!(house.post("/bytes/900", "k", "").status, status);
        assert_eq!(house.runs(), 1);
        assert_eq!(house.count(Counter::Tombstone), u64::from(status == 410));
        assert!(house.guard.gauges().bytes <= bytes_max);
    }
}

// N-25, N-33, N-62
fn a_tombstone_is_an_answer_of_the_guard() {
    let house = House::demo(Setup::default());
    let mut client = house.connect();
    for (n, status) in (1..).zip([200, 302, 402, 500, 503]) {
        let target = format!("/lab/runs/x?bytes=1001&status={status}");
        let key = format!("k{status}");
        assert_eq!(client.ask(&post(&target, &key, "")).status, status);
        let gone = client.ask(&post(&target, &key, ""));
        gone.expect_problem(410, "response-not-stored");
        assert!(
            gone.content.contains(&format!("answered with {status};")),
            "{gone:?}"
        );
        assert_eq!(gone.field("Retry-After"), "", "a retry changes nothing");
        assert_eq!(gone.field("Connection"), "", "the connection lives on");
        let other = client.ask(&post(&target, &key, "x"));
        other.expect_problem(422, "key-reused");
        assert_eq!(house.count(Counter::Tombstone), n);
        assert_eq!(house.count(Counter::Replay), n);
        assert_eq!(house.meters.refusals("response-not-stored"), n);
        assert_eq!(house.meters.refusals("key-reused"), n);
    }
    assert_eq!(house.count(Counter::Execute), 5);
}

// N-33, N-40
fn reading_does_not_extend_a_tombstones_time() {
    let house = House::new(Setup::default());
    house.post("/bytes/1001", "k", "");
    for _ in 0..9 {
        house.clock.advance_ms(TTL_MS / 10);
        assert_eq!(house.post("/bytes/1001", "k", "").status, 410);
        assert_eq!(house.post("/bytes/1001", "k", "x").status, 422);
    }
    house.clock.advance_ms(TTL_MS / 10);
    assert_eq!(house.post("/bytes/1001", "k", "").status, 201);
    assert_eq!(house.runs(), 2);
}

// N-31: there is no content that may be stored, and not a byte of room beyond the claim's own.
fn the_500_of_a_panic_is_stored_whatever_the_bounds() {
    for target in ["/panic", "/uncommitted"] {
        let house = House::new(Setup {
            stored_max: 0,
            bytes_max: KEY_OVERHEAD_BYTES + 1 + CLAIM_ALLOWANCE_BYTES,
            ..Setup::default()
        });
        let id = format!("traceparent: {TRACEPARENT}");
        let ask = || {
            let line = format!("POST {target}");
            house.ask(&request(&line, &["Idempotency-Key: k", &id], ""))
        };
        let first = ask();
        first.expect_problem(500, "handler-failed");
        assert!(first.content.contains(TRACEPARENT), "{first:?}");
        let again = ask();
        assert!(again.is_replay(), "{again:?}");
        assert_eq!((again.status, &again.content), (500, &first.content));
        assert_eq!(house.count(Counter::Tombstone), 0);
        assert_eq!(house.runs(), 1);
    }
}

// N-31, N-33: limits.rs names the figure.
fn the_longest_500_of_a_panic_fits_the_claims_allowance() {
    let recorded = snapshot::encode(&handler_failed(TRACEPARENT)).len();
    assert_eq!(recorded, 393);
    assert!(recorded <= CLAIM_ALLOWANCE_BYTES);
    // The ids that workers make up are shorter: a listener's number, a worker's, and the request's (host.rs, worker.rs).
    let own = format!("{:016x}-{:x}-{}", u64::MAX, 4095, u64::MAX);
    assert!(own.len() <= TRACEPARENT.len());
}
