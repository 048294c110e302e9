//! Claims about src/idempotency/sha256.rs: FIPS 180-4, and nothing but the bytes decides.

use crate::harness::Test;
use nanoserve::idempotency::sha256::{Sha256, digest_of_parts};
use std::fmt::Write;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("the_standards_examples_come_out", the_standards_examples_come_out),
    ("a_million_times_a", a_million_times_a),
    ("every_length_around_the_block_edges_is_right", every_length_around_the_block_edges_is_right),
    ("how_a_message_is_cut_does_not_matter", how_a_message_is_cut_does_not_matter),
    ("finishing_does_not_end_a_digest", finishing_does_not_end_a_digest),
    ("parts_never_run_into_one_another", parts_never_run_into_one_another),
];

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // a String takes everything
        text
    })
}

fn digest(message: &[u8]) -> String {
    hex(&Sha256::new().update(message).finish())
}

// N-16
fn the_standards_examples_come_out() {
    for (message, expected) in [
        (
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            "abc",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
        ),
    ] {
        assert_eq!(digest(message.as_bytes()), expected, "{message}");
    }
}

fn a_million_times_a() {
    assert_eq!(
        digest(&vec![b'a'; 1_000_000]),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
}

fn message(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| u8::try_from((i * 7 + 3) % 251).expect("below 251"))
        .collect()
}

// The digests of the 200 messages of 0 to 199 bytes, digested together: computed with Python's hashlib.
fn every_length_around_the_block_edges_is_right() {
    let mut all = Sha256::new();
    for length in 0..200 {
        all.update(&Sha256::new().update(&message(length)).finish());
    }
    assert_eq!(
        hex(&all.finish()),
        "a321cc7be5680dcc510dca4d90d0c70eceb98d2e90ca6dde3aff6eff30b93fb7"
    );
}

fn how_a_message_is_cut_does_not_matter() {
    let message = message(150);
    let whole = digest(&message);
    for first in 0..=message.len() {
        for second in first..=message.len() {
            let mut cut = Sha256::new();
            cut.update(&message[..first])
                .update(&message[first..second])
                .update(&message[second..]);
            assert_eq!(hex(&cut.finish()), whole, "cut at {first} and {second}");
        }
    }
}

fn finishing_does_not_end_a_digest() {
    let mut message = Sha256::new();
    message.update(b"a").finish();
    assert_eq!(hex(&message.update(b"bc").finish()), digest(b"abc"));
}

// N-16
fn parts_never_run_into_one_another() {
    let lists: [&[Option<&[u8]>]; 12] = [
        &[],
        &[None],
        &[Some(b"")],
        &[None, None],
        &[None, Some(b"")],
        &[Some(b""), None],
        &[Some(b"ab"), Some(b"c")],
        &[Some(b"a"), Some(b"bc")],
        &[Some(b"abc"), None],
        &[Some(b"abc")],
        &[Some(b"abc"), Some(b"")],
        &[None, Some(b"abc")],
    ];
    let mut digests: Vec<_> = lists
        .iter()
        .flat_map(|list| ["d 1", "d 2"].map(|domain| digest_of_parts(domain, list)))
        .collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 2 * lists.len());
}
