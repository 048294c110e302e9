//! Claims about `src/http/sf_string.rs` (RFC 9651).

use crate::harness::Test;
use crate::http::cases::check_table;
use crate::http::key_grammar as grammar;
use nanoserve::http::sf_string::parse_string;

pub const TESTS: &[Test] = &[
    ("a_string_is_unquoted", a_string_is_unquoted),
    ("a_string_has_visible_ascii_and_two_escapes", a_string_has_visible_ascii_and_two_escapes),
    ("parameters_of_every_type_are_dropped", parameters_of_every_type_are_dropped),
    ("a_malformed_parameter_is_an_error", a_malformed_parameter_is_an_error),
    ("only_an_escaped_string_is_copied", only_an_escaped_string_is_copied),
    ("every_short_item_is_the_string_that_the_grammar_has_or_none", grammar::every_short_item_is_the_string_that_the_grammar_has_or_none),
];

fn run(text: &[u8]) -> String {
    match parse_string(text) {
        Ok(string) => format!("[{}]", str::from_utf8(&string).unwrap_or("not ASCII")),
        Err(error) => format!("at {}: expected {}", error.offset, error.expected),
    }
}

fn check(rows: &[(&'static [u8], &'static str)]) {
    check_table(rows.iter().copied(), run);
}

// RFC 9651, sections 3.3.3 and 4.2; N-11
fn a_string_is_unquoted() {
    check(&[
        (b"\"\"", "[]"),
        (b"\"a\"", "[a]"),
        (b"  \"a b\"  ", "[a b]"),
        (b"\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "[8e03978e-40d5-43dd-bc93-6894a57f9324]"),
        (b"\"a\\\"b\\\\c\"", "[a\"b\\c]"),
        (b"\"a,b;c\"", "[a,b;c]"),
        (b"", "at 0: expected '\"'"),
        (b"a", "at 0: expected '\"'"),
        (b":YQ==:", "at 0: expected '\"'"),
        (b"1", "at 0: expected '\"'"),
        (b"(\"a\")", "at 0: expected '\"'"),
        (b"\"a\", \"b\"", "at 3: expected ';' or the end"),
        (b"\"a\" b", "at 4: expected ';' or the end"),
        (b"\"a\"b", "at 3: expected ';' or the end"),
        (b"\"a\" ;b", "at 4: expected ';' or the end"),
        (b"\t\"a\"", "at 0: expected '\"'"),
    ]);
}

// RFC 9651, section 4.2.5; N-12
fn a_string_has_visible_ascii_and_two_escapes() {
    check(&[
        (b"\"a", "at 2: expected a closing '\"'"),
        (b"\"", "at 1: expected a closing '\"'"),
        (b"\"a\\\"", "at 4: expected a closing '\"'"),
        (b"\"a\\", "at 3: expected '\"' or '\\' after a '\\'"),
        (b"\"a\\n\"", "at 3: expected '\"' or '\\' after a '\\'"),
        (b"\"a\\x\"", "at 3: expected '\"' or '\\' after a '\\'"),
        (b"\"a\x00\"", "at 2: expected a visible ASCII character, a space or '\"'"),
        (b"\"a\tb\"", "at 2: expected a visible ASCII character, a space or '\"'"),
        (b"\"a\x7f\"", "at 2: expected a visible ASCII character, a space or '\"'"),
        (b"\"caf\xc3\xa9\"", "at 4: expected a visible ASCII character, a space or '\"'"),
    ]);
}

// RFC 9651, sections 3.1.2 and 4.2.3; N-11
fn parameters_of_every_type_are_dropped() {
    check(&[
        (b"\"a\";b", "[a]"),
        (b"\"a\";b;c;  d", "[a]"),
        (b"\"a\";b;b=1", "[a]"),
        (b"\"a\";*k_-.*9=1 ", "[a]"),
        (b"\"a\";b=0;c=-15;d=999999999999999;e=-999999999999999", "[a]"),
        (b"\"a\";b=1.5;c=-0.125;d=999999999999.999", "[a]"),
        (b"\"a\";b=\"c\\\"d\"", "[a]"),
        (b"\"a\";b=tok;c=*t/o:k;d=A!#$%&'*+-.^_`|~", "[a]"),
        (b"\"a\";b=:YWJj:;c=::;d=:YQ==:;e=:YQ:;f=:YWI=:", "[a]"),
        (b"\"a\";b=?0;c=?1", "[a]"),
        (b"\"a\";b=@1659578233;c=@-1", "[a]"),
        (b"\"a\";b=%\"f%c3%bc %25 \\ x\"", "[a]"),
    ]);
}

// RFC 9651, section 4.2.3; N-11
fn a_malformed_parameter_is_an_error() {
    check(&[
        (b"\"a\";", "at 4: expected a parameter's key"),
        (b"\"a\";;b", "at 4: expected a parameter's key"),
        (b"\"a\";B", "at 4: expected a parameter's key"),
        (b"\"a\";1", "at 4: expected a parameter's key"),
        (b"\"a\";_b", "at 4: expected a parameter's key"),
        (b"\"a\";b=", "at 6: expected a parameter's value"),
        (b"\"a\";b= 1", "at 6: expected a parameter's value"),
        (b"\"a\";b =1", "at 6: expected ';' or the end"),
        (b"\"a\";\tb", "at 4: expected a parameter's key"),
        (b"\"a\";b=(1 2)", "at 6: expected a parameter's value"),
        (b"\"a\";b=-", "at 7: expected a digit"),
        (b"\"a\";b=--1", "at 7: expected a digit"),
        (b"\"a\";b=1000000000000000", "at 22: expected a number of fewer digits"),
        (b"\"a\";b=1.", "at 8: expected one to three digits after the point"),
        (b"\"a\";b=1.2345", "at 12: expected one to three digits after the point"),
        (b"\"a\";b=1000000000000.1", "at 19: expected a number of fewer digits"),
        (b"\"a\";b=.5", "at 6: expected a parameter's value"),
        (b"\"a\";b=\"c", "at 8: expected a closing '\"'"),
        (b"\"a\";b=!tok", "at 6: expected a parameter's value"),
        (b"\"a\";b=tok\"", "at 9: expected ';' or the end"),
        (b"\"a\";b=:YWJj", "at 11: expected base64 and ':'"),
        (b"\"a\";b=:YWJ j:", "at 10: expected base64 and ':'"),
        (b"\"a\";b=:Y:", "at 8: expected base64"),
        (b"\"a\";b=:Y===:", "at 11: expected base64"),
        (b"\"a\";b=:YQ=:", "at 10: expected base64"),
        (b"\"a\";b=:Y=Q=:", "at 9: expected base64"),
        (b"\"a\";b=:YQ-_:", "at 9: expected base64 and ':'"),
        (b"\"a\";b=?2", "at 7: expected '0' or '1' of a boolean"),
        (b"\"a\";b=?", "at 7: expected '0' or '1' of a boolean"),
        (b"\"a\";b=?true", "at 7: expected '0' or '1' of a boolean"),
        (b"\"a\";b=@", "at 7: expected a digit"),
        (b"\"a\";b=@1.5", "at 8: expected ';' or the end"),
        (b"\"a\";b=%x", "at 7: expected '\"' of a display string"),
        (b"\"a\";b=%\"f%C3%BC\"", "at 10: expected a lower-case hex digit"),
        (b"\"a\";b=%\"f%c\"", "at 11: expected a lower-case hex digit"),
        (b"\"a\";b=%\"f%c3\"", "at 12: expected a display string of UTF-8"),
        (b"\"a\";b=%\"f\xc3\xbc\"", "at 9: expected a visible ASCII character, '%' or a closing '\"'"),
        (b"\"a\";b=%\"f", "at 9: expected a visible ASCII character, '%' or a closing '\"'"),
    ]);
}

fn only_an_escaped_string_is_copied() {
    use std::borrow::Cow;
    assert!(matches!(parse_string(b"\"plain\";p=1"), Ok(Cow::Borrowed(b"plain"))));
    assert!(matches!(parse_string(b"\"a\\\\b\""), Ok(Cow::Owned(_))));
}
