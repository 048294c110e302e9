//! Step 3. A request's head as spans into the bytes it was parsed from, and the view that handlers get.
//!
//! Invariant: a `Head` is only ever read together with the bytes that `parse_head` made it from.

use crate::limits::FIELD_LINES_MAX;

/// Request methods (RFC 9110, section 9; PATCH: RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// TRACE: known, and no path has it (405).
    Trace,
    /// CONNECT: 501 before its target is looked at.
    Connect,
    /// Any other token: 501.
    Unknown,
}

/// HTTP/1.0 or 1.1; a higher minor version is treated as 1.1 (RFC 9110, section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1 and up
    Http11,
}

/// A stretch of the parsed bytes. 16 bits are enough: `HEAD_MAX` is asserted to fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u16,
    /// One past the last.
    pub end: u16,
}

/// One field line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FieldSpan {
    /// The name as sent.
    pub name: Span,
    /// The value without the white space around it.
    pub value: Span,
}

/// The four forms of a request-target (RFC 9112, section 3.2) that reach a handler; authority-form never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// `/path?query`, or an absolute form reduced to it. `path` may be empty for an absolute form: read as `/`. For
    /// CONNECT, which is answered before its target is looked at, `path` is all of it.
    Path {
        /// The path as sent, not decoded.
        path: Span,
        /// What follows the first `?`.
        query: Option<Span>,
    },
    /// `OPTIONS *`
    Asterisk,
}

/// How the content's end is found (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No content.
    None,
    /// Content-Length.
    Length(u64),
    /// Transfer-Encoding: chunked.
    Chunked,
}

/// The Expect field (RFC 9110, section 10.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// None, or in HTTP/1.0, where it is ignored.
    Nothing,
    /// `100-continue`
    Continue,
    /// Anything else: 417.
    Unknown,
}

/// A head that passed every check of `parse_head`: syntax, version, Host, framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The method as sent.
    pub method_text: Span,
    /// The target in origin form.
    pub target: Target,
    /// The version.
    pub version: Version,
    /// How the content is framed.
    pub framing: Framing,
    /// Whom the request is for: an absolute form's authority, which wins (RFC 9112, section 3.2.2), or Host's value.
    /// Empty where there is neither.
    pub host: Span,
    /// What is expected before content is sent.
    pub expect: Expect,
    /// Whether the client lets the connection live on after the answer (RFC 9112, section 9.3).
    pub persistent: bool,
    /// How many of `fields` are set.
    pub field_count: u8,
    /// The field lines in the order received.
    pub fields: [FieldSpan; FIELD_LINES_MAX],
}

/// More than one line of a field that may have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

/// A request as a handler sees it: head, content, nothing of a socket.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    head: &'a Head,
    bytes: &'a [u8],
    content: &'a [u8],
}

impl Method {
    /// The method that a token names; methods are case-sensitive (RFC 9110, section 9.1).
    pub const fn from_token(token: &[u8]) -> Method {
        match token {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"POST" => Method::Post,
            b"PUT" => Method::Put,
            b"PATCH" => Method::Patch,
            b"DELETE" => Method::Delete,
            b"OPTIONS" => Method::Options,
            b"TRACE" => Method::Trace,
            b"CONNECT" => Method::Connect,
            _ => Method::Unknown,
        }
    }

    /// Safe methods are served as if no key were there (RFC 9110, section 9.2.1; N-13).
    pub const fn is_guarded(self) -> bool {
        matches!(
            self,
            Method::Post | Method::Put | Method::Patch | Method::Delete
        )
    }

    /// The method's token; for `Unknown` a stand-in, as the token is the request's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Connect => "CONNECT",
            Method::Unknown => "an unknown method",
        }
    }
}

impl Span {
    /// From `start` up to, not including, `end`, both positions in a head.
    #[allow(clippy::cast_possible_truncation)] // a head is at most HEAD_MAX bytes, which limits.rs asserts to fit
    pub(crate) const fn new(start: usize, end: usize) -> Span {
        Span {
            start: start as u16,
            end: end as u16,
        }
    }

    /// The bytes it covers; empty where `bytes` is not what the span was made from.
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }
}

impl<'a> Request<'a> {
    /// Puts a head together with the bytes it was parsed from and its content.
    pub fn new(head: &'a Head, bytes: &'a [u8], content: &'a [u8]) -> Self {
        Request {
            head,
            bytes,
            content,
        }
    }

    /// The head's decided parts: version, framing, expectation, persistence.
    pub fn head(&self) -> &'a Head {
        self.head
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.head.method
    }

    /// The method as sent.
    pub fn method_text(&self) -> &'a [u8] {
        self.head.method_text.of(self.bytes)
    }

    /// The path in origin form as sent, not decoded; `*` for `OPTIONS *`.
    pub fn path(&self) -> &'a [u8] {
        match self.head.target {
            Target::Path { path, .. } => match path.of(self.bytes) {
                b"" => b"/",
                path => path,
            },
            Target::Asterisk => b"*",
        }
    }

    /// What follows the first `?` of the target, not decoded.
    pub fn query(&self) -> Option<&'a [u8]> {
        match self.head.target {
            Target::Path { query, .. } => query.map(|span| span.of(self.bytes)),
            Target::Asterisk => None,
        }
    }

    /// Whom the request is for, `host[:port]` as sent; empty where it does not say.
    pub fn host(&self) -> &'a [u8] {
        self.head.host.of(self.bytes)
    }

    /// Every field line as (name as sent, value), in the order received.
    pub fn fields(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let (head, bytes) = (self.head, self.bytes);
        head.fields
            .iter()
            .take(usize::from(head.field_count))
            .map(move |field| (field.name.of(bytes), field.value.of(bytes)))
    }

    /// The values of every line of one field; names compare without case.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        self.fields()
            .filter(move |(sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The value of a field that may have one line.
    ///
    /// # Errors
    /// `Repeated` where there are two or more.
    pub fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() {
            Err(Repeated)
        } else {
            Ok(first)
        }
    }

    /// The content; empty while only the head has been read.
    pub fn content(&self) -> &'a [u8] {
        self.content
    }
}
