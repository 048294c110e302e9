//! Claims about what is recorded (contract, section 4) and for how long (section 5).

use super::{House, PATIENCE, Setup, TTL_MS, request};
use crate::harness::{Test, wait_until};
use nanoserve::metrics::Counter;
use std::thread;

pub const TESTS: &[Test] = &[
    (
        "done_is_recorded_whatever_its_status",
        done_is_recorded_whatever_its_status,
    ),
    (
        "nothing_done_frees_the_key_whatever_its_status",
        nothing_done_frees_the_key_whatever_its_status,
    ),
    (
        "a_released_key_may_be_used_by_another_request",
        a_released_key_may_be_used_by_another_request,
    ),
    (
        "the_500_of_a_panic_is_the_record",
        the_500_of_a_panic_is_the_record,
    ),
    (
        "a_panic_whose_payload_panics_is_a_recorded_500_too",
        a_panic_whose_payload_panics_is_a_recorded_500_too,
    ),
    (
        "content_that_is_never_sent_does_not_count_against_the_bound",
        content_that_is_never_sent_does_not_count_against_the_bound,
    ),
    (
        "a_panic_without_a_key_harms_nobody",
        a_panic_without_a_key_harms_nobody,
    ),
    (
        "what_was_committed_stands_whatever_follows",
        what_was_committed_stands_whatever_follows,
    ),
    (
        "committed_without_a_commit_is_a_recorded_500",
        committed_without_a_commit_is_a_recorded_500,
    ),
    (
        "a_response_at_the_bound_is_stored_and_one_over_it_is_a_tombstone",
        a_response_at_the_bound_is_stored_and_one_over_it_is_a_tombstone,
    ),
    (
        "a_tombstone_names_the_original_status",
        a_tombstone_names_the_original_status,
    ),
    (
        "a_response_that_finds_no_room_is_a_tombstone",
        a_response_that_finds_no_room_is_a_tombstone,
    ),
    ("the_ttl_runs_from_completion", the_ttl_runs_from_completion),
    (
        "reading_does_not_extend_the_ttl",
        reading_does_not_extend_the_ttl,
    ),
    (
        "a_pending_record_outlives_any_ttl",
        a_pending_record_outlives_any_ttl,
    ),
    (
        "of_many_requests_after_expiry_exactly_one_runs",
        of_many_requests_after_expiry_exactly_one_runs,
    ),
];

// N-30
fn done_is_recorded_whatever_its_status() {
    let house = House::new(Setup::default());
    for (n, status) in [200, 201, 302, 402, 404, 500, 503, 599]
        .into_iter()
        .enumerate()
    {
        let target = format!("/status/{status}");
        let key = format!("key-{status}");
        let first = house.post(&target, &key, "");
        assert_eq!((first.status, first.is_replay()), (status, false));
        let again = house.post(&target, &key, "");
        assert_eq!(again.status, status);
        again.expect_replay(n + 1);
    }
    assert_eq!(house.runs(), 8);
}

// N-30
fn nothing_done_frees_the_key_whatever_its_status() {
    let house = House::new(Setup::default());
    let mut runs = 0;
    for status in [200, 201, 400, 415, 422, 500, 503] {
        for _ in 0..2 {
            runs += 1;
            let answer = house.post(&format!("/refuse/{status}"), "k", "");
            assert_eq!((answer.status, answer.is_replay()), (status, false));
            assert_eq!(answer.content, format!("run {runs}"));
            assert!(house.is_unused("k"), "{status}");
        }
    }
    assert_eq!(house.guard.gauges().bytes, 0);
    assert_eq!(house.count(Counter::Released), 14);
}

// N-30: a corrected request may use the key.
fn a_released_key_may_be_used_by_another_request() {
    let house = House::demo(Setup::default());
    let pay = |content: &str| {
        let fields = ["Idempotency-Key: pay", "Content-Type: application/json"];
        house
            .ask(&request("POST /payments", &fields, content))
            .status
    };
    let good = r#"{"from":"alice","to":"bob","amount":1,"currency":"EUR"}"#;
    assert_eq!(pay("{"), 400);
    assert_eq!(pay(&good.replace('1', "0")), 422);
    assert_eq!(pay(good), 201);
    assert_eq!(pay("{"), 422);
}

