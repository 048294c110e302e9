//! Step 7. Responses as values, and the one place that turns them into bytes.
//!
//! Content-Length, Connection and Date are the writer's; so are the rules for HEAD, 204, 205 and 304 (RFC 9110, 6.4.1).
//! Invariant: what is written is one well-formed response whose framing is the writer's, whatever fields it was given.

use crate::http::date::DateText;
use crate::http::fields::{FieldName, FieldValue, is_writers_own};
use crate::http::request::Version;
use crate::http::status::Status;
use std::sync::Arc;

/// Bytes that several owners share, such as a recorded snapshot.
#[derive(Clone)]
pub struct SharedBytes {
    owner: Arc<dyn AsRef<[u8]> + Send + Sync>,
    start: usize,
    end: usize,
}

/// A response's content.
#[derive(Clone)]
pub enum Content {
    /// Known when compiling.
    Static(&'static [u8]),
    /// Made for this response.
    Owned(Vec<u8>),
    /// Shared with a record.
    Shared(SharedBytes),
}

/// A response before it is written.
#[derive(Clone)]
pub struct Response {
    status: Status,
    content_type: Option<FieldValue>,
    fields: Vec<(FieldName, FieldValue)>,
    /// Field lines as recorded, written as they are (a replay).
    recorded: Option<SharedBytes>,
    content: Content,
    /// The problem type's name, where this is a problem made by this process (problem.rs): for the counters.
    problem: Option<&'static str>,
}

/// What the writer must know of the exchange.
#[derive(Clone, Copy)]
pub struct Wire<'a> {
    /// The version of the request, for `Connection: keep-alive` in 1.0.
    pub version: Version,
    /// The request's method was HEAD: framing fields as for GET, no content.
    pub head_only: bool,
    /// The connection closes after this response.
    pub close: bool,
    /// The Date field's value; none where the answer was made ahead of its time (a 5xx may go without).
    pub date: Option<&'a DateText>,
}

impl SharedBytes {
    /// Shares all bytes of `owner`.
    pub fn new(owner: Arc<dyn AsRef<[u8]> + Send + Sync>) -> Self {
        let end = (*owner).as_ref().len();
        SharedBytes {
            owner,
            start: 0,
            end,
        }
    }

    /// A part of these bytes; empty where the range does not fit.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> SharedBytes {
        let (from, to) = (
            self.start.saturating_add(start),
            self.start.saturating_add(end),
        );
        let (start, end) = if from <= to && to <= self.end {
            (from, to)
        } else {
            (self.start, self.start)
        };
        SharedBytes {
            owner: Arc::clone(&self.owner),
            start,
            end,
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        (*self.owner)
            .as_ref()
            .get(self.start..self.end)
            .unwrap_or_default()
    }
}

