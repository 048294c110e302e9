//! Claims about the Full answer and about draining: nothing new is begun, what is known goes on (N-24, N-63).

use super::{House, PATIENCE, Setup, TTL_MS, post, request};
use crate::harness::{Test, wait_until};
use nanoserve::server::connection::Stand;

pub const TESTS: &[Test] = &[
    (
        "at_the_bound_on_keys_new_ones_are_refused_and_known_ones_replay",
        at_the_bound_on_keys_new_ones_are_refused_and_known_ones_replay,
    ),
    (
        "at_the_bound_on_bytes_new_keys_are_refused_and_known_ones_replay",
        at_the_bound_on_bytes_new_keys_are_refused_and_known_ones_replay,
    ),
    (
        "expired_records_do_not_keep_a_full_up",
        expired_records_do_not_keep_a_full_up,
    ),
    (
        "a_full_key_bound_does_not_stop_requests_without_a_key",
        a_full_key_bound_does_not_stop_requests_without_a_key,
    ),
    (
        "without_a_worker_to_spare_nothing_new_runs",
        without_a_worker_to_spare_nothing_new_runs,
    ),
    (
        "with_no_place_at_all_known_keys_still_replay",
        with_no_place_at_all_known_keys_still_replay,
    ),
    (
        "a_place_is_given_back_whatever_a_handler_does",
        a_place_is_given_back_whatever_a_handler_does,
    ),
    (
        "content_that_its_handler_has_is_in_flight_no_more",
        content_that_its_handler_has_is_in_flight_no_more,
    ),
    (
        "a_draining_server_begins_nothing_new",
        a_draining_server_begins_nothing_new,
    ),
    (
        "a_draining_server_replays_and_closes",
        a_draining_server_replays_and_closes,
    ),
    (
        "what_ran_when_the_drain_began_is_finished",
        what_ran_when_the_drain_began_is_finished,
    ),
    (
        "a_replay_takes_no_place_from_a_new_key",
        a_replay_takes_no_place_from_a_new_key,
    ),
];

// N-24
fn at_the_bound_on_keys_new_ones_are_refused_and_known_ones_replay() {
    let house = House::new(Setup {
        keys_max: 3,
        ..Setup::default()
    });
    for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
        house.post("/run", key, "").expect_run(n + 1);
    }
    for key in ["d", "e"] {
        let answer = house.post("/run", key, "");
        answer.expect_problem(503, "keys-full");
        assert_eq!(answer.field("Retry-After"), "30");
        assert!(house.is_unused(key));
    }
    for (n, key) in ["a", "b", "c"].into_iter().enumerate() {
        house.post("/run", key, "").expect_replay(n + 1);
        house
            .post("/run", key, "x")
            .expect_problem(422, "key-reused");
    }
    assert_eq!(house.runs(), 3);
}

// N-24
fn at_the_bound_on_bytes_new_keys_are_refused_and_known_ones_replay() {
    let house = House::new(Setup {
        bytes_max: 4_000,
        ..Setup::default()
    });
    let key = |n: usize| format!("{n:0100}");
    let mut held = 0;
    while house.post("/bytes/500", &key(held), "").status == 201 {
        held += 1;
        assert!(house.guard.gauges().bytes <= 4_000);
    }
    assert!((2..10).contains(&held), "{held}");
    for n in held..held + 3 {
        let answer = house.post("/bytes/500", &key(n), "");
        answer.expect_problem(503, "keys-full");
        assert!(answer.content.contains("bytes"), "{answer:?}");
        assert!(house.is_unused(&key(n)));
    }
    for n in 0..held {
        // One of them may have found no room for its response; none runs again.
        let again = house.post("/bytes/500", &key(n), "");
        assert!(again.is_replay() || again.status == 410, "{again:?}");
    }
    assert_eq!(house.runs(), held);
}

// N-24, N-42
fn expired_records_do_not_keep_a_full_up() {
    let house = House::new(Setup {
        keys_max: 3,
        ..Setup::default()
    });
    for key in ["a", "b", "c"] {
        assert_eq!(house.post("/run", key, "").status, 201);
    }
    house.clock.advance_ms(TTL_MS);
    house.post("/run", "a", "").expect_run(4); // its own place is free, swept or not
    wait_until(PATIENCE, || house.post("/run", "d", "").status == 201);
    assert!(house.guard.gauges().completed <= 3);
}

// N-24: a request without a key takes no room.
fn a_full_key_bound_does_not_stop_requests_without_a_key() {
    let house = House::new(Setup {
        keys_max: 1,
        ..Setup::default()
    });
    house.post("/run", "a", "").expect_run(1);
    house.post("/run", "b", "").expect_problem(503, "keys-full");
    house.post("/run", "", "").expect_run(2);
    house.ask(&request("GET /run", &[], "")).expect_run(3);
}

