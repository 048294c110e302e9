//! Step 4. `Idempotency-Key` and `X-Idempotency-Key` of a head (N-10 to N-12): from field lines to the key's bytes.

use crate::http::grammar::BARE_KEY;
use crate::http::request::Request;
use crate::http::sf_string::parse_string;
use crate::limits::KEY_BYTES_MAX;
use std::borrow::Cow;

/// The draft's field and the original's; they mean the same (N-10).
const NAMES: [&str; 2] = ["Idempotency-Key", "X-Idempotency-Key"];

/// Why the key's fields are refused; the text names field, byte and expectation, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFieldError {
    /// For people: `Idempotency-Key: expected '"' or a visible ASCII character at byte 3`.
    pub detail: String,
}

/// The key of a request: none, or 1 to 255 bytes after unquoting.
///
/// # Errors
/// Anything N-11 and N-12 do not allow, in either field; two lines of one field; two fields that differ.
pub fn request_key<'a>(request: &Request<'a>) -> Result<Option<Cow<'a, [u8]>>, KeyFieldError> {
    let [drafts, originals] = NAMES;
    // Both are read before either is believed: a bad one is not hidden by a good one.
    match (one_key(request, drafts)?, one_key(request, originals)?) {
        (Some(one), Some(other)) if one != other => Err(KeyFieldError {
            detail: format!("{drafts} and {originals}: expected the same key in both"),
        }),
        (one, other) => Ok(one.or(other)),
    }
}

/// The key of one field.
fn one_key<'a>(request: &Request<'a>, name: &str) -> Result<Option<Cow<'a, [u8]>>, KeyFieldError> {
    let refused = |expected: String| KeyFieldError {
        detail: format!("{name}: expected {expected}"),
    };
    let mut values = request.values(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(refused("one field line".to_owned()));
    }
    let key = unquoted(value).map_err(|(at, expected)| {
        let byte = at + 1;
        refused(format!("{expected} at byte {byte}"))
    })?;
    match key.len() {
        0 => Err(refused("at least one byte between the quotes".to_owned())),
        1..=KEY_BYTES_MAX => Ok(Some(key)),
        length => Err(refused(format!(
            "at most {KEY_BYTES_MAX} bytes, found {length}"
        ))),
    }
}

/// A quoted key is an RFC 9651 String, anything else a bare key; what does not fit: its place and what would have.
fn unquoted(value: &[u8]) -> Result<Cow<'_, [u8]>, (usize, &'static str)> {
    if value.first() == Some(&b'"') {
        return parse_string(value).map_err(|error| (error.offset, error.expected));
    }
    match BARE_KEY.run(value) {
        0 => Err((0, "'\"' or a visible ASCII character other than , ; \\")),
        length if length == value.len() => Ok(Cow::Borrowed(value)),
        length => Err((length, "a visible ASCII character other than \" , ; \\")),
    }
}
