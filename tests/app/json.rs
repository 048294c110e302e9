//! Claims about src/app/json.rs.

use crate::harness::Test;
use nanoserve::app::json::{Value, read_object};
use nanoserve::limits::JSON_DEPTH_MAX;

pub const TESTS: &[Test] = &[
    ("what_rfc_8259_allows_is_read", what_rfc_8259_allows_is_read),
    (
        "what_it_does_not_is_refused_with_its_place",
        what_it_does_not_is_refused_with_its_place,
    ),
    (
        "every_cut_of_a_value_is_refused",
        every_cut_of_a_value_is_refused,
    ),
    ("nesting_ends_at_its_bound", nesting_ends_at_its_bound),
    (
        "a_mebibyte_of_brackets_is_refused_early",
        a_mebibyte_of_brackets_is_refused_early,
    ),
    (
        "duplicates_are_seen_through_escapes_and_at_any_depth",
        duplicates_are_seen_through_escapes_and_at_any_depth,
    ),
    (
        "a_mebibyte_of_members_is_read_and_one_duplicate_found",
        a_mebibyte_of_members_is_read_and_one_duplicate_found,
    ),
    ("strings_are_unescaped", strings_are_unescaped),
    (
        "wanted_members_come_in_the_order_asked_for",
        wanted_members_come_in_the_order_asked_for,
    ),
    (
        "bytes_that_are_not_utf8_are_refused",
        bytes_that_are_not_utf8_are_refused,
    ),
    (
        "any_two_bytes_are_read_or_refused",
        any_two_bytes_are_read_or_refused,
    ),
];

fn fault(content: impl AsRef<[u8]>) -> String {
    match read_object(content.as_ref(), []) {
        Ok(_) => "no fault".to_owned(),
        Err(e) => e.to_string(),
    }
}

/// The member `a` of the content as a string.
fn text_of_a(content: &str) -> String {
    match read_object(content.as_bytes(), ["a"]) {
        Ok(Some([Some(Value::String(text))])) => {
            let whole = text.unescaped().into_owned();
            assert!(text.chars().eq(whole.chars()));
            whole
        }
        other => panic!("{content}: {other:?}"),
    }
}

// N-80
fn what_rfc_8259_allows_is_read() {
    let good = [
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10",
        "1.5",
        "-0.25e10",
        "1E+2",
        "1e-2",
        "\"\"",
        "[]",
        "{}",
        "[1, 2]",
        " \t\r\n{ \"a\" : [ ] , \"b\" : { } } \n",
        "[[],{},\"\",0]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\u{7f}\u{e9}\u{20ac}\u{1f600}\"",
        "123456789012345678901234567890.5e-9999",
        "[{\"a\":1},{\"a\":1}]",
        "{\"a\":{\"a\":{\"a\":1}}}",
        "{\"\":1,\"A\":1,\"a\":1}",
    ];
    for content in good {
        assert_eq!(fault(content), "no fault", "{content}");
    }
}

