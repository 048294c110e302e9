//! What a request was (N-16): a digest by which a retry is told from another request under the same key.

use crate::idempotency::sha256::digest_of_parts;

/// A SHA-256 over length-prefixed, absent/present-tagged parts; the same in every process and release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The digest over the parts in order.
    pub fn of(parts: &[Option<&[u8]>]) -> Fingerprint {
        Fingerprint(digest_of_parts("nanoserve fingerprint 1", parts))
    }
}
