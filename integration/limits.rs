//! N-53: how large a request may be and how long it may take.

use crate::support::{Client, Request, Response, Server};
use std::thread;
use std::time::{Duration, Instant};

const HEAD_MAX: usize = 16 * 1024;
const REQUEST_LINE_MAX: usize = 8 * 1024;
const CONTENT_MAX: usize = 1024 * 1024;
const HEAD_DEADLINE: Duration = Duration::from_secs(5);

/// `GET` whose head has exactly this many bytes, blank line included.
fn head_of(length: usize) -> Request {
    let bare = Request::get("/").field("X", "").bytes().len();
    Request::get("/").field("X", "v".repeat(length - bare))
}

/// `GET` whose request line has exactly this many bytes, its CRLF not counted.
fn line_of(length: usize) -> Request {
    let bare = "GET /? HTTP/1.1".len();
    Request::get(&format!("/?{}", "q".repeat(length - bare)))
}

/// `GET` with exactly this many field lines, Host among them.
fn fields_of(count: usize) -> Request {
    (1..count).fold(Request::get("/"), |request, n| {
        request.field(&format!("X-{n}"), "v")
    })
}

// N-53
#[test]
fn a_head_may_have_16_kib_and_not_a_byte_more() {
    let server = Server::start(&[]);
    server.send(&head_of(HEAD_MAX)).expect(200);
    let answer = server.send(&head_of(HEAD_MAX + 1));
    assert!(answer.expect_problem(431, "head-too-large").says_close());
}

// N-53
#[test]
fn a_request_line_may_have_8_kib_and_not_a_byte_more() {
    let server = Server::start(&[]);
    server.send(&line_of(REQUEST_LINE_MAX)).expect(200);
    let answer = server.send(&line_of(REQUEST_LINE_MAX + 1));
    assert!(answer.expect_problem(414, "target-too-long").says_close());
}

// N-53
#[test]
fn a_head_may_have_100_field_lines_and_not_one_more() {
    let server = Server::start(&[]);
    server.send(&fields_of(100)).expect(200);
    let answer = server.send(&fields_of(101));
    assert!(answer.expect_problem(431, "head-too-large").says_close());
}

// N-53
#[test]
fn an_endless_head_is_refused_before_it_ends() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ");
    client.send(vec![b'v'; HEAD_MAX]);
    client.answer().expect_problem(431, "head-too-large");
    let mut client = server.connect();
    client.send(b"GET /");
    client.send(vec![b'q'; REQUEST_LINE_MAX + 1]);
    client.answer().expect_problem(414, "target-too-long");
}

// N-53
#[test]
fn content_may_have_1_mib_and_not_a_byte_more() {
    let server = Server::start(&[]);
    let content = vec![b'c'; CONTENT_MAX + 1];
    let answer = server
        .send(&Request::post("/echo").content(&content[1..]))
        .expect(200);
    assert_eq!(answer.content.len(), CONTENT_MAX);
    let halves = content[1..].split_at(CONTENT_MAX / 2);
    let answer = server
        .send(&Request::post("/echo").chunked(&[halves.0, halves.1]))
        .expect(200);
    assert_eq!(answer.content.len(), CONTENT_MAX);
    for request in [
        Request::post("/echo").content(&content),
        Request::post("/echo").chunked(&[&content]),
        Request::post("/echo").chunked(&[&content[1..], &content[..1]]),
    ] {
        let answer = server.send(&request);
        assert!(answer.expect_problem(413, "content-too-large").says_close());
    }
}

// N-53, N-91
#[test]
fn the_bound_on_content_is_an_option() {
    let server = Server::start(&["--max-content", "1KiB"]);
    server
        .send(&Request::post("/echo").content([b'c'; 1024]))
        .expect(200);
    server
        .send(&Request::post("/echo").content([b'c'; 1025]))
        .expect_problem(413, "content-too-large");
}

// N-53
#[test]
fn unreasonable_chunk_extensions_and_trailers_are_refused() {
    let server = Server::start(&[]);
    let fine = "5;name=value;other\r\nhello\r\n0;last\r\nX-Trailer: dropped\r\n\r\n";
    let answer = server
        .send(&Request::post("/echo").chunked_as(fine))
        .expect(200);
    assert_eq!(answer.text(), "hello");
    let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "e".repeat(100_000));
    server
        .send(&Request::post("/echo").chunked_as(extension))
        .expect_problem(400, "malformed-request");
    let trailer = format!("0\r\nX: {}\r\n\r\n", "t".repeat(100_000));
    server
        .send(&Request::post("/echo").chunked_as(trailer))
        .expect_problem(431, "head-too-large");
}

/// What became of a connection that was too slow: 408, or just the end.
#[track_caller]
fn expect_cut_off(client: &mut Client, start: Instant) {
    if client.is_readable_before_end() {
        let answer: Response = client.answer().expect_problem(408, "request-timeout");
        assert!(answer.says_close());
    }
    client.half_close();
    client.expect_end();
    let took = start.elapsed();
    assert!(
        took + Duration::from_millis(200) >= HEAD_DEADLINE,
        "cut off after {took:?}"
    );
    assert!(
        took < HEAD_DEADLINE + Duration::from_secs(3),
        "cut off after {took:?}"
    );
}

/// Sends a byte now and then until the server has had enough.
fn drip(mut client: Client, start: Instant) {
    client.send("POST /lab/runs/slow HTTP/1.1\r\nHost: a\r\nIdempotency-Key: slow\r\nX: ");
    // A byte each 3 ms or so: a time-out per read would never fire.
    while client.is_silent() && client.try_send("v").is_ok() {
        crate::support::pause();
        assert!(
            start.elapsed() < HEAD_DEADLINE * 2,
            "a dripping head is never cut off"
        );
    }
    expect_cut_off(&mut client, start);
}

/// Sends half a head and then nothing.
fn stall(mut client: Client, start: Instant) {
    client.send("POST /lab/runs/slow HTTP/1.1\r\nHost: a\r\nIdempotency-Key: slow\r\n");
    expect_cut_off(&mut client, start);
}

/// The clock of a pipelined request starts when the server turns to it.
fn wait_behind_a_slow_handler(mut client: Client) {
    let second = Request::post("/echo").content("not late").bytes();
    let (half, rest) = second.split_at(20);
    let slow = Request::lab("patient?delay_ms=5500").bytes();
    client.send([&slow, half].concat());
    client.answer().expect(201);
    client.send(rest);
    assert_eq!(client.answer().expect(200).text(), "not late");
}

// N-3, N-32, N-53
#[test]
fn a_head_that_takes_five_seconds_is_cut_off_however_it_drips() {
    let server = Server::lab(&[]);
    let start = Instant::now();
    let mut idle = server.connect();
    let mut used = server.connect();
    used.exchange(&Request::get("/")).expect(200);
    thread::scope(|scope| {
        scope.spawn(|| drip(server.connect(), start));
        scope.spawn(|| stall(server.connect(), start));
        scope.spawn(|| wait_behind_a_slow_handler(server.connect()));
    });
    assert_eq!(server.runs("slow"), 0);
    assert_eq!(server.records("slow"), []);
    // Connections that have sent nothing are idle, not late.
    idle.exchange(&Request::get("/")).expect(200);
    used.exchange(&Request::get("/")).expect(200);
}
