//! Claims about src/config/value.rs: how values are written, and their ranges.

use super::{config, parse, refused};
use crate::harness::{Test, exhaustive, random::Random};
use nanoserve::config::{
    Command, Config, Duplicates, Scope, duration_text, parse_args, settings, size_text,
};
use nanoserve::limits;
use nanoserve::log::Level;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("counts_keep_to_their_range_and_say_it", counts_keep_to_their_range_and_say_it),
    ("durations_keep_to_their_range_and_say_it", durations_keep_to_their_range_and_say_it),
    ("sizes_keep_to_their_range_and_say_it", sizes_keep_to_their_range_and_say_it),
    ("numbers_are_digits_and_nothing_else", numbers_are_digits_and_nothing_else),
    ("what_is_shown_can_be_typed", what_is_shown_can_be_typed),
    ("addresses_are_ipv4_or_bracketed_ipv6_with_a_port", addresses_are_ipv4_or_bracketed_ipv6_with_a_port),
    ("duplicates_are_rejected_or_wait", duplicates_are_rejected_or_wait),
    ("a_scope_field_is_a_token_that_can_name_a_caller", a_scope_field_is_a_token_that_can_name_a_caller),
];

/// The least and the most are taken, what lies beyond is refused with this line's rest.
#[track_caller]
fn assert_range(option: &str, ends: [&str; 2], beyond: &[&str], wanted: &str) {
    for value in ends {
        config(&[option, value, "--max-inflight-content=64GiB"]);
    }
    for value in beyond {
        assert_eq!(
            refused(&[option, value]),
            format!("{option} {value}: {wanted}")
        );
    }
}

// N-90
fn counts_keep_to_their_range_and_say_it() {
    assert_range(
        "--workers",
        ["1", "4096"],
        &["0", "4097", "99999999999999999999999"],
        "give a number from 1 to 4096",
    );
    assert_range(
        "--max-keys",
        ["1", "100000000"],
        &["0", "100000001"],
        "give a number from 1 to 100000000",
    );
    assert_range(
        "--max-connections",
        ["1", "1000000"],
        &["0", "1000001"],
        "give a number from 1 to 1000000",
    );
}

// N-40, N-90
fn durations_keep_to_their_range_and_say_it() {
    let wanted = "give a duration from 1ms to 8784h, such as 500ms, 2s, 15m or 24h";
    assert_range(
        "--ttl",
        ["1ms", "8784h"],
        &[
            "0ms",
            "0h",
            "8785h",
            "5",
            "2 s",
            "1d",
            "ms",
            "18446744073709551615h",
        ],
        wanted,
    );
    let wanted = "give a duration from 1ms to 1h, such as 500ms, 2s, 15m or 24h";
    assert_range("--drain-timeout", ["1ms", "60m"], &["3601s", "0s"], wanted);
}

// N-43, N-90
fn sizes_keep_to_their_range_and_say_it() {
    let largest = size_text(limits::BYTES_MAX_MAX); // the engine's business
    let sizes = |range: &str| format!("give a size from {range}, such as 512, 64KiB or 2GiB");
    assert_range(
        "--max-bytes",
        ["1024", &largest],
        &["1023", "1025GiB", "64kb", "1KB", "1 KiB", "KiB", "1.5MiB"],
        &sizes(&format!("1KiB to {largest}")),
    );
    assert_range(
        "--max-content",
        ["0", "1GiB"],
        &["1073741825", "17179869185GiB"],
        &sizes("0 to 1GiB"),
    );
    assert_range(
        "--max-stored-response",
        ["0", "1024MiB"],
        &["2GiB"],
        &sizes("0 to 1GiB"),
    );
    assert_eq!(
        refused(&["--max-inflight-content", "65GiB"]),
        format!("--max-inflight-content 65GiB: {}", sizes("0 to 64GiB"))
    );
}

// N-90
fn numbers_are_digits_and_nothing_else() {
    for value in exhaustive::strings(b"1+-_ .", 3) {
        let value = String::from_utf8(value).expect("ASCII letters");
        let digits = !value.is_empty() && value.bytes().all(|b| b == b'1');
        assert_eq!(
            parse(&[&format!("--workers={value}")]).is_ok(),
            digits,
            "{value:?}"
        );
    }
    assert!(
        parse(&["--workers=１"]).is_err(),
        "a digit that is not ASCII"
    );
}

