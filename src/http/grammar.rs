//! Step 3. Character classes of RFC 9110, 9112 and 3986 as const tables, each with its ABNF.
//!
//! One look-up decides a byte; the parser never asks about a character in any other way.

/// A set of bytes.
pub struct Class([bool; 256]);

/// ``tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~" / DIGIT / ALPHA``
/// (RFC 9110, section 5.6.2): methods, field names, codings.
pub static TCHAR: Class = Class::of(b"!#$%&'*+-.^_`|~")
    .and(b'0', b'9')
    .and(b'A', b'Z')
    .and(b'a', b'z');

/// `field-vchar = VCHAR / obs-text`, with the `SP` and `HTAB` that may stand between (RFC 9110, section 5.5): what a
/// field value is made of. No control, no CR, no LF, no NUL, no DEL.
pub static FIELD_VALUE: Class = Class::of(b" \t").and(0x21, 0x7E).and(0x80, 0xFF);

/// What a request-target is made of: visible ASCII without `#`.
///
/// Wider than RFC 3986: browsers send `"`, `<`, `>`, `\`, `^`, `{`, `|`, `}` and the back quote bare in queries, and no
/// two readers disagree about where such a target ends. A fragment is never sent (RFC 9112, section 3.2).
pub static TARGET: Class = Class::of(b"").and(0x21, 0x7E).without(b'#');

/// What stands between the spaces of a CONNECT: its target is not looked at, as the answer is 501 whatever it says.
pub static CONNECT_TARGET: Class = Class::of(b"").and(0x21, 0x7E).and(0x80, 0xFF);

/// `unreserved / sub-delims` (RFC 3986, sections 2.2 and 2.3): what a `reg-name` is made of, percent-encoding aside.
pub static REG_NAME: Class = Class::of(b"-._~!$&'()*+,;=")
    .and(b'0', b'9')
    .and(b'A', b'Z')
    .and(b'a', b'z');

/// `DIGIT = %x30-39` (RFC 5234, appendix B.1).
pub static DIGIT: Class = Class::of(b"").and(b'0', b'9');

/// `qdtext = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text` (RFC 9110, section 5.6.4): inside quotes.
pub static QDTEXT: Class = Class::of(b" \t")
    .and(0x21, 0x7E)
    .and(0x80, 0xFF)
    .without(b'"')
    .without(b'\\');

/// A bare key (N-11): visible ASCII other than `"`, `,`, `;` and `\`.
pub static BARE_KEY: Class = Class::of(b"")
    .and(0x21, 0x7E)
    .without(b'"')
    .without(b',')
    .without(b';')
    .without(b'\\');

impl Class {
    const fn of(members: &[u8]) -> Class {
        let mut table = [false; 256];
        let mut i = 0;
        while i < members.len() {
            table[members[i] as usize] = true;
            i += 1;
        }
        Class(table)
    }

    const fn and(mut self, first: u8, last: u8) -> Class {
        let mut byte = first as usize;
        while byte <= last as usize {
            self.0[byte] = true;
            byte += 1;
        }
        self
    }

    const fn without(mut self, byte: u8) -> Class {
        self.0[byte as usize] = false;
        self
    }

    /// Whether the class has the byte.
    pub const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }

    /// How many bytes at the start of `text` are of this class.
    pub fn run(&self, text: &[u8]) -> usize {
        text.iter()
            .position(|&byte| !self.has(byte))
            .unwrap_or(text.len())
    }

    /// Whether all of `text` is of this class.
    pub const fn has_all(&self, text: &[u8]) -> bool {
        let mut i = 0;
        while i < text.len() {
            if !self.has(text[i]) {
                return false;
            }
            i += 1;
        }
        true
    }
}

/// `HEXDIG`, in either case (RFC 5234, appendix B.1): its value.
pub const fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// `OWS = *( SP / HTAB )` (RFC 9110, section 5.6.3): whether the byte is white space of a field line.
pub const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `text` without the white space around it.
pub fn trim_ows(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_ows(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_ows(*last)
    {
        text = rest;
    }
    text
}

/// The elements of a list, `#element = [ element ] *( OWS "," OWS [ element ] )` (RFC 9110, section 5.6.1), empty ones
/// included: who may ignore those, and who may not, is the field's affair.
pub fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim_ows)
}
