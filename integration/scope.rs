//! N-15: a key belongs to the caller.

use crate::command::fails;
use crate::support::{Request, Server, at_once};

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
fn an_empty_scope_field_names_nobody() {
    let server = Server::lab(&["--scope", "field:X-Client-Id"]);
    for nobody in ["", " ", "\t", " \t "] {
        for request in [by("Bearer one"), Request::lab("scope")] {
            server
                .send(&request.field("X-Client-Id", nobody))
                .expect_problem(400, "scope-missing");
        }
    }
    assert_eq!(server.records("shared"), []);
    assert_eq!(server.runs("scope"), 0);
}

// N-14, N-15
#[test]
fn the_scope_field_is_asked_for_without_a_key_too() {
    let server = Server::lab(&["--scope", "field:X-Client-Id"]);
    let methods =
        ["POST", "PUT", "PATCH", "DELETE"].map(|method| Request::lab("scope").method(method));
    for request in methods.into_iter().chain([Request::post("/payments")]) {
        server.send(&request).expect_problem(400, "scope-missing");
        let twice = request.field("X-Client-Id", "7").field("x-client-id", "7");
        server.send(&twice).expect_problem(400, "field-repeated");
    }
    assert_eq!(server.runs("scope"), 0);
    for method in ["GET", "HEAD", "OPTIONS"] {
        let request = Request::new(method, "/lab/runs/scope");
        let answer = server.send(&request.field("X-Client-Id", "").field("X-Client-Id", ""));
        assert!(
            (200..300).contains(&answer.status),
            "a safe method: {method}"
        );
    }
    let known = Request::lab("scope").field("X-Client-Id", "7");
    assert_eq!(server.send(&known).expect(201).runs(), 1);
}

// N-15
#[test]
fn two_callers_with_one_key_at_once_both_run() {
    let server = Server::lab(&[]);
    let answers = at_once(8, |caller| {
        let request = Request::lab(&format!("at-once-{}?delay_ms=100", caller / 2));
        let caller = format!("Bearer {}", caller / 2);
        server.send(&request.key("shared").field("Authorization", caller))
    });
    for (caller, two) in answers.chunks(2).enumerate() {
        let mut statuses = [two[0].status, two[1].status];
        statuses.sort_unstable();
        // The second of one caller's two came while the first ran, or after it; the other callers' do not matter to either.
        assert_eq!(statuses[0], 201, "caller {caller}");
        assert!(matches!(statuses[1], 201 | 409), "caller {caller}");
        assert_eq!(server.runs(&format!("at-once-{caller}")), 1);
    }
    assert_eq!(server.records("shared").len(), 4);
}

// N-15, N-61: SHA-256 over the tagged, length-prefixed parts, computed with another implementation (tests/idempotency/scope.rs
// has the whole digests). The name counts in small letters, however the operator writes it.
#[test]
fn a_caller_is_the_digest_that_the_contract_describes() {
    let cases: [(&str, Option<&str>, &str); 8] = [
        ("authorization", None, "9a936412"),
        ("authorization", Some(""), "bb934b08"),
        ("authorization", Some(" \t "), "bb934b08"),
        ("authorization", Some("Bearer abc"), "4215d824"),
        ("authorization", Some("\tBearer abc "), "4215d824"),
        ("none", Some("Bearer abc"), "04c31452"),
        ("field:X-Client-Id", Some("7"), "f4122eb2"),
        ("field:x-CLIENT-id", Some("7"), "f4122eb2"),
    ];
    for (scope, value, digest) in cases {
        println!("case: {scope} {value:?}");
        let server = Server::lab(&["--scope", scope]);
        let name = if scope.starts_with("field") {
            "X-Client-Id"
        } else {
            "Authorization"
        };
        let request = value
            .iter()
            .fold(Request::lab("digest").key("digest"), |request, value| {
                request.field(name, value)
            });
        server.send(&request).expect(201);
        let records = server.records("digest");
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].scope, digest);
    }
}

// N-15, N-90
#[test]
fn a_field_that_cannot_name_a_caller_is_refused_at_the_start() {
    for name in [
        "connection",
        "content-encoding",
        "Content-Length",
        "CONTENT-TYPE",
        "date",
        "expect",
        "Idempotency-Key",
        "keep-alive",
        "te",
        "trailer",
        "Transfer-Encoding",
        "upgrade",
        "x-idempotency-key",
    ] {
        let line = fails(2, &["--scope", &format!("field:{name}")]);
        let said =
            format!("nanoserve: --scope field:{name}: this field does not say who is calling\n");
        assert_eq!(line, said);
    }
    for name in ["", " ", "X Client", "X-Client:", "\u{e9}", "a\"b"] {
        let line = fails(2, &["--scope", &format!("field:{name}")]);
        assert!(line.contains("NAME is a field name"), "{line}");
    }
    for value in ["", "field", "Field:x", "NONE", "authorization,none"] {
        let line = fails(2, &["--scope", value]);
        assert!(
            line.contains("give authorization, none or field:NAME"),
            "{line}"
        );
    }
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
