//! Response fields that cannot be malformed: a name is a token, a value holds no CR, LF or NUL, by type.

use crate::http::grammar::{FIELD_VALUE, TCHAR, is_ows};
use std::borrow::Cow;

/// A field name: a token (RFC 9110, section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName(Cow<'static, str>);

/// A field value: visible ASCII, spaces, tabs and bytes above 0x7F, no white space around it (RFC 9110, section 5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue(Cow<'static, [u8]>);

impl FieldName {
    /// A name that is known when compiling; panics there when it is no token.
    pub const fn from_static(name: &'static str) -> FieldName {
        assert!(is_name(name), "a field name is a token");
        FieldName(Cow::Borrowed(name))
    }

    /// None where `name` is no token.
    pub fn new(name: &str) -> Option<FieldName> {
        is_name(name).then(|| FieldName(Cow::Owned(name.to_owned())))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldValue {
    /// A value that is known when compiling; panics there when it is malformed.
    pub const fn from_static(value: &'static str) -> FieldValue {
        assert!(
            is_value(value.as_bytes()),
            "a field value has no controls and no white space around it"
        );
        FieldValue(Cow::Borrowed(value.as_bytes()))
    }

    /// None where `value` may not stand in a field.
    pub fn new(value: impl Into<Vec<u8>>) -> Option<FieldValue> {
        let value = value.into();
        is_value(&value).then_some(FieldValue(Cow::Owned(value)))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Fields that belong to the writer or are replayed fresh, so that no handler may set them: Connection, Content-Length,
/// Transfer-Encoding, Date, Idempotent-Replayed and the other hop-by-hop fields.
///
/// A predicate and no wall: the server itself sets Idempotent-Replayed as an ordinary field.
pub fn is_writers_own(name: &str) -> bool {
    WRITERS_OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// RFC 9110, section 7.6.1, lists what goes no further than one connection; the two Proxy-Auth… fields are there because
/// they speak to the next client alone (sections 11.7.1 and 11.7.3), while a record is for whoever retries.
const WRITERS_OWN: &[&str] = &[
    "Connection",
    "Content-Length",
    "Date",
    "Idempotent-Replayed",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

const fn is_name(name: &str) -> bool {
    !name.is_empty() && TCHAR.has_all(name.as_bytes())
}

const fn is_value(value: &[u8]) -> bool {
    match value {
        [] => true,
        [first, .., last] if is_ows(*first) || is_ows(*last) => false,
        [only] if is_ows(*only) => false,
        _ => FIELD_VALUE.has_all(value),
    }
}
