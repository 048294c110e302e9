//! The key's two spellings against their grammar (abnf.rs): every short text, and every byte at every place of longer ones.
//!
//! For each text both must agree whether it is a key, and on the key's bytes; and where it is none, on the first byte that
//! is wrong. Inside the value of a parameter our parser may notice later than that: it counts digits when it has them all.

use crate::harness::exhaustive::strings;
use crate::http::abnf::{KEY_FIELD, STRING_ITEM, Verdict, meaning, verdict};
use nanoserve::http::key_field::request_key;
use nanoserve::http::parse::{Parsed, parse_head};
use nanoserve::http::request::{Head, Request};
use nanoserve::http::sf_string::parse_string;
use std::fmt::Write as _;

const BEFORE: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ";
const AFTER: &[u8] = b"\r\n\r\n";

/// One of each kind of byte that the grammar tells apart.
const KINDS: &[u8] = b"\"\\,;=*aA1- \x80";

/// Whole items with everything in them, short enough to try every byte at every place.
const TEMPLATES: &[&[u8]] = &[
    b"8e03978e-40d5-43dd",
    b"!#$%&'()*+-./:<=>?@[]^_`{|}~",
    b"\"a b\"",
    b"\"a\\\"b\\\\\"",
    b"\"a\";k",
    b"\"a\"; *k.9_-=1;b=-12.5;c=@-7",
    b"\"a\";s=\"x\\\\y\";t=*t/o:k",
    b"\"a\";b=:YWJj:;c=:YQ==:;d=:YWI=:;e=:YQ:",
    b"\"a\";t=?1;d=%\"f%c3%bc %25 \\x\"",
];

/// Heads whose key field has a value of so many bytes, to be exchanged for others of the same length: parsing a head for each
/// text would take most of the time, and is not what is asked here.
struct Heads(Vec<(Head, Vec<u8>)>);

impl Heads {
    fn up_to(length_max: usize) -> Heads {
        let head_of = |length| {
            let bytes = [BEFORE, &vec![b'k'; length], AFTER].concat();
            match parse_head(&bytes) {
                Ok(Parsed::Complete { head, .. }) => (head, bytes),
                other => panic!("no head: {other:?}"),
            }
        };
        Heads((0..=length_max).map(head_of).collect())
    }

    /// The key of a head with this value, which has no white space around it.
    fn key(&mut self, value: &[u8]) -> Result<Vec<u8>, String> {
        let (head, bytes) = &mut self.0[value.len()];
        bytes[BEFORE.len()..][..value.len()].copy_from_slice(value);
        key_of(head, bytes)
    }
}

/// The key of a head that has one field of it.
fn key_of(head: &Head, bytes: &[u8]) -> Result<Vec<u8>, String> {
    match request_key(&Request::new(head, bytes, b"")) {
        Ok(key) => Ok(key.expect("the field is there").into_owned()),
        Err(error) => Err(error.detail),
    }
}

/// Compares what was made of a value with what the grammar says.
#[track_caller]
fn agrees(value: &[u8], found: Result<Vec<u8>, String>) {
    let Verdict { accepted, viable } = verdict(&KEY_FIELD, value);
    let shown = || value.escape_ascii().to_string();
    match found {
        Ok(key) => {
            assert!(accepted, "no key is in {}", shown());
            assert_eq!(key, meaning(value), "the key in {}", shown());
        }
        Err(detail) if accepted => {
            assert!(meaning(value).is_empty(), "{}: {detail}", shown());
            assert!(
                detail.ends_with("expected at least one byte between the quotes"),
                "{detail}"
            );
        }
        Err(detail) => assert_is_the_place(place(&detail), viable, value),
    }
}

#[track_caller]
fn assert_is_the_place(found: usize, viable: usize, value: &[u8]) {
    let latest = if value[..viable].contains(&b'=') {
        value.len()
    } else {
        viable
    };
    let shown = value.escape_ascii();
    assert!(
        (viable..=latest).contains(&found),
        "{shown}: wrong at {viable}, found at {found}"
    );
}

