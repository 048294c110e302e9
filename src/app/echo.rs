//! Step 5. `POST /echo` (N-82): the content comes back.

use crate::app::{App, Exec, Reply};
use crate::http::fields::{FieldName, FieldValue};
use crate::http::request::Request;
use crate::http::response::{Content, Response};
use crate::http::status::Status;

const UNTYPED: FieldValue = FieldValue::from_static("application/octet-stream");
const SNIFFING: FieldName = FieldName::from_static("X-Content-Type-Options");
const NO: FieldValue = FieldValue::from_static("nosniff");

/// `POST /echo`: 200 with the request's content and Content-Type; where that is missing or no media type,
/// `application/octet-stream`.
pub fn post(_app: &App, request: &Request<'_>, _exec: &mut Exec<'_>) -> Reply {
    let content = Content::Owned(request.content().to_vec());
    let sent = request.single("content-type").ok().flatten();
    let content_type = sent.and_then(media_type).unwrap_or(UNTYPED);
    // A page elsewhere may make a browser post here; what it posts as text must not be taken for markup of ours.
    Reply::Done(Response::with_content(Status::OK, content_type, content).field(SNIFFING, NO))
}

/// The value, where it begins as a media type does (RFC 9110, section 8.3.1): `type "/" subtype`, both tokens, and then
/// nothing or parameters.
fn media_type(value: &[u8]) -> Option<FieldValue> {
    let text = std::str::from_utf8(value).ok()?;
    let essence = text.split_once(';').map_or(text, |(essence, _)| essence);
    let (main, sub) = essence.trim_end_matches([' ', '\t']).split_once('/')?;
    FieldName::new(main)?;
    FieldName::new(sub)?;
    FieldValue::new(value)
}
