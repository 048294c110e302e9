//! Claims about the absolute deadlines of src/server/connection/ (N-53), with a clock that is moved by hand.

use super::Bench;
use crate::harness::Test;
use crate::harness::wire::End;
use nanoserve::limits::{
    HEAD_DEADLINE_MS, IDLE_DEADLINE_MS, LINGER_BYTES_MAX, LINGER_DEADLINE_MS, REQUEST_DEADLINE_MS,
    WRITE_DEADLINE_MS,
};
use nanoserve::server::connection::Stand;

pub const TESTS: &[Test] = &[
    (
        "a_head_that_drips_is_cut_at_the_deadline",
        a_head_that_drips_is_cut_at_the_deadline,
    ),
    (
        "content_that_drips_is_cut_at_the_deadline",
        content_that_drips_is_cut_at_the_deadline,
    ),
    (
        "a_new_connection_that_says_nothing_is_closed_when_idle",
        a_new_connection_that_says_nothing_is_closed_when_idle,
    ),
    (
        "an_idle_connection_is_closed_without_an_answer",
        an_idle_connection_is_closed_without_an_answer,
    ),
    (
        "a_reader_that_stops_is_closed_at_the_write_deadline",
        a_reader_that_stops_is_closed_at_the_write_deadline,
    ),
    (
        "a_pipelined_half_behind_a_slow_handler_is_not_late",
        a_pipelined_half_behind_a_slow_handler_is_not_late,
    ),
    (
        "lingering_ends_by_time_by_bytes_and_by_the_client",
        lingering_ends_by_time_by_bytes_and_by_the_client,
    ),
    (
        "giving_way_closes_an_idle_connection_and_no_other",
        giving_way_closes_an_idle_connection_and_no_other,
    ),
    (
        "a_drain_closes_idle_connections_and_finishes_requests",
        a_drain_closes_idle_connections_and_finishes_requests,
    ),
];

// N-53
fn a_head_that_drips_is_cut_at_the_deadline() {
    let mut bench = Bench::new();
    let mut waited_ms = 0;
    for byte in b"GET /drip-drip-drip HTTP/1.1\r\n".iter().cycle() {
        assert_eq!(bench.far.received().len(), 0, "cut after {waited_ms} ms");
        bench.far.send(&[*byte]);
        bench.step();
        bench.clock.advance_ms(500);
        waited_ms += 500;
        if waited_ms > HEAD_DEADLINE_MS {
            break;
        }
    }
    bench.settle();
    let answer = String::from_utf8_lossy(&bench.far.take()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    assert!(
        answer.contains("the head did not arrive within 5 seconds"),
        "{answer}"
    );
    assert_eq!(bench.meters.refusals("request-timeout"), 1);
}

// N-53
fn content_that_drips_is_cut_at_the_deadline() {
    let mut bench = Bench::new();
    bench
        .far
        .send(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    for _ in 0..REQUEST_DEADLINE_MS / 1000 {
        assert_eq!(bench.step(), Stand::NeedsRead);
        bench.far.send(b"x");
        bench.clock.advance_ms(1000);
    }
    bench.settle();
    let answer = String::from_utf8_lossy(&bench.far.take()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(bench.served().is_empty());
}

// N-53
fn a_new_connection_that_says_nothing_is_closed_when_idle() {
    let mut bench = Bench::new();
    bench.clock.advance_ms(IDLE_DEADLINE_MS - 1);
    assert_eq!(bench.step(), Stand::NeedsRead);
    bench.clock.advance_ms(1);
    assert_eq!(bench.step(), Stand::Closed);
}

// N-53
fn an_idle_connection_is_closed_without_an_answer() {
    let mut bench = Bench::new();
    bench.exchange(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    bench.clock.advance_ms(IDLE_DEADLINE_MS - 1);
    assert_eq!(bench.step(), Stand::NeedsRead);
    bench.clock.advance_ms(1);
    assert_eq!(bench.step(), Stand::Closed);
    assert_eq!(bench.far.take(), b"");
}

// N-53
fn a_reader_that_stops_is_closed_at_the_write_deadline() {
    let mut bench = Bench::new();
    bench.far.room_for(1000);
    bench.far.send(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(bench.settle(), Stand::NeedsWrite);
    // Taking a byte now and then does not move an absolute deadline.
    for _ in 0..10 {
        bench.clock.advance_ms(WRITE_DEADLINE_MS / 10 - 1);
        assert_eq!(bench.step(), Stand::NeedsWrite);
        bench.far.room_for(1);
    }
    bench.clock.advance_ms(10);
    assert_eq!(bench.step(), Stand::Closed);
}

// N-53
fn a_pipelined_half_behind_a_slow_handler_is_not_late() {
    let mut bench = Bench::new();
    // The handler moves the clock by 20 seconds while the next half lies waiting.
    bench
        .far
        .send(b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\n");
    bench.settle();
    bench.far.take();
    bench.clock.advance_ms(HEAD_DEADLINE_MS - 1);
    bench.settle();
    let answer = bench.exchange(b"Host: h\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

// N-54
fn lingering_ends_by_time_by_bytes_and_by_the_client() {
    let refused = || {
        let mut bench = Bench::new();
        bench.exchange(b"nonsense\r\n\r\n");
        assert_eq!(bench.step(), Stand::NeedsRead);
        bench
    };
    let mut bench = refused();
    bench.clock.advance_ms(LINGER_DEADLINE_MS);
    assert_eq!(bench.step(), Stand::Closed);
    let mut bench = refused();
    bench.far.end(End::Closed);
    assert_eq!(bench.step(), Stand::Closed);
    let mut bench = refused();
    bench.far.send(&vec![b'x'; LINGER_BYTES_MAX]);
    assert_eq!(bench.settle(), Stand::Closed);
}

// N-53: at the connection limit the longest idle gives way, after a last read
fn giving_way_closes_an_idle_connection_and_no_other() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.connection.step(&mut bench.worker, true),
        Stand::Closed
    );
    let mut bench = Bench::new();
    bench.far.send(b"GET / HTTP/1.1\r\n");
    assert_eq!(
        bench.connection.step(&mut bench.worker, true),
        Stand::NeedsRead
    );
    let answer = bench.exchange(b"Host: h\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

// N-63
fn a_drain_closes_idle_connections_and_finishes_requests() {
    let mut idle = Bench::new();
    assert!(idle.worker.shared.begin_drain());
    assert!(
        !idle.worker.shared.begin_drain(),
        "only the first caller begins it"
    );
    assert_eq!(idle.step(), Stand::Closed);
    let mut half = Bench::new();
    half.far.send(b"GET / HTTP/1.1\r\n");
    half.step();
    half.worker.shared.begin_drain();
    let answer = half.exchange(b"Host: h\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
}