/// The offset that a refusal names.
#[track_caller]
fn place(detail: &str) -> usize {
    let byte = detail
        .rsplit_once(" at byte ")
        .map(|(_, byte)| byte.parse::<usize>());
    match byte {
        Some(Ok(byte @ 1..)) => byte - 1,
        _ => panic!("no place in {detail:?}"),
    }
}

fn has_space_around(value: &[u8]) -> bool {
    let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    is_space(value.first()) || is_space(value.last())
}

// N-11, N-12: of 271,453 texts, and of 335,923 longer ones over the bytes that end something.
pub fn every_short_value_is_the_key_that_the_grammar_has_or_none() {
    let mut heads = Heads::up_to(7);
    for value in strings(KINDS, 5).chain(strings(b"\"\\;a ,", 7)) {
        if !has_space_around(&value) {
            let found = heads.key(&value);
            agrees(&value, found);
        }
    }
}

// N-11: what may stand behind the string, each place filled with every short text.
pub fn every_short_parameter_fares_as_the_grammar_says() {
    let mut heads = Heads::up_to(20);
    let places: [(&[u8], &[u8], usize); 7] = [
        (b"\"k\"", b"\"\\,;=*aA1 \t\x7f", 4),
        (b"\"k\";", b"aA1*-._;= \"\t,\x80", 4),
        (b"\"k\";a=", b"\"\\,;=*:?@%-.01aA/+ \t\x00\x80", 4),
        (b"\"k\";a=1", b"01.-a;", 5),
        (b"\"k\";a=:", b"A=:+-;\"", 5),
        (b"\"k\";a=%\"", b"%\"c38A\\;\x80", 4),
        (b"\"k\";a=\"", b"\"\\a;\x1f\x7f", 4),
    ];
    for (before, kinds, length_max) in places {
        for rest in strings(kinds, length_max) {
            let value = [before, &rest].concat();
            if !has_space_around(&value) {
                let found = heads.key(&value);
                agrees(&value, found);
            }
        }
    }
}

// N-11: RFC 9651 bounds the digits of numbers.
pub fn numbers_of_every_length_fare_as_the_grammar_says() {
    let mut heads = Heads::up_to(40);
    for sign in ["", "-", "--", "@", "@-"] {
        for whole in 0..18 {
            for fraction in 0..6 {
                let mut value = format!("\"k\";a={sign}");
                value.extend(std::iter::repeat_n('0', whole));
                if fraction > 0 {
                    let _ = write!(value, ".{}", "9".repeat(fraction - 1)); // a point with none, or up to four
                }
                let found = heads.key(value.as_bytes());
                agrees(value.as_bytes(), found);
            }
        }
    }
}

// N-11: a display string decodes to UTF-8 or is none. All single bytes and pairs, and of longer ones the ends of each range.
pub fn display_strings_are_utf_8_as_the_grammar_has_it() {
    let mut heads = Heads::up_to(24);
    let mut check = |octets: &[u8]| {
        let mut value = String::from("\"k\";a=%\"");
        for octet in octets {
            let _ = write!(value, "%{octet:02x}");
        }
        value.push('"');
        let found = heads.key(value.as_bytes());
        agrees(value.as_bytes(), found);
    };
    for first in 0..=255 {
        check(&[first]);
        for second in 0..=255 {
            check(&[first, second]);
        }
    }
    let firsts = [
        0x7F, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5,
    ];
    let others = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0];
    for first in firsts {
        for rest in strings(&others, 3).filter(|rest| rest.len() > 1) {
            check(&[&[first], &rest[..]].concat());
        }
    }
}

