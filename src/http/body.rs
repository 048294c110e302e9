//! Step 3. Content: the framing table (method x Content-Length x Transfer-Encoding x version) and the chunked decoder.

use crate::http::grammar::{FIELD_VALUE, QDTEXT, TCHAR, hex_value, is_ows, trim_ows};
use crate::http::parse::{Fault, ParseError, Place};
use crate::http::problem::{
    CONTENT_TOO_LARGE, HEAD_TOO_LARGE, MALFORMED_REQUEST, ProblemType, TRANSFER_CODING,
};
use crate::http::request::{Framing, Version};
use crate::limits::{
    CHUNK_EXTENSION_MAX, CHUNK_EXTENSIONS_TOTAL_MAX, CHUNK_SIZE_DIGITS_MAX, FIELD_LINES_MAX,
    TRAILERS_MAX,
};

/// The lines of a framing field.
#[derive(Clone, Copy)]
pub(crate) enum Lines<'a> {
    None,
    One(&'a [u8]),
    More,
}

/// Which field a framing fault is about.
#[derive(Clone, Copy)]
pub(crate) enum FramingField {
    ContentLength,
    TransferEncoding,
}

/// Why a head's framing is refused.
pub(crate) struct Misframed {
    pub(crate) problem: &'static ProblemType,
    pub(crate) field: FramingField,
    /// Which byte of the value; none: the line should not be there.
    pub(crate) byte: Option<usize>,
    pub(crate) expected: &'static str,
}

/// The framing table (RFC 9112, section 6.3), stricter than the RFC where two readers could differ (N-50).
///
/// The method is no column of it: a GET with a Content-Length has content, as whoever reads it otherwise sees a second
/// request in it.
pub(crate) fn framing(
    version: Version,
    content_length: Lines<'_>,
    transfer_encoding: Lines<'_>,
) -> Result<Framing, Misframed> {
    use FramingField::{ContentLength, TransferEncoding};
    use Lines::{More, None, One};
    match (content_length, transfer_encoding, version) {
        (None, None, _) => Ok(Framing::None),
        (_, More, _) => Err(unwanted(TransferEncoding, "no second Transfer-Encoding")),
        (More, _, _) => Err(unwanted(ContentLength, "no second Content-Length")),
        (One(_), One(_), _) => Err(unwanted(
            TransferEncoding,
            "no Transfer-Encoding beside Content-Length",
        )),
        (None, One(_), Version::Http10) => Err(unwanted(
            TransferEncoding,
            "no Transfer-Encoding in HTTP/1.0",
        )),
        (None, One(codings), Version::Http11) => transfer_coding(codings),
        (One(length), None, _) => length_of(length).map(Framing::Length),
    }
}

fn unwanted(field: FramingField, expected: &'static str) -> Misframed {
    Misframed {
        problem: &MALFORMED_REQUEST,
        field,
        byte: None,
        expected,
    }
}

/// `Content-Length = 1*DIGIT` (RFC 9110, section 8.6). No sign, no list, not even of equal numbers.
fn length_of(value: &[u8]) -> Result<u64, Misframed> {
    let wrong = |byte, expected| Misframed {
        problem: &MALFORMED_REQUEST,
        field: FramingField::ContentLength,
        byte: Some(byte),
        expected,
    };
    if value.is_empty() {
        return Err(wrong(0, "a digit"));
    }
    let mut length: u64 = 0;
    for (at, &byte) in value.iter().enumerate() {
        if !byte.is_ascii_digit() {
            return Err(wrong(at, "a digit"));
        }
        length = length
            .checked_mul(10)
            .and_then(|length| length.checked_add(u64::from(byte - b'0')))
            .ok_or_else(|| wrong(at, "a length below 2^64"))?;
    }
    Ok(length)
}

