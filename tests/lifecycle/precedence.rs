//! Claims about several errors in one request: the one that stands higher in `problem::PRECEDENCE` is the answer (N-51).
//!
//! Every pair of neighbours in that table is listed here: with requests that have both errors, or with the reason why no
//! request can have both.

use super::{House, Setup, post, request};
use crate::harness::Test;
use nanoserve::config::Scope;
use nanoserve::http::problem::PRECEDENCE;

pub const TESTS: &[Test] = &[
    (
        "every_pair_of_neighbours_is_accounted_for",
        every_pair_of_neighbours_is_accounted_for,
    ),
    (
        "of_two_errors_the_higher_is_the_answer",
        of_two_errors_the_higher_is_the_answer,
    ),
    (
        "the_heads_refusal_wins_over_what_its_content_shows",
        the_heads_refusal_wins_over_what_its_content_shows,
    ),
    (
        "a_late_content_wins_over_the_heads_refusal",
        a_late_content_wins_over_the_heads_refusal,
    ),
    (
        "known_keys_win_over_draining_and_draining_over_busy",
        known_keys_win_over_draining_and_draining_over_busy,
    ),
];

/// Neighbours that meet in no request, and why.
const NEVER_MEET: &[(&str, &str, &str)] = &[
    (
        "transfer-coding-not-implemented",
        "request-timeout",
        "a head that is whole is judged, not timed",
    ),
    (
        "request-timeout",
        "forbidden",
        "the admin listener takes no content, and a head that is whole is not late",
    ),
    (
        "forbidden",
        "method-not-implemented",
        "on the admin listener: tests/admin.rs",
    ),
    (
        "not-found",
        "method-not-allowed",
        "a path that is not there has no methods",
    ),
    ("key-malformed", "key-missing", "a malformed key is a key"),
    (
        "content-in-flight-full",
        "key-reused",
        "the key is looked at when the content is here",
    ),
    (
        "key-in-flight",
        "response-not-stored",
        "a record is pending or completed",
    ),
    (
        "keys-full",
        "connections-full",
        "a refused connection sends no request that anybody reads",
    ),
    ("connections-full", "handler-failed", "the same"),
];

/// Neighbours that meet, in the order of the table.
const MEET: &[(&str, &str)] = &[
    ("target-too-long", "version-not-supported"),
    ("version-not-supported", "head-too-large"),
    ("head-too-large", "malformed-request"),
    ("malformed-request", "transfer-coding-not-implemented"),
    ("method-not-implemented", "not-found"),
    ("method-not-allowed", "expectation-failed"),
    ("expectation-failed", "field-repeated"),
    ("field-repeated", "scope-missing"),
    ("scope-missing", "key-malformed"),
    ("key-missing", "content-too-large"),
    ("content-too-large", "content-in-flight-full"),
    ("key-reused", "key-in-flight"),
    ("response-not-stored", "draining"),
    ("draining", "workers-busy"),
    ("workers-busy", "keys-full"),
];

// N-51
fn every_pair_of_neighbours_is_accounted_for() {
    for pair in PRECEDENCE.windows(2) {
        let [higher, lower] = [pair[0].name, pair[1].name];
        let never = NEVER_MEET
            .iter()
            .any(|(a, b, _)| (*a, *b) == (higher, lower));
        let meet = MEET.contains(&(higher, lower));
        assert!(never != meet, "{higher} beside {lower}");
    }
    assert_eq!(MEET.len() + NEVER_MEET.len() + 1, PRECEDENCE.len());
}

