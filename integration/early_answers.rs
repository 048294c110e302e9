//! N-52 and N-54: answers from the head alone, `100 Continue`, and which answers close the connection.

use crate::support::{Request, Server, pause};

/// A payment's head that waits for `100 Continue` before it sends these 5 bytes.
fn expecting(request: Request) -> Request {
    request.field("Expect", "100-continue").declared(5)
}

// N-52
#[test]
fn a_client_that_asks_is_told_to_continue() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    for value in ["100-continue", "100-Continue"] {
        let request = Request::post("/echo").field("Expect", value).declared(5);
        client.send(request.bytes());
        client.expect_continue();
        client.send("hello");
        assert_eq!(client.answer().expect(200).text(), "hello");
    }
    client.send(expecting(Request::lab("expecting").key("expecting")).bytes());
    client.expect_continue();
    client.send("hello");
    client.answer().expect(201);
}

// N-52
#[test]
fn chunked_content_is_asked_for_too() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let head = Request::post("/echo")
        .field("Expect", "100-continue")
        .chunked_as("");
    client.send(head.bytes());
    client.expect_continue();
    client.send("5\r\nhello\r\n0\r\n\r\n");
    assert_eq!(client.answer().expect(200).text(), "hello");
}

// N-32, N-52, N-54
#[test]
fn a_head_that_will_be_refused_is_refused_without_a_continue() {
    let server = Server::lab(&["--scope", "field:X-Client"]);
    let lab = || Request::lab("early").field("X-Client", "c");
    let too_large = lab()
        .field("Expect", "100-continue")
        .declared(1024 * 1024 + 1);
    let twice = lab()
        .field("Content-Type", "a/b")
        .field("Content-Type", "a/b");
    let cases = [
        (expecting(Request::post("/no-such-path")), 404, "not-found"),
        (
            expecting(Request::post("/docs/idempotency")),
            405,
            "method-not-allowed",
        ),
        (
            expecting(Request::post("/payments").field("X-Client", "c")),
            400,
            "key-missing",
        ),
        (expecting(lab().key("\"")), 400, "key-malformed"),
        (
            expecting(Request::lab("early").key("k")),
            400,
            "scope-missing",
        ),
        (expecting(twice.key("k")), 400, "field-repeated"),
        (too_large, 413, "content-too-large"),
        (
            lab().field("Expect", "a-miracle").declared(5),
            417,
            "expectation-failed",
        ),
    ];
    for (request, status, name) in cases {
        println!("case: {name}");
        let mut client = server.connect();
        client.send(request.bytes());
        // `answer` fails at an interim answer.
        let answer = client.answer().expect_problem(status, name);
        assert!(answer.says_close(), "its content was not read");
        client.half_close();
        client.expect_end();
    }
    assert_eq!(server.runs("early"), 0);
    assert_eq!(server.records("k"), []);
}

// N-52
#[test]
fn nobody_is_told_to_continue_who_need_not_be() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let whole = Request::post("/echo")
        .field("Expect", "100-continue")
        .content("here already");
    client.send(whole.bytes());
    assert_eq!(client.answer().expect(200).text(), "here already");
    let nothing = Request::post("/echo")
        .field("Expect", "100-continue")
        .content("");
    client.send(nothing.bytes());
    client.answer().expect(200);

    let mut client = server.connect();
    let old = Request::post("/echo")
        .version("HTTP/1.0")
        .field("Expect", "100-continue");
    client.send(old.declared(5).bytes());
    client.send("hello");
    assert_eq!(client.answer().expect(200).text(), "hello");
}

// N-53, N-54
#[test]
fn a_client_that_sends_all_its_content_first_can_read_the_413() {
    let server = Server::start(&[]);
    for length in [1024 * 1024 + 1, 2 * 1024 * 1024 - 64 * 1024] {
        let mut client = server.connect();
        client.send(Request::post("/echo").content(vec![b'c'; length]).bytes());
        let answer = client.answer().expect_problem(413, "content-too-large");
        assert!(answer.says_close());
        client.half_close();
        client.expect_end();
    }
}

// N-54
#[test]
fn what_a_client_still_sends_behind_an_early_answer_is_taken() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    client.send(Request::lab("late").declared(1024 * 1024 + 1).bytes());
    client.wait_readable();
    // Had the server closed for good, the second of these would fail, and on a real network the answer might be lost.
    for _ in 0..16 {
        client.send(vec![b'c'; 64 * 1024]);
        pause();
    }
    client.answer().expect_problem(413, "content-too-large");
    client.half_close();
    client.expect_end();
    assert_eq!(server.runs("late"), 0);
}

// N-54
#[test]
fn the_drain_behind_an_early_answer_is_bounded() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(Request::post("/echo").declared(1_000_000_000).bytes());
    client.answer().expect_problem(413, "content-too-large");
    let (piece, mut sent) = (vec![b'c'; 64 * 1024], 0);
    while client.try_send(&piece).is_ok() {
        sent += piece.len();
        assert!(
            sent < 64 * 1024 * 1024,
            "the server goes on reading what it refused"
        );
    }
}

// N-54
#[test]
fn the_guards_refusals_keep_the_connection() {
    let server = Server::lab(&["--max-keys", "2", "--max-stored-response", "10"]);
    let mut client = server.connect();
    let same = |content: &str| Request::lab("kept").key("kept").content(content);
    client.exchange(&same("one").method("PUT")).expect(201);
    let large = Request::lab("large?bytes=11").key("large");
    client.exchange(&large).expect(201);
    let cases = [
        (same("two"), 422, "key-reused"),
        (
            Request::lab("kept").key("a,b").content("x"),
            400,
            "key-malformed",
        ),
        (Request::post("/payments").content("x"), 400, "key-missing"),
        (large, 410, "response-not-stored"),
        (
            Request::lab("kept").key("third").content("x"),
            503,
            "keys-full",
        ),
    ];
    for (request, status, name) in cases {
        println!("case: {name}");
        let answer = client.exchange(&request).expect_problem(status, name);
        assert!(!answer.says_close());
    }
    client.exchange(&Request::get("/")).expect(200);
    assert_eq!(server.runs("kept"), 1);
}

// N-22, N-54
#[test]
fn a_409_keeps_the_connection() {
    let server = Server::lab(&[]);
    let request = Request::lab("still?delay_ms=1000")
        .key("still")
        .content("x");
    let mut first = server.connect();
    first.send(request.bytes());
    server.wait_pending("still");
    let mut second = server.connect();
    for _ in 0..3 {
        let answer = second
            .exchange(&request)
            .expect_problem(409, "key-in-flight");
        assert!(!answer.says_close());
    }
}

// N-54
#[test]
fn answers_of_handlers_keep_the_connection_whatever_their_status() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    for status in [200, 204, 301, 304, 400, 404, 408, 413, 500, 501, 503] {
        let answer = client.exchange(&Request::lab(&format!("any?status={status}")));
        assert!(!answer.expect(status).says_close(), "{status}");
    }
    let answer = client.exchange(&Request::lab("any?panic=before"));
    assert!(!answer.expect(500).says_close());
    client.exchange(&Request::get("/")).expect(200);
}
