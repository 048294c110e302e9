//! Step 6. A response as the bytes that are recorded under a key, and back (N-21).
//!
//! Layout: version u8 = 1, status u16, length of the field lines u32 (little-endian), field lines as they go on the
//! wire, content. Hop-by-hop fields and Set-Cookie are left out when encoding.

use crate::http::fields::is_writers_own;
use crate::http::response::{CONTENT_TYPE, Response, SharedBytes, field_len, push_field};
use crate::http::status::Status;

const VERSION: u8 = 1;
/// Version, status, length of the field lines.
const PREFIX: usize = 1 + 2 + 4;

/// The snapshot of a response, in an allocation of exactly its size: it may stand for a day.
pub fn encode(response: &Response) -> Vec<u8> {
    let content = response.content_as_sent();
    let content_type = response.content_type();
    let others = || {
        let all = response.fields().iter();
        all.filter(|(name, _)| is_recorded(name.as_str()))
    };
    let lines = content_type.map_or(0, |value| field_len(CONTENT_TYPE, value.as_bytes()))
        + response.recorded_lines().len()
        + others()
            .map(|(name, value)| field_len(name.as_str(), value.as_bytes()))
            .sum::<usize>();
    let mut bytes = Vec::with_capacity(PREFIX + lines + content.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(&response.status().code().to_le_bytes());
    let lines = u32::try_from(lines).expect("field lines are far below 4 GiB: heads are small");
    bytes.extend_from_slice(&lines.to_le_bytes());
    // The writer's order, so that a replay has the lines where the first answer had them.
    if let Some(value) = content_type {
        push_field(&mut bytes, CONTENT_TYPE, value.as_bytes());
    }
    bytes.extend_from_slice(response.recorded_lines());
    for (name, value) in others() {
        push_field(&mut bytes, name.as_str(), value.as_bytes());
    }
    bytes.extend_from_slice(content);
    bytes
}

/// The response that a snapshot holds; none where the bytes are no snapshot of a known version.
pub fn decode(snapshot: &SharedBytes) -> Option<Response> {
    let bytes = snapshot.as_bytes();
    let &[VERSION, s0, s1, l0, l1, l2, l3, ref rest @ ..] = bytes else {
        return None;
    };
    let status = Status::new(u16::from_le_bytes([s0, s1]))?;
    let lines = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
    // Whatever stands before the content ends its line: a cut snapshot must not swallow the writer's next field.
    let whole = rest.get(..lines)?;
    if !(whole.is_empty() || whole.ends_with(b"\r\n")) {
        return None;
    }
    let content_at = PREFIX + lines;
    Some(Response::from_recorded(
        status,
        snapshot.slice(PREFIX, content_at),
        snapshot.slice(content_at, bytes.len()),
    ))
}

/// A cookie belongs to the exchange in which it was set, not to whoever retries (N-21).
fn is_recorded(name: &str) -> bool {
    !is_writers_own(name) && !name.eq_ignore_ascii_case("Set-Cookie")
}
