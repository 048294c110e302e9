//! Claims about src/http/response.rs: what a response is as bytes.

use crate::harness::Test;
use nanoserve::http::date::DateText;
use nanoserve::http::fields::{FieldName, FieldValue};
use nanoserve::http::request::Version;
use nanoserve::http::response::{CONTINUE, Content, Response, SharedBytes, Wire, write_response};
use nanoserve::http::status::Status;
use std::sync::Arc;

pub const TESTS: &[Test] = &[
    (
        "a_response_is_written_in_one_piece",
        a_response_is_written_in_one_piece,
    ),
    (
        "fields_keep_their_order_and_number",
        fields_keep_their_order_and_number,
    ),
    (
        "connection_says_what_the_client_cannot_assume",
        connection_says_what_the_client_cannot_assume,
    ),
    (
        "head_has_the_fields_of_get_and_no_content",
        head_has_the_fields_of_get_and_no_content,
    ),
    (
        "statuses_without_content_send_none",
        statuses_without_content_send_none,
    ),
    (
        "a_handler_cannot_set_what_is_the_writers",
        a_handler_cannot_set_what_is_the_writers,
    ),
    (
        "large_content_is_returned_instead_of_copied",
        large_content_is_returned_instead_of_copied,
    ),
    (
        "a_recorded_response_is_written_as_it_was",
        a_recorded_response_is_written_as_it_was,
    ),
    (
        "a_status_without_a_phrase_keeps_its_space",
        a_status_without_a_phrase_keeps_its_space,
    ),
    ("what_is_there_already_stays", what_is_there_already_stays),
    (
        "shared_bytes_outside_their_owner_are_empty",
        shared_bytes_outside_their_owner_are_empty,
    ),
    (
        "continue_is_a_status_line_and_a_blank_line",
        continue_is_a_status_line_and_a_blank_line,
    ),
];

const JSON: FieldValue = FieldValue::from_static("application/json");
const INLINE: usize = 1024;

/// One exchange's side of the wire.
#[derive(Clone, Copy)]
struct Ask {
    version: Version,
    head_only: bool,
    close: bool,
}

const GET: Ask = Ask {
    version: Version::Http11,
    head_only: false,
    close: false,
};

fn write_with(response: Response, ask: Ask, inline_max: usize) -> (String, Option<Content>) {
    let wire = Wire {
        version: ask.version,
        head_only: ask.head_only,
        close: ask.close,
        date: Some(&DateText::at(784_111_777)),
    };
    let mut out = Vec::new();
    let rest = write_response(&mut out, response, &wire, inline_max);
    (String::from_utf8_lossy(&out).into_owned(), rest)
}

fn write(response: Response, ask: Ask) -> String {
    let (text, rest) = write_with(response, ask, INLINE);
    assert!(rest.is_none(), "small content leaves with its head");
    text
}

fn created() -> Response {
    Response::with_content(Status::CREATED, JSON, Content::Static(b"{\"id\":1}"))
}

fn field(name: &str, value: &str) -> (FieldName, FieldValue) {
    let name = FieldName::new(name).expect("a test's name is a token");
    (
        name,
        FieldValue::new(value).expect("a test's value is well-formed"),
    )
}

fn with(response: Response, name: &str, value: &str) -> Response {
    let (name, value) = field(name, value);
    response.field(name, value)
}

// N-7, N-54
fn a_response_is_written_in_one_piece() {
    assert_eq!(
        write(with(created(), "Location", "/payments/1"), GET),
        "HTTP/1.1 201 Created\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: application/json\r\n\
         Location: /payments/1\r\n\
         Content-Length: 8\r\n\
         \r\n\
         {\"id\":1}"
    );
    assert_eq!(
        write(Response::new(Status::NOT_FOUND), GET),
        "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"
    );
}

// N-21
fn fields_keep_their_order_and_number() {
    let response = with(with(with(created(), "B", "1"), "A", "2"), "B", "3");
    assert!(write(response, GET).contains("\r\nB: 1\r\nA: 2\r\nB: 3\r\nContent-Length: "));
}

// RFC 9112, section 9.3; N-51, N-54, N-63
fn connection_says_what_the_client_cannot_assume() {
    for (version, close, line) in [
        (Version::Http11, false, ""),
        (Version::Http11, true, "Connection: close\r\n"),
        (Version::Http10, true, "Connection: close\r\n"),
        (Version::Http10, false, "Connection: keep-alive\r\n"),
    ] {
        let ask = Ask {
            version,
            close,
            ..GET
        };
        let text = write(created(), ask);
        assert!(
            text.starts_with("HTTP/1.1 "),
            "the server's own version, to 1.0 too"
        );
        let end = format!("\r\nContent-Length: 8\r\n{line}\r\n{{\"id\":1}}");
        assert!(text.ends_with(&end), "{text}");
    }
}

