//! N-10 to N-14: where a key stands, how it is spelled, and which requests it guards.

use crate::support::{Request, Server};

/// Whether two spellings are one key: the second is a replay of the first.
#[track_caller]
fn is_one_key(server: &Server, name: &str, first: &Request, second: &Request) -> bool {
    assert!(
        !server.send(first).expect(201).is_replay(),
        "{name}: used before"
    );
    server.send(second).expect(201).is_replay()
}

// N-10
#[test]
fn both_names_of_the_field_mean_the_same() {
    let server = Server::lab(&[]);
    let lab = || Request::lab("names");
    let original = lab().field("X-Idempotency-Key", "one");
    assert!(is_one_key(&server, "names", &original, &lab().key("one")));
    let lower = lab().field("idempotency-key", "one");
    assert!(server.send(&lower).expect(201).is_replay());
    let both = lab().key("\"one\"").field("x-idempotency-key", "one");
    assert!(server.send(&both).expect(201).is_replay());
    assert_eq!(server.runs("names"), 1);
}

// N-10
#[test]
fn two_names_with_different_keys_are_refused() {
    let server = Server::lab(&[]);
    let request = Request::lab("differ")
        .key("one")
        .field("X-Idempotency-Key", "two");
    server.send(&request).expect_problem(400, "key-malformed");
    let request = Request::lab("differ")
        .key("one")
        .field("X-Idempotency-Key", "One");
    server.send(&request).expect_problem(400, "key-malformed");
    assert_eq!(server.runs("differ"), 0);
    assert_eq!(server.records("one"), []);
}

// N-11
#[test]
fn quoted_and_bare_spellings_are_one_key() {
    let server = Server::lab(&[]);
    let spellings = [
        (
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"",
        ),
        ("x", "\"x\""),
        ("123", "\"123\""),
        ("?1", "\"?1\""),
        (":Zm9v:", "\":Zm9v:\""),
        (
            "!#$%&'()*+-./<=>?@[]^_`{|}~",
            "\"!#$%&'()*+-./<=>?@[]^_`{|}~\"",
        ),
        ("params", "\"params\";a"),
        (
            "params-1",
            "\"params-1\"; a=1;b=\"x;y\";  c=?0;*d=tok/en:1;e=-1.5",
        ),
        ("params-2", "\"params-2\";a=:Zm9v:;a=*x"),
        ("space around", " \t\"space around\" \t"),
    ];
    for (bare, quoted) in spellings {
        println!("case: {quoted}");
        let lab = || Request::lab("spelling");
        let bare = if bare.contains(' ') {
            format!("\"{bare}\"")
        } else {
            bare.to_owned()
        };
        assert!(is_one_key(
            &server,
            quoted,
            &lab().key(bare),
            &lab().key(quoted)
        ));
    }
}

// N-11
#[test]
fn a_quoted_key_may_hold_what_a_bare_one_may_not() {
    let server = Server::lab(&[]);
    for (quoted, path) in [
        ("\"a b\"", "a%20b"),
        ("\"a,b;c\"", "a%2Cb%3Bc"),
        ("\"a\\\"b\"", "a%22b"),
        ("\"a\\\\b\"", "a%5Cb"),
        ("\" \"", "%20"),
    ] {
        println!("case: {quoted}");
        let request = Request::lab("quoted").key(quoted);
        server.send(&request).expect(201);
        assert!(server.send(&request).expect(201).is_replay());
        assert_eq!(
            server.records(path).len(),
            1,
            "the key is what the quotes hold"
        );
    }
}

// N-11, N-12
#[test]
fn a_malformed_key_is_refused_and_nothing_runs() {
    let server = Server::lab(&[]);
    let too_long = "k".repeat(256);
    let quoted_too_long = format!("\"{too_long}\"");
    let cases: Vec<&[u8]> = vec![
        b"",
        b"\"\"",
        too_long.as_bytes(),
        quoted_too_long.as_bytes(),
        b"\"abc",
        b"abc\"",
        b"\"",
        b"\"abc\"x",
        b"\"abc\" x",
        b"\"a\\n\"",
        b"\"a\\",
        b"\"a\\\"",
        b"a b",
        b"a,b",
        b"a, b",
        b"\"a\", \"b\"",
        b"\"a\",\"b\"",
        b"\"a\",",
        b"a;b",
        b"a;b=1",
        b"a\\b",
        b"\"a\"b\"",
        b"caf\xc3\xa9",
        b"\"caf\xc3\xa9\"",
        b"\xff",
        b"\"a\tb\"",
        b"a\tb",
        b"\"abc\";",
        b"\"abc\" ;a",
        b"\"abc\";A=1",
        b"\"abc\";a=",
        b"\"abc\";a=1.",
        b"\"abc\";a=?2",
        b"\"abc\";a=\"",
        b"\"abc\";a=1 b",
        b"\"abc\";a=(1)",
        b"\"abc\";1a",
    ];
    let mut client = server.connect();
    for key in cases {
        for field in ["Idempotency-Key", "X-Idempotency-Key"] {
            println!("case: {field}: {}", key.escape_ascii());
            let request = Request::lab("malformed").field(field, key).content("x");
            let answer = client
                .exchange(&request)
                .expect_problem(400, "key-malformed");
            assert!(!answer.says_close(), "its content was read");
        }
        let good_beside = Request::lab("malformed")
            .key("good")
            .field("X-Idempotency-Key", key);
        client
            .exchange(&good_beside)
            .expect_problem(400, "key-malformed");
    }
    assert_eq!(server.runs("malformed"), 0);
    assert_eq!(server.records("good"), []);
}

