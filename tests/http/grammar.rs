//! Claims about src/http/grammar.rs.

use crate::harness::Test;
use nanoserve::http::grammar::{
    BARE_KEY, CONNECT_TARGET, Class, DIGIT, FIELD_VALUE, QDTEXT, REG_NAME, TARGET, TCHAR,
    hex_value, list_elements, trim_ows,
};

pub const TESTS: &[Test] = &[
    (
        "each_class_is_what_its_abnf_says",
        each_class_is_what_its_abnf_says,
    ),
    (
        "hex_digits_have_values_in_both_cases",
        hex_digits_have_values_in_both_cases,
    ),
    (
        "white_space_around_a_value_is_space_and_tab",
        white_space_around_a_value_is_space_and_tab,
    ),
    (
        "a_list_has_its_empty_elements",
        a_list_has_its_empty_elements,
    ),
];

/// The ABNF of the RFCs written a second time, byte by byte, as a predicate.
fn each_class_is_what_its_abnf_says() {
    let alphanumeric = |byte: u8| byte.is_ascii_alphanumeric();
    let among = |byte: u8, members: &str| members.as_bytes().contains(&byte);
    let visible = |byte: u8| (0x21..=0x7E).contains(&byte);
    let agree = |name: &str, class: &Class, expected: &dyn Fn(u8) -> bool| {
        for byte in 0..=255 {
            assert_eq!(class.has(byte), expected(byte), "{name} {byte:#04x}");
        }
    };
    agree("tchar", &TCHAR, &|b| {
        alphanumeric(b) || among(b, "!#$%&'*+-.^_`|~")
    });
    // RFC 9110, section 5.6.2, in other words: any VCHAR except delimiters
    agree("VCHAR but delimiters", &TCHAR, &|b| {
        visible(b) && !among(b, "\"(),/:;<=>?@[\\]{}")
    });
    agree("field value", &FIELD_VALUE, &|b| {
        visible(b) || b >= 0x80 || among(b, " \t")
    });
    agree("target", &TARGET, &|b| visible(b) && b != b'#');
    agree("CONNECT target", &CONNECT_TARGET, &|b| {
        visible(b) || b >= 0x80
    });
    agree("reg-name", &REG_NAME, &|b| {
        alphanumeric(b) || among(b, "-._~!$&'()*+,;=")
    });
    agree("DIGIT", &DIGIT, &|b| b.is_ascii_digit());
    agree("qdtext", &QDTEXT, &|b| {
        (visible(b) || b >= 0x80 || among(b, " \t")) && !among(b, "\"\\")
    });
    agree("bare key", &BARE_KEY, &|b| {
        visible(b) && !among(b, "\",;\\")
    });
}

fn hex_digits_have_values_in_both_cases() {
    for byte in 0..=255 {
        let expected = char::from(byte).to_digit(16).filter(|_| byte < 0x80);
        assert_eq!(hex_value(byte).map(u32::from), expected, "{byte:#04x}");
    }
}

fn white_space_around_a_value_is_space_and_tab() {
    for (text, trimmed) in [
        (&b""[..], &b""[..]),
        (b" \t ", b""),
        (b"a", b"a"),
        (b" \ta b\t ", b"a b"),
        (b"\na\n", b"\na\n"),
    ] {
        assert_eq!(trim_ows(text), trimmed);
    }
}

fn a_list_has_its_empty_elements() {
    let elements = |value: &'static [u8]| list_elements(value).collect::<Vec<_>>();
    assert_eq!(elements(b""), [b""]);
    assert_eq!(elements(b"a"), [b"a"]);
    assert_eq!(elements(b" a ,\tb,,c"), [&b"a"[..], b"b", b"", b"c"]);
}