// N-91
fn what_is_shown_can_be_typed() {
    assert_eq!(duration_text(86_400_000), "24h");
    assert_eq!(duration_text(1_500), "1500ms");
    assert_eq!(duration_text(0), "0ms");
    assert_eq!(size_text(1 << 31), "2GiB");
    assert_eq!(size_text(1_025), "1025");
    assert_eq!(size_text(0), "0");
    let mut random = Random::new();
    for _ in 0..500 {
        let wanted = Config {
            ttl_ms: random.within(1..=100_000) as u64 * *random.pick(&[1, 1000, 60_000]),
            bytes_max: random.within(1..=64) * *random.pick(&[1 << 10, 1 << 20, 1 << 30]),
            listen: (
                [127, 0, 0, 1],
                u16::try_from(random.below(65_536)).unwrap_or(0),
            )
                .into(),
            admin: None,
            duplicates: *random.pick(&[Duplicates::Reject, Duplicates::Wait]),
            scope: Scope::Field("x-client-id".into()),
            log: *random.pick(&[Level::Off, Level::Info, Level::Access]),
            ..Config::default()
        };
        let words: Vec<String> = settings(&wanted)
            .into_iter()
            .filter(|(name, _)| !["--lab", "--drain-on-stdin-close"].contains(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(parse_args(&words), Ok(Command::Run(wanted)));
    }
}

// N-91
fn addresses_are_ipv4_or_bracketed_ipv6_with_a_port() {
    assert_eq!(
        config(&["--listen", "[::1]:0"]).listen.to_string(),
        "[::1]:0"
    );
    assert!(config(&["--admin", "0.0.0.0:9"]).admin.is_some());
    let wanted = "give an address and a port, such as 127.0.0.1:8080 or [::1]:8080";
    for value in [
        "localhost:80",
        "127.0.0.1",
        "::1:80",
        "1.2.3.4:65536",
        ":80",
        "off",
        "1.2.3:80",
    ] {
        assert_eq!(
            refused(&["--listen", value]),
            format!("--listen {value}: {wanted}")
        );
    }
    assert_eq!(
        refused(&["--admin", "no"]),
        format!("--admin no: {wanted}, or off")
    );
}

// N-22, N-91
fn duplicates_are_rejected_or_wait() {
    assert_eq!(config(&[]).duplicates, Duplicates::Reject);
    let waiting = config(&["--duplicates=wait"]);
    assert_eq!(waiting.duplicates, Duplicates::Wait);
    assert_eq!(waiting.wait_timeout_ms, 10_000);
    for value in ["", "Wait", "yes", "wait "] {
        assert_eq!(
            refused(&[&format!("--duplicates={value}")]),
            format!("--duplicates {value}: give reject or wait")
        );
    }
    for value in ["0ms", "11m"] {
        let line = refused(&["--wait-timeout", value]);
        assert!(line.contains("give a duration from 1ms to 10m"), "{line}");
    }
}

// N-15
fn a_scope_field_is_a_token_that_can_name_a_caller() {
    assert_eq!(
        config(&["--scope", "authorization"]).scope,
        Scope::Authorization
    );
    assert_eq!(
        config(&["--scope", "field:X-Client_ID"]).scope,
        Scope::Field("x-client_id".into())
    );
    for name in ["", "a b", "a:b", "x\ty", "ä", "a,b", "(x)"] {
        assert!(
            refused(&["--scope", &format!("field:{name}")]).contains("NAME is a field name"),
            "{name:?}"
        );
    }
    for name in [
        "Idempotency-Key",
        "x-idempotency-key",
        "CONTENT-LENGTH",
        "Connection",
    ] {
        let line = refused(&["--scope", &format!("field:{name}")]);
        assert_eq!(
            line,
            format!("--scope field:{name}: this field does not say who is calling")
        );
    }
    for value in ["Authorization", "field", "field=x", ""] {
        assert!(
            refused(&[&format!("--scope={value}")])
                .ends_with("give authorization, none or field:NAME"),
            "{value:?}"
        );
    }
}
