//! Claims about src/server/worker.rs: request ids, the once-a-second date, and the room for requests that wait.

use super::Bench;
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    (
        "a_well_formed_traceparent_is_kept_as_the_id",
        a_well_formed_traceparent_is_kept_as_the_id,
    ),
    ("own_ids_never_repeat", own_ids_never_repeat),
    ("the_date_follows_the_clock", the_date_follows_the_clock),
    (
        "requests_that_wait_have_64_mebibytes_in_all",
        requests_that_wait_have_64_mebibytes_in_all,
    ),
];

const TRACE: &[u8] = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

// N-64
fn a_well_formed_traceparent_is_kept_as_the_id() {
    let mut bench = Bench::new();
    let mut id = String::new();
    bench.worker.name_request(Some(TRACE), &mut id);
    assert_eq!(id.as_bytes(), TRACE);
    for broken in [
        &TRACE[1..],
        &[TRACE, b"0"].concat(),
        b"00-4BF92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ] {
        bench.worker.name_request(Some(broken), &mut id);
        assert!(id.starts_with("test-"), "{id}");
    }
}

// N-64
fn own_ids_never_repeat() {
    let mut bench = Bench::new();
    let (mut first, mut second) = (String::new(), String::new());
    bench.worker.name_request(None, &mut first);
    bench.worker.name_request(None, &mut second);
    assert_ne!(first, second);
}

// N-54
fn the_date_follows_the_clock() {
    let mut bench = Bench::new();
    let first = bench.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    bench.clock.advance_ms(1_000);
    let second = bench.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    // The manual clock's wall time began at 1970-01-01T00:16:40Z, a Thursday.
    assert!(
        first.contains("Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"),
        "{first}"
    );
    assert!(
        second.contains("Date: Thu, 01 Jan 1970 00:16:41 GMT\r\n"),
        "{second}"
    );
}

// N-22, N-43
fn requests_that_wait_have_64_mebibytes_in_all() {
    let parked = &Bench::new().worker.shared.parked;
    let shares: Vec<_> = (0..64).map(|_| parked.take(1 << 20, 0)).collect();
    assert!(shares.iter().all(Result::is_ok));
    assert!(parked.take(1, u64::MAX).is_err(), "and nobody gives way");
}
