//! Every error that the server words itself: `application/problem+json` (RFC 9457; N-25), one type each, and the one
//! table that says which comes first when several meet (N-51).

use crate::http::fields::{FieldName, FieldValue};
use crate::http::json_text::push_string;
use crate::http::response::{Content, Response};
use crate::http::status::Status;
use std::fmt::Write;

/// One problem type: a fragment of `/docs/idempotency`.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemType {
    /// The fragment: `key-reused`.
    pub name: &'static str,
    /// The status of answers of this type.
    pub status: Status,
    /// RFC 9457's title; the draft's own words where it has them.
    pub title: &'static str,
    /// For people who came by the link: what it means, and whether, how and when to retry.
    pub advice: &'static str,
    /// The Retry-After field, in seconds.
    pub retry_after_s: Option<u32>,
}

/// A problem and what was wrong this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its type.
    pub kind: &'static ProblemType,
    /// What was wrong and where; escaped when written.
    pub detail: String,
}

impl ProblemType {
    /// A type; made once, in a static.
    pub const fn new(
        name: &'static str,
        status: Status,
        title: &'static str,
        retry_after_s: Option<u32>,
        advice: &'static str,
    ) -> ProblemType {
        ProblemType {
            name,
            status,
            title,
            advice,
            retry_after_s,
        }
    }
}

impl Problem {
    /// A problem of a type.
    pub fn new(kind: &'static ProblemType, detail: impl Into<String>) -> Problem {
        Problem {
            kind,
            detail: detail.into(),
        }
    }

    /// The answer: problem+json with `instance` (the request's id), Content-Language, Link and Retry-After.
    pub fn into_response(self, instance: &str) -> Response {
        let kind = self.kind;
        let mut json = String::with_capacity(256 + self.detail.len());
        // Writing to a String cannot fail.
        let _ = write!(json, "{{\"type\":\"{PAGE}#{}\",\"title\":", kind.name);
        push_string(&mut json, kind.title.as_bytes());
        let _ = write!(json, ",\"status\":{},\"detail\":", kind.status.code());
        push_string(&mut json, self.detail.as_bytes());
        if !instance.is_empty() {
            json.push_str(",\"instance\":");
            push_string(&mut json, instance.as_bytes());
        }
        json.push('}');
        let content = Content::Owned(json.into_bytes());
        let mut response = Response::with_content(kind.status, PROBLEM_JSON, content)
            .of_problem(kind.name)
            .field(CONTENT_LANGUAGE, ENGLISH);
        if let Some(link) = FieldValue::new(format!("<{PAGE}#{}>; rel=\"describedby\"", kind.name))
        {
            response = response.field(LINK, link);
        }
        if let Some(seconds) = kind.retry_after_s
            && let Some(seconds) = FieldValue::new(seconds.to_string())
        {
            response = response.field(RETRY_AFTER, seconds);
        }
        response
    }
}

/// The page that explains every type (N-60).
const PAGE: &str = "/docs/idempotency";
const PROBLEM_JSON: FieldValue = FieldValue::from_static("application/problem+json");
const CONTENT_LANGUAGE: FieldName = FieldName::from_static("Content-Language");
const ENGLISH: FieldValue = FieldValue::from_static("en");
const LINK: FieldName = FieldName::from_static("Link");
const RETRY_AFTER: FieldName = FieldName::from_static("Retry-After");

