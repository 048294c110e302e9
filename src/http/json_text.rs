//! Writing JSON strings (RFC 8259, section 7): whatever a client sent leaves escaped.

use std::fmt::Write;

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; `<`, `>` and `&` are escaped
/// too, so that no reader that takes JSON for markup finds any. So are all controls, those above ASCII included, so that
/// no terminal obeys them.
pub fn push_string(out: &mut String, text: &[u8]) {
    out.push('"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '<' | '>' | '&' => push_escape(out, character),
                _ if character.is_control() => push_escape(out, character),
                _ => out.push(character),
            }
        }
        if !chunk.invalid().is_empty() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
    out.push('"');
}

/// `\u003c`: every character that comes here is below U+10000, so one escape holds it.
fn push_escape(out: &mut String, character: char) {
    // A String takes whatever it is given; fmt::Error is for writers that can refuse.
    let _ = write!(out, "\\u{:04x}", u32::from(character));
}
