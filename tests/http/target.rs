//! Claims about src/http/target.rs; its request-targets and authorities are met in parse.rs and `parse_lines.rs`.

use crate::harness::Test;
use nanoserve::http::target::{percent_decode, query_pairs};
use std::borrow::Cow;

pub const TESTS: &[Test] = &[
    (
        "percent_encoding_is_undone_once",
        percent_encoding_is_undone_once,
    ),
    (
        "a_percent_sign_needs_two_hex_digits",
        a_percent_sign_needs_two_hex_digits,
    ),
    (
        "text_without_a_percent_sign_is_not_copied",
        text_without_a_percent_sign_is_not_copied,
    ),
    ("a_query_is_pairs_in_order", a_query_is_pairs_in_order),
];

// RFC 3986, section 2.1; N-61, N-83
fn percent_encoding_is_undone_once() {
    for (text, decoded) in [
        (&b""[..], &b""[..]),
        (b"a+b", b"a+b"),
        (b"%41", b"A"),
        (b"a%20b%2fc%2Fd", b"a b/c/d"),
        (b"%2541", b"%41"),
        (b"%00%ff%0D", b"\0\xff\r"),
        (b"%c3%bc", "ü".as_bytes()),
    ] {
        assert_eq!(percent_decode(text).as_deref(), Some(decoded));
    }
}

fn a_percent_sign_needs_two_hex_digits() {
    for text in [
        &b"%"[..],
        b"%4",
        b"%zz",
        b"%4g",
        b"%g4",
        b"a%",
        b"%%41",
        b"%+1",
        b"%-1",
        b"% 1",
    ] {
        assert_eq!(percent_decode(text), None, "{}", text.escape_ascii());
    }
}

fn text_without_a_percent_sign_is_not_copied() {
    assert!(matches!(
        percent_decode(b"plain"),
        Some(Cow::Borrowed(b"plain"))
    ));
}

// N-83
fn a_query_is_pairs_in_order() {
    let pairs = |query: &str| -> Vec<(String, String)> {
        query_pairs(query.as_bytes())
            .map(|(name, value)| {
                (
                    name.escape_ascii().to_string(),
                    value.escape_ascii().to_string(),
                )
            })
            .collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(pairs(""), []);
    assert_eq!(pairs("&&"), []);
    assert_eq!(
        pairs("a=1&b=2&a=3"),
        [pair("a", "1"), pair("b", "2"), pair("a", "3")]
    );
    assert_eq!(
        pairs("a&b=&=c&="),
        [pair("a", ""), pair("b", ""), pair("", "c"), pair("", "")]
    );
    assert_eq!(
        pairs("a=b=c&d=%26?e"),
        [pair("a", "b=c"), pair("d", "%26?e")]
    );
    assert_eq!(pairs("a=1&&b=2&"), [pair("a", "1"), pair("b", "2")]);
}