// N-80
#[rustfmt::skip] // a table: one case a line
fn what_it_does_not_is_refused_with_its_place() {
    let cases = [
        ("", "expected a value at byte 0, where the content ends"),
        ("  ", "expected a value at byte 2, where the content ends"),
        ("{", "expected a member name at byte 1, where the content ends"),
        ("{,}", "expected a member name at byte 1"),
        ("{a:1}", "expected a member name at byte 1"),
        ("{'a':1}", "expected a member name at byte 1"),
        ("{\"a\"}", "expected ':' at byte 4"),
        ("{\"a\" 1}", "expected ':' at byte 5"),
        ("{\"a\":}", "expected a value at byte 5"),
        ("{\"a\":1,}", "expected a member name at byte 7"),
        ("{\"a\":1 \"b\":2}", "expected ',' or '}' at byte 7"),
        ("{\"a\":1", "expected ',' or '}' at byte 6, where the content ends"),
        ("[1,]", "expected a value at byte 3"),
        ("[1 2]", "expected ',' or ']' at byte 3"),
        ("[,]", "expected a value at byte 1"),
        ("{} x", "expected the end of the content at byte 3"),
        ("1 2", "expected the end of the content at byte 2"),
        ("{}{}", "expected the end of the content at byte 2"),
        ("]", "expected a value at byte 0"),
        ("+1", "expected a value at byte 0"),
        (".5", "expected a value at byte 0"),
        ("-", "expected a digit at byte 1, where the content ends"),
        ("-a", "expected a digit at byte 1"),
        ("01", "expected the end of the content at byte 1"),
        ("-01", "expected the end of the content at byte 2"),
        ("1.", "expected a digit at byte 2, where the content ends"),
        ("1.e5", "expected a digit at byte 2"),
        ("1e", "expected a digit at byte 2, where the content ends"),
        ("1e+-2", "expected a digit at byte 3"),
        ("0x10", "expected the end of the content at byte 1"),
        ("NaN", "expected a value at byte 0"),
        ("Infinity", "expected a value at byte 0"),
        ("nul", "expected true, false or null at byte 0"),
        ("True", "expected a value at byte 0"),
        ("truefalse", "expected the end of the content at byte 4"),
        ("\"a", "expected '\"' at byte 2, where the content ends"),
        ("\"\n\"", "expected an escape for a control character at byte 1"),
        ("\"\0\"", "expected an escape for a control character at byte 1"),
        ("\"\\a\"", "expected one of '\"', '\\', '/', b, f, n, r, t or u at byte 2"),
        ("\"\\", "expected one of '\"', '\\', '/', b, f, n, r, t or u at byte 2, where the content ends"),
        ("\"\\u12\"", "expected a hex digit at byte 5"),
        ("\"\\u+123\"", "expected a hex digit at byte 3"),
        ("\"\\ud800\"", "expected the low half of a surrogate pair at byte 7"),
        ("\"\\ud800x\"", "expected the low half of a surrogate pair at byte 7"),
        ("\"\\ud800\\n\"", "expected the low half of a surrogate pair at byte 7"),
        ("\"\\ud800\\ud800\"", "expected the low half of a surrogate pair at byte 7"),
        ("\"\\udc00\"", "expected the high half of a surrogate pair first at byte 3"),
        ("\"\\ude00\\ud83d\"", "expected the high half of a surrogate pair first at byte 3"),
        ("\u{feff}{}", "expected a value at byte 0"),
        ("\u{a0}{}", "expected a value at byte 0"),
        ("{}\0", "expected the end of the content at byte 2"),
        ("/* */{}", "expected a value at byte 0"),
        ("{\"a\":1,\"a\":1}", "expected a member name that its object does not have yet at byte 8"),
    ];
    for (content, expected) in cases {
        assert_eq!(fault(content), expected, "{content}");
    }
}

fn every_cut_of_a_value_is_refused() {
    let whole = "{\"a\":[1,-2.5e3,\"x\\u00e9\\ud83d\\ude00\",{\"b\":null}],\"c\":{\"d\":true}}";
    assert_eq!(fault(whole), "no fault");
    for cut in 0..whole.len() {
        assert_ne!(fault(&whole[..cut]), "no fault", "cut at {cut}");
    }
}

// N-80: the outermost is 1.
fn nesting_ends_at_its_bound() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth: usize| {
            let inner = if open == "[" { "" } else { "1" };
            format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
        };
        assert_eq!(fault(nested(JSON_DEPTH_MAX)), "no fault");
        let offset = JSON_DEPTH_MAX * open.len();
        let expected = format!("expected no deeper nesting at byte {offset}");
        assert_eq!(fault(nested(JSON_DEPTH_MAX + 1)), expected);
    }
    // Depth is how deep, not how many.
    assert_eq!(fault(format!("[{}[]]", "[],".repeat(100))), "no fault");
}

// N-80
fn a_mebibyte_of_brackets_is_refused_early() {
    for open in ["[", "{\"a\":"] {
        let content = open.repeat((1 << 20) / open.len());
        assert!(fault(content).starts_with("expected no deeper nesting"));
    }
}

