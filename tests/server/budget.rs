//! Claims about src/server/budget.rs: what is held together, and who gives way.

use crate::harness::Test;
use nanoserve::limits::{SLOW_CONTENT_BYTES_PER_S, SLOW_CONTENT_GRACE_MS};
use nanoserve::server::budget::{Budget, GivesWay, NoRoom};

pub const TESTS: &[Test] = &[
    (
        "a_budget_is_never_exceeded_and_all_of_it_comes_back",
        a_budget_is_never_exceeded_and_all_of_it_comes_back,
    ),
    (
        "fast_content_does_not_give_way",
        fast_content_does_not_give_way,
    ),
    (
        "content_below_the_rate_gives_way_after_its_first_second",
        content_below_the_rate_gives_way_after_its_first_second,
    ),
    ("the_slowest_gives_way_first", the_slowest_gives_way_first),
    (
        "the_longest_held_gives_way_first",
        the_longest_held_gives_way_first,
    ),
    (
        "more_than_the_whole_budget_makes_nobody_give_way",
        more_than_the_whole_budget_makes_nobody_give_way,
    ),
    (
        "a_share_that_gave_way_cannot_grow",
        a_share_that_gave_way_cannot_grow,
    ),
    ("nobody_gives_way_for_nothing", nobody_gives_way_for_nothing),
];

const GRACE_US: u64 = SLOW_CONTENT_GRACE_MS * 1000;

// N-43
fn a_budget_is_never_exceeded_and_all_of_it_comes_back() {
    let budget = Budget::new(100, GivesWay::SlowestBelowRate);
    let first = budget.take(60, 0).expect("there is room");
    assert_eq!(budget.take(41, 0).err(), Some(NoRoom));
    let second = budget.take(40, 0).expect("exactly fits");
    assert_eq!(second.grow(1, 0), Err(NoRoom));
    drop(first);
    assert_eq!(second.grow(60, 0), Ok(()));
    assert_eq!(budget.used(), 100);
    drop(second);
    assert_eq!(budget.used(), 0);
}

// N-43
fn fast_content_does_not_give_way() {
    let budget = Budget::new(100, GivesWay::SlowestBelowRate);
    let fast = budget.take(100, 0).expect("there is room");
    let now_us = 10_000_000;
    assert!(fast.note_moved(SLOW_CONTENT_BYTES_PER_S * 10));
    assert_eq!(budget.take(1, now_us).err(), Some(NoRoom));
    assert!(fast.note_moved(SLOW_CONTENT_BYTES_PER_S * 10));
}

// N-43
fn content_below_the_rate_gives_way_after_its_first_second() {
    let budget = Budget::new(100, GivesWay::SlowestBelowRate);
    let slow = budget.take(100, 0).expect("there is room");
    assert_eq!(
        budget.take(1, GRACE_US).err(),
        Some(NoRoom),
        "within its first second"
    );
    let taken = budget.take(1, GRACE_US + 1);
    assert!(taken.is_ok(), "after its first second");
    assert!(
        !slow.note_moved(1_000_000),
        "it has given way, whatever comes now"
    );
    assert_eq!(budget.used(), 1);
    drop(slow);
    assert_eq!(budget.used(), 1, "what gave way is not given back twice");
}

// N-43
fn the_slowest_gives_way_first() {
    let budget = Budget::new(100, GivesWay::SlowestBelowRate);
    let slow = budget.take(50, 0).expect("there is room");
    let slower = budget.take(50, 0).expect("there is room");
    assert!(slow.note_moved(2000) && slower.note_moved(1000));
    let _new = budget
        .take(10, GRACE_US * 2)
        .expect("the slowest gives way");
    assert!(slow.note_moved(2000));
    assert!(!slower.note_moved(1000));
}

// N-43
fn the_longest_held_gives_way_first() {
    let budget = Budget::new(100, GivesWay::LongestHeld);
    let oldest = budget.take(40, 1).expect("there is room");
    let older = budget.take(40, 2).expect("there is room");
    let _new = budget.take(30, 3).expect("the longest held gives way");
    assert!(!oldest.note_moved(0));
    assert!(older.note_moved(0));
    assert_eq!(budget.used(), 70);
}

fn more_than_the_whole_budget_makes_nobody_give_way() {
    let budget = Budget::new(100, GivesWay::LongestHeld);
    let held = budget.take(100, 0).expect("there is room");
    assert_eq!(budget.take(101, 9).err(), Some(NoRoom));
    assert!(held.note_moved(0));
}

fn a_share_that_gave_way_cannot_grow() {
    let budget = Budget::new(100, GivesWay::LongestHeld);
    let first = budget.take(60, 0).expect("there is room");
    let _second = budget.take(60, 1).expect("the first gives way");
    assert_eq!(first.grow(1, 2), Err(NoRoom));
    // A share that would have to give way to its own growth is refused, and its bytes are free.
    let third = Budget::new(10, GivesWay::LongestHeld);
    let alone = third.take(10, 0).expect("there is room");
    assert_eq!(alone.grow(5, 1), Err(NoRoom));
    assert_eq!(third.used(), 0);
}

// N-43: two slow ones would not free enough for the third, so both go on
fn nobody_gives_way_for_nothing() {
    let budget = Budget::new(100, GivesWay::SlowestBelowRate);
    let fast = budget.take(70, 0).expect("there is room");
    let slow = budget.take(30, 0).expect("there is room");
    assert!(fast.note_moved(SLOW_CONTENT_BYTES_PER_S * 10) && slow.note_moved(1));
    assert_eq!(budget.take(31, GRACE_US * 2).err(), Some(NoRoom));
    assert!(slow.note_moved(1));
    assert!(budget.take(30, GRACE_US * 2).is_ok());
}
