//! N-15: a key belongs to the caller.

use crate::support::{Request, Server};

fn by(caller: &str) -> Request {
    Request::lab("scope")
        .key("shared")
        .field("Authorization", caller)
}

// N-15
#[test]
fn two_callers_equal_keys_never_meet() {
    let server = Server::lab(&[]);
    let callers = [
        by("Bearer one"),
        by("Bearer two"),
        by("bearer one"),
        by(""),
        Request::lab("scope").key("shared"),
    ];
    for (n, request) in (1..).zip(&callers) {
        let answer = server.send(request).expect(201);
        assert!(!answer.is_replay());
        assert_eq!(answer.runs(), n);
    }
    for (n, request) in (1..).zip(&callers) {
        let answer = server.send(request).expect(201);
        assert!(answer.is_replay());
        assert_eq!(answer.runs(), n, "each caller has its own answer");
    }
}

// N-15, N-23
#[test]
fn another_callers_request_is_no_mismatch() {
    let server = Server::lab(&[]);
    server.send(&by("Bearer one").content("one")).expect(201);
    server.send(&by("Bearer two").content("two")).expect(201);
    server
        .send(&by("Bearer one").content("two"))
        .expect_problem(422, "key-reused");
}

// N-15
#[test]
fn white_space_around_the_scope_value_does_not_enter() {
    let server = Server::lab(&[]);
    server.send(&by("Bearer one")).expect(201);
    assert!(server.send(&by(" \tBearer one \t")).expect(201).is_replay());
}

// N-15
#[test]
fn without_a_scope_all_callers_share_keys() {
    let server = Server::lab(&["--scope", "none"]);
    server.send(&by("Bearer one")).expect(201);
    assert!(server.send(&by("Bearer two")).expect(201).is_replay());
    assert!(
        server
            .send(&Request::lab("scope").key("shared"))
            .expect(201)
            .is_replay()
    );
    assert_eq!(server.runs("scope"), 1);
}

// N-15
#[test]
fn the_scope_can_be_a_field_that_a_gateway_sets() {
    let server = Server::lab(&["--scope", "field:X-Client-Id"]);
    server
        .send(&by("Bearer one").field("X-Client-Id", "7"))
        .expect(201);
    let other_token = by("Bearer refreshed").field("x-client-id", "7");
    assert!(server.send(&other_token).expect(201).is_replay());
    let other_client = by("Bearer one").field("X-Client-Id", "8");
    assert!(!server.send(&other_client).expect(201).is_replay());
    assert_eq!(server.runs("scope"), 2);
}

// N-15
#[test]
fn a_request_without_the_scope_field_is_refused_not_shared() {
    let server = Server::lab(&["--scope", "field:X-Client-Id"]);
    server
        .send(&by("Bearer one"))
        .expect_problem(400, "scope-missing");
    assert_eq!(server.runs("scope"), 0);
    server.send(&Request::get("/lab/runs/scope")).expect(200);
}

// N-15
#[test]
fn two_lines_of_the_scope_field_are_refused() {
    let server = Server::lab(&[]);
    let twice = by("Bearer one").field("authorization", "Bearer one");
    server.send(&twice).expect_problem(400, "field-repeated");
    assert_eq!(server.runs("scope"), 0);
    let server = Server::lab(&["--scope", "field:X-Client-Id"]);
    let twice = by("Bearer one")
        .field("X-Client-Id", "7")
        .field("X-Client-Id", "7");
    server.send(&twice).expect_problem(400, "field-repeated");
    assert_eq!(server.runs("scope"), 0);
}
