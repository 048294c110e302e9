//! An idempotency key: 1 to 255 bytes, any bytes, never cut (N-12); and how a node keeps one.

use crate::limits::KEY_BYTES_MAX;

/// A key of valid length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a>(&'a [u8]);

/// Why bytes are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// No byte.
    Empty,
    /// More than `KEY_BYTES_MAX` bytes; here how many.
    TooLong(usize),
}

impl<'a> Key<'a> {
    /// Checks the length.
    ///
    /// # Errors
    /// `KeyError` where there are no bytes or too many.
    pub fn new(bytes: &'a [u8]) -> Result<Key<'a>, KeyError> {
        match bytes.len() {
            0 => Err(KeyError::Empty),
            length if length > KEY_BYTES_MAX => Err(KeyError::TooLong(length)),
            _ => Ok(Key(bytes)),
        }
    }

    /// The bytes.
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Bytes that a node keeps within itself: a UUID's 36 with room to spare, and just so many that a node fills the
/// allocator's chunk (chain.rs). A longer key costs one more allocation.
const SHORT_MAX: usize = 46;

/// A key's bytes as a node owns them.
pub struct StoredKey(Bytes);

enum Bytes {
    Short { length: u8, bytes: [u8; SHORT_MAX] },
    Long(Box<[u8]>),
}

impl StoredKey {
    /// A copy of the key.
    pub fn new(key: Key<'_>) -> StoredKey {
        let from = key.as_bytes();
        let mut bytes = [0; SHORT_MAX];
        StoredKey(
            match (u8::try_from(from.len()), bytes.get_mut(..from.len())) {
                (Ok(length), Some(to)) => {
                    to.copy_from_slice(from);
                    Bytes::Short { length, bytes }
                }
                _ => Bytes::Long(from.into()),
            },
        )
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short { length, bytes } => &bytes[..usize::from(*length)],
            Bytes::Long(bytes) => bytes,
        }
    }
}
