//! N-30 to N-34: what is kept under a key, and what gives the key back.

use crate::support::{Request, Server, payment};

// N-30
#[test]
fn what_was_done_is_recorded_whatever_its_status() {
    let server = Server::lab(&[]);
    for status in [200, 302, 400, 404, 409, 422, 429, 500, 502, 503] {
        println!("case: {status}");
        let name = format!("status-{status}");
        let request = Request::lab(&format!("{name}?status={status}")).key(&name);
        let first = server.send(&request).expect(status);
        assert!(!first.is_replay());
        let again = server.send(&request).expect(status);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
        assert_eq!(server.runs(&name), 1);
    }
}

// N-30
#[test]
fn a_refusal_before_any_effect_frees_the_key() {
    let server = Server::lab(&[]);
    for status in [400, 422, 429, 500, 503] {
        println!("case: {status}");
        let key = format!("refuse-{status}");
        let refusing = Request::lab(&format!("free?refuse={status}")).key(&key);
        for _ in 0..2 {
            assert!(!server.send(&refusing).expect(status).is_replay());
            // Free before the first byte left: no trace of it by the time the client reads.
            assert_eq!(server.records(&key), []);
        }
        let corrected = Request::lab("free").key(&key).content("corrected");
        assert!(!server.send(&corrected).expect(201).is_replay());
    }
    assert_eq!(server.runs("free"), 5);
}

