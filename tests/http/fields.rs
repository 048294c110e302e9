//! Claims about src/http/fields.rs.

use crate::harness::Test;
use nanoserve::http::fields::{FieldName, FieldValue, is_writers_own};
use std::panic::catch_unwind;

pub const TESTS: &[Test] = &[
    ("a_name_is_a_token", a_name_is_a_token),
    (
        "a_value_cannot_split_a_response",
        a_value_cannot_split_a_response,
    ),
    (
        "a_malformed_constant_does_not_compile",
        a_malformed_constant_does_not_compile,
    ),
    (
        "framing_and_hop_by_hop_fields_are_the_writers",
        framing_and_hop_by_hop_fields_are_the_writers,
    ),
];

// RFC 9110, section 5.1
fn a_name_is_a_token() {
    for name in ["a", "X-Request-Id", "!#$%&'*+-.^_`|~09"] {
        assert_eq!(
            FieldName::new(name).as_ref().map(FieldName::as_str),
            Some(name)
        );
    }
    for name in ["", " ", "a b", "a:", "a\r\n", "a\0", "é", "a,b", "\"a\""] {
        assert_eq!(FieldName::new(name), None, "{name:?}");
    }
}

// RFC 9110, section 5.5; N-83
fn a_value_cannot_split_a_response() {
    for value in [
        &b""[..],
        b"a",
        b"a b\tc",
        b"caf\xe9",
        b"\x80\xff",
        b"a,b;c=\"d\"",
    ] {
        assert_eq!(
            FieldValue::new(value).as_ref().map(FieldValue::as_bytes),
            Some(value)
        );
    }
    for value in [
        &b" "[..],
        b"\t",
        b" a",
        b"a ",
        b"a\t",
        b"\ta",
        b"a\r\nb: c",
        b"a\rb",
        b"a\nb",
        b"a\0b",
        b"\x1b[31m",
        b"a\x7f",
    ] {
        assert_eq!(FieldValue::new(value), None, "{}", value.escape_ascii());
    }
}

/// In a const the same assertion stops the compiler.
fn a_malformed_constant_does_not_compile() {
    const NAME: FieldName = FieldName::from_static("Location");
    const VALUE: FieldValue = FieldValue::from_static("/payments/1");
    assert_eq!(
        (NAME.as_str(), VALUE.as_bytes()),
        ("Location", &b"/payments/1"[..])
    );
    assert!(catch_unwind(|| FieldName::from_static("Loca tion")).is_err());
    assert!(catch_unwind(|| FieldName::from_static("")).is_err());
    assert!(catch_unwind(|| FieldValue::from_static("a\r\nb")).is_err());
    assert!(catch_unwind(|| FieldValue::from_static(" a")).is_err());
}

// RFC 9110, section 7.6.1; N-21
fn framing_and_hop_by_hop_fields_are_the_writers() {
    for name in [
        "Connection",
        "connection",
        "KEEP-ALIVE",
        "Proxy-Connection",
        "Proxy-Authenticate",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Content-Length",
        "Date",
        "Idempotent-Replayed",
    ] {
        assert!(is_writers_own(name), "{name}");
    }
    for name in [
        "Content-Type",
        "Location",
        "Set-Cookie",
        "Content-Encoding",
        "Retry-After",
        "X-Date",
        "T",
        "",
    ] {
        assert!(!is_writers_own(name), "{name}");
    }
}
