//! Claims about the key as requests carry it: its fields, where it is asked for, whose it is (contract, section 2).

use super::{Answer, House, Setup, request};
use crate::harness::Test;
use nanoserve::config::Scope;

pub const TESTS: &[Test] = &[
    (
        "both_fields_mean_the_same_key",
        both_fields_mean_the_same_key,
    ),
    (
        "two_fields_that_differ_are_refused",
        two_fields_that_differ_are_refused,
    ),
    (
        "quoted_and_bare_spellings_are_one_key",
        quoted_and_bare_spellings_are_one_key,
    ),
    (
        "a_malformed_key_is_refused_and_nothing_runs",
        a_malformed_key_is_refused_and_nothing_runs,
    ),
    (
        "safe_methods_are_served_whatever_the_key",
        safe_methods_are_served_whatever_the_key,
    ),
    (
        "all_four_guarded_methods_replay",
        all_four_guarded_methods_replay,
    ),
    ("a_route_can_require_a_key", a_route_can_require_a_key),
    (
        "without_a_key_each_request_runs",
        without_a_key_each_request_runs,
    ),
    (
        "a_key_in_trailers_is_not_read",
        a_key_in_trailers_is_not_read,
    ),
    (
        "two_callers_equal_keys_never_meet",
        two_callers_equal_keys_never_meet,
    ),
    (
        "scope_none_is_one_for_everybody",
        scope_none_is_one_for_everybody,
    ),
    (
        "a_scope_field_must_be_there_once",
        a_scope_field_must_be_there_once,
    ),
    (
        "a_scope_field_is_asked_for_without_a_key_too",
        a_scope_field_is_asked_for_without_a_key_too,
    ),
    (
        "only_the_field_of_the_scope_is_looked_at",
        only_the_field_of_the_scope_is_looked_at,
    ),
];

fn keyed(house: &House, fields: &[&str]) -> Answer {
    house.ask(&request("POST /run", fields, ""))
}

// N-10
fn both_fields_mean_the_same_key() {
    let house = House::new(Setup::default());
    keyed(&house, &["Idempotency-Key: k"]).expect_run(1);
    keyed(&house, &["X-Idempotency-Key: k"]).expect_replay(1);
    keyed(&house, &["x-idempotency-key: k"]).expect_replay(1);
    let both = ["Idempotency-Key: k", "X-Idempotency-Key: \"k\""];
    keyed(&house, &both).expect_replay(1);
}

// N-10, N-11: both fields are checked even if one is good.
fn two_fields_that_differ_are_refused() {
    let house = House::new(Setup::default());
    for fields in [
        ["Idempotency-Key: k", "X-Idempotency-Key: l"],
        ["Idempotency-Key: k", "X-Idempotency-Key: K"],
        ["Idempotency-Key: k", "X-Idempotency-Key: \"k"],
        ["Idempotency-Key: k,", "X-Idempotency-Key: k"],
        ["Idempotency-Key: k", "Idempotency-Key: k"],
    ] {
        keyed(&house, &fields).expect_problem(400, "key-malformed");
    }
    assert!(house.is_unused("k"));
    assert_eq!(house.runs(), 0);
}

// N-11
fn quoted_and_bare_spellings_are_one_key() {
    let house = House::new(Setup::default());
    keyed(&house, &["Idempotency-Key: a-b"]).expect_run(1);
    for quoted in [
        "Idempotency-Key: \"a-b\"",
        "Idempotency-Key:   \"a-b\"  ",
        "Idempotency-Key: \"a-b\";p=1;q",
        "idempotency-key:a-b",
    ] {
        keyed(&house, &[quoted]).expect_replay(1);
    }
    keyed(&house, &["Idempotency-Key: \"a\\\\b\""]).expect_run(2);
}

// N-12
fn a_malformed_key_is_refused_and_nothing_runs() {
    let house = House::new(Setup::default());
    let long = format!("Idempotency-Key: {}", "x".repeat(256));
    for line in [
        "Idempotency-Key:",
        "Idempotency-Key: \"\"",
        "Idempotency-Key: a b",
        "Idempotency-Key: a,b",
        "Idempotency-Key: \"a\", \"b\"",
        "Idempotency-Key: a\u{e9}",
        "Idempotency-Key: \"a",
        &long,
    ] {
        let answer = keyed(&house, &[line]);
        answer.expect_problem(400, "key-malformed");
        assert!(answer.content.contains("Idempotency-Key is malformed"));
    }
    assert_eq!(house.runs(), 0);
    let longest = format!("Idempotency-Key: {}", "x".repeat(255));
    keyed(&house, &[&longest]).expect_run(1);
    keyed(&house, &[&longest]).expect_replay(1);
}

// N-13
fn safe_methods_are_served_whatever_the_key() {
    let house = House::new(Setup::default());
    let mut runs = 0;
    for key in ["k", "k", "\"malformed", "", "two, of them"] {
        let field = format!("Idempotency-Key: {key}");
        for _ in 0..2 {
            runs += 1;
            house
                .ask(&request("GET /run", &[&field], ""))
                .expect_run(runs);
            runs += 1;
            let head = house.ask(&request("HEAD /run", &[&field], ""));
            assert_eq!((head.status, head.content.as_str()), (201, ""));
            assert!(!head.is_replay());
            let options = house.ask(&request("OPTIONS /run", &[&field], ""));
            assert_eq!(options.status, 204);
            let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
            assert_eq!(options.field("Allow"), methods);
        }
    }
    assert!(house.is_unused("k"));
    assert_eq!(house.runs(), runs);
}

