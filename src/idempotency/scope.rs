//! Whose key it is (N-15): a digest of where the caller's name was taken from and what it was.
//!
//! The raw value (a token, often) is not kept: the digest is all that a record, a log or a look-up can show.

use crate::idempotency::sha256::digest_of_parts;

/// A caller, as far as keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeDigest(pub [u8; 32]);

impl ScopeDigest {
    /// The digest over a tag absent/present, the source's name and the length-prefixed raw value.
    pub fn of(source: &str, value: Option<&[u8]>) -> ScopeDigest {
        ScopeDigest(digest_of_parts(
            "nanoserve scope 1",
            &[Some(source.as_bytes()), value],
        ))
    }
}