// N-31
fn the_500_of_a_panic_is_the_record() {
    let house = House::new(Setup::default());
    let first = house.post("/panic", "k", "");
    first.expect_problem(500, "handler-failed");
    let again = house.post("/panic", "k", "");
    assert!(again.is_replay());
    assert_eq!((again.status, &again.content), (500, &first.content));
    assert_eq!(house.runs(), 1);
    assert_eq!(house.count(Counter::HandlerPanic), 1);
    assert_eq!(lab_that_panics("before"), (500, 0));
    assert_eq!(lab_that_panics("after"), (500, 1));
}

/// Asks twice for a lab run that panics: the replay's status, and how often it was counted.
fn lab_that_panics(point: &str) -> (u16, usize) {
    let house = House::demo(Setup::default());
    let target = format!("/lab/runs/x?panic={point}");
    assert!(!house.post(&target, "k", "").is_replay());
    let again = house.post(&target, "k", "");
    assert!(again.is_replay(), "{again:?}");
    let read = house.ask(&request("GET /lab/runs/x", &[], ""));
    let (_, runs) = read
        .content
        .split_once("\"runs\":")
        .expect("the lab says how often");
    (
        again.status,
        runs.trim_end_matches('}').parse().expect("a number"),
    )
}

// N-31
fn a_panic_whose_payload_panics_is_a_recorded_500_too() {
    let house = House::new(Setup::default());
    let first = house.post("/panic-twice", "k", "");
    first.expect_problem(500, "handler-failed");
    let again = house.post("/panic-twice", "k", "");
    assert!(again.is_replay());
    assert_eq!((again.status, &again.content), (500, &first.content));
    assert_eq!(house.runs(), 1);
}

// N-33: the bound is on the content's bytes, and a 204 has none.
fn content_that_is_never_sent_does_not_count_against_the_bound() {
    let house = House::new(Setup::default());
    assert_eq!(house.post("/silent/1001", "k", "").status, 204);
    let again = house.post("/silent/1001", "k", "");
    assert_eq!((again.status, again.is_replay()), (204, true));
}

// N-31: the worker and the connection live on.
fn a_panic_without_a_key_harms_nobody() {
    let house = House::new(Setup::default());
    let mut client = house.connect();
    for run in 1..4 {
        let answer = client.ask(&super::post("/panic", "", ""));
        answer.expect_problem(500, "handler-failed");
        assert_eq!(house.runs(), run);
    }
    assert_eq!(house.shared.places.taken(), 0);
    client.ask(&super::post("/run", "k", "")).expect_run(4);
}

// N-31
fn what_was_committed_stands_whatever_follows() {
    let house = House::new(Setup::default());
    for (target, first) in [("/commit-panic", 1), ("/commit-refuse", 3)] {
        house.post(target, target, "").expect_run(first);
        house.post(target, target, "").expect_replay(first);
        house.post(target, "", "").expect_run(first + 1);
    }
    assert_eq!(house.count(Counter::Released), 0);
}

// N-31
fn committed_without_a_commit_is_a_recorded_500() {
    let house = House::new(Setup::default());
    let first = house.post("/uncommitted", "k", "");
    first.expect_problem(500, "handler-failed");
    let again = house.post("/uncommitted", "k", "");
    assert_eq!((again.status, again.is_replay()), (500, true));
    assert_eq!(again.content, first.content);
    assert_eq!(house.runs(), 1);
}

