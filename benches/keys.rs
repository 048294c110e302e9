//! Idempotency keys as clients make them.

/// A UUID's text.
pub type Uuid = [u8; 36];

/// So many UUIDs, all different, the same in every run.
pub fn uuids(count: usize) -> Vec<Uuid> {
    (0..count as u64).map(uuid).collect()
}

/// The n-th: its last group is n itself, which keeps it apart from all others; the rest only has to look like one.
fn uuid(n: u64) -> Uuid {
    let noise = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15); // 2^64 over the golden ratio: neighbours land far apart
    let text = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{n:012x}",
        noise >> 32,
        noise >> 16 & 0xffff,
        noise >> 4 & 0xfff,
        noise >> 48 & 0xfff,
    );
    text.into_bytes()
        .try_into()
        .expect("8, 4, 4, 4 and 12 digits and four hyphens make 36 bytes")
}
