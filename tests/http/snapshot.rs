//! Claims about src/http/snapshot.rs.

use crate::harness::Test;
use crate::http::cases::mutations;
use nanoserve::http::date::DateText;
use nanoserve::http::fields::{FieldName, FieldValue};
use nanoserve::http::request::Version;
use nanoserve::http::response::{Content, Response, SharedBytes, Wire, write_response};
use nanoserve::http::snapshot::{decode, encode};
use nanoserve::http::status::Status;
use std::sync::Arc;

pub const TESTS: &[Test] = &[
    (
        "a_replay_is_the_recorded_bytes",
        a_replay_is_the_recorded_bytes,
    ),
    (
        "the_layout_is_the_documented_one",
        the_layout_is_the_documented_one,
    ),
    (
        "what_belongs_to_one_exchange_is_not_recorded",
        what_belongs_to_one_exchange_is_not_recorded,
    ),
    (
        "a_replay_can_be_recorded_again",
        a_replay_can_be_recorded_again,
    ),
    (
        "content_that_is_not_sent_is_not_recorded",
        content_that_is_not_sent_is_not_recorded,
    ),
    (
        "a_snapshot_fills_its_allocation",
        a_snapshot_fills_its_allocation,
    ),
    ("other_bytes_are_no_snapshot", other_bytes_are_no_snapshot),
    (
        "mutated_snapshots_decode_or_do_not",
        mutated_snapshots_decode_or_do_not,
    ),
];

fn shared(bytes: &[u8]) -> SharedBytes {
    let owner: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(bytes.to_vec());
    SharedBytes::new(owner)
}

fn with(response: Response, name: &str, value: &[u8]) -> Response {
    let name = FieldName::new(name).expect("a test's name is a token");
    let value = FieldValue::new(value).expect("a test's value is well-formed");
    response.field(name, value)
}

fn payment() -> Response {
    let json = FieldValue::from_static("application/json");
    let content = Content::Owned(b"{\"id\":\"p1\"}\0\xff\r\n".to_vec());
    let response = Response::with_content(Status::CREATED, json, content);
    let response = with(response, "Location", b"/payments/p1");
    with(with(response, "X-Twice", b"1"), "X-Twice", b"caf\xe9")
}

fn written(response: Response) -> Vec<u8> {
    let wire = Wire {
        version: Version::Http11,
        head_only: false,
        close: false,
        date: Some(&DateText::at(0)),
    };
    let mut out = Vec::new();
    assert!(write_response(&mut out, response, &wire, usize::MAX).is_none());
    out
}

fn decoded(snapshot: &[u8]) -> Response {
    decode(&shared(snapshot)).expect("what encode made is a snapshot")
}

// N-21: status, fields in order and number, content, byte for byte
fn a_replay_is_the_recorded_bytes() {
    let response = payment();
    assert_eq!(written(decoded(&encode(&response))), written(response));
    let bare = Response::new(Status::INTERNAL_SERVER_ERROR);
    assert_eq!(written(decoded(&encode(&bare))), written(bare));
}

// N-71: a journal written by one release is read by the next
fn the_layout_is_the_documented_one() {
    let text = FieldValue::from_static("text/plain");
    let response = Response::with_content(Status::CONFLICT, text, Content::Static(b"hi"));
    let response = with(response, "A", b"b");
    let lines = b"Content-Type: text/plain\r\nA: b\r\n";
    let expected = [&[1, 0x99, 0x01, 32, 0, 0, 0][..], lines, b"hi"].concat();
    assert_eq!(encode(&response), expected);
}

// N-21
fn what_belongs_to_one_exchange_is_not_recorded() {
    let mut response = payment();
    for name in [
        "Set-Cookie",
        "set-cookie",
        "Connection",
        "Keep-Alive",
        "Date",
        "Idempotent-Replayed",
    ] {
        response = with(response, name, b"x");
    }
    assert_eq!(encode(&response), encode(&payment()));
}

fn a_replay_can_be_recorded_again() {
    let snapshot = encode(&payment());
    let replay = with(decoded(&snapshot), "Idempotent-Replayed", b"true");
    assert_eq!(encode(&replay), snapshot);
}

// RFC 9110, section 6.4.1
fn content_that_is_not_sent_is_not_recorded() {
    let text = FieldValue::from_static("text/plain");
    let response = Response::with_content(Status::NO_CONTENT, text, Content::Static(b"lost"));
    assert!(decoded(&encode(&response)).content().is_empty());
}

// N-43: what stands for a day has no spare capacity
fn a_snapshot_fills_its_allocation() {
    for response in [
        payment(),
        Response::new(Status::OK),
        decoded(&encode(&payment())),
    ] {
        let snapshot = encode(&response);
        assert_eq!(snapshot.capacity(), snapshot.len());
    }
}

fn other_bytes_are_no_snapshot() {
    let whole = encode(&payment());
    let changed = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let lines_end = whole.len() - b"{\"id\":\"p1\"}\0\xff\r\n".len();
    for length in 0..lines_end {
        assert!(
            decode(&shared(&whole[..length])).is_none(),
            "cut at {length}"
        );
    }
    for (at, byte) in [(0, 0), (0, 2), (1, 0), (2, 0xFF), (3, 1), (5, 1), (6, 0x80)] {
        assert!(
            decode(&shared(&changed(at, byte))).is_none(),
            "byte {at} as {byte}"
        );
    }
}

// No panic, whatever the bytes; what decodes can be written
fn mutated_snapshots_decode_or_do_not() {
    let whole = encode(&payment());
    mutations(
        20_000,
        &[&whole, b"\x01\xc8\x00\x00\x00\x00\x00"],
        |bytes| {
            if let Some(response) = decode(&shared(bytes)) {
                assert!(written(response).starts_with(b"HTTP/1.1 "));
            }
        },
    );
}