// RFC 9110, section 9.3.2; N-51
fn head_has_the_fields_of_get_and_no_content() {
    let get = write(created(), GET);
    let head = write(
        created(),
        Ask {
            head_only: true,
            ..GET
        },
    );
    assert_eq!(get, head + "{\"id\":1}");
    // Content that would not have been copied is not returned to be written either.
    let large = Response::with_content(Status::OK, JSON, Content::Owned(vec![b'x'; INLINE + 1]));
    let head = write(
        large,
        Ask {
            head_only: true,
            ..GET
        },
    );
    assert!(head.contains("Content-Length: 1025\r\n"));
}

// RFC 9110, sections 8.6, 15.3.5, 15.3.6 and 15.4.5
fn statuses_without_content_send_none() {
    for (code, length) in [
        (204, None),
        (304, None),
        (205, Some("Content-Length: 0\r\n")),
    ] {
        let status = Status::new(code).expect("in 200 to 599");
        for size in [0, 3, INLINE + 1] {
            let response = Response::with_content(status, JSON, Content::Owned(vec![b'x'; size]));
            let text = write(response, GET);
            assert!(text.ends_with("\r\n\r\n"), "{text}");
            match length {
                Some(line) => assert!(text.contains(line), "{text}"),
                None => assert!(!text.contains("Content-Length"), "{text}"),
            }
        }
    }
}

// N-21, N-50
fn a_handler_cannot_set_what_is_the_writers() {
    let mut response = created();
    for name in [
        "content-length",
        "Transfer-Encoding",
        "Connection",
        "Date",
        "keep-alive",
        "TE",
        "Upgrade",
    ] {
        response = with(response, name, "5");
    }
    assert_eq!(write(response, GET), write(created(), GET));
    // The server sets its mark on a replay like any other field.
    let marked = with(created(), "Idempotent-Replayed", "true");
    assert!(write(marked, GET).contains("\r\nIdempotent-Replayed: true\r\n"));
}

// N-43: a replay shares its snapshot instead of copying it
fn large_content_is_returned_instead_of_copied() {
    for (size, copied) in [(0, true), (INLINE, true), (INLINE + 1, false)] {
        let response = Response::with_content(Status::OK, JSON, Content::Owned(vec![b'x'; size]));
        let (text, rest) = write_with(response, GET, INLINE);
        assert!(text.contains(&format!("Content-Length: {size}\r\n")));
        assert_eq!(rest.is_none(), copied, "{size}");
        let sent = text.split("\r\n\r\n").nth(1).map_or(0, str::len);
        assert_eq!(sent + rest.map_or(0, |content| content.len()), size);
    }
}

// N-21
fn a_recorded_response_is_written_as_it_was() {
    let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> =
        Arc::new(b"Content-Type: text/plain\r\nX-A: 1\r\nX-A: 2\r\nhello".to_vec());
    let shared = SharedBytes::new(bytes);
    let recorded = Response::from_recorded(Status::OK, shared.slice(0, 42), shared.slice(42, 47));
    let replay = with(recorded, "Idempotent-Replayed", "true");
    assert_eq!(
        write(replay, GET),
        "HTTP/1.1 200 OK\r\n\
         Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
         Content-Type: text/plain\r\n\
         X-A: 1\r\n\
         X-A: 2\r\n\
         Idempotent-Replayed: true\r\n\
         Content-Length: 5\r\n\
         \r\n\
         hello"
    );
}

// RFC 9112, section 4
fn a_status_without_a_phrase_keeps_its_space() {
    let status = Status::new(299).expect("in 200 to 599");
    assert!(write(Response::new(status), GET).starts_with("HTTP/1.1 299 \r\nDate: "));
}

// N-7: pipelined answers are gathered in one buffer
fn what_is_there_already_stays() {
    let date = DateText::at(0);
    let wire = Wire {
        version: Version::Http11,
        head_only: false,
        close: false,
        date: Some(&date),
    };
    let mut out = b"before".to_vec();
    write_response(&mut out, created(), &wire, INLINE);
    write_response(&mut out, created(), &wire, INLINE);
    let text = String::from_utf8_lossy(&out);
    assert!(text.starts_with("beforeHTTP/1.1 201 Created\r\n"));
    assert_eq!(text.matches("{\"id\":1}").count(), 2);
}

fn shared_bytes_outside_their_owner_are_empty() {
    let bytes: Arc<dyn AsRef<[u8]> + Send + Sync> = Arc::new(b"abcdef".to_vec());
    let shared = SharedBytes::new(bytes);
    let middle = shared.slice(1, 5);
    assert_eq!(middle.as_bytes(), b"bcde");
    assert_eq!(middle.slice(1, 3).as_bytes(), b"cd");
    assert_eq!(middle.slice(1, 4).as_bytes(), b"cde");
    for (start, end) in [
        (1, 5),
        (3, 2),
        (5, 6),
        (usize::MAX, usize::MAX),
        (0, usize::MAX),
    ] {
        assert_eq!(middle.slice(start, end).as_bytes(), b"", "{start} {end}");
    }
}

// RFC 9110, section 15.2.1; N-52
fn continue_is_a_status_line_and_a_blank_line() {
    assert_eq!(CONTINUE, b"HTTP/1.1 100 Continue\r\n\r\n");
}
