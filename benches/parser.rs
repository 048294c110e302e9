//! [3] What it costs to read a head, and chunked content.

use crate::runner::Runner;
use nanoserve::http::body::ChunkedDecoder;
use nanoserve::http::parse::{Parsed, parse_head};
use nanoserve::limits::{CONTENT_MAX, FIELD_LINES_MAX, HEAD_MAX};
use std::fmt::Write as _;
use std::hint::black_box;

/// What wrk sends.
const WRK: &str = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";

/// What curl sends for the payment on the front page.
const CURL: &str = "POST /payments HTTP/1.1\r\n\
    Host: 127.0.0.1:8080\r\n\
    User-Agent: curl/8.5.0\r\n\
    Accept: */*\r\n\
    Idempotency-Key: 6f1c2a9e-4a0e-4c52-8f0b-d1f6a9b2c3e4\r\n\
    Content-Length: 61\r\n\
    Content-Type: application/x-www-form-urlencoded\r\n\r\n";

/// What a browser sends for a page.
const BROWSER: &str = "GET /docs/idempotency HTTP/1.1\r\n\
    Host: 127.0.0.1:8080\r\n\
    Connection: keep-alive\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: same-origin\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-User: ?1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Referer: http://127.0.0.1:8080/\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: theme=dark; last-seen=1720000000\r\n\r\n";

/// All heads, then chunked content.
pub fn measure(runner: &mut Runner) {
    let mut group = runner.group("parse_head");
    let largest = largest_head();
    for (name, head) in [
        ("wrk", WRK),
        ("curl POST", CURL),
        ("browser", BROWSER),
        ("largest", &largest),
    ] {
        let head = head.as_bytes();
        group.bytes(head.len()).bench(name, |b| {
            let parsed = parse_head(head);
            assert!(
                matches!(&parsed, Ok(Parsed::Complete { used, .. }) if *used == head.len()),
                "expected a whole head, found {parsed:?}"
            );
            b.iter(|| parse_head(black_box(head)));
        });
    }
    drop(group);
    chunked(runner);
}

/// 64 chunks of 1 KiB, all there at once.
fn chunked(runner: &mut Runner) {
    let mut wire = [b"400\r\n", &[b'x'; 1024][..], b"\r\n"].concat().repeat(64);
    wire.extend_from_slice(b"0\r\n\r\n");
    let mut content = Vec::with_capacity(64 * 1024);
    let mut group = runner.group("chunked");
    group
        .bytes(64 * 1024)
        .bench("64 KiB in chunks of 1 KiB", |b| {
            b.iter(|| {
                content.clear();
                ChunkedDecoder::new(CONTENT_MAX).decode(black_box(&wire), &mut content)
            });
            assert_eq!(content.len(), 64 * 1024);
        });
}

/// As many bytes and as many field lines as a head may have.
fn largest_head() -> String {
    let mut head = WRK.trim_end().to_owned() + "\r\n";
    let lines = FIELD_LINES_MAX - 1; // Host is there
    let (line, end) = ("X-Field-00: \r\n".len(), "\r\n".len());
    let values = HEAD_MAX - head.len() - end - lines * line;
    for n in 0..lines {
        // The first line takes what the division leaves over.
        let length = values / lines + if n == 0 { values % lines } else { 0 };
        let value = "v".repeat(length);
        // Writing to a String cannot fail.
        let _ = write!(head, "X-Field-{n:02}: {value}\r\n");
    }
    head + "\r\n"
}
