//! Claims about src/idempotency/fingerprint.rs.

use crate::harness::Test;
use crate::idempotency::sha256::hex;
use nanoserve::idempotency::fingerprint::Fingerprint;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_fingerprint_is_the_same_in_every_process_and_release", a_fingerprint_is_the_same_in_every_process_and_release),
    ("moving_a_byte_to_the_next_part_changes_it", moving_a_byte_to_the_next_part_changes_it),
    ("absent_differs_from_empty", absent_differs_from_empty),
    ("every_byte_counts", every_byte_counts),
];

const PARTS: [Option<&[u8]>; 5] = [
    Some(b"POST"),
    Some(b"/payments?a=1"),
    Some(b"application/json"),
    None,
    Some(br#"{"amount":1250}"#),
];

// N-16; computed with Python's hashlib from the layout that digest_of_parts documents.
fn a_fingerprint_is_the_same_in_every_process_and_release() {
    assert_eq!(
        hex(&Fingerprint::of(&PARTS).0),
        "bc81274f5424fa500ee33222d1cda7c9c0b46f1fd1bad0dfea4e8e1baba17592"
    );
    assert_eq!(
        hex(&Fingerprint::of(&[]).0),
        "f95e5c1e431cd4cb8c8188789876671d8258051619583b76808a634d96a2f969"
    );
}

// N-16
fn moving_a_byte_to_the_next_part_changes_it() {
    // In the second each byte is the tag of a part that is there: only the lengths tell where a part ends.
    for text in [&b"POST/payments"[..], &[1; 8]] {
        let mut digests: Vec<_> = (0..=text.len())
            .map(|cut| Fingerprint::of(&[Some(&text[..cut]), Some(&text[cut..])]).0)
            .collect();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), text.len() + 1, "{text:?}");
    }
}

// N-16
fn absent_differs_from_empty() {
    for part in 0..PARTS.len() {
        let (mut absent, mut empty) = (PARTS, PARTS);
        absent[part] = None;
        empty[part] = Some(b"");
        assert_ne!(
            Fingerprint::of(&absent),
            Fingerprint::of(&empty),
            "part {part}"
        );
    }
}

// N-16
fn every_byte_counts() {
    let usual = Fingerprint::of(&PARTS);
    for (part, bytes) in PARTS.iter().enumerate() {
        let mut bytes = bytes.unwrap_or_default().to_vec();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let mut changed = PARTS;
            changed[part] = Some(&bytes);
            assert_ne!(Fingerprint::of(&changed), usual, "byte {at} of part {part}");
            bytes[at] ^= 1;
        }
    }
}
