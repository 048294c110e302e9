//! Step 3. What a whole head means: its Host, its framing, what it expects, whether the connection lives on.
//!
//! The parser shows each field line once, as it comes; only when the blank line has come is anything judged here, so
//! that the answer does not depend on how the bytes were cut.

use crate::http::body::{FramingField, Lines, framing};
use crate::http::grammar::list_elements;
use crate::http::parse::{Fault, Place};
use crate::http::problem::MALFORMED_REQUEST;
use crate::http::request::{Expect, FieldSpan, Framing, Span, Version};
use crate::http::target::check_authority;

/// What the field lines that concern HTTP itself said.
#[derive(Clone, Copy)]
pub(crate) struct Notes {
    host: Seen,
    content_length: Seen,
    transfer_encoding: Seen,
    expect: Expect,
    close: bool,
    keep_alive: bool,
}

/// Lines of a field that may have one, by their number from 0.
#[derive(Clone, Copy)]
enum Seen {
    Never,
    Once(u8),
    /// Here the second of two or more.
    Again(u8),
}

impl Notes {
    pub(crate) fn new() -> Notes {
        Notes {
            host: Seen::Never,
            content_length: Seen::Never,
            transfer_encoding: Seen::Never,
            expect: Expect::Nothing,
            close: false,
            keep_alive: false,
        }
    }

    /// Takes note of a field line. Names compare without case (RFC 9110, section 5.1); their lengths all differ.
    pub(crate) fn take(&mut self, name: &[u8], value: &[u8], line: u8) {
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        match name.len() {
            4 if is(b"host") => self.host.note(line),
            6 if is(b"expect") => self.take_expect(value),
            10 if is(b"connection") => self.take_connection(value),
            14 if is(b"content-length") => self.content_length.note(line),
            17 if is(b"transfer-encoding") => self.transfer_encoding.note(line),
            _ => {}
        }
    }

    /// `Expect = #expectation`; the one that is defined compares without case (RFC 9110, section 10.1.1).
    fn take_expect(&mut self, value: &[u8]) {
        for expectation in list_elements(value).filter(|element| !element.is_empty()) {
            if !expectation.eq_ignore_ascii_case(b"100-continue") {
                self.expect = Expect::Unknown;
            } else if self.expect == Expect::Nothing {
                self.expect = Expect::Continue;
            }
        }
    }

    /// `Connection = #connection-option`, options compare without case (RFC 9110, section 7.6.1).
    fn take_connection(&mut self, value: &[u8]) {
        for option in list_elements(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Host's value: exactly one line in HTTP/1.1, at most one in 1.0, valid wherever it stands (RFC 9112, section 3.2;
    /// N-51).
    pub(crate) fn host(
        &self,
        bytes: &[u8],
        fields: &[FieldSpan],
        version: Version,
        blank_line: usize,
    ) -> Result<Span, Fault> {
        match (self.host, version) {
            (Seen::Never, Version::Http10) => Ok(Span::default()),
            (Seen::Never, Version::Http11) => {
                let expected = "a Host field line before the end of the head";
                let (problem, place) = (&MALFORMED_REQUEST, Place::Whole);
                Err(Fault::new(problem, blank_line, place, expected))
            }
            (Seen::Again(line), _) => Err(fault_at(fields, line, None, "no second Host")),
            (Seen::Once(line), _) => {
                let value = span_of(fields, line).value;
                check_authority(value.of(bytes))
                    .map_err(|misfit| fault_at(fields, line, Some(misfit.at), misfit.expected))?;
                Ok(value)
            }
        }
    }

    /// The framing that body.rs's table gives, and the place of what is wrong with it.
    pub(crate) fn framing(
        &self,
        bytes: &[u8],
        fields: &[FieldSpan],
        version: Version,
    ) -> Result<Framing, Fault> {
        let lines = |seen: Seen| match seen {
            Seen::Never => Lines::None,
            Seen::Once(line) => Lines::One(span_of(fields, line).value.of(bytes)),
            Seen::Again(_) => Lines::More,
        };
        framing(
            version,
            lines(self.content_length),
            lines(self.transfer_encoding),
        )
        .map_err(|misframed| {
            let seen = match misframed.field {
                FramingField::ContentLength => self.content_length,
                FramingField::TransferEncoding => self.transfer_encoding,
            };
            let line = match seen {
                Seen::Never => 0, // the table finds no fault with a field that is not there
                Seen::Once(line) | Seen::Again(line) => line,
            };
            Fault {
                problem: misframed.problem,
                ..fault_at(fields, line, misframed.byte, misframed.expected)
            }
        })
    }

    /// "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore that expectation" (RFC 9110,
    /// section 10.1.1); the other expectations go the same way, as 1.0 had none.
    pub(crate) fn expect(&self, version: Version) -> Expect {
        match version {
            Version::Http10 => Expect::Nothing,
            Version::Http11 => self.expect,
        }
    }

    /// RFC 9112, section 9.3: `close` wins; then 1.1 persists, and 1.0 does where it says `keep-alive`.
    pub(crate) fn persistent(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }
}

impl Seen {
    fn note(&mut self, line: u8) {
        *self = match *self {
            Seen::Never => Seen::Once(line),
            Seen::Once(_) => Seen::Again(line),
            Seen::Again(second) => Seen::Again(second),
        };
    }
}

fn span_of(fields: &[FieldSpan], line: u8) -> FieldSpan {
    fields.get(usize::from(line)).copied().unwrap_or_default()
}

/// A fault at a byte of a line's value, or at the line itself.
#[cold]
fn fault_at(fields: &[FieldSpan], line: u8, byte: Option<usize>, expected: &'static str) -> Fault {
    let span = span_of(fields, line);
    let line_start = usize::from(span.name.start);
    let offset = byte.map_or(line_start, |byte| usize::from(span.value.start) + byte);
    let place = Place::FieldLine(usize::from(line) + 1, offset - line_start + 1);
    Fault::new(&MALFORMED_REQUEST, offset, place, expected)
}
