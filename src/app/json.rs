//! Step 5. JSON for payments (RFC 8259): a strict reader that keeps the members it was asked for and checks all the rest.
//!
//! Strict means: UTF-8, no byte order mark, no duplicate member in any object (compared after unescaping), no lone
//! surrogate, at most `JSON_DEPTH_MAX` levels (which also bounds the recursion), nothing after the value. No tree is
//! built: memory beyond the content is 16 bytes for each member name of the objects that are open.

use crate::limits::JSON_DEPTH_MAX;
use std::borrow::Cow;
use std::fmt;
use std::str::Chars;

/// A value. Numbers stay text, so that integers are exact; arrays and objects were checked and are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it was written.
    Number(&'a str),
    /// A string.
    String(Text<'a>),
    /// An array.
    Array,
    /// An object.
    Object,
}

/// A string's text as it stands between its quotes; its escapes are known to be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

/// Where content stopped being JSON, and what should have stood there. Holds nothing of the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset in the content.
    pub offset: usize,
    /// `':'`, `a value`, …
    pub expected: &'static str,
    /// Whether the content ends at `offset`.
    pub at_end: bool,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.at_end {
            ", where the content ends"
        } else {
            ""
        };
        write!(f, "expected {} at byte {}{end}", self.expected, self.offset)
    }
}

impl std::error::Error for JsonError {}

impl<'a> Text<'a> {
    /// The text with its escapes resolved; copied only where it has any.
    pub fn unescaped(self) -> Cow<'a, str> {
        if self.0.contains('\\') {
            Cow::Owned(self.chars().collect())
        } else {
            Cow::Borrowed(self.0)
        }
    }

    /// The characters with escapes resolved.
    pub fn chars(self) -> impl Iterator<Item = char> + use<'a> {
        Unescaped(self.0.chars())
    }
}

