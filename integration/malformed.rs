//! N-50 and N-51: bytes that are no request. Each gets its status, nothing of it runs, and the connection closes.

use crate::support::{Request, Server};

/// What a refused connection might still carry: it must never be read as a request.
const SMUGGLED: &str = "POST /lab/runs/smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";

/// Sends each case on a connection of its own, a whole request right behind it.
#[track_caller]
fn refused(cases: &[(&str, &[u8], u16)]) {
    let server = Server::lab(&[]);
    for (name, bytes, status) in cases {
        println!("case: {name}"); // shown when the test fails
        let mut client = server.connect();
        client.send([bytes, SMUGGLED.as_bytes()].concat());
        let answer = client.answer().expect(*status);
        assert_eq!(
            answer.field("Content-Type"),
            Some("application/problem+json")
        );
        assert!(answer.says_close(), "{name}");
        client.half_close();
        client.expect_end();
    }
    assert_eq!(
        server.runs("smuggled"),
        0,
        "leftovers were read as a request"
    );
    assert_eq!(server.runs("refused"), 0, "a refused request ran");
}

/// `POST` to the lab with these field lines behind Host, and this content.
fn post(lines: &str, content: &str) -> Vec<u8> {
    format!("POST /lab/runs/refused HTTP/1.1\r\nHost: a\r\n{lines}\r\n{content}").into_bytes()
}

/// `GET` with these field lines, which end themselves.
fn get(lines: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\n{lines}\r\n").into_bytes()
}

// N-50
#[test]
fn a_content_length_that_is_not_one_plain_number_is_refused() {
    let lines = [
        "Content-Length: +5\r\n",
        "Content-Length: -5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5a\r\n",
        "Content-Length: 5.0\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: \r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 18446744073709551621\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n",
    ];
    let requests = lines.map(|line| post(line, "12345"));
    let cases = lines.iter().zip(&requests);
    refused(
        &cases
            .map(|(name, bytes)| (*name, &bytes[..], 400))
            .collect::<Vec<_>>(),
    );
}

// N-50
#[test]
fn a_transfer_encoding_that_a_smuggler_could_use_is_refused() {
    let lines: [(&str, u16); 20] = [
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: chunked,\r\n", 400),
        ("Transfer-Encoding: ,chunked\r\n", 400),
        ("Transfer-Encoding: gzip,,chunked\r\n", 400),
        ("Transfer-Encoding: \r\n", 400),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            400,
        ),
        (
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
            400,
        ),
        ("Transfer-Encoding: chunked x\r\n", 400),
        ("Transfer-Encoding: chunked\x0b\r\n", 400),
        ("Transfer-Encoding: \"chunked\"\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n", 501),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: GZIP , Chunked\r\n", 501),
    ];
    let requests = lines.map(|(line, _)| post(line, "0\r\n\r\n"));
    let cases = lines.iter().zip(&requests);
    let cases: Vec<_> = cases
        .map(|((line, status), bytes)| (*line, &bytes[..], *status))
        .collect();
    refused(&cases);
    let old = "POST /lab/runs/refused HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    refused(&[("chunked in HTTP/1.0", old.as_bytes(), 400)]);
}

// N-50
#[test]
fn chunks_that_two_readers_could_read_differently_are_refused() {
    let contents = [
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "0_5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\rhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
        "00000000000000000000005\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
        "0\r\nbad trailer\r\n\r\n",
        "0\r\nX: a\n\r\n",
    ];
    let requests = contents.map(|content| post("Transfer-Encoding: chunked\r\n", content));
    let cases = contents.iter().zip(&requests);
    refused(
        &cases
            .map(|(name, bytes)| (*name, &bytes[..], 400))
            .collect::<Vec<_>>(),
    );
}