// N-13
fn all_four_guarded_methods_replay() {
    let house = House::new(Setup::default());
    for (n, method) in ["POST", "PUT", "PATCH", "DELETE"].into_iter().enumerate() {
        let key = format!("Idempotency-Key: {method}");
        let ask = || house.ask(&request(&format!("{method} /run"), &[&key], "x"));
        ask().expect_run(n + 1);
        ask().expect_replay(n + 1);
    }
}

// N-14
fn a_route_can_require_a_key() {
    let house = House::new(Setup::default());
    let without = house.post("/must", "", "");
    without.expect_problem(400, "key-missing");
    assert!(without.content.contains("Idempotency-Key is missing"));
    assert_eq!(house.runs(), 0);
    house.post("/must", "k", "").expect_run(1);
    house.post("/must", "k", "").expect_replay(1);
    let demo = House::demo(Setup::default());
    demo.post("/payments", "", "{}")
        .expect_problem(400, "key-missing");
}

// N-14
fn without_a_key_each_request_runs() {
    let house = House::new(Setup::default());
    for run in 1..4 {
        house.post("/run", "", "x").expect_run(run);
    }
    assert_eq!(house.guard.gauges().bytes, 0);
}

// N-11
fn a_key_in_trailers_is_not_read() {
    let house = House::new(Setup::default());
    let bytes = "POST /run HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                 1\r\nx\r\n0\r\nIdempotency-Key: k\r\n\r\n";
    house.ask(bytes.as_bytes()).expect_run(1);
    house.ask(bytes.as_bytes()).expect_run(2);
    assert!(house.is_unused("k"));
    house
        .ask(bytes.replace("/run", "/must").as_bytes())
        .expect_problem(400, "key-missing");
}

// N-15: the digest is over a tag absent/present and the raw value.
fn two_callers_equal_keys_never_meet() {
    let house = House::new(Setup::default());
    let callers = [
        "X-Nobody: x",
        "Authorization:",
        "Authorization: Bearer a",
        "Authorization: bearer a",
        "Authorization: Bearer b",
    ];
    for round in 0..2 {
        for (n, caller) in callers.into_iter().enumerate() {
            let answer = keyed(&house, &["Idempotency-Key: k", caller]);
            if round == 0 {
                answer.expect_run(n + 1);
            } else {
                answer.expect_replay(n + 1);
            }
        }
    }
    let twice = ["Idempotency-Key: k", callers[2], callers[2]];
    keyed(&house, &twice).expect_problem(400, "field-repeated");
}

// N-15
fn scope_none_is_one_for_everybody() {
    let house = House::new(Setup {
        scope: Scope::None,
        ..Setup::default()
    });
    keyed(&house, &["Idempotency-Key: k", "Authorization: a"]).expect_run(1);
    keyed(&house, &["Idempotency-Key: k", "Authorization: b"]).expect_replay(1);
    keyed(&house, &["Idempotency-Key: k"]).expect_replay(1);
}

fn by_field() -> House {
    House::new(Setup {
        scope: Scope::Field("x-client".into()),
        ..Setup::default()
    })
}

// N-15: a value that names nobody would be shared by all who send it.
fn a_scope_field_must_be_there_once() {
    let house = by_field();
    let key = "Idempotency-Key: k";
    for nobody in ["X-Other: a", "X-Client:", "X-Client: \t "] {
        keyed(&house, &[key, nobody]).expect_problem(400, "scope-missing");
    }
    keyed(&house, &[key, "X-Client: a", "x-client: a"]).expect_problem(400, "field-repeated");
    keyed(&house, &[key, "X-Client:", "X-Client:"]).expect_problem(400, "field-repeated");
    assert!(house.is_unused("k"));
    keyed(&house, &[key, "X-Client: a", "Authorization: a"]).expect_run(1);
    keyed(&house, &[key, "x-client:  a "]).expect_replay(1);
    keyed(&house, &[key, "X-Client: b"]).expect_run(2);
    house.ask(&request("GET /run", &[key], "")).expect_run(3);
}

// N-15: whatever bypassed the gateway that sets the field does not run unnoticed.
fn a_scope_field_is_asked_for_without_a_key_too() {
    let house = by_field();
    for target in ["/run", "/must"] {
        let post = |fields: &[&str]| house.ask(&request(&format!("POST {target}"), fields, ""));
        post(&[]).expect_problem(400, "scope-missing");
        post(&["X-Client:"]).expect_problem(400, "scope-missing");
        post(&["X-Client: a", "X-Client: b"]).expect_problem(400, "field-repeated");
    }
    keyed(&house, &["X-Client: a"]).expect_run(1);
    for method in ["GET", "HEAD", "OPTIONS"] {
        let answer = house.ask(&request(&format!("{method} /run"), &["X-Client:"], ""));
        assert!((200..300).contains(&answer.status), "{answer:?}");
    }
    let house = House::new(Setup::default());
    let twice = ["Authorization: a", "Authorization: a"];
    keyed(&house, &twice).expect_problem(400, "field-repeated");
    keyed(&house, &[]).expect_run(1);
}

// N-15
fn only_the_field_of_the_scope_is_looked_at() {
    let twice = ["Authorization: a", "Authorization: b", "Idempotency-Key: k"];
    let house = House::new(Setup {
        scope: Scope::None,
        ..Setup::default()
    });
    keyed(&house, &twice).expect_run(1);
    keyed(&house, &["Idempotency-Key: k"]).expect_replay(1);
    let house = by_field();
    let caller = "X-Client: a";
    keyed(&house, &[&twice[..], &[caller]].concat()).expect_run(1);
    keyed(&house, &[caller, "Idempotency-Key: k"]).expect_replay(1);
}