/// Reads one JSON value; where it is an object, gives the members called `wanted`, in that order. None where the value
/// is something else.
///
/// # Errors
/// The first place where the content is not JSON as the top of this file defines it.
pub fn read_object<'a, const N: usize>(
    content: &'a [u8],
    wanted: [&str; N],
) -> Result<Option<[Option<Value<'a>>; N]>, JsonError> {
    let text = std::str::from_utf8(content).map_err(|e| JsonError {
        offset: e.valid_up_to(),
        expected: "UTF-8",
        at_end: false,
    })?;
    let mut reader = Reader {
        text,
        at: 0,
        names: Vec::new(),
    };
    let mut members = [None; N];
    reader.skip_space();
    let is_object = reader.peek() == Some(b'{');
    if is_object {
        reader.object(1, |name, value| {
            for (wanted, member) in wanted.iter().zip(&mut members) {
                if name.chars().eq(wanted.chars()) {
                    *member = Some(value);
                }
            }
        })?;
    } else {
        reader.value(1)?;
    }
    reader.skip_space();
    match reader.peek() {
        Some(_) => Err(reader.expected("the end of the content")),
        None => Ok(is_object.then_some(members)),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// First and last byte offset of each member name, for every object that is open, the outermost first.
    names: Vec<(usize, usize)>,
}

impl<'a> Reader<'a> {
    // value = false / null / true / object / array / number / string
    fn value(&mut self, depth: usize) -> Result<Value<'a>, JsonError> {
        match self.peek() {
            Some(b'{') => {
                self.object(depth, |_, _| ())?;
                Ok(Value::Object)
            }
            Some(b'[') => {
                self.array(depth)?;
                Ok(Value::Array)
            }
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Value::Number),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            _ => Err(self.expected("a value")),
        }
    }

    // object = "{" [ member *( "," member ) ] "}"    member = string ":" value
    fn object(
        &mut self,
        depth: usize,
        mut keep: impl FnMut(Text<'a>, Value<'a>),
    ) -> Result<(), JsonError> {
        self.open(depth)?;
        let first_name = self.names.len();
        if self.took(b'}') {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a member name"));
            }
            let start = self.at + 1;
            let name = self.string()?;
            self.names.push((start, self.at - 1));
            self.skip_space();
            if !self.took(b':') {
                return Err(self.expected("':'"));
            }
            self.skip_space();
            let value = self.value(depth + 1)?;
            keep(name, value);
            self.skip_space();
            if self.took(b'}') {
                return self.close_names(first_name);
            }
            if !self.took(b',') {
                return Err(self.expected("',' or '}'"));
            }
            self.skip_space();
        }
    }

    // array = "[" [ value *( "," value ) ] "]"
    fn array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.open(depth)?;
        if self.took(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            self.skip_space();
            if self.took(b']') {
                return Ok(());
            }
            if !self.took(b',') {
                return Err(self.expected("',' or ']'"));
            }
            self.skip_space();
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth > JSON_DEPTH_MAX {
            return Err(self.expected("no deeper nesting"));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Refuses an object with two equal names. Sorting costs n log n whatever the names are, where comparing each with
    /// each, or a table whose hash the client knows, could be made to cost n squared.
    fn close_names(&mut self, first_name: usize) -> Result<(), JsonError> {
        let text = self.text;
        let chars =
            |&(start, end): &(usize, usize)| Text(text.get(start..end).unwrap_or_default()).chars();
        let names = self.names.get_mut(first_name..).unwrap_or_default();
        names.sort_unstable_by(|a, b| chars(a).cmp(chars(b)).then(a.cmp(b)));
        let repeated = names
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if chars(a).eq(chars(b)) => Some(b.0),
                _ => None,
            })
            .min();
        self.names.truncate(first_name);
        match repeated {
            None => Ok(()),
            Some(offset) => Err(JsonError {
                offset,
                expected: "a member name that its object does not have yet",
                at_end: false,
            }),
        }
    }

    // string = %x22 *char %x22    char = %x20-21 / %x23-5B / %x5D-10FFFF / "\" escaped
    fn string(&mut self) -> Result<Text<'a>, JsonError> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let text = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(Text(text));
                }
                Some(b'\\') => self.escape()?,
                Some(0x20..) => self.at += 1,
                Some(_) => return Err(self.expected("an escape for a control character")),
                None => return Err(self.expected("'\"'")),
            }
        }
    }

    // escaped = %x22 / "\" / "/" / "b" / "f" / "n" / "r" / "t" / "u" 4HEXDIG
    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                return Ok(());
            }
            Some(b'u') => self.at += 1,
            _ => return Err(self.expected("one of '\"', '\\', '/', b, f, n, r, t or u")),
        }
        let digits_at = self.at;
        match self.hex4()? {
            0xD800..=0xDBFF => {
                let pair_at = self.at;
                let is_pair = self.took(b'\\') && self.took(b'u');
                if !is_pair || !matches!(self.hex4()?, 0xDC00..=0xDFFF) {
                    self.at = pair_at;
                    return Err(self.expected("the low half of a surrogate pair"));
                }
            }
            0xDC00..=0xDFFF => {
                self.at = digits_at;
                return Err(self.expected("the high half of a surrogate pair first"));
            }
            _ => {}
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, JsonError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.expected("a hex digit"))?;
            self.at += 1;
        }
        Ok(code)
    }

    // number = [ "-" ] ( "0" / %x31-39 *DIGIT ) [ "." 1*DIGIT ] [ ( "e" / "E" ) [ "-" / "+" ] 1*DIGIT ]
    fn number(&mut self) -> Result<&'a str, JsonError> {
        let start = self.at;
        self.took(b'-');
        if !self.took(b'0') {
            self.digits()?;
        }
        if self.took(b'.') {
            self.digits()?;
        }
        if self.took(b'e') || self.took(b'E') {
            if !self.took(b'-') {
                self.took(b'+');
            }
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    // 1*DIGIT
    fn digits(&mut self) -> Result<(), JsonError> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.expected("a digit"));
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, JsonError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.expected("true, false or null"));
        }
        self.at += word.len();
        Ok(value)
    }

    // ws = *( %x20 / %x09 / %x0A / %x0D )
    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn took(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn expected(&self, expected: &'static str) -> JsonError {
        JsonError {
            offset: self.at,
            expected,
            at_end: self.at >= self.text.len(),
        }
    }
}

/// Resolves escapes that `Reader::escape` has let pass, so that nothing here can be missing or out of range.
struct Unescaped<'a>(Chars<'a>);

impl Iterator for Unescaped<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        let first = self.0.next()?;
        if first != '\\' {
            return Some(first);
        }
        Some(match self.0.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut code = self.hex4();
                if (0xD800..0xDC00).contains(&code) {
                    self.0.nth(1); // the backslash and u of the low half
                    code = 0x10000 + ((code - 0xD800) << 10) + (self.hex4() & 0x3FF);
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            itself => itself,
        })
    }
}

impl Unescaped<'_> {
    fn hex4(&mut self) -> u32 {
        let digits = self.0.by_ref().take(4);
        digits.fold(0, |code, digit| {
            code * 16 + digit.to_digit(16).unwrap_or_default()
        })
    }
}
