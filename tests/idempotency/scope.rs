//! Claims about src/idempotency/scope.rs.

use crate::harness::Test;
use crate::harness::exhaustive::strings;
use crate::idempotency::sha256::hex;
use nanoserve::idempotency::scope::ScopeDigest;
use std::collections::HashMap;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("a_scope_is_the_same_in_every_process_and_release", a_scope_is_the_same_in_every_process_and_release),
    ("an_absent_caller_is_not_an_empty_one", an_absent_caller_is_not_an_empty_one),
    ("where_the_name_came_from_is_part_of_it", where_the_name_came_from_is_part_of_it),
    ("no_two_callers_have_one_digest", no_two_callers_have_one_digest),
];

// N-15; computed with Python's hashlib from the layout that digest_of_parts documents.
fn a_scope_is_the_same_in_every_process_and_release() {
    for (value, expected) in [
        (
            Some(&b"Bearer abc"[..]),
            "4215d8240ad4f90c048b96a2a09e58b8ecc7f5c73ff8ae339c811d77c60afc22",
        ),
        (
            None,
            "9a936412b3d8173d0fb1bf4af94fb2a93bc871f1f720c8144a8008bbaf22bb81",
        ),
        (
            Some(b""),
            "bb934b085282b5d72eb4b746b7ffafbb24fc2fa9a651957944f7e2798f187122",
        ),
    ] {
        assert_eq!(hex(&ScopeDigest::of("authorization", value).0), expected);
    }
}

// N-15
fn an_absent_caller_is_not_an_empty_one() {
    assert_ne!(
        ScopeDigest::of("authorization", None),
        ScopeDigest::of("authorization", Some(b""))
    );
}

// N-15
fn where_the_name_came_from_is_part_of_it() {
    assert_ne!(
        ScopeDigest::of("authorization", Some(b"a")),
        ScopeDigest::of("client-id", Some(b"a"))
    );
    assert_ne!(
        ScopeDigest::of("a", Some(b"bc")),
        ScopeDigest::of("ab", Some(b"c"))
    );
}

// N-15: however the bytes of name and value are moved, and whatever bytes the value has. 62 names, each with 86 values.
fn no_two_callers_have_one_digest() {
    let values = || {
        let present = strings(b"a\x00\x01\xff", 3).map(Some);
        present.chain([None])
    };
    let mut callers = HashMap::new();
    for name in strings(b"a1", 5).skip(1) {
        let name = String::from_utf8(name).expect("ASCII");
        for value in values() {
            let digest = ScopeDigest::of(&name, value.as_deref()).0;
            let before = callers.insert(digest, (name.clone(), value.clone()));
            assert_eq!(before, None, "and {name} {value:?}");
        }
    }
    assert_eq!(callers.len(), 62 * 86);
}