// N-50
#[test]
fn field_lines_that_bend_the_grammar_are_refused() {
    let lines = [
        "Host: a\nX: b\r\n",
        "Host: a\r\nX: b\rc\r\n",
        "Host: a\r\nX: b\r\n c\r\n",
        "Host: a\r\nX: b\r\n\tc\r\n",
        "Host: a\r\nX : b\r\n",
        "Host: a\r\nX\t: b\r\n",
        "Host: a\r\n X: b\r\n",
        " Host: a\r\n",
        "Host: a\r\n: b\r\n",
        "Host: a\r\nX\r\n",
        "Host: a\r\nX(y): b\r\n",
        "Host: a\r\nX y: b\r\n",
        "Host: a\r\nX\u{e9}: b\r\n",
        "Host: a\r\nX: \0\r\n",
        "Host: a\r\nX: \x01\r\n",
        "Host: a\r\nX: a\x1bb\r\n",
        "Host: a\r\nX: a\x7fb\r\n",
    ];
    let requests = lines.map(get);
    let cases = lines.iter().zip(&requests);
    refused(
        &cases
            .map(|(name, bytes)| (*name, &bytes[..], 400))
            .collect::<Vec<_>>(),
    );
    refused(&[
        (
            "bare LF ends the request line",
            b"GET / HTTP/1.1\nHost: a\r\n\r\n",
            400,
        ),
        (
            "bare LF ends the head",
            b"GET / HTTP/1.1\r\nHost: a\r\n\n",
            400,
        ),
        ("only bare LF", b"GET / HTTP/1.1\nHost: a\n\n", 400),
    ]);
}

// N-51
#[test]
fn a_request_without_exactly_one_valid_host_is_refused() {
    let lines = [
        "X: y\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhost: b\r\n",
        "Host: a b\r\n",
        "Host: a/b\r\n",
        "Host: u@a\r\n",
        "Host: a:b\r\n",
        "Host: [::1\r\n",
    ];
    let requests = lines.map(get);
    let cases = lines.iter().zip(&requests);
    refused(
        &cases
            .map(|(name, bytes)| (*name, &bytes[..], 400))
            .collect::<Vec<_>>(),
    );
    let twice = b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n";
    refused(&[("two Hosts in 1.0", twice, 400)]);
}

// N-50, N-51
#[test]
fn request_lines_that_are_none_are_refused() {
    let lines = [
        ("GET /a b HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET /  HTTP/1.1", 400),
        ("GET / HTTP/1.1 ", 400),
        (" GET / HTTP/1.1", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("GET /", 400),
        ("GET", 400),
        ("GET /a#b HTTP/1.1", 400),
        ("GET /caf\u{e9} HTTP/1.1", 400),
        ("GET /\x7f HTTP/1.1", 400),
        ("GET /a\rb HTTP/1.1", 400),
        ("GET a HTTP/1.1", 400),
        ("GET a:80 HTTP/1.1", 400),
        ("GET * HTTP/1.1", 400),
        ("G(T / HTTP/1.1", 400),
        ("GET / http/1.1", 400),
        ("GET / HTTP/1", 400),
        ("GET / HTTP/1.10", 400),
        ("GET / HTTP/1,1", 400),
        ("GET / HTTP/one", 400),
        ("GET / HTP/1.1", 400),
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/0.9", 505),
        ("GET / HTTP/3.1", 505),
    ];
    let requests = lines.map(|(line, _)| format!("{line}\r\nHost: a\r\n\r\n"));
    let cases = lines.iter().zip(&requests);
    let cases: Vec<_> = cases
        .map(|((line, status), text)| (*line, text.as_bytes(), *status))
        .collect();
    refused(&cases);
    let five = b"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    refused(&[("five empty lines before it", five, 400)]);
}

// N-50
#[test]
fn other_protocols_and_noise_are_refused_without_a_hang() {
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x9a\x1b\x00\x20\r\n";
    refused(&[
        ("TLS", hello, 400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("NULs", &[0; 64], 400),
        ("noise", b"\xff\xfe\x80\x00\x01\xd0\r\n\r\n", 400),
    ]);
}

// N-50
#[test]
fn four_empty_lines_before_a_request_are_passed_over() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(b"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().expect(200);
    client.send(b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    client.answer().expect(200);
}

// N-50, N-54
#[test]
fn after_a_refusal_the_server_closes_although_the_client_stays() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    client.answer().expect_problem(400, "malformed-request");
    client.expect_end();
}

// N-25, N-50
#[test]
fn a_refusal_says_what_was_wrong_and_where() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n");
    let problem = client
        .answer()
        .expect_problem(400, "malformed-request")
        .json();
    let detail = problem.get("detail").text().to_owned();
    assert!(
        detail.contains(|c: char| c.is_ascii_digit()),
        "no place in: {detail}"
    );
    assert!(server.send(&Request::get("/")).status == 200);
}

// N-25
#[test]
fn client_bytes_in_a_problem_cannot_break_its_json() {
    let server = Server::start(&[]);
    let hostile = Request::get("/%22%7D\"}{</script>\\").field("X-\"", "x");
    let mut client = server.connect();
    client.send(hostile.bytes());
    client.answer().json();
    let unknown = Request::get("/no<b>\"quoted\"\\path");
    server.send(&unknown).json();
}
