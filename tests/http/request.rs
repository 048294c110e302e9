//! Claims about src/http/request.rs.

use crate::harness::Test;
use crate::http::cases::with_request;
use nanoserve::http::request::{Method, Repeated, Span};

pub const TESTS: &[Test] = &[
    (
        "post_put_patch_and_delete_are_guarded",
        post_put_patch_and_delete_are_guarded,
    ),
    (
        "fields_are_found_without_case_in_their_order",
        fields_are_found_without_case_in_their_order,
    ),
    (
        "a_field_that_may_have_one_line_has_one",
        a_field_that_may_have_one_line_has_one,
    ),
    (
        "a_span_outside_its_bytes_is_empty",
        a_span_outside_its_bytes_is_empty,
    ),
    (
        "a_method_token_is_its_own_name",
        a_method_token_is_its_own_name,
    ),
];

// N-13
fn post_put_patch_and_delete_are_guarded() {
    for (method, guarded) in [
        (Method::Get, false),
        (Method::Head, false),
        (Method::Options, false),
        (Method::Trace, false),
        (Method::Connect, false),
        (Method::Unknown, false),
        (Method::Post, true),
        (Method::Put, true),
        (Method::Patch, true),
        (Method::Delete, true),
    ] {
        assert_eq!(method.is_guarded(), guarded, "{}", method.as_str());
    }
}

const HEAD: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-many: a\r\nX-MANY:\r\nX-Many: \tc \r\n\r\n";

// RFC 9110, sections 5.1 and 5.3
fn fields_are_found_without_case_in_their_order() {
    with_request(HEAD, |request| {
        let many: Vec<_> = request.values("X-Many").collect();
        assert_eq!(many, [&b"a"[..], b"", b"c"]);
        assert_eq!(request.values("X-None").count(), 0);
        assert_eq!(request.values("X-Man").count(), 0);
        let names: Vec<_> = request.fields().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [&b"Host"[..], b"X-One", b"x-many", b"X-MANY", b"X-Many"]
        );
    });
}

// N-15, N-16
fn a_field_that_may_have_one_line_has_one() {
    with_request(HEAD, |request| {
        assert_eq!(request.single("x-one"), Ok(Some(&b"1"[..])));
        assert_eq!(request.single("x-none"), Ok(None));
        assert_eq!(request.single("x-many"), Err(Repeated));
        assert_eq!(request.content(), b"");
        assert_eq!(request.query(), None);
    });
}

fn a_span_outside_its_bytes_is_empty() {
    let span = |start, end| Span { start, end };
    assert_eq!(span(1, 3).of(b"abcd"), b"bc");
    assert_eq!(span(3, 5).of(b"abcd"), b"");
    assert_eq!(span(3, 1).of(b"abcd"), b"");
}

fn a_method_token_is_its_own_name() {
    for token in [
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
    ] {
        assert_eq!(Method::from_token(token.as_bytes()).as_str(), token);
    }
    assert_eq!(Method::from_token(b"BREW"), Method::Unknown);
}
