//! Claims about `src/http/key_field.rs`.

use crate::harness::Test;
use crate::http::cases::{check_table, mutations, with_request};
use crate::http::key_grammar as grammar;
use nanoserve::http::key_field::request_key;
use nanoserve::http::parse::{Parsed, parse_head};
use nanoserve::http::request::Request;
use nanoserve::limits::KEY_BYTES_MAX;

pub const TESTS: &[Test] = &[
    ("quoted_and_bare_spellings_are_one_key", quoted_and_bare_spellings_are_one_key),
    ("a_malformed_key_is_refused_with_its_place", a_malformed_key_is_refused_with_its_place),
    ("both_fields_are_read_and_must_agree", both_fields_are_read_and_must_agree),
    ("a_key_is_1_to_255_bytes_after_unquoting", a_key_is_1_to_255_bytes_after_unquoting),
    ("a_refusal_never_quotes_the_key", a_refusal_never_quotes_the_key),
    ("a_mutated_key_is_a_valid_key_or_refused", a_mutated_key_is_a_valid_key_or_refused),
    ("every_short_value_is_the_key_that_the_grammar_has_or_none", grammar::every_short_value_is_the_key_that_the_grammar_has_or_none),
    ("every_short_parameter_fares_as_the_grammar_says", grammar::every_short_parameter_fares_as_the_grammar_says),
    ("numbers_of_every_length_fare_as_the_grammar_says", grammar::numbers_of_every_length_fare_as_the_grammar_says),
    ("display_strings_are_utf_8_as_the_grammar_has_it", grammar::display_strings_are_utf_8_as_the_grammar_has_it),
    ("every_byte_at_every_place_of_a_value_fares_as_the_grammar_says", grammar::every_byte_at_every_place_of_a_value_fares_as_the_grammar_says),
    ("any_lines_of_the_two_fields_are_one_key_or_refused", grammar::any_lines_of_the_two_fields_are_one_key_or_refused),
];

/// Field lines -> `[key]`, `none`, or the refusal's text.
fn key_of(lines: &[u8]) -> String {
    let head = [b"POST / HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n"].concat();
    with_request(&head, |request| match request_key(&request) {
        Ok(Some(key)) => format!("[{}]", str::from_utf8(&key).unwrap_or("not ASCII")),
        Ok(None) => "none".to_owned(),
        Err(error) => error.detail,
    })
}

fn check(rows: &[(&'static [u8], &'static str)]) {
    check_table(rows.iter().copied(), key_of);
}

// N-10, N-11
fn quoted_and_bare_spellings_are_one_key() {
    check(&[
        (b"", "none"),
        (b"Idempotency-Keys: a\r\nX-Key: b\r\n", "none"),
        (b"Idempotency-Key: \"abc\"\r\n", "[abc]"),
        (b"Idempotency-Key: abc\r\n", "[abc]"),
        (b"idempotency-key:abc\r\n", "[abc]"),
        (b"IDEMPOTENCY-KEY: \t abc \t \r\n", "[abc]"),
        (b"X-Idempotency-Key: abc\r\n", "[abc]"),
        (b"x-idempotency-key: \"abc\"\r\n", "[abc]"),
        (b"Idempotency-Key: ABC\r\n", "[ABC]"),
        (b"Idempotency-Key: \"a\\\"b\\\\c\"\r\n", "[a\"b\\c]"),
        (b"Idempotency-Key: \"a b, c; d\"\r\n", "[a b, c; d]"),
        (b"Idempotency-Key: \"abc\";v=1; x=\"y\"\r\n", "[abc]"),
        (b"Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324\r\n", "[8e03978e-40d5-43dd-bc93-6894a57f9324]"),
        (b"Idempotency-Key: !#$%&'()*+-./:<=>?@[]^_`{|}~\r\n", "[!#$%&'()*+-./:<=>?@[]^_`{|}~]"),
        (b"Idempotency-Key: :YWJj:\r\n", "[:YWJj:]"),
    ]);
}