// N-80
#[rustfmt::skip]
fn duplicates_are_seen_through_escapes_and_at_any_depth() {
    let at = |offset: usize| format!("expected a member name that its object does not have yet at byte {offset}");
    let cases = [
        ("{\"a\":1,\"\\u0061\":2}", 8),
        ("{\"\\u00e9\":1,\"\u{e9}\":2}", 13),
        ("{\"\\ud83d\\ude00\":1,\"\u{1f600}\":2}", 19),
        ("{\"\\/\":1,\"/\":2}", 9),
        ("{\"\":1,\"b\":2,\"\":3}", 13),
        ("{\"x\":{\"a\":1,\"b\":2,\"a\":3}}", 19),
        ("[[{\"a\":1,\"a\":1}]]", 10),
        ("{\"a\":1,\"b\":{\"a\":1},\"c\":2,\"b\":3}", 26),
        // The first place that is wrong, whichever name sorts first.
        ("{\"b\":1,\"a\":1,\"b\":1,\"a\":1}", 14),
    ];
    for (content, offset) in cases {
        assert_eq!(fault(content), at(offset), "{content}");
    }
}

// N-80: the cost of looking for duplicates stays n log n.
fn a_mebibyte_of_members_is_read_and_one_duplicate_found() {
    let members: Vec<String> = (0..100_000).map(|n| format!("\"{n:x}\":0")).collect();
    let content = format!("{{{}}}", members.join(","));
    assert!(content.len() > 900_000);
    assert_eq!(fault(&content), "no fault");
    let content = format!("{{\"\\u0031\":0,{}}}", members.join(","));
    assert!(fault(content).contains("does not have yet"));
}

fn strings_are_unescaped() {
    let all = r#"{"a":"\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00é"}"#;
    assert_eq!(
        text_of_a(all),
        "\"\\/\u{8}\u{c}\n\r\tA\u{e9}\u{20ac}\u{1f600}\u{e9}"
    );
    assert_eq!(
        text_of_a(r#"{"a":"\u0000\uFFFF\uDBFF\uDFFF"}"#),
        "\0\u{ffff}\u{10ffff}"
    );
    assert_eq!(text_of_a(r#"{"a":""}"#), "");
}

fn wanted_members_come_in_the_order_asked_for() {
    let content = br#"{"b":-1.50,"z":[{"a":9}],"\u0061":"x","n":null,"o":{},"t":true}"#;
    let members = read_object(content, ["a", "b", "n", "o", "t", "z", "missing"]);
    let [a, rest @ ..] = members.expect("JSON").expect("an object");
    assert!(matches!(a, Some(Value::String(text)) if text.unescaped() == "x"));
    let expected = [
        Some(Value::Number("-1.50")),
        Some(Value::Null),
        Some(Value::Object),
        Some(Value::Bool(true)),
        Some(Value::Array),
        None,
    ];
    assert_eq!(rest, expected);
    for content in ["[]", "1", "null", "\"{}\""] {
        assert_eq!(
            read_object(content.as_bytes(), ["a"]),
            Ok(None),
            "{content}"
        );
    }
}

fn bytes_that_are_not_utf8_are_refused() {
    let cases: [&[u8]; 5] = [
        b"{\"\xff\":1}",
        b"{\"\xc0\x80\":1}",
        b"{\"\xed\xa0\x80\":1}",
        b"{\"\xf4\x90\x80\x80\":1}",
        b"{\"\xe2\x82",
    ];
    for content in cases {
        assert_eq!(fault(content), "expected UTF-8 at byte 2");
    }
}

fn any_two_bytes_are_read_or_refused() {
    let mut good = 0;
    for (a, b) in (0..=255_u8).flat_map(|a| (0..=255_u8).map(move |b| (a, b))) {
        let content = [b'"', a, b, b'"'];
        good += usize::from(fault(content) == "no fault");
        let _ = fault([a, b]);
    }
    // Two of the 94 unescaped ASCII characters, one escape, or one of U+0080 to U+07FF.
    assert_eq!(good, 94 * 94 + 8 + 1920);
}
