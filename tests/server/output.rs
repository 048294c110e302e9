//! Claims about src/server/output.rs: bytes leave in order, and what is held back is held against the budget.

use crate::harness::Test;
use crate::harness::wire::pair;
use nanoserve::http::response::Content;
use nanoserve::limits::BUFFER_KEEP_MAX;
use nanoserve::server::budget::{Budget, GivesWay};
use nanoserve::server::output::{Flushed, Output};

pub const TESTS: &[Test] = &[
    (
        "buffer_and_content_leave_in_order_however_small_the_writes",
        buffer_and_content_leave_in_order_however_small_the_writes,
    ),
    (
        "what_a_socket_refuses_is_held_against_the_budget",
        what_a_socket_refuses_is_held_against_the_budget,
    ),
    (
        "the_longest_waiting_gives_way",
        the_longest_waiting_gives_way,
    ),
    ("large_buffers_are_given_back", large_buffers_are_given_back),
];

fn buffer_and_content_leave_in_order_however_small_the_writes() {
    for size in 1..40 {
        let (mut wire, far) = pair();
        far.writes_of_at_most(size);
        let budget = Budget::new(1000, GivesWay::LongestHeld);
        let mut output = Output::default();
        output.buffer(1).extend_from_slice(b"head and then ");
        output.then(Some(Content::Static(b"the content")));
        assert_eq!(output.flush(&mut wire, &budget, 2), (Flushed::All, 25));
        assert_eq!(far.take(), b"head and then the content");
        assert!(output.is_empty());
    }
}

// N-43
fn what_a_socket_refuses_is_held_against_the_budget() {
    let (mut wire, far) = pair();
    let budget = Budget::new(1000, GivesWay::LongestHeld);
    let mut output = Output::default();
    output.buffer(7).extend_from_slice(&[b'x'; 600]);
    far.room_for(100);
    assert_eq!(output.flush(&mut wire, &budget, 8), (Flushed::Blocked, 100));
    assert_eq!(budget.used(), 500);
    far.room_for(200);
    assert_eq!(output.flush(&mut wire, &budget, 8), (Flushed::Blocked, 200));
    assert_eq!(budget.used(), 300);
    assert_eq!(output.since_us(), 7);
    far.room_for(usize::MAX);
    assert_eq!(output.flush(&mut wire, &budget, 9), (Flushed::All, 300));
    assert_eq!(budget.used(), 0);
}

// N-43
fn the_longest_waiting_gives_way() {
    let budget = Budget::new(1000, GivesWay::LongestHeld);
    let ((mut old_wire, old_far), (mut new_wire, new_far)) = (pair(), pair());
    let (mut old, mut new) = (Output::default(), Output::default());
    for (far, output) in [(&old_far, &mut old), (&new_far, &mut new)] {
        far.room_for(0);
        output.buffer(1).extend_from_slice(&[b'x'; 600]);
    }
    assert_eq!(old.flush(&mut old_wire, &budget, 1).0, Flushed::Blocked);
    assert_eq!(new.flush(&mut new_wire, &budget, 2).0, Flushed::Blocked);
    assert_eq!(old.flush(&mut old_wire, &budget, 3).0, Flushed::Broken);
    assert_eq!(new.flush(&mut new_wire, &budget, 3).0, Flushed::Blocked);
}

fn large_buffers_are_given_back() {
    let (mut wire, _far) = pair();
    let budget = Budget::new(1000, GivesWay::LongestHeld);
    let mut output = Output::default();
    output
        .buffer(1)
        .extend_from_slice(&vec![b'x'; BUFFER_KEEP_MAX + 1]);
    assert_eq!(output.flush(&mut wire, &budget, 1).0, Flushed::All);
    assert_eq!(output.buffer(2).capacity(), 0);
}
