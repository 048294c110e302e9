//! Claims about refusals before the handler started: none uses up the key (N-32).

use super::{Client, House, Setup, post, request};
use crate::harness::Test;
use nanoserve::config::Scope;

pub const TESTS: &[Test] = &[
    ("no_refusal_uses_up_the_key", no_refusal_uses_up_the_key),
    ("a_late_request_uses_no_key", a_late_request_uses_no_key),
    (
        "an_application_refusal_frees_the_key",
        an_application_refusal_frees_the_key,
    ),
    (
        "a_full_or_draining_server_uses_no_key",
        a_full_or_draining_server_uses_no_key,
    ),
    (
        "refusals_of_a_used_key_leave_its_record",
        refusals_of_a_used_key_leave_its_record,
    ),
    (
        "the_100_is_sent_only_after_the_heads_checks",
        the_100_is_sent_only_after_the_heads_checks,
    ),
    (
        "an_answer_before_the_content_closes_and_others_keep_alive",
        an_answer_before_the_content_closes_and_others_keep_alive,
    ),
];

const KEY: &str = "Idempotency-Key: k";

fn house() -> House {
    House::new(Setup {
        content_max: 1000,
        content_room: 2000,
        ..Setup::default()
    })
}

/// One request for each refusal that bytes alone can earn, all of them with the key `k`.
fn refused_requests() -> Vec<(&'static str, u16, Vec<u8>)> {
    let long = format!("POST /run?{}", "x".repeat(9_000));
    let wide = format!("X-Wide: {}", "x".repeat(20_000));
    let many = vec!["X-Many: x"; 100];
    let many: Vec<&str> = many.into_iter().chain([KEY]).collect();
    let text = |head: &str| head.replace('\n', "\r\n").into_bytes();
    let key = "Host: h\nIdempotency-Key: k";
    vec![
        (
            "malformed-request",
            400,
            text(&format!("POST /run HTTP/1.1\n{key}\nBad Name: x\n\n")),
        ),
        (
            "malformed-request",
            400,
            text(&format!(
                "POST /run HTTP/1.1\n{key}\nContent-Length: 1\nTransfer-Encoding: chunked\n\n"
            )),
        ),
        (
            "malformed-request",
            400,
            text(&format!(
                "POST /run HTTP/1.1\n{key}\nTransfer-Encoding: chunked\n\nzz\n"
            )),
        ),
        (
            "field-repeated",
            400,
            request(
                "POST /run",
                &[KEY, "Content-Type: a", "Content-Type: b"],
                "",
            ),
        ),
        ("key-malformed", 400, request("POST /run", &[KEY, KEY], "")),
        ("not-found", 404, request("POST /nowhere", &[KEY], "x")),
        (
            "method-not-allowed",
            405,
            request("DELETE /other", &[KEY], "x"),
        ),
        (
            "content-too-large",
            413,
            request("POST /run", &[KEY], &"x".repeat(1001)),
        ),
        (
            "content-too-large",
            413,
            text(&format!(
                "POST /run HTTP/1.1\n{key}\nTransfer-Encoding: chunked\n\n3E9\n"
            )),
        ),
        ("target-too-long", 414, request(&long, &[KEY], "")),
        (
            "expectation-failed",
            417,
            request("POST /run", &[KEY, "Expect: gold"], ""),
        ),
        (
            "head-too-large",
            431,
            request("POST /run", &[KEY, &wide], ""),
        ),
        ("head-too-large", 431, request("POST /run", &many, "")),
        (
            "method-not-implemented",
            501,
            request("BREW /run", &[KEY], ""),
        ),
        (
            "transfer-coding-not-implemented",
            501,
            text(&format!(
                "POST /run HTTP/1.1\n{key}\nTransfer-Encoding: gzip\n\n"
            )),
        ),
        (
            "version-not-supported",
            505,
            text(&format!("POST /run HTTP/2.0\n{key}\n\n")),
        ),
    ]
}

// N-32
fn no_refusal_uses_up_the_key() {
    let house = house();
    for (name, status, bytes) in refused_requests() {
        house.ask(&bytes).expect_problem(status, name);
        assert!(house.is_unused("k"), "{name}");
    }
    assert_eq!(house.guard.gauges().bytes, 0);
    assert_eq!(house.runs(), 0);
    house.post("/run", "k", "").expect_run(1);
}

// N-32: 408
fn a_late_request_uses_no_key() {
    let house = house();
    let whole = post("/run", "k", "content");
    for (cut, after_ms) in [(10, 5_000), (whole.len() - 1, 30_000)] {
        let mut client = house.connect();
        client.far.send(&whole[..cut]);
        client.settle();
        house.clock.advance_ms(after_ms - 1);
        assert!(client.exchange(b"").is_empty(), "not late yet");
        house.clock.advance_ms(1);
        client.ask(b"").expect_problem(408, "request-timeout");
        assert!(house.is_unused("k"));
    }
    house.ask(&whole).expect_run(1);
}