/// Requests with two errors or more that bytes alone can earn, and the one that is to be the answer.
fn with_two_errors() -> Vec<(&'static str, Vec<u8>)> {
    let long = format!("/{}", "x".repeat(9_000));
    let wide = format!("X-Wide: {}", "x".repeat(20_000));
    let many = vec!["X-Many: x"; 101].join("\r\n");
    let raw = |text: String| text.into_bytes();
    let large = "x".repeat(1001);
    let (kind, key) = ("Content-Type: a", "Idempotency-Key: k");
    vec![
        (
            "target-too-long",
            raw(format!("POST {long} HTTP/2.0\r\nHost: h\r\n\r\n")),
        ),
        (
            "version-not-supported",
            raw(format!("POST / HTTP/2.0\r\n{wide}\r\n\r\n")),
        ),
        (
            "head-too-large",
            raw(format!("POST /run HTTP/1.1\r\n{many}\r\n\r\n")),
        ),
        (
            "malformed-request",
            raw("POST /run HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n".into()),
        ),
        (
            "transfer-coding-not-implemented",
            raw("BREW /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n".into()),
        ),
        ("method-not-implemented", request("BREW /nowhere", &[], "x")),
        ("method-not-implemented", request("CONNECT h:80", &[], "")),
        (
            "not-found",
            request("POST /nowhere", &["Expect: gold", kind, kind], "x"),
        ),
        (
            "method-not-allowed",
            request("PUT /other", &["Expect: gold"], "x"),
        ),
        (
            "expectation-failed",
            request("POST /run", &["Expect: gold", kind, kind], "x"),
        ),
        (
            "field-repeated",
            request("POST /run", &[kind, kind, key], "x"),
        ),
        (
            "field-repeated",
            request(
                "POST /run",
                &["X-Client: a", "X-Client: a", "Idempotency-Key: \""],
                "x",
            ),
        ),
        (
            "field-repeated",
            request("POST /must", &["X-Client: a", "X-Client: a"], "x"),
        ),
        (
            "scope-missing",
            request("POST /run", &["Idempotency-Key: \""], "x"),
        ),
        ("scope-missing", request("POST /must", &[], "x")),
        (
            "key-malformed",
            request(
                "POST /must",
                &["X-Client: a", "Idempotency-Key: \""],
                &large,
            ),
        ),
        (
            "key-missing",
            request("POST /must", &["X-Client: a"], &large),
        ),
        (
            "content-too-large",
            request("POST /run", &["X-Client: a", key], &large),
        ),
    ]
}

// N-51
fn of_two_errors_the_higher_is_the_answer() {
    let house = House::new(Setup {
        scope: Scope::Field("x-client".into()),
        content_max: 1000,
        content_room: 0, // whatever is declared finds no room in flight either
        ..Setup::default()
    });
    for (higher, bytes) in with_two_errors() {
        let answer = house.ask(&bytes);
        assert_eq!(
            answer.problem(),
            higher,
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert_eq!(house.runs(), 0);
}

// N-51: errors at different bytes never meet; the earlier byte wins.
fn the_heads_refusal_wins_over_what_its_content_shows() {
    let house = House::new(Setup {
        content_max: 1000,
        ..Setup::default()
    });
    for (line, status) in [
        ("POST /nowhere", 404),
        ("PUT /other", 405),
        ("POST /must", 400),
    ] {
        for content in ["zz\r\n", "3E9\r\n", "1\r\nab"] {
            let head = format!("{line} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
            let mut client = house.connect();
            let answer = client.ask(format!("{head}{content}").as_bytes());
            assert_eq!(
                answer.status, status,
                "{line}, content {content:?}: {answer:?}"
            );
            assert_eq!(answer.field("Connection"), "close", "{answer:?}");
            assert!(client.exchange(&post("/run", "", "")).is_empty());
        }
        let declared = format!("{line} HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
        assert_eq!(house.ask(declared.as_bytes()).status, status, "{line}");
    }
}

// N-51: request-timeout stands above what the head earned.
fn a_late_content_wins_over_the_heads_refusal() {
    let house = House::new(Setup::default());
    let mut client = house.connect();
    let whole = post("/nowhere", "k", "content");
    assert!(client.exchange(&whole[..whole.len() - 1]).is_empty());
    house.clock.advance_ms(30_000);
    client.ask(b"").expect_problem(408, "request-timeout");
}

// N-51, N-24
fn known_keys_win_over_draining_and_draining_over_busy() {
    let house = House::new(Setup {
        keys_max: 2,
        places: 1,
        stored_max: 10,
        ..Setup::default()
    });
    assert_eq!(house.post("/bytes/11", "large", "").status, 201);
    house.post("/run", "k", "").expect_run(2);
    let place = house.shared.places.take();
    house
        .post("/run", "new", "")
        .expect_problem(503, "workers-busy");
    house
        .post("/run", "k", "x")
        .expect_problem(422, "key-reused");
    house.shared.begin_drain();
    house
        .post("/run", "new", "")
        .expect_problem(503, "draining");
    house
        .post("/run", "k", "x")
        .expect_problem(422, "key-reused");
    house
        .post("/bytes/11", "large", "")
        .expect_problem(410, "response-not-stored");
    drop(place);
}
