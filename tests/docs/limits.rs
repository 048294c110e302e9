//! Figures in the documents: where a number is followed by a constant's name, as in 16 KiB (`HEAD_MAX`), they are equal.

use super::read::{documents, none};
use nanoserve::limits;

/// What the documents state, as limits.rs has it: bytes, counts, percent, or the unit at the name's end.
#[rustfmt::skip] // one bound a line, in the order of limits.rs
const KNOWN: &[(&str, u64)] = &[
    ("HEAD_MAX", limits::HEAD_MAX as u64),
    ("REQUEST_LINE_MAX", limits::REQUEST_LINE_MAX as u64),
    ("FIELD_LINES_MAX", limits::FIELD_LINES_MAX as u64),
    ("EMPTY_LINES_MAX", limits::EMPTY_LINES_MAX as u64),
    ("CONTENT_MAX", limits::CONTENT_MAX as u64),
    ("CHUNK_SIZE_DIGITS_MAX", limits::CHUNK_SIZE_DIGITS_MAX as u64),
    ("CHUNK_EXTENSION_MAX", limits::CHUNK_EXTENSION_MAX as u64),
    ("CHUNK_EXTENSIONS_TOTAL_MAX", limits::CHUNK_EXTENSIONS_TOTAL_MAX as u64),
    ("TRAILERS_MAX", limits::TRAILERS_MAX as u64),
    ("HEAD_DEADLINE_MS", limits::HEAD_DEADLINE_MS),
    ("REQUEST_DEADLINE_MS", limits::REQUEST_DEADLINE_MS),
    ("IDLE_DEADLINE_MS", limits::IDLE_DEADLINE_MS),
    ("WRITE_DEADLINE_MS", limits::WRITE_DEADLINE_MS),
    ("LINGER_DEADLINE_MS", limits::LINGER_DEADLINE_MS),
    ("LINGER_BYTES_MAX", limits::LINGER_BYTES_MAX as u64),
    ("KEY_BYTES_MAX", limits::KEY_BYTES_MAX as u64),
    ("TTL_MS", limits::TTL_MS),
    ("KEYS_MAX", limits::KEYS_MAX as u64),
    ("BYTES_MAX", limits::BYTES_MAX as u64),
    ("STORED_RESPONSE_MAX", limits::STORED_RESPONSE_MAX as u64),
    ("CLAIM_ALLOWANCE_BYTES", limits::CLAIM_ALLOWANCE_BYTES as u64),
    ("KEY_OVERHEAD_BYTES", limits::KEY_OVERHEAD_BYTES as u64),
    ("PAGE_BUCKETS", limits::PAGE_BUCKETS as u64),
    ("SWEEP_STEP_BUCKETS", limits::SWEEP_STEP_BUCKETS as u64),
    ("WAITERS_MAX", limits::WAITERS_MAX as u64),
    ("WAIT_TIMEOUT_MS", limits::WAIT_TIMEOUT_MS),
    ("SIGHTINGS_MAX", limits::SIGHTINGS_MAX as u64),
    ("SWEEP_EAGER_PERCENT", limits::SWEEP_EAGER_PERCENT as u64),
    ("FULL_WARNING_PERCENT", limits::FULL_WARNING_PERCENT as u64),
    ("WORKERS", limits::WORKERS as u64),
    ("ADMIN_WORKERS", limits::ADMIN_WORKERS as u64),
    ("ADMIN_CONNECTIONS_MAX", limits::ADMIN_CONNECTIONS_MAX as u64),
    ("WORKERS_RESERVED", limits::WORKERS_RESERVED as u64),
    ("CONNECTIONS_MAX", limits::CONNECTIONS_MAX as u64),
    ("DESCRIPTORS_RESERVED", limits::DESCRIPTORS_RESERVED as u64),
    ("TASK_QUEUE_MAX", limits::TASK_QUEUE_MAX as u64),
    ("REFUSED_RING_MAX", limits::REFUSED_RING_MAX as u64),
    ("REFUSED_KEEP_MS", limits::REFUSED_KEEP_MS),
    ("ACCEPT_BACKOFF_MS", limits::ACCEPT_BACKOFF_MS),
    ("ACCEPT_BACKOFF_MS_MAX", limits::ACCEPT_BACKOFF_MS_MAX),
    ("INLINE_CONTENT_MAX", limits::INLINE_CONTENT_MAX as u64),
    ("REQUESTS_PER_VISIT_MAX", limits::REQUESTS_PER_VISIT_MAX as u64),
    ("INFLIGHT_CONTENT_MAX", limits::INFLIGHT_CONTENT_MAX as u64),
    ("SLOW_CONTENT_BYTES_PER_S", limits::SLOW_CONTENT_BYTES_PER_S),
    ("SLOW_CONTENT_GRACE_MS", limits::SLOW_CONTENT_GRACE_MS),
    ("READ_BYTES", limits::READ_BYTES as u64),
    ("PARKED_BYTES_MAX", limits::PARKED_BYTES_MAX as u64),
    ("UNSENT_BYTES_MAX", limits::UNSENT_BYTES_MAX as u64),
    ("VISIT_US_MIN", limits::VISIT_US_MIN),
    ("VISIT_US_MAX", limits::VISIT_US_MAX),
    ("VISIT_US_PER_CONNECTION", limits::VISIT_US_PER_CONNECTION),
    ("DRAIN_MS", limits::DRAIN_MS),
    ("LOG_QUEUE_MAX", limits::LOG_QUEUE_MAX as u64),
    ("LOG_LINE_MAX", limits::LOG_LINE_MAX as u64),
    ("JSON_DEPTH_MAX", limits::JSON_DEPTH_MAX as u64),
    ("ACCOUNTS_MAX", limits::ACCOUNTS_MAX as u64),
    (
        "ACCOUNTS_LISTED_FREELY",
        limits::ACCOUNTS_LISTED_FREELY as u64,
    ),
    (
        "GIVE_WAY_OVERSHOOT_MAX",
        limits::GIVE_WAY_OVERSHOOT_MAX as u64,
    ),
    ("PAYMENTS_MAX", limits::PAYMENTS_MAX as u64),
    ("PAYMENTS_PAGE", limits::PAYMENTS_PAGE as u64),
    ("PAYMENTS_PAGE_MAX", limits::PAYMENTS_PAGE_MAX as u64),
    ("ACCOUNT_NAME_MAX", limits::ACCOUNT_NAME_MAX as u64),
    ("LAB_NAMES_MAX", limits::LAB_NAMES_MAX as u64),
    ("LAB_NAME_BYTES_MAX", limits::LAB_NAME_BYTES_MAX as u64),
    ("LAB_DELAY_MS_MAX", limits::LAB_DELAY_MS_MAX),
    ("LAB_BYTES_MAX", limits::LAB_BYTES_MAX as u64),
];