// N-24, N-13
fn without_a_worker_to_spare_nothing_new_runs() {
    let house = House::new(Setup {
        places: 1,
        ..Setup::default()
    });
    house.post("/run", "known", "").expect_run(1);
    let first = house.while_held("held", || {
        let busy = house.post("/run", "new", "");
        busy.expect_problem(503, "workers-busy");
        assert_eq!(busy.field("Retry-After"), "1");
        assert!(house.is_unused("new"));
        house
            .post("/run", "", "")
            .expect_problem(503, "workers-busy");
        house.post("/run", "known", "").expect_replay(1);
        house
            .post("/run", "known", "x")
            .expect_problem(422, "key-reused");
        house
            .post("/held", "held", "")
            .expect_problem(409, "key-in-flight");
        house.ask(&request("GET /run", &[], "")).expect_run(2);
    });
    first.expect_run(3);
    house.post("/run", "new", "").expect_run(4);
}

// N-24
fn with_no_place_at_all_known_keys_still_replay() {
    let house = House::new(Setup {
        places: 1,
        ..Setup::default()
    });
    house.post("/run", "known", "").expect_run(1);
    let place = house.shared.places.take();
    assert!(place.is_some());
    house
        .post("/run", "new", "")
        .expect_problem(503, "workers-busy");
    house
        .post("/run", "", "")
        .expect_problem(503, "workers-busy");
    house.post("/run", "known", "").expect_replay(1);
    drop(place);
    house.post("/run", "new", "").expect_run(2);
}

// N-24, N-31
fn a_place_is_given_back_whatever_a_handler_does() {
    let house = House::new(Setup {
        places: 1,
        ..Setup::default()
    });
    let targets = [
        "/run",
        "/panic",
        "/refuse/400",
        "/uncommitted",
        "/commit-panic",
    ];
    for target in targets {
        for key in [target, target, ""] {
            let answer = house.post(target, key, "");
            assert_ne!(answer.problem(), "workers-busy", "{target}");
            assert_eq!(house.shared.places.taken(), 0, "{target}");
        }
    }
}

// N-43: handlers may take their time, and what they hold is not to keep others from sending.
fn content_that_its_handler_has_is_in_flight_no_more() {
    let house = House::new(Setup::default());
    let request = post("/held", "k", "content");
    let (head, content) = request.split_at(request.len() - 7);
    let in_two_pieces = || {
        let mut client = house.connect();
        assert!(client.exchange(head).is_empty());
        assert_eq!(house.shared.content_in_flight.used(), 7);
        client.ask(content)
    };
    let answer = house.while_held_by(in_two_pieces, || {
        assert_eq!(house.shared.content_in_flight.used(), 0);
    });
    answer.expect_run(1);
}

// N-63
fn a_draining_server_begins_nothing_new() {
    let house = House::new(Setup::default());
    house.post("/run", "known", "").expect_run(1);
    assert!(house.shared.begin_drain());
    for key in ["new", ""] {
        let answer = house.post("/run", key, "");
        answer.expect_problem(503, "draining");
        assert_eq!(answer.field("Connection"), "close");
        assert_eq!(answer.field("Retry-After"), "5");
    }
    assert!(house.is_unused("new"));
    assert_eq!(house.runs(), 1);
}

// N-63, N-24
fn a_draining_server_replays_and_closes() {
    let house = House::new(Setup::default());
    house.post("/run", "known", "").expect_run(1);
    house.shared.begin_drain();
    let mut client = house.connect();
    let answers = client.exchange(&post("/run", "known", "").repeat(2));
    assert_eq!(answers.len(), 1, "what follows the last answer is not read");
    answers[0].expect_replay(1);
    assert_eq!(answers[0].field("Connection"), "close");
    house
        .post("/run", "known", "x")
        .expect_problem(422, "key-reused");
    let read = house.ask(&request("GET /run", &[], ""));
    read.expect_run(2);
    assert_eq!(read.field("Connection"), "close");
    let mut idle = house.connect();
    assert_eq!(idle.settle(), Stand::Closed);
}

// N-63
fn what_ran_when_the_drain_began_is_finished() {
    let house = House::new(Setup::default());
    let first = house.while_held("k", || {
        house.shared.begin_drain();
        house
            .post("/held", "k", "")
            .expect_problem(409, "key-in-flight");
    });
    first.expect_run(1);
    assert_eq!(first.field("Connection"), "close");
    house.post("/held", "k", "").expect_replay(1);
}

// N-24
fn a_replay_takes_no_place_from_a_new_key() {
    let house = House::new(Setup {
        places: 1,
        ..Setup::default()
    });
    house.post("/run", "known", "").expect_run(1);
    house.while_held("held", || {
        // The only place is taken; a known key needs none.
        house.post("/run", "known", "").expect_replay(1);
        let new = house.post("/run", "new", "");
        new.expect_problem(503, "workers-busy");
    });
    let taken = house
        .shared
        .places
        .take()
        .expect("all places are free again");
    house.post("/run", "known", "").expect_replay(1);
    drop(taken);
}