// N-30, N-80
#[test]
fn a_corrected_payment_may_use_its_key() {
    let server = Server::start(&[]);
    let broken = Request::post("/payments").key("corrected").content("{");
    server.send(&broken).expect(400);
    let invalid = Request::post("/payments")
        .key("corrected")
        .content(r#"{"from":"alice","to":"bob","amount":0,"currency":"EUR"}"#);
    server.send(&invalid).expect(422);
    assert_eq!(server.records("corrected"), []);
    assert!(
        !server
            .send(&payment("corrected", 1))
            .expect(201)
            .is_replay()
    );
}

// N-30, N-80
#[test]
fn too_little_money_is_an_answer_that_is_recorded() {
    let server = Server::start(&[]);
    let poor = Request::post("/payments")
        .key("poor")
        .content(r#"{"from":"carol","to":"bob","amount":1,"currency":"EUR"}"#);
    let first = server.send(&poor).expect(402);
    assert_eq!(
        first.field("Content-Type"),
        Some("application/problem+json")
    );
    let gift = Request::post("/payments")
        .key("gift")
        .content(r#"{"from":"bob","to":"carol","amount":5,"currency":"EUR"}"#);
    server.send(&gift).expect(201);
    let again = server.send(&poor).expect(402);
    assert!(again.is_replay(), "the answer was given and stands");
    assert_eq!(again.recorded(), first.recorded());
    let another = poor
        .without("Idempotency-Key")
        .key("not so poor any more".replace(' ', "-"));
    server.send(&another).expect(201);
}

// N-31
#[test]
fn a_panic_is_a_500_that_is_recorded_as_it_was_sent() {
    let server = Server::lab(&[]);
    for (moment, runs) in [("before", 0), ("after", 1)] {
        println!("case: {moment}");
        let name = format!("panic-{moment}");
        let request = Request::lab(&format!("{name}?panic={moment}")).key(&name);
        let first = server.send(&request).expect_problem(500, "handler-failed");
        let again = server.send(&request).expect(500);
        assert!(again.is_replay(), "at most once comes first");
        assert_eq!(again.recorded(), first.recorded());
        assert_eq!(server.runs(&name), runs);
    }
}

// N-31
#[test]
fn workers_and_locks_survive_panics() {
    let server = Server::lab(&["--workers", "4"]);
    let mut client = server.connect();
    for n in 0..40 {
        let request = Request::lab("survive?panic=after").key(format!("survive-{n}"));
        client
            .exchange(&request)
            .expect_problem(500, "handler-failed");
        let unkeyed = Request::lab("survive?panic=before");
        client
            .exchange(&unkeyed)
            .expect_problem(500, "handler-failed");
    }
    assert_eq!(server.runs("survive"), 40);
    assert_eq!(
        server
            .send(&Request::lab("survive").key("after"))
            .expect(201)
            .runs(),
        41
    );
}

// N-32
#[test]
fn no_refusal_before_the_handler_uses_up_the_key() {
    let server = Server::lab(&["--max-content", "1KiB"]);
    let lab = || Request::lab("unused").key("unused");
    let many = (0..101).fold(lab(), |request, n| request.field(&format!("X-{n}"), "v"));
    let cases = [
        ("bad framing", lab().field("Content-Length", "0"), 400),
        (
            "two types",
            lab()
                .field("Content-Type", "a/b")
                .field("Content-Type", "a/b"),
            400,
        ),
        (
            "two scopes",
            lab()
                .field("Authorization", "a")
                .field("Authorization", "b"),
            400,
        ),
        ("bad chunk", lab().chunked_as("zz\r\n"), 400),
        ("no such path", Request::post("/nope").key("unused"), 404),
        (
            "no such method",
            Request::new("PUT", "/payments").content("").key("unused"),
            405,
        ),
        ("too large", lab().content([b'c'; 1025]), 413),
        ("too large in chunks", lab().chunked(&[&[b'c'; 1025]]), 413),
        (
            "target",
            Request::lab(&format!("unused?{}", "q".repeat(9000))).key("unused"),
            414,
        ),
        (
            "encoded",
            payment("unused", 1).field("Content-Encoding", "gzip"),
            415,
        ),
        ("expectation", lab().field("Expect", "a-miracle"), 417),
        ("fields", many, 431),
        ("unknown method", lab().method("BREW"), 501),
        (
            "transfer coding",
            lab()
                .without("Content-Length")
                .declared(0)
                .field("Transfer-Encoding", "x"),
            400,
        ),
        ("version", lab().version("HTTP/3.0"), 505),
    ];
    for (name, request, status) in cases {
        println!("case: {name}");
        server.send(&request).expect(status);
        assert_eq!(server.records("unused"), []);
    }
    assert_eq!(server.runs("unused"), 0);
    assert!(!server.send(&lab()).expect(201).is_replay());
}

// N-33
#[test]
fn a_response_just_too_large_leaves_a_tombstone() {
    let server = Server::lab(&["--max-stored-response", "1KiB"]);
    let exact = Request::lab("exact?bytes=1024").key("exact");
    let first = server.send(&exact).expect(201);
    assert_eq!(first.content.len(), 1024);
    assert_eq!(server.send(&exact).expect(201).recorded(), first.recorded());

    let large = Request::lab("large?bytes=1025&status=202").key("large");
    assert_eq!(server.send(&large).expect(202).content.len(), 1025);
    for _ in 0..2 {
        let answer = server
            .send(&large)
            .expect_problem(410, "response-not-stored");
        let detail = answer.json().get("detail").text().to_owned();
        assert!(
            detail.contains("202"),
            "names the original status: {detail}"
        );
    }
    let other = large.content("other");
    server.send(&other).expect_problem(422, "key-reused");
    assert_eq!(server.runs("large"), 1);
    assert_eq!(server.runs("exact"), 1);
    assert_eq!(server.records("large")[0].answer, Some(202));
}

// N-33
#[test]
fn the_default_bound_is_a_mebibyte_and_the_first_client_gets_all() {
    let server = Server::lab(&[]);
    let exact = Request::lab("mib?bytes=1048576").key("exact");
    let first = server.send(&exact).expect(201);
    let again = server.send(&exact).expect(201);
    assert!(again.is_replay());
    assert_eq!(again.content, first.content);
    let large = Request::lab("mib?bytes=1048577").key("large");
    assert_eq!(server.send(&large).expect(201).content.len(), 1_048_577);
    server
        .send(&large)
        .expect_problem(410, "response-not-stored");
    let largest = Request::lab("mib?bytes=16777216").key("largest");
    assert_eq!(server.send(&largest).expect(201).content.len(), 16_777_216);
}

// N-33
#[test]
fn a_response_that_finds_no_room_leaves_a_tombstone() {
    let server = Server::lab(&["--max-bytes", "64KiB"]);
    let request = Request::lab("room?bytes=100000").key("room");
    assert_eq!(server.send(&request).expect(201).content.len(), 100_000);
    server
        .send(&request)
        .expect_problem(410, "response-not-stored");
    let small = Request::lab("room").key("small");
    server.send(&small).expect(201);
    assert!(server.send(&small).expect(201).is_replay());
}