/// A unit as the documents write it, and how many of the constant's own unit it is, told by the constant's name.
const UNITS: &[(&str, &str, u64)] = &[
    ("KiB", "", 1 << 10),
    ("MiB", "", 1 << 20),
    ("GiB", "", 1 << 30),
    ("ms", "_MS", 1),
    ("s", "_MS", 1_000),
    ("h", "_MS", 3_600_000),
    ("µs", "_US", 1),
];

pub fn every_figure_is_the_constant() {
    let mut faults = Vec::new();
    let mut compared = 0;
    for document in documents() {
        for (line, text) in document.lines() {
            for (at, _) in text.match_indices(" (`") {
                let name = text[at + 3..].split('`').next().unwrap_or_default();
                let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
                if name.is_empty() || !is_name || !text[at + 3 + name.len()..].starts_with("`)") {
                    continue;
                }
                compared += 1;
                let place = format!("{}:{line}", document.path);
                let Some((_, value)) = KNOWN.iter().find(|(known, _)| *known == name) else {
                    faults.push(format!(
                        "{place}: expected {name} in the list of tests/docs/limits.rs"
                    ));
                    continue;
                };
                let found = figure(&text[..at], name);
                if found != Some(*value) {
                    let found = found.map_or("no figure".to_owned(), |n| n.to_string());
                    faults.push(format!(
                        "{place}: expected {value} before (`{name}`), found {found}"
                    ));
                }
            }
        }
    }
    assert!(
        compared > 0,
        "docs: expected figures such as 16 KiB (`HEAD_MAX`), found none"
    );
    none(&faults);
}

/// The figure at the end of a text: `16 KiB`, `1,000,000`, `80 %`, `64 KiB/s`, `60,000 ms`.
fn figure(text: &str, name: &str) -> Option<u64> {
    let words: Vec<&str> = text.split(' ').collect();
    let [.., before, last] = words[..] else {
        return None;
    };
    let number = |word: &str| {
        let digits = word
            .trim_matches(|c: char| !c.is_ascii_digit())
            .replace(',', "");
        digits.parse::<u64>().ok()
    };
    if last.starts_with(|c: char| c.is_ascii_digit()) || last == "%" {
        return number(if last == "%" { before } else { last });
    }
    let unit = last.trim_end_matches("/s");
    let fits = |(known, end, _): &&(&str, &str, u64)| *known == unit && name.contains(end);
    let (_, _, size) = UNITS.iter().find(fits)?;
    number(before)?.checked_mul(*size)
}