/// `Transfer-Encoding = #transfer-coding` (RFC 9112, section 6.1). Only `chunked` is known: a list of codings we do not
/// have, with or without a final `chunked`, is 501; everything else is 400, and so is any parameter, as none of ours has
/// one.
fn transfer_coding(value: &[u8]) -> Result<Framing, Misframed> {
    let wrong = |problem, at, expected| Misframed {
        problem,
        field: FramingField::TransferEncoding,
        byte: Some(at),
        expected,
    };
    let mut unknown = None;
    let mut chunked = false;
    let mut next_at = 0;
    for element in value.split(|&byte| byte == b',') {
        let coding = trim_ows(element);
        let at = next_at + element.iter().take_while(|&&byte| is_ows(byte)).count();
        next_at += element.len() + 1;
        if chunked {
            return Err(wrong(&MALFORMED_REQUEST, at, "nothing after 'chunked'"));
        }
        let token = TCHAR.run(coding);
        if token == 0 {
            return Err(wrong(&MALFORMED_REQUEST, at, "a transfer coding"));
        }
        if token < coding.len() {
            let expected = "',' or the end of the line after a transfer coding";
            return Err(wrong(&MALFORMED_REQUEST, at + token, expected));
        }
        chunked = coding.eq_ignore_ascii_case(b"chunked");
        if !chunked {
            unknown = unknown.or(Some(at));
        }
    }
    match unknown {
        Some(at) => Err(wrong(&TRANSFER_CODING, at, "'chunked' alone")),
        None => Ok(Framing::Chunked),
    }
}

/// Decodes chunked content (RFC 9112, section 7.1) from pieces of any size; trailers are checked and dropped.
///
/// Invariant: it holds no byte of what it was given, only where it stands; its outcome does not depend on how the bytes
/// were cut. After an error it gives that error for ever.
#[derive(Debug)]
pub struct ChunkedDecoder {
    state: State,
    content_max: usize,
    /// Content bytes seen in size lines so far.
    content: u64,
    /// Where the next byte stands, counted from the content's first.
    offset: usize,
    /// Of the size line that is being read, then what is left of its chunk.
    size: u64,
    digits: usize,
    extension_bytes: usize,
    extensions_total: usize,
    trailer_bytes: usize,
    trailer_lines: usize,
}

/// What one call of `decode` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Input bytes taken.
    pub used: usize,
    /// Whether the content is whole; bytes after `used` belong to the next request.
    pub done: bool,
}

/// What the next byte is.
#[derive(Clone, Copy, Debug)]
enum State {
    /// `chunk-size = 1*HEXDIG`, or what ends it.
    Size,
    /// In `chunk-ext`, after a `;`.
    Extension(Extension),
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// The first byte of a trailer line, or the CR of the end.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    EndLf,
    Done,
    Failed(Fault),
}

/// `chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )`, a value being a token or a quoted string
/// (RFC 9112, section 7.1.1). Each name is what was read last.
#[derive(Clone, Copy, Debug)]
enum Extension {
    Semicolon,
    Name,
    NameSpace,
    Equals,
    Token,
    Quoted,
    Escape,
    QuoteEnd,
    ValueSpace,
}

impl ChunkedDecoder {
    /// A decoder that refuses content of more than `content_max` bytes.
    pub fn new(content_max: usize) -> Self {
        ChunkedDecoder {
            state: State::Size,
            content_max,
            content: 0,
            offset: 0,
            size: 0,
            digits: 0,
            extension_bytes: 0,
            extensions_total: 0,
            trailer_bytes: 0,
            trailer_lines: 0,
        }
    }

    /// Takes what `input` holds, appending content to `out`.
    ///
    /// # Errors
    /// Malformed chunks, or content over the bound (`CONTENT_TOO_LARGE`, told from the chunk's size line alone).
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Decoded, ParseError> {
        let mut rest = input;
        while let Some((&byte, after)) = rest.split_first() {
            match self.state {
                State::Done | State::Failed(_) => break,
                State::Data => rest = self.data(rest, out),
                _ => {
                    self.state = self.next(byte).unwrap_or_else(State::Failed);
                    self.offset += 1;
                    rest = after;
                }
            }
        }
        if let State::Failed(fault) = self.state {
            return Err(fault.render());
        }
        Ok(Decoded {
            used: input.len() - rest.len(),
            done: matches!(self.state, State::Done),
        })
    }

