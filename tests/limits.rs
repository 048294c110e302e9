//! Claims about src/limits.rs: the figures that the contract states, and the relations that compile-time asserts keep.

use crate::harness::Test;
use nanoserve::limits;

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("the_defaults_are_the_contracts", the_defaults_are_the_contracts),
    ("the_deadlines_are_the_contracts", the_deadlines_are_the_contracts),
    ("every_bound_is_explained_and_named_by_its_unit", every_bound_is_explained_and_named_by_its_unit),
];

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// N-12, N-33, N-40, N-43, N-53, N-80
fn the_defaults_are_the_contracts() {
    assert_eq!(limits::KEY_BYTES_MAX, 255);
    assert_eq!(limits::STORED_RESPONSE_MAX, MIB);
    assert_eq!(limits::TTL_MS, 24 * 3_600_000);
    assert_eq!(limits::KEYS_MAX, 1_000_000);
    assert_eq!(limits::BYTES_MAX, 512 * MIB);
    assert_eq!(limits::INFLIGHT_CONTENT_MAX, 64 * MIB);
    assert_eq!(limits::UNSENT_BYTES_MAX, 256 * MIB);
    assert_eq!(limits::HEAD_MAX, 16 * KIB);
    assert_eq!(limits::REQUEST_LINE_MAX, 8 * KIB);
    assert_eq!(limits::FIELD_LINES_MAX, 100);
    assert_eq!(limits::CONTENT_MAX, MIB);
    assert_eq!(limits::CONNECTIONS_MAX, 10_000);
    assert_eq!(limits::FULL_WARNING_PERCENT, 80);
    assert_eq!(limits::SWEEP_EAGER_PERCENT, 90);
    assert_eq!(limits::JSON_DEPTH_MAX, 32);
    assert_eq!(limits::AMOUNT_MAX, 9_007_199_254_740_991);
    assert_eq!(
        (limits::ACCOUNTS_MAX, limits::PAYMENTS_MAX),
        (100_000, 1_000_000)
    );
}

// N-53, N-54, N-63
fn the_deadlines_are_the_contracts() {
    assert_eq!(limits::HEAD_DEADLINE_MS, 5_000);
    assert_eq!(limits::REQUEST_DEADLINE_MS, 30_000);
    assert_eq!(limits::IDLE_DEADLINE_MS, 60_000);
    assert_eq!(limits::WRITE_DEADLINE_MS, 30_000);
    assert_eq!(
        (limits::LINGER_DEADLINE_MS, limits::LINGER_BYTES_MAX),
        (2_000, 2 * MIB)
    );
    assert_eq!(limits::DRAIN_MS, 25_000);
}

// N-53: all limits on one page of the code, each with its reason.
fn every_bound_is_explained_and_named_by_its_unit() {
    let page = include_str!("../src/limits.rs");
    let lines: Vec<&str> = page.lines().collect();
    for (number, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("pub const ") else {
            continue;
        };
        let name = rest.split(':').next().unwrap_or_default();
        assert!(
            lines[number - 1].starts_with("/// "),
            "{name} has no comment"
        );
        let (is_time, says_time) = (
            rest.contains(": u64"),
            name.contains("_MS") || name.contains("_US") || name.contains("_S"),
        );
        assert!(
            !is_time || says_time || name == "AMOUNT_MAX",
            "{name} does not name its unit"
        );
    }
}