// N-11, N-12
fn a_malformed_key_is_refused_with_its_place() {
    check(&[
        (b"Idempotency-Key:\r\n", "Idempotency-Key: expected '\"' or a visible ASCII character other than , ; \\ at byte 1"),
        (b"Idempotency-Key: \t \r\n", "Idempotency-Key: expected '\"' or a visible ASCII character other than , ; \\ at byte 1"),
        (b"Idempotency-Key: \"\"\r\n", "Idempotency-Key: expected at least one byte between the quotes"),
        (b"Idempotency-Key: \"abc\r\n", "Idempotency-Key: expected a closing '\"' at byte 5"),
        (b"Idempotency-Key: \"\r\n", "Idempotency-Key: expected a closing '\"' at byte 2"),
        (b"Idempotency-Key: abc\"\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 4"),
        (b"Idempotency-Key: a\\b\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: \"a\\b\"\r\n", "Idempotency-Key: expected '\"' or '\\' after a '\\' at byte 4"),
        (b"Idempotency-Key: a b\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: a\tb\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: caf\xc3\xa9\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 4"),
        (b"Idempotency-Key: \"caf\xc3\xa9\"\r\n", "Idempotency-Key: expected a visible ASCII character, a space or '\"' at byte 5"),
        (b"Idempotency-Key: \"a\tb\"\r\n", "Idempotency-Key: expected a visible ASCII character, a space or '\"' at byte 3"),
        (b"Idempotency-Key: a,b\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: a, b\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: ,\r\n", "Idempotency-Key: expected '\"' or a visible ASCII character other than , ; \\ at byte 1"),
        (b"Idempotency-Key: \"a\", \"b\"\r\n", "Idempotency-Key: expected ';' or the end at byte 4"),
        (b"Idempotency-Key: abc;v=1\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 4"),
        (b"Idempotency-Key: \"abc\";\r\n", "Idempotency-Key: expected a parameter's key at byte 7"),
        (b"Idempotency-Key: \"abc\";V=1\r\n", "Idempotency-Key: expected a parameter's key at byte 7"),
        (b"Idempotency-Key: \"abc\"def\r\n", "Idempotency-Key: expected ';' or the end at byte 6"),
        (b"X-Idempotency-Key: a b\r\n", "X-Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
    ]);
}

// N-10 to N-12
fn both_fields_are_read_and_must_agree() {
    check(&[
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key: \"abc\"\r\n", "[abc]"),
        (b"X-Idempotency-Key: abc\r\nIdempotency-Key: \"abc\";p\r\n", "[abc]"),
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key: abd\r\n", "Idempotency-Key and X-Idempotency-Key: expected the same key in both"),
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key: ABC\r\n", "Idempotency-Key and X-Idempotency-Key: expected the same key in both"),
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key: a b\r\n", "X-Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key:\r\n", "X-Idempotency-Key: expected '\"' or a visible ASCII character other than , ; \\ at byte 1"),
        (b"Idempotency-Key: a b\r\nX-Idempotency-Key: abc\r\n", "Idempotency-Key: expected a visible ASCII character other than \" , ; \\ at byte 2"),
        (b"Idempotency-Key: abc\r\nIdempotency-Key: abc\r\n", "Idempotency-Key: expected one field line"),
        (b"Idempotency-Key: abc\r\nIdempotency-Key: abd\r\n", "Idempotency-Key: expected one field line"),
        (b"Idempotency-Key: abc\r\nX-Idempotency-Key: abc\r\nX-Idempotency-Key: abc\r\n", "X-Idempotency-Key: expected one field line"),
    ]);
}

// N-12
fn a_key_is_1_to_255_bytes_after_unquoting() {
    let field = |value: &str| key_of(format!("Idempotency-Key: {value}\r\n").as_bytes());
    let longest = "k".repeat(KEY_BYTES_MAX);
    assert_eq!(field("k"), "[k]");
    assert_eq!(field(&longest), format!("[{longest}]"));
    assert_eq!(field(&format!("\"{longest}\"")), format!("[{longest}]"));
    // 255 bytes that take 510 on the wire
    let escaped = "\\\"".repeat(KEY_BYTES_MAX);
    assert_eq!(field(&format!("\"{escaped}\"")), format!("[{}]", "\"".repeat(KEY_BYTES_MAX)));
    let refused = "Idempotency-Key: expected at most 255 bytes, found 256";
    assert_eq!(field(&format!("{longest}k")), refused);
    assert_eq!(field(&format!("\"{longest}k\"")), refused);
    // Two keys of one beginning are two keys: none is cut to fit.
    assert_eq!(field(&format!("{longest}-other")), "Idempotency-Key: expected at most 255 bytes, found 261");
}

// N-25
fn a_refusal_never_quotes_the_key() {
    for value in ["<script> x", "\"<script>", "\"a\"; <script>", "<script>,<script>"] {
        let text = key_of(format!("Idempotency-Key: {value}\r\n").as_bytes());
        assert!(text.starts_with("Idempotency-Key: expected "), "{text}");
        assert!(!text.contains("script"), "{text}");
    }
}

// N-12: no panic, and whatever is accepted keeps the bounds
fn a_mutated_key_is_a_valid_key_or_refused() {
    let seeds: &[&[u8]] = &[
        b"POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: \"8e03978e\\\"-\\\\\";p=1;q=\"x\";r=:YQ==:;s=?1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nX-Idempotency-Key: bare\r\nIdempotency-Key: \"bare\";d=@1;e=%\"%c3%bc\"\r\n\r\n",
    ];
    mutations(20_000, seeds, |bytes| {
        if let Ok(Parsed::Complete { head, .. }) = parse_head(bytes) {
            let request = Request::new(&head, bytes, b"");
            match request_key(&request) {
                Ok(Some(key)) => {
                    assert!((1..=KEY_BYTES_MAX).contains(&key.len()));
                    assert!(key.iter().all(|byte| (0x20..=0x7E).contains(byte)));
                }
                Ok(None) => assert_eq!(request.values("idempotency-key").count(), 0),
                Err(error) => assert!(error.detail.contains("expected")),
            }
        }
    });
}
