//! Step 4. RFC 9651 Strings, and the parameters that may follow them (sections 4.2.5 and 4.2.3.2).
//!
//! Parameters are parsed as strictly as the RFC has it, then dropped: nothing in them means anything to a key (N-11).

use crate::http::grammar::{TCHAR, hex_value};
use std::borrow::Cow;

/// What does not fit the grammar, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SfError {
    /// Offset in the text given; its length where more was expected.
    pub offset: usize,
    /// What would have fitted.
    pub expected: &'static str,
}

/// The String of an Item, unquoted, its parameters checked and dropped. Spaces around the item are allowed (section 4.2).
///
/// # Errors
/// Anything else: another type, a list, bytes that no String has, malformed parameters.
pub fn parse_string(text: &[u8]) -> Result<Cow<'_, [u8]>, SfError> {
    let mut reader = Reader { text, at: 0 };
    reader.spaces();
    let string = reader.string()?;
    reader.parameters()?;
    reader.spaces();
    if reader.at < text.len() {
        return Err(reader.error("';' or the end"));
    }
    Ok(string)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn error(&self, expected: &'static str) -> SfError {
        SfError {
            offset: self.at,
            expected,
        }
    }

    fn spaces(&mut self) {
        self.skip(|byte| byte == b' ');
    }

    /// Goes past bytes that fit; returns how many.
    fn skip(&mut self, fits: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
        self.at - start
    }

    fn take(&mut self, wanted: u8, expected: &'static str) -> Result<(), SfError> {
        if self.peek() != Some(wanted) {
            return Err(self.error(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// `sf-string = DQUOTE *( %x20-21 / %x23-5B / %x5D-7E / "\" ( DQUOTE / "\" ) ) DQUOTE` (section 4.2.5).
    fn string(&mut self) -> Result<Cow<'a, [u8]>, SfError> {
        self.take(b'"', "'\"'")?;
        let start = self.at;
        // Only a string with an escape differs from its bytes, and only such a one is copied.
        let mut unescaped: Option<Vec<u8>> = None;
        loop {
            let mut byte = match self.peek() {
                Some(b'"') => break,
                Some(byte @ 0x20..=0x7E) => byte,
                Some(_) => return Err(self.error("a visible ASCII character, a space or '\"'")),
                None => return Err(self.error("a closing '\"'")),
            };
            if byte == b'\\' {
                let before = self.text.get(start..self.at).unwrap_or_default();
                unescaped.get_or_insert_with(|| before.to_vec());
                self.at += 1;
                byte = match self.peek() {
                    Some(byte @ (b'"' | b'\\')) => byte,
                    _ => return Err(self.error("'\"' or '\\' after a '\\'")),
                };
            }
            if let Some(copy) = &mut unescaped {
                copy.push(byte);
            }
            self.at += 1;
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        self.at += 1;
        Ok(unescaped.map_or(Cow::Borrowed(raw), Cow::Owned))
    }

    /// `parameters = *( ";" *SP key [ "=" bare-item ] )` (section 4.2.3.2).
    fn parameters(&mut self) -> Result<(), SfError> {
        while self.peek() == Some(b';') {
            self.at += 1;
            self.spaces();
            self.key()?;
            if self.peek() == Some(b'=') {
                self.at += 1;
                self.bare_item()?;
            }
        }
        Ok(())
    }

    /// `key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )` (section 4.2.3.3).
    fn key(&mut self) -> Result<(), SfError> {
        if !matches!(self.peek(), Some(b'a'..=b'z' | b'*')) {
            return Err(self.error("a parameter's key"));
        }
        self.skip(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*'));
        Ok(())
    }

    /// Its first byte tells the type (section 4.2.3.1).
    fn bare_item(&mut self) -> Result<(), SfError> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(true),
            Some(b'"') => self.string().map(drop),
            Some(b'*' | b'a'..=b'z' | b'A'..=b'Z') => {
                self.skip(|byte| TCHAR.has(byte) || matches!(byte, b':' | b'/'));
                Ok(())
            }
            Some(b':') => self.byte_sequence(),
            Some(b'?') => {
                self.at += 1;
                if !matches!(self.peek(), Some(b'0' | b'1')) {
                    return Err(self.error("'0' or '1' of a boolean"));
                }
                self.at += 1;
                Ok(())
            }
            Some(b'@') => {
                self.at += 1;
                self.number(false)
            }
            Some(b'%') => self.display_string(),
            _ => Err(self.error("a parameter's value")),
        }
    }

    /// An Integer of at most 15 digits, or a Decimal of at most 12 and one to three after the point (section 4.2.4); a
    /// Date is an Integer (section 4.2.9).
    fn number(&mut self, decimal_allowed: bool) -> Result<(), SfError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let whole = self.skip(|byte| byte.is_ascii_digit());
        if whole == 0 {
            return Err(self.error("a digit"));
        }
        let point = decimal_allowed && self.peek() == Some(b'.');
        if whole > if point { 12 } else { 15 } {
            return Err(self.error("a number of fewer digits"));
        }
        if point {
            self.at += 1;
            let fraction = self.skip(|byte| byte.is_ascii_digit());
            if !(1..=3).contains(&fraction) {
                return Err(self.error("one to three digits after the point"));
            }
        }
        Ok(())
    }

    /// `":" base64 ":"` (section 4.2.7). Missing padding is allowed there; misplaced padding is not.
    fn byte_sequence(&mut self) -> Result<(), SfError> {
        self.at += 1;
        let data =
            self.skip(|byte| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/'));
        let padding = self.skip(|byte| byte == b'=');
        let whole = match padding {
            0 => data % 4 != 1,
            1 => data % 4 == 3,
            2 => data % 4 == 2,
            _ => false,
        };
        if !whole {
            return Err(self.error("base64"));
        }
        self.take(b':', "base64 and ':'")
    }

    /// `"%" DQUOTE *( unescaped / "%" 2lc-hex ) DQUOTE`, decoding to UTF-8 (section 4.2.10).
    fn display_string(&mut self) -> Result<(), SfError> {
        self.at += 1;
        self.take(b'"', "'\"' of a display string")?;
        let mut decoded = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => break,
                Some(b'%') => {
                    self.at += 1;
                    let high = self.lower_hex()?;
                    decoded.push(high * 16 + self.lower_hex()?);
                }
                Some(byte @ 0x20..=0x7E) => {
                    decoded.push(byte);
                    self.at += 1;
                }
                _ => return Err(self.error("a visible ASCII character, '%' or a closing '\"'")),
            }
        }
        if str::from_utf8(&decoded).is_err() {
            return Err(self.error("a display string of UTF-8"));
        }
        self.at += 1;
        Ok(())
    }

    fn lower_hex(&mut self) -> Result<u8, SfError> {
        let byte = self.peek().filter(|byte| !byte.is_ascii_uppercase());
        let value = byte.and_then(hex_value);
        let value = value.ok_or_else(|| self.error("a lower-case hex digit"))?;
        self.at += 1;
        Ok(value)
    }
}
