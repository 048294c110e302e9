//! Claims about `src/http/json_text.rs`.

use crate::harness::Test;
use nanoserve::http::json_text::push_string;

pub const TESTS: &[Test] = &[
    (
        "a_string_is_quoted_and_escaped",
        a_string_is_quoted_and_escaped,
    ),
    (
        "no_byte_leaves_as_a_control_or_as_markup",
        no_byte_leaves_as_a_control_or_as_markup,
    ),
];

fn json(text: &[u8]) -> String {
    let mut out = "x".to_owned();
    push_string(&mut out, text);
    out.split_off(1)
}

// RFC 8259, section 7; N-25
fn a_string_is_quoted_and_escaped() {
    for (text, expected) in [
        (&b""[..], r#""""#),
        (b"plain / text", r#""plain / text""#),
        (b"\"\\", r#""\"\\""#),
        (b"\n\r\t", r#""\n\r\t""#),
        (b"\0\x08\x0c\x1f\x7f", r#""\u0000\u0008\u000c\u001f\u007f""#),
        (
            b"<a href='x'>&amp;",
            r#""\u003ca href='x'\u003e\u0026amp;""#,
        ),
        ("ü€😀".as_bytes(), "\"ü€😀\""),
        ("\u{9b}31m".as_bytes(), r#""\u009b31m""#),
        (b"a\xffb", "\"a\u{fffd}b\""),
        (b"\xc3", "\"\u{fffd}\""),
        (b"\xe2\x82<", "\"\u{fffd}\\u003c\""),
    ] {
        assert_eq!(json(text), expected);
    }
}

// N-25
fn no_byte_leaves_as_a_control_or_as_markup() {
    for first in 0..=255 {
        for second in 0..=255 {
            let text = json(&[first, second]);
            let inside = &text[1..text.len() - 1];
            assert!(
                !inside.chars().any(|c| c.is_control() || "<>&".contains(c)),
                "{text}"
            );
            let unescaped = inside.replace("\\\\", "").replace("\\\"", "");
            assert!(!unescaped.contains('"'), "{text}");
        }
    }
}