// N-11, N-12: through the head's parser too, which has its own say about control bytes.
pub fn every_byte_at_every_place_of_a_value_fares_as_the_grammar_says() {
    for template in TEMPLATES {
        for at in 0..=template.len() {
            for byte in 0..=255 {
                let (before, behind) = template.split_at(at);
                fares_as_a_whole_head(&[before, &[byte], behind].concat());
                if let [_, behind @ ..] = behind {
                    fares_as_a_whole_head(&[before, &[byte], behind].concat());
                }
            }
            fares_as_a_whole_head(&template[..at]);
        }
    }
}

fn fares_as_a_whole_head(value: &[u8]) {
    let head = [BEFORE, value, AFTER].concat();
    match parse_head(&head) {
        Ok(Parsed::Complete { head: parsed, used }) if used == head.len() => {
            let from = value
                .iter()
                .take_while(|byte| b" \t".contains(byte))
                .count();
            let behind = value
                .iter()
                .rev()
                .take_while(|byte| b" \t".contains(byte))
                .count();
            let value = value.get(from..value.len() - behind).unwrap_or_default();
            agrees(value, key_of(&parsed, &head));
        }
        Ok(other) => panic!("{}: {other:?}", value.escape_ascii()),
        // No field line has such a byte, whatever it is in: then there is no request and no key.
        Err(_) => assert!(
            value
                .iter()
                .any(|byte| byte.is_ascii_control() && *byte != b'\t')
        ),
    }
}

// N-11: the item alone, where spaces around it are the item's own affair.
pub fn every_short_item_is_the_string_that_the_grammar_has_or_none() {
    let check = |text: &[u8]| {
        let Verdict { accepted, viable } = verdict(&STRING_ITEM, text);
        match parse_string(text) {
            Ok(string) => {
                assert!(accepted, "no string is in {}", text.escape_ascii());
                assert_eq!(*string, *meaning(text), "{}", text.escape_ascii());
            }
            Err(error) => {
                assert!(!accepted, "a string is in {}", text.escape_ascii());
                assert_is_the_place(error.offset, viable, text);
            }
        }
    };
    for text in strings(b"\"\\;a \t\x80", 6) {
        check(&text);
    }
    for template in TEMPLATES {
        for at in 0..template.len() {
            for byte in 0..=255 {
                let mut text = template.to_vec();
                text[at] = byte;
                check(&text);
            }
        }
    }
}

// N-10 to N-12: up to three lines in any order, each value a key, the same in another spelling, another one, or none.
pub fn any_lines_of_the_two_fields_are_one_key_or_refused() {
    const NAMES: [&str; 2] = ["Idempotency-Key", "x-idempotency-KEY"];
    const VALUES: [&str; 6] = ["k", "\"k\"", "K", "\"k\";p=1", "\"k", ""];
    let lines: Vec<_> = NAMES
        .iter()
        .flat_map(|name| VALUES.map(|value| (*name, value)))
        .collect();
    let numbers: Vec<u8> = (0..12).collect();
    for chosen in strings(&numbers, 3) {
        let chosen: Vec<_> = chosen
            .into_iter()
            .map(|number| lines[usize::from(number)])
            .collect();
        let mut head = String::from("POST / HTTP/1.1\r\nHost: a\r\n");
        for (name, value) in &chosen {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        let Ok(Parsed::Complete { head: parsed, .. }) = parse_head(head.as_bytes()) else {
            panic!("no head: {head}");
        };
        let found = request_key(&Request::new(&parsed, head.as_bytes(), b""));
        let found = found
            .map(|key| key.map(std::borrow::Cow::into_owned))
            .map_err(drop);
        let once = NAMES
            .iter()
            .all(|name| chosen.iter().filter(|line| line.0 == *name).count() <= 1);
        let good = chosen
            .iter()
            .all(|(_, value)| verdict(&KEY_FIELD, value.as_bytes()).accepted);
        let mut keys: Vec<_> = chosen
            .iter()
            .map(|(_, value)| meaning(value.as_bytes()))
            .collect();
        keys.dedup();
        let expected = if once && good && keys.len() <= 1 {
            Ok(keys.pop())
        } else {
            Err(())
        };
        assert_eq!(found, expected, "{head}");
    }
}
