//! Claims about src/server/connection/: requests in, answers out, in order, on an in-memory wire.

use super::{Bench, contents};
use crate::harness::Test;
use crate::harness::wire::End;
use nanoserve::limits::REQUESTS_PER_VISIT_MAX;
use nanoserve::metrics::Counter;
use nanoserve::server::connection::Stand;
use std::sync::atomic::Ordering;

pub const TESTS: &[Test] = &[
    (
        "a_request_is_answered_and_the_connection_lives_on",
        a_request_is_answered_and_the_connection_lives_on,
    ),
    (
        "pipelined_requests_are_answered_in_order",
        pipelined_requests_are_answered_in_order,
    ),
    (
        "any_cut_of_the_bytes_gives_the_same_answers",
        any_cut_of_the_bytes_gives_the_same_answers,
    ),
    (
        "a_request_that_never_arrives_whole_is_not_served",
        a_request_that_never_arrives_whole_is_not_served,
    ),
    (
        "a_client_that_half_closes_still_gets_its_answer",
        a_client_that_half_closes_still_gets_its_answer,
    ),
    (
        "bytes_behind_a_refused_request_are_never_a_request",
        bytes_behind_a_refused_request_are_never_a_request,
    ),
    (
        "connection_close_is_honoured_and_lingers_until_the_client_closes",
        connection_close_is_honoured_and_lingers_until_the_client_closes,
    ),
    (
        "a_refusal_reads_the_content_and_keeps_the_connection",
        a_refusal_reads_the_content_and_keeps_the_connection,
    ),
    (
        "a_refusal_before_the_100_closes_without_reading_the_content",
        a_refusal_before_the_100_closes_without_reading_the_content,
    ),
    (
        "the_100_is_sent_only_where_no_content_has_come",
        the_100_is_sent_only_where_no_content_has_come,
    ),
    (
        "content_over_the_bound_is_refused_from_the_head",
        content_over_the_bound_is_refused_from_the_head,
    ),
    (
        "chunked_content_over_the_bound_is_refused",
        chunked_content_over_the_bound_is_refused,
    ),
    (
        "a_large_answer_leaves_in_pieces_and_whole",
        a_large_answer_leaves_in_pieces_and_whole,
    ),
    (
        "no_request_is_served_while_an_answer_is_unsent",
        no_request_is_served_while_an_answer_is_unsent,
    ),
    (
        "a_parked_request_is_asked_again_when_the_park_is_over",
        a_parked_request_is_asked_again_when_the_park_is_over,
    ),
    (
        "an_answer_waits_until_it_is_durable",
        an_answer_waits_until_it_is_durable,
    ),
    ("a_reset_at_any_byte_closes", a_reset_at_any_byte_closes),
    (
        "an_answer_is_counted_before_its_first_byte_leaves",
        an_answer_is_counted_before_its_first_byte_leaves,
    ),
    (
        "a_visit_serves_a_bounded_number_of_requests",
        a_visit_serves_a_bounded_number_of_requests,
    ),
];

const TWO: &[u8] =
    b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxy\r\n0\r\n\r\n";