/// Bytes that are no well-formed request.
pub static MALFORMED_REQUEST: ProblemType = ProblemType::new(
    "malformed-request",
    Status::BAD_REQUEST,
    "Malformed request",
    None,
    "The bytes are no well-formed HTTP/1.1 request, or could be read in two ways; the detail says what was expected \
     at which byte. Nothing ran, no key was used, and the connection closes. Do not send the same bytes again: \
     correct the client. The corrected request may use the same key.",
);
/// A major version other than 1.
pub static VERSION_NOT_SUPPORTED: ProblemType = ProblemType::new(
    "version-not-supported",
    Status::HTTP_VERSION_NOT_SUPPORTED,
    "HTTP version not supported",
    None,
    "This server speaks HTTP/1.1 and HTTP/1.0. Nothing ran and no key was used. Retry at once over HTTP/1.1, with the \
     same key.",
);
/// A request line over its bound.
pub static TARGET_TOO_LONG: ProblemType = ProblemType::new(
    "target-too-long",
    Status::URI_TOO_LONG,
    "Request line too long",
    None,
    "The request line is longer than the limit. Nothing ran and no key was used. Do not retry unchanged: move what \
     the query carries into the content.",
);
/// A head, or a trailer section, over one of its bounds.
pub static HEAD_TOO_LARGE: ProblemType = ProblemType::new(
    "head-too-large",
    Status::REQUEST_HEADER_FIELDS_TOO_LARGE,
    "Request head too large",
    None,
    "The head, its number of field lines, or the trailers of chunked content are over the limit. Nothing ran and no \
     key was used. Do not retry unchanged: send fewer or shorter fields (cookies are the usual cause).",
);
/// A method that this server does not have.
pub static METHOD_NOT_IMPLEMENTED: ProblemType = ProblemType::new(
    "method-not-implemented",
    Status::NOT_IMPLEMENTED,
    "Method not implemented",
    None,
    "No resource of this server has this method, and CONNECT is not served at all. Nothing ran and no key was used. \
     Do not retry with this method.",
);
/// A transfer coding other than chunked.
pub static TRANSFER_CODING: ProblemType = ProblemType::new(
    "transfer-coding-not-implemented",
    Status::NOT_IMPLEMENTED,
    "Transfer coding not implemented",
    None,
    "The only transfer coding of this server is chunked. Nothing ran, no key was used, and the connection closes. \
     Retry at once with Content-Length or with chunked alone, with the same key.",
);
/// No route has the path.
pub static NOT_FOUND: ProblemType = ProblemType::new(
    "not-found",
    Status::NOT_FOUND,
    "Not found",
    None,
    "No resource has this path. Nothing ran and no key was used. Do not retry unchanged.",
);
/// The path has other methods.
pub static METHOD_NOT_ALLOWED: ProblemType = ProblemType::new(
    "method-not-allowed",
    Status::METHOD_NOT_ALLOWED,
    "Method not allowed",
    None,
    "The path exists and has other methods: the Allow field lists them. Nothing ran and no key was used. Do not retry \
     with this method.",
);
/// An Expect field other than 100-continue.
pub static EXPECTATION_FAILED: ProblemType = ProblemType::new(
    "expectation-failed",
    Status::EXPECTATION_FAILED,
    "Expectation failed",
    None,
    "The only expectation that this server can meet is 100-continue. Nothing ran and no key was used. Retry at once \
     without the Expect field, with the same key.",
);
/// The admin listener refuses a Host or a request without its field (N-61).
pub static FORBIDDEN: ProblemType = ProblemType::new(
    "forbidden",
    Status::FORBIDDEN,
    "Forbidden",
    None,
    "The admin listener answers where Host is localhost or an IP address, and changes something only where the \
     request has the field NanoServe-Admin: 1; a page of another site can send neither. Nothing was changed. Do not \
     retry unchanged.",
);
/// Content-Type or the scope field has two lines (N-15, N-16).
pub static FIELD_REPEATED: ProblemType = ProblemType::new(
    "field-repeated",
    Status::BAD_REQUEST,
    "Field repeated",
    None,
    "A field that says whose or which request this is came in two lines, so that no one value can be trusted. Nothing \
     ran and no key was used. Do not retry unchanged: send one line; the corrected request may use the same key.",
);
/// The scope field is asked for and missing (N-15).
pub static SCOPE_MISSING: ProblemType = ProblemType::new(
    "scope-missing",
    Status::BAD_REQUEST,
    "Caller's field is missing",
    None,
    "This server keeps keys apart by a field that names the caller, and the request has none, or an empty one; it \
     would have shared its keys with strangers. Nothing ran and no key was used. Do not retry unchanged: send the \
     field, with the same key.",
);
/// A key that is malformed, repeated, or differs between its two fields (N-10 to N-12).
pub static KEY_MALFORMED: ProblemType = ProblemType::new(
    "key-malformed",
    Status::BAD_REQUEST,
    "Idempotency-Key is malformed",
    None,
    "A key is 1 to 255 bytes: a quoted string (RFC 9651), or bare visible ASCII without quotes, commas, semicolons \
     and backslashes; one field line, and the same key in Idempotency-Key and X-Idempotency-Key where both are sent. \
     Nothing ran and no key was used. Do not retry unchanged: correct the key.",
);
/// A route that requires a key got none (N-14).
pub static KEY_MISSING: ProblemType = ProblemType::new(
    "key-missing",
    Status::BAD_REQUEST,
    "Idempotency-Key is missing",
    None,
    "This operation must not run twice by accident, so it is only served with an Idempotency-Key. Nothing ran. Retry \
     at once with a fresh key, such as a UUID, made once per operation and kept for all of its retries.",
);
/// Content over its bound.
pub static CONTENT_TOO_LARGE: ProblemType = ProblemType::new(
    "content-too-large",
    Status::CONTENT_TOO_LARGE,
    "Content too large",
    None,
    "The content is over the limit; it was not read whole and the connection closes. Nothing ran and no key was used. \
     Do not retry unchanged: send less.",
);
/// No room for content in flight (N-43).
pub static CONTENT_IN_FLIGHT: ProblemType = ProblemType::new(
    "content-in-flight-full",
    Status::SERVICE_UNAVAILABLE,
    "Too much content is being received",
    Some(1),
    "The memory for content that is being received is taken. Nothing ran and no key was used. Retry with the same key \
     after the seconds of Retry-After, doubling the pause each time, up to a minute.",
);
/// Head or content did not arrive in time, or content gave way as the slowest.
pub static REQUEST_TIMEOUT: ProblemType = ProblemType::new(
    "request-timeout",
    Status::REQUEST_TIMEOUT,
    "Request timeout",
    None,
    "The request did not arrive whole within its deadline, or came in so slowly that it gave way when memory for \
     content ran out. Nothing ran and no key was used. Retry at once on a new connection, with the same key.",
);
/// The first attempt is still running (N-22).
pub static KEY_IN_FLIGHT: ProblemType = ProblemType::new(
    "key-in-flight",
    Status::CONFLICT,
    "A request is outstanding for this Idempotency-Key",
    Some(1),
    "The first request with this key is still running, and this one did not run. Retry the same request with the same \
     key after the seconds of Retry-After, until the answer is another one: it will be the first request's recorded \
     answer, or, if that one did nothing, your retry runs. Never switch to a new key here: that is how a payment is \
     made twice.",
);
/// The key was used with another request (N-23).
pub static KEY_REUSED: ProblemType = ProblemType::new(
    "key-reused",
    Status::UNPROCESSABLE_CONTENT,
    "Idempotency-Key is already used",
    None,
    "This key belongs to another request: method, target, Content-Type, Content-Encoding or content differ. This \
     request did not run, and the first one's record is untouched. Do not retry unchanged. If it is meant as a retry, \
     send the very bytes of the first request; if it is a new operation, give it a new key.",
);
/// The recorded response was too large to keep (N-33).
pub static RESPONSE_NOT_STORED: ProblemType = ProblemType::new(
    "response-not-stored",
    Status::GONE,
    "The response was not stored",
    None,
    "The first request with this key ran to its end; its answer, whose status the detail names, was too large to keep \
     and went to the first client alone. It will not run again under this key. Do not retry: read the resource to see \
     what became of it, and use a new key only for a new operation.",
);
/// The bound on keys or bytes is reached (N-24).
pub static KEYS_FULL: ProblemType = ProblemType::new(
    "keys-full",
    Status::SERVICE_UNAVAILABLE,
    "No room for new keys",
    Some(30),
    "The server remembers as many keys as it may and forgets none early, as that could run an operation twice. New \
     keys wait until old ones expire; known keys are answered as ever. This request did not run and its key is \
     unused. Retry with the same key after the seconds of Retry-After, doubling the pause each time, up to ten \
     minutes.",
);
/// No worker is to spare for a handler (N-24).
pub static WORKERS_BUSY: ProblemType = ProblemType::new(
    "workers-busy",
    Status::SERVICE_UNAVAILABLE,
    "No worker to spare",
    Some(1),
    "Every worker that may run a handler is running one. This request did not run and its key is unused; known keys \
     are answered as ever. Retry with the same key after the seconds of Retry-After, doubling the pause each time, up \
     to a minute.",
);
/// The server is shutting down (N-63).
pub static DRAINING: ProblemType = ProblemType::new(
    "draining",
    Status::SERVICE_UNAVAILABLE,
    "Server is shutting down",
    Some(5),
    "The server finishes what runs and takes nothing new. This request did not run and its key is unused. Retry with \
     the same key after the seconds of Retry-After, on a new connection. Another instance, or this one restarted \
     without a journal, does not know the keys of this process: an operation whose earlier attempt was not answered \
     must be looked up before it is sent there.",
);
/// Too many connections, or too many that wait for a worker (N-1).
pub static CONNECTIONS_FULL: ProblemType = ProblemType::new(
    "connections-full",
    Status::SERVICE_UNAVAILABLE,
    "Too many connections",
    Some(1),
    "The server has as many connections as it may, and this one was refused before anything of it was read. Nothing \
     ran and no key was used. Retry with the same key after the seconds of Retry-After, doubling the pause each time, \
     up to a minute; keep connections alive instead of opening new ones.",
);
/// A handler panicked (N-31).
pub static HANDLER_FAILED: ProblemType = ProblemType::new(
    "handler-failed",
    Status::INTERNAL_SERVER_ERROR,
    "Internal server error",
    None,
    "The operation failed at a point that the server cannot tell: it may have had its effect. With a key this answer \
     is recorded, and every retry with that key gets it again; nothing runs twice. Do not retry with a new key before \
     you have looked up whether the effect is there.",
);

/// All types of the server itself, the one that wins first: when several errors are known at once, the answer is the one
/// that stands higher here (N-51). Errors that show at different bytes of a request never meet: the earlier byte wins, as
/// the request might have come no further.
pub static PRECEDENCE: &[&ProblemType] = &[
    &TARGET_TOO_LONG,
    &VERSION_NOT_SUPPORTED,
    &HEAD_TOO_LARGE,
    &MALFORMED_REQUEST,
    &TRANSFER_CODING,
    &REQUEST_TIMEOUT,
    &FORBIDDEN,
    &METHOD_NOT_IMPLEMENTED,
    &NOT_FOUND,
    &METHOD_NOT_ALLOWED,
    &EXPECTATION_FAILED,
    &FIELD_REPEATED,
    &SCOPE_MISSING,
    &KEY_MALFORMED,
    &KEY_MISSING,
    &CONTENT_TOO_LARGE,
    &CONTENT_IN_FLIGHT,
    &KEY_REUSED,
    &KEY_IN_FLIGHT,
    &RESPONSE_NOT_STORED,
    &DRAINING,
    &WORKERS_BUSY,
    &KEYS_FULL,
    &CONNECTIONS_FULL,
    &HANDLER_FAILED,
];
