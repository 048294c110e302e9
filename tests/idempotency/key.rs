//! Claims about src/idempotency/key.rs.

use crate::harness::Test;
use nanoserve::idempotency::key::{Key, KeyError, StoredKey};
use nanoserve::limits::KEY_BYTES_MAX;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_key_has_1_to_255_bytes_and_is_never_cut", a_key_has_1_to_255_bytes_and_is_never_cut),
    ("a_stored_key_is_its_bytes_at_every_length", a_stored_key_is_its_bytes_at_every_length),
    ("a_uuid_is_stored_without_an_allocation_of_its_own", a_uuid_is_stored_without_an_allocation_of_its_own),
];

// N-12
fn a_key_has_1_to_255_bytes_and_is_never_cut() {
    assert_eq!(KEY_BYTES_MAX, 255);
    assert_eq!(Key::new(b""), Err(KeyError::Empty));
    assert_eq!(Key::new(&[b'k'; 256]), Err(KeyError::TooLong(256)));
    for length in 1..=255 {
        let bytes = vec![b'k'; length];
        assert_eq!(
            Key::new(&bytes).map(Key::as_bytes),
            Ok(&bytes[..]),
            "{length} bytes"
        );
    }
}

// N-12
fn a_stored_key_is_its_bytes_at_every_length() {
    let bytes: Vec<u8> = (1..=255).collect();
    for length in 1..=255 {
        let key = Key::new(&bytes[..length]).expect("a valid length");
        assert_eq!(StoredKey::new(key).as_bytes(), key.as_bytes());
    }
}

// N-43: the node's size is counted on this (chain.rs).
fn a_uuid_is_stored_without_an_allocation_of_its_own() {
    assert_eq!(size_of::<StoredKey>(), 48);
    let stored = StoredKey::new(Key::new(&[b'k'; 36]).expect("a valid length"));
    let inside = std::ptr::from_ref(&stored).addr()..std::ptr::from_ref(&stored).addr() + 48;
    assert!(inside.contains(&stored.as_bytes().as_ptr().addr()));
}