// N-33
fn a_response_at_the_bound_is_stored_and_one_over_it_is_a_tombstone() {
    let house = House::new(Setup::default()); // stores 1000 bytes
    for (bytes, status) in [
        (0, 201),
        (999, 201),
        (1000, 201),
        (1001, 410),
        (50_000, 410),
    ] {
        let target = format!("/bytes/{bytes}");
        let first = house.post(&target, &target, "");
        assert_eq!((first.status, first.content.len()), (201, bytes));
        for _ in 0..2 {
            let again = house.post(&target, &target, "");
            assert_eq!(again.status, status, "{bytes}");
            if status == 201 {
                assert!(again.is_replay() && again.content == first.content);
            } else {
                again.expect_problem(410, "response-not-stored");
            }
        }
    }
    assert_eq!(house.runs(), 5);
    assert_eq!(house.count(Counter::Tombstone), 2);
    house
        .post("/bytes/1001", "/bytes/50000", "")
        .expect_problem(422, "key-reused");
}

// N-33
fn a_tombstone_names_the_original_status() {
    let house = House::demo(Setup::default());
    let target = "/lab/runs/x?bytes=1001&status=402";
    assert_eq!(house.post(target, "k", "").status, 402);
    let again = house.post(target, "k", "");
    again.expect_problem(410, "response-not-stored");
    assert!(again.content.contains("402"), "{again:?}");
    house.clock.advance_ms(TTL_MS);
    assert_eq!(house.post(target, "k", "").status, 402);
}

// N-33: the first client gets all of it; the claim's allowance always has room for the tombstone.
fn a_response_that_finds_no_room_is_a_tombstone() {
    let house = House::new(Setup {
        bytes_max: 1500,
        ..Setup::default()
    });
    let first = house.post("/bytes/1000", "k", "");
    assert_eq!(first.content.len(), 1000);
    assert!(house.post("/bytes/1000", "k", "").is_replay());
    let second = house.post("/bytes/0", "l", "");
    second.expect_problem(503, "keys-full");
    house.clock.advance_ms(TTL_MS);
    wait_until(PATIENCE, || house.post("/bytes/0", "l", "").status == 201);
    let third = house.post("/bytes/1000", "k", "");
    assert_eq!((third.status, third.content.len()), (201, 1000));
    house
        .post("/bytes/1000", "k", "")
        .expect_problem(410, "response-not-stored");
    assert!(house.guard.gauges().bytes <= 1500);
}

// N-40
fn the_ttl_runs_from_completion() {
    let house = House::new(Setup::default());
    house.post("/late", "k", "").expect_run(1); // half a TTL went by in the handler
    house.clock.advance_ms(TTL_MS - 1);
    house.post("/late", "k", "").expect_replay(1);
    house.clock.advance_ms(1);
    house.post("/late", "k", "").expect_run(2);
}

// N-40
fn reading_does_not_extend_the_ttl() {
    let house = House::new(Setup::default());
    house.post("/run", "k", "").expect_run(1);
    for _ in 0..9 {
        house.clock.advance_ms(TTL_MS / 10);
        house.post("/run", "k", "").expect_replay(1);
    }
    house.clock.advance_ms(TTL_MS / 10);
    house.post("/run", "k", "").expect_run(2);
}

// N-41
fn a_pending_record_outlives_any_ttl() {
    let house = House::new(Setup::default());
    let first = house.while_held("k", || {
        house.clock.advance_ms(100 * TTL_MS);
        house
            .post("/held", "k", "")
            .expect_problem(409, "key-in-flight");
        house
            .post("/run", "k", "")
            .expect_problem(422, "key-reused");
    });
    first.expect_run(1);
    house.post("/held", "k", "").expect_replay(1);
}

// N-40
fn of_many_requests_after_expiry_exactly_one_runs() {
    const CLIENTS: usize = 8;
    let house = House::new(Setup {
        places: CLIENTS,
        ..Setup::default()
    });
    for round in 0..20 {
        let ran = thread::scope(|scope| {
            let ask = || house.post("/run", "k", "");
            let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
            let answers = clients
                .into_iter()
                .map(|client| client.join().expect("no panic"));
            answers
                .filter(|answer| answer.status == 201 && !answer.is_replay())
                .count()
        });
        assert_eq!((ran, house.runs()), (1, round + 1));
        house.clock.advance_ms(TTL_MS);
    }
}