// N-30, N-32, N-80: 415 and others of the application's own
fn an_application_refusal_frees_the_key() {
    let house = House::demo(Setup::default());
    let pay = |fields: &[&str], content: &str| {
        let fields = [&[KEY, "Content-Type: application/json"], fields].concat();
        house.ask(&request("POST /payments", &fields, content))
    };
    let good = r#"{"from":"alice","to":"bob","amount":1,"currency":"EUR"}"#;
    assert_eq!(pay(&["Content-Encoding: gzip"], good).status, 415);
    assert!(house.is_unused("k"));
    assert_eq!(pay(&[], "{").status, 400);
    assert!(house.is_unused("k"));
    assert_eq!(pay(&[], good).status, 201);
}

// N-32: the 503s
fn a_full_or_draining_server_uses_no_key() {
    let house = House::new(Setup {
        content_max: 1000,
        content_room: 1500,
        keys_max: 1,
        places: 1,
        ..Setup::default()
    });
    // Content in flight: another request holds nearly all the room.
    let mut large = house.connect();
    let content = "x".repeat(1000);
    let whole = request("POST /run", &[], &content);
    large.far.send(&whole[..whole.len() - 500]);
    large.settle();
    let mut client = house.connect();
    let declared = request("POST /run", &[KEY], &content);
    client
        .ask(&declared[..declared.len() - 1])
        .expect_problem(503, "content-in-flight-full");
    assert!(house.is_unused("k"));
    large.ask(&whole[whole.len() - 500..]).expect_run(1);
    // No worker, no room for keys, a drain.
    let place = house.shared.places.take();
    house
        .post("/run", "k", "")
        .expect_problem(503, "workers-busy");
    assert!(house.is_unused("k"));
    drop(place);
    house.post("/run", "another", "").expect_run(2);
    house.post("/run", "k", "").expect_problem(503, "keys-full");
    assert!(house.is_unused("k"));
    house.shared.begin_drain();
    house.post("/run", "k", "").expect_problem(503, "draining");
    assert!(house.is_unused("k"));
}

// N-32, N-23: with a key that has a record, refusals that come first change nothing about it.
fn refusals_of_a_used_key_leave_its_record() {
    let house = house();
    house.post("/run", "k", "").expect_run(1);
    for (name, status, bytes) in refused_requests() {
        house.ask(&bytes).expect_problem(status, name);
        house.post("/run", "k", "").expect_replay(1);
    }
    assert_eq!(house.runs(), 1);
}

// N-52
fn the_100_is_sent_only_after_the_heads_checks() {
    let house = House::new(Setup {
        scope: Scope::Field("x-client".into()),
        content_max: 1000,
        ..Setup::default()
    });
    let expecting = |line: &str, fields: &[&str], length: usize| -> (Client, Vec<u16>) {
        let length = format!("Content-Length: {length}");
        let fields = [&["Expect: 100-continue", &length], fields].concat();
        let mut client = house.connect();
        let answers = client.exchange(&request(line, &fields, ""));
        let statuses = answers.iter().map(|answer| answer.status).collect();
        (client, statuses)
    };
    let client = "X-Client: a";
    for (line, fields, length, status) in [
        ("POST /nowhere", &[][..], 3, 404),
        ("PUT /must", &[], 3, 405),
        ("POST /must", &[client], 3, 400),
        ("POST /run", &[KEY], 3, 400),
        ("POST /run", &[client, "Idempotency-Key: \""], 3, 400),
        ("POST /run", &[client, KEY], 1001, 413),
    ] {
        let (mut refused, statuses) = expecting(line, fields, length);
        assert_eq!(statuses, [status], "{line} {fields:?}");
        // The content that comes after all is no request.
        assert!(refused.exchange(&post("/run", "", "")).is_empty());
    }
    assert_eq!(house.runs(), 0);
    let (mut served, statuses) = expecting("POST /run", &[client, KEY], 3);
    assert_eq!(statuses, [100]);
    served.ask(b"abc").expect_run(1);
    // A known key is no reason to refuse from the head: whether it is a mismatch only the content tells.
    let (mut known, statuses) = expecting("POST /run", &[client, KEY], 3);
    assert_eq!(statuses, [100]);
    known.ask(b"abc").expect_replay(1);
    let (_, statuses) = expecting("POST /run HTTP/1.0", &[client, KEY], 3);
    assert!(statuses.is_empty(), "HTTP/1.0 knows no 100: {statuses:?}");
}

// N-54
fn an_answer_before_the_content_closes_and_others_keep_alive() {
    let house = house();
    for (name, status, bytes) in refused_requests() {
        let answer = house.ask(&bytes);
        let kept = matches!(
            name,
            "field-repeated"
                | "key-malformed"
                | "not-found"
                | "method-not-allowed"
                | "expectation-failed"
                | "method-not-implemented"
        );
        let expected = if kept { "" } else { "close" };
        assert_eq!(answer.field("Connection"), expected, "{name} {status}");
    }
}