// N-7
fn a_request_is_answered_and_the_connection_lives_on() {
    let mut bench = Bench::new();
    let answer = bench.exchange(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(!answer.contains("Connection:"), "{answer}");
    assert_eq!(bench.step(), Stand::NeedsRead);
    assert_eq!(
        contents(&bench.exchange(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n")),
        ["GET /y "]
    );
}

// N-7
fn pipelined_requests_are_answered_in_order() {
    let mut bench = Bench::new();
    assert_eq!(
        contents(&bench.exchange(&TWO.repeat(20))),
        ["POST /a abc", "POST /b xy"].repeat(20)
    );
}

// N-3, N-7
fn any_cut_of_the_bytes_gives_the_same_answers() {
    for cut in 0..=TWO.len() {
        let mut bench = Bench::new();
        let mut answer = bench.exchange(&TWO[..cut]);
        answer += &bench.exchange(&TWO[cut..]);
        assert_eq!(
            contents(&answer),
            ["POST /a abc", "POST /b xy"],
            "cut at {cut}"
        );
    }
    let mut bench = Bench::new();
    let answer: String = TWO.iter().map(|byte| bench.exchange(&[*byte])).collect();
    assert_eq!(contents(&answer), ["POST /a abc", "POST /b xy"]);
}

// N-3
fn a_request_that_never_arrives_whole_is_not_served() {
    for cut in 1..54 {
        let mut bench = Bench::new();
        bench.far.send(&TWO[..cut]);
        bench.far.end(End::Closed);
        assert_eq!(bench.settle(), Stand::Closed);
        let whole = cut >= 51; // the first request's last content byte
        assert_eq!(
            bench.served().is_empty(),
            !whole,
            "cut at {cut}: {:?}",
            bench.served()
        );
    }
}

// http.md: a client that closes its sending side after the request still gets its answer
fn a_client_that_half_closes_still_gets_its_answer() {
    let mut bench = Bench::new();
    bench.far.send(TWO);
    bench.far.end(End::Closed);
    assert_eq!(bench.settle(), Stand::Closed);
    let answer = String::from_utf8_lossy(&bench.far.take()).into_owned();
    assert_eq!(contents(&answer), ["POST /a abc", "POST /b xy"]);
}

// N-50
fn bytes_behind_a_refused_request_are_never_a_request() {
    let mut bench = Bench::new();
    let smuggled = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    let answer = bench.exchange(smuggled);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    assert_eq!(
        bench.exchange(b"GET /later HTTP/1.1\r\nHost: h\r\n\r\n"),
        ""
    );
    assert_eq!(bench.served(), Vec::<String>::new());
    assert_eq!(bench.meters.refusals("malformed-request"), 1);
}

// N-54
fn connection_close_is_honoured_and_lingers_until_the_client_closes() {
    let mut bench = Bench::new();
    let answer = bench.exchange(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    assert!(bench.half_closed.load(Ordering::Relaxed));
    assert_eq!(bench.step(), Stand::NeedsRead);
    bench.far.end(End::Closed);
    assert_eq!(bench.settle(), Stand::Closed);
}

// N-54
fn a_refusal_reads_the_content_and_keeps_the_connection() {
    let mut bench = Bench::new();
    let mut request =
        b"POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n".to_vec();
    request.extend_from_slice(&vec![b'c'; 90_000]);
    let answer = bench.exchange(&request);
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(!answer.contains("Connection: close"), "{answer}");
    assert_eq!(
        contents(&bench.exchange(b"GET /y HTTP/1.1\r\nHost: h\r\n\r\n")),
        ["GET /y "]
    );
    assert_eq!(bench.meters.refusals("not-found"), 1);
}

// N-52, N-54
fn a_refusal_before_the_100_closes_without_reading_the_content() {
    let mut bench = Bench::new();
    let answer = bench.exchange(
        b"POST /refused HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
}

// N-52
fn the_100_is_sent_only_where_no_content_has_come() {
    let head = b"POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    let mut bench = Bench::new();
    assert_eq!(bench.exchange(head), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(contents(&bench.exchange(b"12345")), ["POST /e 12345"]);
    let mut bench = Bench::new();
    assert_eq!(bench.exchange(&[&head[..], b"1"].concat()), "");
    let mut bench = Bench::new();
    let old = b"POST /e HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(bench.exchange(old), "");
}

// N-53
fn content_over_the_bound_is_refused_from_the_head() {
    let mut bench = Bench::new();
    let exact = bench.exchange(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n",
    );
    assert_eq!(exact, "HTTP/1.1 100 Continue\r\n\r\n");
    let mut bench = Bench::new();
    let over = bench.exchange(
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100001\r\nExpect: 100-continue\r\n\r\n",
    );
    assert!(over.starts_with("HTTP/1.1 413 "), "{over}");
    assert!(over.contains("Connection: close\r\n"), "{over}");
}

// N-53
fn chunked_content_over_the_bound_is_refused() {
    let mut bench = Bench::new();
    let over = bench
        .exchange(b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n186a1\r\n");
    assert!(over.starts_with("HTTP/1.1 413 "), "{over}");
    assert!(over.contains("Connection: close\r\n"), "{over}");
}

// N-7
fn a_large_answer_leaves_in_pieces_and_whole() {
    let mut bench = Bench::new();
    bench.far.writes_of_at_most(1_000);
    bench.far.room_for(50_000);
    bench
        .far
        .send(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\nGET /after HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(bench.settle(), Stand::NeedsWrite);
    assert_eq!(bench.far.received().len(), 50_000);
    bench.far.room_for(usize::MAX);
    bench.settle();
    let answers = contents(&String::from_utf8_lossy(&bench.far.take()));
    assert_eq!(answers[0].len(), 200_000);
    assert_eq!(answers[1], "GET /after ");
}

// N-7
fn no_request_is_served_while_an_answer_is_unsent() {
    let mut bench = Bench::new();
    bench.far.room_for(10);
    bench
        .far
        .send(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(bench.settle(), Stand::NeedsWrite);
    assert_eq!(bench.served(), ["GET /a "]);
}

// N-22: the place that waiting will take
fn a_parked_request_is_asked_again_when_the_park_is_over() {
    let mut bench = Bench::new();
    bench.service.parks.store(1, Ordering::Relaxed);
    bench
        .far
        .send(b"POST /park HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
    assert_eq!(bench.settle(), Stand::Parked);
    assert_eq!(bench.served(), Vec::<String>::new());
    bench.service.parks.store(0, Ordering::Relaxed);
    bench.service.parks.fetch_add(0, Ordering::Relaxed);
    bench.service.park_over.store(true, Ordering::Release);
    bench.settle();
    assert_eq!(
        contents(&String::from_utf8_lossy(&bench.far.take())),
        ["POST /park hi"]
    );

    let mut bench = Bench::new();
    bench.service.parks.store(1, Ordering::Relaxed);
    bench.far.send(b"GET /park HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(bench.settle(), Stand::Parked);
    bench.service.parks.store(0, Ordering::Relaxed);
    bench.clock.advance_ms(10_000);
    bench.settle();
    assert_eq!(
        contents(&String::from_utf8_lossy(&bench.far.take())),
        ["GET /park "]
    );
}

// N-71's place: nothing is acknowledged above the durable mark
fn an_answer_waits_until_it_is_durable() {
    let mut bench = Bench::new();
    assert_eq!(
        bench.exchange(b"GET /durable HTTP/1.1\r\nHost: h\r\n\r\n"),
        ""
    );
    assert_eq!(bench.step(), Stand::Parked);
    bench.service.durable.store(5, Ordering::Relaxed);
    bench.settle();
    assert_eq!(
        contents(&String::from_utf8_lossy(&bench.far.take())),
        ["GET /durable "]
    );
}

// N-6: what happens to the connection is the connection's business
fn a_reset_at_any_byte_closes() {
    for at in 0..TWO.len() {
        let mut bench = Bench::new();
        bench.far.end_after(at, End::Reset);
        bench.far.send(TWO);
        assert_eq!(bench.settle(), Stand::Closed, "reset at {at}");
    }
    for at in 0..200 {
        let mut bench = Bench::new();
        bench.far.reset_after_taking(at);
        bench.far.send(b"GET /big HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(
            bench.settle(),
            Stand::Closed,
            "reset after {at} bytes of the answer"
        );
        assert_eq!(bench.served(), ["GET /big "]);
    }
}

// N-62
fn an_answer_is_counted_before_its_first_byte_leaves() {
    let mut bench = Bench::new();
    bench.far.room_for(0);
    assert_eq!(bench.exchange(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), "");
    assert_eq!(bench.meters.total(Counter::Requests), 1);
    assert_eq!(bench.meters.total(Counter::Status2xx), 1);
    assert_eq!(bench.meters.total(Counter::BytesOut), 0);
}

fn a_visit_serves_a_bounded_number_of_requests() {
    let mut bench = Bench::new();
    bench
        .far
        .send(&b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n".repeat(500));
    assert_eq!(bench.step(), Stand::Ready);
    assert_eq!(bench.served().len(), REQUESTS_PER_VISIT_MAX);
    bench.settle();
    assert_eq!(bench.served().len(), 500);
}
