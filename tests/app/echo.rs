//! Claims about src/app/echo.rs.

use crate::app::send;
use crate::harness::Test;
use nanoserve::app::App;

pub const TESTS: &[Test] = &[
    ("content_and_type_come_back", content_and_type_come_back),
    (
        "what_is_no_media_type_becomes_octets",
        what_is_no_media_type_becomes_octets,
    ),
];

// N-82
fn content_and_type_come_back() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let types = [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/problem+json",
        "TEXT/X ;a=\"b;c\"",
    ];
    for content in [&every_byte[..], b"", b" x\r\n"] {
        for content_type in types {
            let line = format!("Content-Type: {content_type}");
            let answer = send(&App::new(), "POST", "/echo", &[&line], content);
            assert!(answer.recorded);
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.content_type(), content_type);
            assert_eq!(answer.response.content().as_bytes(), content);
            assert_eq!(answer.field("x-content-type-options"), "nosniff");
        }
    }
}

// N-82
fn what_is_no_media_type_becomes_octets() {
    let cases: [&[&str]; 8] = [
        &[],
        &["Content-Type:"],
        &["Content-Type: text"],
        &["Content-Type: text/"],
        &["Content-Type: /plain"],
        &["Content-Type: te xt/plain"],
        &["Content-Type: text/pl\u{e9}in"],
        &["Content-Type: text/plain", "Content-Type: text/plain"],
    ];
    for fields in cases {
        let answer = send(&App::new(), "POST", "/echo", fields, b"x");
        assert_eq!(
            answer.content_type(),
            "application/octet-stream",
            "{fields:?}"
        );
    }
}