impl Content {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Content::Static(bytes) => bytes,
            Content::Owned(bytes) => bytes,
            Content::Shared(bytes) => bytes.as_bytes(),
        }
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// The memory that goes when this does: none where others have a share in it.
    pub fn held_bytes(&self) -> usize {
        match self {
            Content::Static(_) | Content::Shared(_) => 0,
            Content::Owned(bytes) => bytes.capacity(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Response {
    /// A response without content.
    pub fn new(status: Status) -> Response {
        Response {
            status,
            content_type: None,
            fields: Vec::new(),
            recorded: None,
            content: Content::Static(b""),
            problem: None,
        }
    }

    /// A response with content of a type.
    pub fn with_content(status: Status, content_type: FieldValue, content: Content) -> Response {
        Response {
            content_type: Some(content_type),
            content,
            ..Response::new(status)
        }
    }

    /// A recorded response: field lines and content are parts of a snapshot (snapshot.rs).
    pub fn from_recorded(
        status: Status,
        field_lines: SharedBytes,
        content: SharedBytes,
    ) -> Response {
        Response {
            recorded: Some(field_lines),
            content: Content::Shared(content),
            ..Response::new(status)
        }
    }

    /// Adds a field line after those there are. A field of the writer's own is not added, Idempotent-Replayed excepted.
    #[must_use]
    pub fn field(mut self, name: FieldName, value: FieldValue) -> Response {
        if !is_writers_own(name.as_str()) || name.as_str().eq_ignore_ascii_case(REPLAYED) {
            self.fields.push((name, value));
        }
        self
    }

    /// Notes that this is a problem of the type with that name.
    #[must_use]
    pub(crate) fn of_problem(self, name: &'static str) -> Response {
        Response {
            problem: Some(name),
            ..self
        }
    }

    /// The name of the problem type, where this is a problem that was made for this request; none for a replay.
    pub fn problem(&self) -> Option<&'static str> {
        self.problem
    }

    /// The status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The content's type, where set apart from the other fields.
    pub fn content_type(&self) -> Option<&FieldValue> {
        self.content_type.as_ref()
    }

    /// The field lines in order, without Content-Type and without recorded ones.
    pub fn fields(&self) -> &[(FieldName, FieldValue)] {
        &self.fields
    }

    /// The content.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The field lines of a recorded response, as they go on the wire.
    pub(crate) fn recorded_lines(&self) -> &[u8] {
        self.recorded.as_ref().map_or(&[], SharedBytes::as_bytes)
    }

    /// The content that goes out with this status: none where it has none.
    pub(crate) fn content_as_sent(&self) -> &[u8] {
        if self.status.has_content() {
            self.content.as_bytes()
        } else {
            &[]
        }
    }
}

/// The one field of the writer's own that the server sets like any other (N-21).
const REPLAYED: &str = "Idempotent-Replayed";

/// Appends a whole response to `out`, its head first. Content of more than `inline_max` bytes is not copied but
/// returned, to be written next.
pub fn write_response(
    out: &mut Vec<u8>,
    response: Response,
    wire: &Wire<'_>,
    inline_max: usize,
) -> Option<Content> {
    let content = response.content_as_sent();
    let sent = if wire.head_only { &[] } else { content };
    let inline = if sent.len() <= inline_max { sent } else { &[] };
    // One growth for all: few heads are longer than this, and those grow once more.
    out.reserve(HEAD_ESTIMATE + response.recorded_lines().len() + inline.len());
    push_status_line(out, response.status);
    if let Some(date) = wire.date {
        push_field(out, "Date", date.as_bytes());
    }
    if let Some(content_type) = &response.content_type {
        push_field(out, CONTENT_TYPE, content_type.as_bytes());
    }
    out.extend_from_slice(response.recorded_lines());
    for (name, value) in &response.fields {
        push_field(out, name.as_str(), value.as_bytes());
    }
    if response.status.has_content_length() {
        out.extend_from_slice(b"Content-Length: ");
        push_decimal(out, content.len());
        out.extend_from_slice(b"\r\n");
    }
    // RFC 9112, section 9.3: 1.1 persists unless told otherwise, 1.0 only where it is told so.
    out.extend_from_slice(match (wire.close, wire.version) {
        (true, _) => b"Connection: close\r\n\r\n",
        (false, Version::Http10) => b"Connection: keep-alive\r\n\r\n",
        (false, Version::Http11) => b"\r\n",
    });
    out.extend_from_slice(inline);
    (sent.len() > inline_max).then_some(response.content)
}

/// `HTTP/1.1 100 Continue` and its blank line (RFC 9110, section 15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The field that a response keeps apart from the others.
pub(crate) const CONTENT_TYPE: &str = "Content-Type";

/// Bytes of a head with a few fields.
const HEAD_ESTIMATE: usize = 384;

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ] CRLF` (RFC 9112, section 4). The version is the
/// server's own, to a client of 1.0 too (RFC 9110, section 6.2).
fn push_status_line(out: &mut Vec<u8>, status: Status) {
    out.extend_from_slice(b"HTTP/1.1 ");
    push_decimal(out, usize::from(status.code()));
    out.push(b' ');
    out.extend_from_slice(status.reason().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends a field line.
pub(crate) fn push_field(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// How many bytes `push_field` appends.
pub(crate) fn field_len(name: &str, value: &[u8]) -> usize {
    name.len() + ": ".len() + value.len() + "\r\n".len()
}

/// Appends a number in decimal digits.
#[allow(clippy::cast_possible_truncation)] // a digit fits a byte
fn push_decimal(out: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0; 20]; // as many as u64::MAX has
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}