    /// Copies what there is of a chunk's data; returns what follows it.
    fn data<'i>(&mut self, input: &'i [u8], out: &mut Vec<u8>) -> &'i [u8] {
        let length = usize::try_from(self.size).map_or(input.len(), |size| size.min(input.len()));
        let (data, rest) = input.split_at(length);
        out.extend_from_slice(data);
        self.offset += length;
        self.size -= length as u64;
        if self.size == 0 {
            self.state = State::DataCr;
        }
        rest
    }

    /// The state after a byte that is no chunk data.
    fn next(&mut self, byte: u8) -> Result<State, Fault> {
        match (self.state, byte) {
            (State::Size, _) => self.size_byte(byte),
            (State::Extension(_), b'\n') => Err(self.fault("CR LF")),
            (State::Extension(extension), _) => self.extension_byte(extension, byte),
            (State::SizeLf, b'\n') => self.size_line_end(),
            (State::Data | State::DataCr, b'\r') => Ok(State::DataLf),
            (State::Data | State::DataCr, _) => Err(self.fault("CR LF after a chunk's data")),
            (State::DataLf, b'\n') => {
                self.size = 0;
                self.digits = 0;
                self.extension_bytes = 0;
                Ok(State::Size)
            }
            (State::TrailerStart, b'\r') => Ok(State::EndLf),
            (State::TrailerStart, _) => self.trailer_start(byte),
            (State::TrailerName | State::TrailerValue | State::TrailerLf, _) => {
                self.trailer_byte(byte)
            }
            (State::EndLf, b'\n') | (State::Done, _) => Ok(State::Done),
            (State::SizeLf | State::DataLf | State::EndLf, _) => Err(self.fault("LF after CR")),
            (State::Failed(fault), _) => Err(fault),
        }
    }

    /// `chunk = chunk-size [ chunk-ext ] CRLF …`. White space after the size, which the RFC's BWS would allow before a
    /// `;`, is refused: what it means without one, readers disagree on.
    fn size_byte(&mut self, byte: u8) -> Result<State, Fault> {
        match (hex_value(byte), byte) {
            (Some(_), _) if self.digits == CHUNK_SIZE_DIGITS_MAX => {
                let place = Place::Bound(CHUNK_SIZE_DIGITS_MAX, "hex digits");
                Err(self.fault_of(&MALFORMED_REQUEST, place, "a chunk size of at most"))
            }
            (Some(digit), _) => {
                self.digits += 1;
                self.size = self.size * 16 + u64::from(digit); // cannot overflow: so many digits never fill 64 bits
                Ok(State::Size)
            }
            (None, _) if self.digits == 0 => Err(self.fault("a hex digit of a chunk size")),
            (None, b';') => self.extension_counted(Extension::Semicolon),
            (None, b'\r') => Ok(State::SizeLf),
            (None, _) => Err(self.fault("a hex digit, ';' or CR LF")),
        }
    }

    fn size_line_end(&mut self) -> Result<State, Fault> {
        if self.size == 0 {
            return Ok(State::TrailerStart);
        }
        self.content = self.content.saturating_add(self.size);
        if self.content > self.content_max as u64 {
            let place = Place::Bound(self.content_max, "bytes");
            return Err(self.fault_of(&CONTENT_TOO_LARGE, place, "content of at most"));
        }
        Ok(State::Data)
    }

    fn extension_byte(&mut self, extension: Extension, byte: u8) -> Result<State, Fault> {
        use Extension::{
            Equals, Escape, Name, NameSpace, QuoteEnd, Quoted, Semicolon, Token, ValueSpace,
        };
        let next = match (extension, byte) {
            (Name | Token | QuoteEnd, b'\r') => return Ok(State::SizeLf),
            (Semicolon | Equals, b' ' | b'\t') => extension,
            (Name | NameSpace, b' ' | b'\t') => NameSpace,
            (Token | QuoteEnd | ValueSpace, b' ' | b'\t') => ValueSpace,
            (Name | NameSpace | Token | QuoteEnd | ValueSpace, b';') => Semicolon,
            (Name | NameSpace, b'=') => Equals,
            (Equals, b'"') => Quoted,
            (Quoted, b'"') => QuoteEnd,
            (Quoted, b'\\') => Escape,
            (Semicolon | Name, _) if TCHAR.has(byte) => Name,
            (Equals | Token, _) if TCHAR.has(byte) => Token,
            (Quoted, _) if QDTEXT.has(byte) => Quoted,
            (Escape, _) if FIELD_VALUE.has(byte) => Quoted,
            _ => return Err(self.fault("a well-formed chunk extension")),
        };
        self.extension_counted(next)
    }

    fn extension_counted(&mut self, next: Extension) -> Result<State, Fault> {
        self.extension_bytes += 1;
        self.extensions_total += 1;
        let (bound, expected) = if self.extension_bytes > CHUNK_EXTENSION_MAX {
            (CHUNK_EXTENSION_MAX, "extensions of one chunk of at most")
        } else if self.extensions_total > CHUNK_EXTENSIONS_TOTAL_MAX {
            (
                CHUNK_EXTENSIONS_TOTAL_MAX,
                "extensions of all chunks of at most",
            )
        } else {
            return Ok(State::Extension(next));
        };
        Err(self.fault_of(&MALFORMED_REQUEST, Place::Bound(bound, "bytes"), expected))
    }

    /// `trailer-section = *( field-line CRLF )` (RFC 9112, section 7.1.2).
    fn trailer_start(&mut self, byte: u8) -> Result<State, Fault> {
        if self.trailer_lines == FIELD_LINES_MAX {
            let place = Place::Bound(FIELD_LINES_MAX, "trailer lines");
            return Err(self.fault_of(&HEAD_TOO_LARGE, place, "at most"));
        }
        self.trailer_lines += 1;
        self.state = State::TrailerName;
        if TCHAR.has(byte) {
            self.trailer_byte(byte)
        } else {
            Err(self.fault("a trailer's field name or CR LF"))
        }
    }

    fn trailer_byte(&mut self, byte: u8) -> Result<State, Fault> {
        self.trailer_bytes += 1;
        if self.trailer_bytes > TRAILERS_MAX {
            let place = Place::Bound(TRAILERS_MAX, "bytes");
            return Err(self.fault_of(&HEAD_TOO_LARGE, place, "trailers of at most"));
        }
        match (self.state, byte) {
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerName, _) if TCHAR.has(byte) => Ok(State::TrailerName),
            (State::TrailerName, _) => Err(self.fault("':'")),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if FIELD_VALUE.has(byte) => Ok(State::TrailerValue),
            (State::TrailerValue, b'\n') => Err(self.fault("CR LF")),
            (State::TrailerValue, _) => Err(self.fault("a visible character, space or tab")),
            (_, b'\n') => Ok(State::TrailerStart),
            (_, _) => Err(self.fault("LF after CR")),
        }
    }

    #[cold]
    fn fault(&self, expected: &'static str) -> Fault {
        self.fault_of(
            &MALFORMED_REQUEST,
            Place::Content(self.offset + 1),
            expected,
        )
    }

    fn fault_of(
        &self,
        problem: &'static ProblemType,
        place: Place,
        expected: &'static str,
    ) -> Fault {
        Fault::new(problem, self.offset, place, expected)
    }
}

const _: () = assert!(
    CHUNK_SIZE_DIGITS_MAX < 16,
    "a chunk size of that many hex digits fits 64 bits"
);
