//! Claims about src/server/content.rs: content in flight is bounded in total (N-43).

use super::Bench;
use crate::harness::Test;
use nanoserve::limits::SLOW_CONTENT_GRACE_MS;

pub const TESTS: &[Test] = &[
    (
        "declared_content_without_room_is_refused_from_the_head",
        declared_content_without_room_is_refused_from_the_head,
    ),
    (
        "chunked_content_is_counted_as_it_grows",
        chunked_content_is_counted_as_it_grows,
    ),
    (
        "the_room_is_free_again_when_the_handler_has_the_content",
        the_room_is_free_again_when_the_handler_has_the_content,
    ),
    (
        "content_that_gave_way_is_told_so",
        content_that_gave_way_is_told_so,
    ),
    (
        "content_that_gives_way_to_its_own_growth_is_told_so",
        content_that_gives_way_to_its_own_growth_is_told_so,
    ),
    (
        "refused_content_takes_no_room",
        refused_content_takes_no_room,
    ),
];

// N-43
fn declared_content_without_room_is_refused_from_the_head() {
    let mut bench = Bench::with_content_room(999);
    let answer = bench.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(
        answer.contains("Retry-After: ") && answer.contains("Connection: close"),
        "{answer}"
    );
}

// N-43
fn chunked_content_is_counted_as_it_grows() {
    let mut bench = Bench::with_content_room(999);
    bench.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    let part = bench.exchange(&[b'x'; 900]);
    assert_eq!(part, "");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 900);
    let answer = bench.exchange(&[b'x'; 100]);
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 0);
}

// N-43
fn the_room_is_free_again_when_the_handler_has_the_content() {
    let mut bench = Bench::with_content_room(1000);
    bench.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 1000);
    let answer = bench.exchange(&[b'x'; 1000]);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 0);
}

// N-43
fn content_that_gave_way_is_told_so() {
    let mut bench = Bench::with_content_room(1000);
    bench.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nx");
    bench.clock.advance_ms(SLOW_CONTENT_GRACE_MS + 1);
    let budget = std::sync::Arc::clone(&bench.worker.shared.content_in_flight);
    let _other = budget
        .take(1000, bench.clock.now_us())
        .expect("the slow one gives way");
    bench.settle();
    let answer = String::from_utf8_lossy(&bench.far.take()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("too slowly") && answer.contains("Connection: close"),
        "{answer}"
    );
    assert!(bench.served().is_empty());
}

// N-43: the slowest gives way (408) before anyone is refused (503), though it be the one that asks
fn content_that_gives_way_to_its_own_growth_is_told_so() {
    let mut bench = Bench::with_content_room(999);
    bench.exchange(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n");
    bench.exchange(&[b'x'; 900]);
    bench.clock.advance_ms(SLOW_CONTENT_GRACE_MS + 1);
    let answer = bench.exchange(&[b'x'; 100]);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 0);
}

fn refused_content_takes_no_room() {
    let mut bench = Bench::with_content_room(10);
    bench.exchange(b"POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(bench.worker.shared.content_in_flight.used(), 0);
    let answer = bench.exchange(&[b'x'; 1000]);
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}