// N-12
#[test]
fn control_bytes_in_a_key_are_refused() {
    let server = Server::lab(&[]);
    for key in [b"a\x01b", b"a\x00b", b"a\x7fb", b"a\x1bb"] {
        server.send(&Request::lab("control").key(key)).expect(400);
    }
    assert_eq!(server.runs("control"), 0);
}

// N-12
#[test]
fn a_key_may_have_1_to_255_bytes_after_unquoting() {
    let server = Server::lab(&[]);
    let longest = "k".repeat(255);
    let lab = || Request::lab("length");
    let quoted = format!("\"{longest}\"");
    assert!(is_one_key(
        &server,
        "255",
        &lab().key(&longest),
        &lab().key(quoted)
    ));
    let escaped = format!("\"{}\"", "\\\"".repeat(255));
    server.send(&lab().key(escaped)).expect(201);
    let one_too_many = format!("\"{}\"", "\\\"".repeat(256));
    server
        .send(&lab().key(one_too_many))
        .expect_problem(400, "key-malformed");
}

// N-12
#[test]
fn two_lines_of_one_field_are_refused_even_if_equal() {
    let server = Server::lab(&[]);
    let cases = [
        Request::lab("lines").key("one").key("one"),
        Request::lab("lines").key("one").key("two"),
        Request::lab("lines")
            .field("X-Idempotency-Key", "one")
            .field("x-idempotency-key", "one"),
        Request::lab("lines")
            .key("one")
            .field("X-Idempotency-Key", "one")
            .key("one"),
    ];
    for request in cases {
        server.send(&request).expect_problem(400, "key-malformed");
    }
    assert_eq!(server.runs("lines"), 0);
}

// N-12
#[test]
fn keys_are_never_truncated_or_folded() {
    let server = Server::lab(&[]);
    let stem = "k".repeat(254);
    let keys = [
        format!("{stem}a"),
        format!("{stem}b"),
        format!("{stem}A"),
        stem,
    ];
    for key in &keys {
        let answer = server.send(&Request::lab("exact").key(key)).expect(201);
        assert!(!answer.is_replay());
    }
    assert_eq!(server.runs("exact"), 4);
}

// N-11
#[test]
fn a_key_in_trailers_is_never_read() {
    let server = Server::lab(&[]);
    let wire = "5\r\nhello\r\n0\r\nIdempotency-Key: trailing\r\n\r\n";
    for runs in 1..=2 {
        let answer = server
            .send(&Request::lab("trailer").chunked_as(wire))
            .expect(201);
        assert_eq!(answer.runs(), runs);
    }
    let payment = Request::post("/payments").chunked_as(wire);
    server.send(&payment).expect_problem(400, "key-missing");
    assert_eq!(server.records("trailing"), []);
}

// N-13
#[test]
fn safe_methods_take_no_notice_of_a_key() {
    let server = Server::lab(&[]);
    server.send(&Request::lab("safe").key("safe")).expect(201);
    for key in ["safe", "\"unfinished", "", "a, b"] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let request = Request::new(method, "/lab/runs/safe").key(key).key(key);
            let answer = server.send(&request);
            assert!(
                matches!(answer.status, 200 | 204),
                "{method}: {}",
                answer.status
            );
            assert!(!answer.is_replay());
        }
    }
    let records = server.records("safe");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].answer, Some(201));
}

// N-13
#[test]
fn the_four_methods_with_effects_are_guarded() {
    let server = Server::lab(&[]);
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let request = Request::new(method, "/lab/runs/guarded")
            .content("x")
            .key(method);
        assert!(is_one_key(&server, method, &request, &request));
    }
    assert_eq!(server.runs("guarded"), 4);
}

// N-14, N-25
#[test]
fn a_payment_without_a_key_is_refused_and_not_made() {
    let server = Server::start(&[]);
    let request = Request::post("/payments")
        .content(r#"{"from":"alice","to":"bob","amount":1,"currency":"EUR"}"#);
    let problem = server
        .send(&request)
        .expect_problem(400, "key-missing")
        .json();
    assert_eq!(problem.get("title").text(), "Idempotency-Key is missing");
    let list = server.send(&Request::get("/payments")).expect(200).json();
    assert_eq!(list.get("total").number(), 0);
}

// N-14
#[test]
fn without_a_key_a_request_runs_each_time() {
    let server = Server::lab(&[]);
    for runs in 1..=3 {
        assert_eq!(
            server.send(&Request::lab("unkeyed")).expect(201).runs(),
            runs
        );
    }
}

// N-12, N-25
#[test]
fn a_malformed_key_is_told_its_first_wrong_byte() {
    let server = Server::lab(&[]);
    for (key, place) in [
        ("a b", "byte 2"),
        (" \t\"abc", "byte 5"),
        ("\"abc\";V=1", "byte 7"),
        (",", "byte 1"),
        ("\"a\", \"b\"", "byte 4"),
    ] {
        let answer = server.send(&Request::lab("place").key(key));
        let detail = answer.expect_problem(400, "key-malformed").json();
        let detail = detail.get("detail").text().to_owned();
        assert!(detail.starts_with("Idempotency-Key: expected "), "{detail}");
        assert!(detail.ends_with(place), "{key}: {detail}");
    }
}
