//! Step 3. The head parser: bytes in, a `Head` or "need more" or an error with its place out.
//!
//! It reads from left to right and stops at the first byte that no valid head could have there, so an error is found
//! as early as the bytes allow. What only a whole head can tell (Host, framing) is judged at its end.
//! Invariant: the outcome for some bytes is that of the shortest of their prefixes that has one; a client that drips and
//! one that sends all at once get the same answer, down to the text.

use crate::http::grammar::{
    CONNECT_TARGET, Class, DIGIT, FIELD_VALUE, TARGET, TCHAR, is_ows, trim_ows,
};
use crate::http::meaning::Notes;
use crate::http::problem::{
    HEAD_TOO_LARGE, MALFORMED_REQUEST, ProblemType, TARGET_TOO_LONG, VERSION_NOT_SUPPORTED,
};
use crate::http::request::{FieldSpan, Head, Method, Span, Target, Version};
use crate::http::target::origin_form;
use crate::limits::{EMPTY_LINES_MAX, FIELD_LINES_MAX, HEAD_MAX, REQUEST_LINE_MAX};

/// What parsing the bytes received so far gave.
#[derive(Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // lives on the stack of one visit; a box would be an allocation a request
pub enum Parsed {
    /// Well-formed so far; more bytes are needed.
    Partial,
    /// A whole head of `used` bytes (leading empty lines included).
    Complete {
        /// The head.
        head: Head,
        /// Bytes it took.
        used: usize,
    },
}

/// What was wrong, where, and which answer it gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The problem type: status and `type` of the answer.
    pub problem: &'static ProblemType,
    /// Byte offset in the bytes given; in chunked content, from its first byte.
    pub offset: usize,
    /// What was expected and where, for people: "expected ':' at byte 37 of field line 3".
    pub detail: String,
}

/// Parses a request head and decides its framing.
///
/// A head may take `HEAD_MAX` bytes, empty lines before it included. `Complete` means that every check that these bytes
/// allow has passed: syntax, version, form of the target, Host, framing.
///
/// # Errors
/// The first thing wrong, in the order of `problem::PRECEDENCE` where several are wrong at one byte.
pub fn parse_head(bytes: &[u8]) -> Result<Parsed, ParseError> {
    let window = bytes.get(..HEAD_MAX).unwrap_or(bytes);
    match Scanner::new(window).head() {
        Ok(parsed) => Ok(parsed),
        Err(Stop::More) if bytes.len() > HEAD_MAX => {
            let place = Place::Bound(HEAD_MAX, "bytes");
            Err(Fault::new(&HEAD_TOO_LARGE, HEAD_MAX, place, "the head to end within").render())
        }
        Err(Stop::More) => Ok(Parsed::Partial),
        Err(Stop::Fault(fault)) => Err(fault.render()),
    }
}

/// A `ParseError` before its text is made: nothing to allocate, and small enough to be returned from every step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) problem: &'static ProblemType,
    pub(crate) offset: usize,
    pub(crate) place: Place,
    pub(crate) expected: &'static str,
}

/// Where a fault is, in the words of people; lines and bytes count from 1 there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A byte of the n-th empty line before the request line.
    EmptyLine(usize, usize),
    /// A byte of the request line.
    RequestLine(usize),
    /// A byte of the n-th field line.
    FieldLine(usize, usize),
    /// A byte of chunked content.
    Content(usize),
    /// No single byte: a bound and its unit.
    Bound(usize, &'static str),
    /// No single byte, nothing to add.
    Whole,
}

impl Fault {
    pub(crate) fn new(
        problem: &'static ProblemType,
        offset: usize,
        place: Place,
        expected: &'static str,
    ) -> Fault {
        Fault {
            problem,
            offset,
            place,
            expected,
        }
    }

    pub(crate) fn render(self) -> ParseError {
        let expected = self.expected;
        let detail = match self.place {
            Place::EmptyLine(n, byte) => {
                format!("expected {expected} at byte {byte} of empty line {n}")
            }
            Place::RequestLine(byte) => {
                format!("expected {expected} at byte {byte} of the request line")
            }
            Place::FieldLine(n, byte) => {
                format!("expected {expected} at byte {byte} of field line {n}")
            }
            Place::Content(byte) => {
                format!("expected {expected} at byte {byte} of the chunked content")
            }
            Place::Bound(bound, unit) => format!("expected {expected} {bound} {unit}"),
            Place::Whole => format!("expected {expected}"),
        };
        ParseError {
            problem: self.problem,
            offset: self.offset,
            detail,
        }
    }
}

/// Why a step of the scanner ended early.
enum Stop {
    /// The bytes ran out.
    More,
    Fault(Fault),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Fault(fault)
    }
}

/// The line that is being read.
#[derive(Clone, Copy)]
enum Line {
    Empty(usize),
    Request,
    Field(usize),
}

struct RequestLine {
    method: Method,
    method_text: Span,
    target: Target,
    authority: Option<Span>,
    version: Version,
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: Line,
    line_start: usize,
    /// Where the line must have ended.
    line_end_max: usize,
}

impl<'a> Scanner<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Scanner {
            bytes,
            at: 0,
            line: Line::Request,
            line_start: 0,
            line_end_max: usize::MAX,
        }
    }

    fn head(&mut self) -> Result<Parsed, Stop> {
        self.empty_lines()?;
        let request_line = self.request_line()?;
        let mut fields = [FieldSpan::default(); FIELD_LINES_MAX];
        let mut notes = Notes::new();
        let count = self.field_lines(&mut fields, &mut notes)?;
        let used = self.at;
        let (version, blank_line) = (request_line.version, self.line_start);
        let lines = fields.get(..usize::from(count)).unwrap_or_default();
        let host = notes.host(self.bytes, lines, version, blank_line)?;
        let framing = notes.framing(self.bytes, lines, version)?;
        let head = Head {
            method: request_line.method,
            method_text: request_line.method_text,
            target: request_line.target,
            version,
            framing,
            host: request_line.authority.unwrap_or(host),
            expect: notes.expect(version),
            persistent: notes.persistent(version),
            field_count: count,
            fields,
        };
        Ok(Parsed::Complete { head, used })
    }

    /// "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line" (RFC 9112,
    /// section 2.2).
    fn empty_lines(&mut self) -> Result<(), Stop> {
        for n in 1.. {
            self.begin(Line::Empty(n));
            let byte = self.peek()?;
            if byte != b'\r' {
                break;
            }
            if n > EMPTY_LINES_MAX {
                let place = Place::Bound(EMPTY_LINES_MAX, "empty lines before a request line");
                return Err(Fault::new(&MALFORMED_REQUEST, self.at, place, "at most").into());
            }
            self.line_end()?;
        }
        self.begin(Line::Request);
        self.line_end_max = self.at + REQUEST_LINE_MAX;
        Ok(())
    }

    /// `request-line = method SP request-target SP HTTP-version` (RFC 9112, section 3).
    fn request_line(&mut self) -> Result<RequestLine, Stop> {
        let method_text = self.run(&TCHAR, "a method")?;
        let method = Method::from_token(method_text.of(self.bytes));
        self.byte(b' ', "a space after the method")?;
        let class = if method == Method::Connect {
            &CONNECT_TARGET
        } else {
            &TARGET
        };
        let target_at = self.at;
        let target = self.run(class, "a request-target")?;
        match self.peek()? {
            b' ' => self.at += 1,
            b'\r' | b'\n' => return Err(self.fault("a space and the version").into()),
            b'#' => return Err(self.fault("a space and no fragment").into()),
            _ => return Err(self.fault("a visible ASCII character or a space").into()),
        }
        let version_at = self.at;
        let (major, minor) = self.version()?;
        self.line_end()?;
        self.line_end_max = usize::MAX;
        // The whole line is known: its version is judged before its target, so that a preface of HTTP/2 is told what is
        // wrong.
        let place = |at: usize| Place::RequestLine(at - self.line_start + 1);
        if major != b'1' {
            let at = version_at + "HTTP/".len();
            let expected = "major version 1";
            return Err(Fault::new(&VERSION_NOT_SUPPORTED, at, place(at), expected).into());
        }
        let (target, authority) =
            origin_form(method, target.of(self.bytes), target_at).map_err(|misfit| {
                let at = target_at + misfit.at;
                Fault::new(&MALFORMED_REQUEST, at, place(at), misfit.expected)
            })?;
        Ok(RequestLine {
            method,
            method_text,
            target,
            authority,
            version: if minor == b'0' {
                Version::Http10
            } else {
                Version::Http11
            },
        })
    }

    /// `HTTP-version = HTTP-name "/" DIGIT "." DIGIT`, `HTTP-name` in capitals (RFC 9112, section 2.3).
    fn version(&mut self) -> Result<(u8, u8), Stop> {
        for &byte in b"HTTP/" {
            self.byte(byte, "'HTTP/' in capitals and a version")?;
        }
        let major = self.digit("the version's major digit")?;
        self.byte(b'.', "'.' in the version")?;
        let minor = self.digit("the version's minor digit")?;
        Ok((major, minor))
    }

    /// `*( field-line CRLF ) CRLF` (RFC 9112, section 2.1). Returns how many there are.
    fn field_lines(
        &mut self,
        fields: &mut [FieldSpan; FIELD_LINES_MAX],
        notes: &mut Notes,
    ) -> Result<u8, Stop> {
        let mut count: u8 = 0;
        loop {
            self.begin(Line::Field(usize::from(count) + 1));
            if self.peek()? == b'\r' {
                self.line_end()?;
                return Ok(count);
            }
            let Some(field) = fields.get_mut(usize::from(count)) else {
                let place = Place::Bound(FIELD_LINES_MAX, "field lines");
                return Err(Fault::new(&HEAD_TOO_LARGE, self.at, place, "at most").into());
            };
            *field = self.field_line()?;
            let (name, value) = (field.name.of(self.bytes), field.value.of(self.bytes));
            notes.take(name, value, count);
            count += 1;
        }
    }

    /// `field-line = field-name ":" OWS field-value OWS` (RFC 9112, section 5). No white space before the colon (section
    /// 5.1), no obs-fold (section 5.2).
    fn field_line(&mut self) -> Result<FieldSpan, Stop> {
        if is_ows(self.peek()?) {
            return Err(self
                .fault("a field name and no white space before it")
                .into());
        }
        let name = self.run(&TCHAR, "a field name")?;
        self.byte(b':', "':'")?;
        let start = self.at;
        self.skip(&FIELD_VALUE);
        let raw = self.bytes.get(start..self.at).unwrap_or_default();
        if !matches!(self.peek()?, b'\r' | b'\n') {
            return Err(self.fault("a visible character, space or tab").into());
        }
        self.line_end()?;
        let value = trim_ows(raw);
        let start = start + raw.iter().take_while(|&&byte| is_ows(byte)).count();
        // A value of white space alone is empty, and stands where the line ends.
        Ok(FieldSpan {
            name,
            value: Span::new(start, start + value.len()),
        })
    }

    fn begin(&mut self, line: Line) {
        self.line = line;
        self.line_start = self.at;
    }

    /// The next byte. A request line that goes on past its bound is one of too many bytes, whatever the byte is.
    fn peek(&self) -> Result<u8, Stop> {
        let byte = *self.bytes.get(self.at).ok_or(Stop::More)?;
        if self.at == self.line_end_max && byte != b'\r' {
            let place = Place::Bound(REQUEST_LINE_MAX, "bytes");
            let expected = "the request line to end within";
            return Err(Fault::new(&TARGET_TOO_LONG, self.at, place, expected).into());
        }
        Ok(byte)
    }

    /// Goes past all bytes of a class.
    fn skip(&mut self, class: &Class) {
        let end = self.bytes.len().min(self.line_end_max);
        self.at += class.run(self.bytes.get(self.at..end).unwrap_or_default());
    }

    /// One or more bytes of a class, up to another byte that has come.
    fn run(&mut self, class: &Class, expected: &'static str) -> Result<Span, Stop> {
        let start = self.at;
        self.skip(class);
        self.peek()?;
        if self.at == start {
            return Err(self.fault(expected).into());
        }
        Ok(Span::new(start, self.at))
    }

    fn byte(&mut self, wanted: u8, expected: &'static str) -> Result<(), Stop> {
        if self.peek()? != wanted {
            return Err(self.fault(expected).into());
        }
        self.at += 1;
        Ok(())
    }

    fn digit(&mut self, expected: &'static str) -> Result<u8, Stop> {
        let byte = self.peek()?;
        if !DIGIT.has(byte) {
            return Err(self.fault(expected).into());
        }
        self.at += 1;
        Ok(byte)
    }

    /// CR LF and nothing less: RFC 9112, section 2.2, lets a recipient take a bare LF, which two recipients may then see
    /// differently.
    fn line_end(&mut self) -> Result<(), Stop> {
        self.byte(b'\r', "CR LF")?;
        self.byte(b'\n', "LF after CR")
    }

    #[cold]
    fn fault(&self, expected: &'static str) -> Fault {
        let byte = self.at - self.line_start + 1;
        let place = match self.line {
            Line::Empty(n) => Place::EmptyLine(n, byte),
            Line::Request => Place::RequestLine(byte),
            Line::Field(n) => Place::FieldLine(n, byte),
        };
        Fault::new(&MALFORMED_REQUEST, self.at, place, expected)
    }
}
