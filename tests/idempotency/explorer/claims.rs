//! Claims of the explorer about the engine, and about itself.

use super::footprint::Footprint;
use super::plays::{self, Scene};
use super::search::{Choice, Search, Way};
use super::seeded::SEEDED;
use super::{Name, Play, Playable, Report, Shown, Step, side_by_side, threads_of};
use crate::harness::Test;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("two_callers_keep_the_truth_in_every_interleaving", two_callers_keep_the_truth_in_every_interleaving),
    ("three_callers_keep_the_truth_in_every_interleaving_on_a_table_that_stands", three_callers_keep_the_truth_in_every_interleaving_on_a_table_that_stands),
    ("three_callers_keep_the_truth_where_two_are_held_up_while_the_table_grows", three_callers_keep_the_truth_where_two_are_held_up_while_the_table_grows),
    ("three_callers_keep_the_truth_in_drawn_interleavings", three_callers_keep_the_truth_in_drawn_interleavings),
    ("whoever_waits_is_told_and_one_alone_succeeds", whoever_waits_is_told_and_one_alone_succeeds),
    ("every_seeded_mistake_is_found_and_the_right_way_passes", every_seeded_mistake_is_found_and_the_right_way_passes),
    ("schedules_of_one_class_end_alike_and_one_of_each_is_played", schedules_of_one_class_end_alike_and_one_of_each_is_played),
    ("a_schedule_that_failed_fails_again_by_number_and_by_name", a_schedule_that_failed_fails_again_by_number_and_by_name),
    ("a_lock_cycle_is_a_deadlock_and_shows_who_waits_where", a_lock_cycle_is_a_deadlock_and_shows_who_waits_where),
    ("a_schedule_without_end_is_cut_and_reported", a_schedule_without_end_is_cut_and_reported),
    ("a_search_plays_each_order_of_steps_once", a_search_plays_each_order_of_steps_once),
    ("a_search_by_classes_plays_steps_that_commute_in_one_order", a_search_by_classes_plays_steps_that_commute_in_one_order),
    ("a_search_counts_who_is_held_up", a_search_counts_who_is_held_up),
];

/// Plays it; a schedule that fails ends the test, and is shown.
fn explore(play: &dyn Playable, way: &Way) -> Report {
    match play.run(way.clone(), &|_, _| ControlFlow::Continue(())) {
        Ok(report) => report,
        Err(shown) => panic!("{shown}"),
    }
}

/// Plays them all; returns how many schedules there were.
fn explore_all(plays: &[Play<Scene>], way: &Way) -> u64 {
    let schedules = AtomicU64::new(0);
    side_by_side(plays, |play| {
        schedules.fetch_add(explore(play, way).schedules, Ordering::Relaxed);
    });
    schedules.into_inner()
}

// N-4, N-20, N-21, N-22, N-23, N-24, N-30, N-31, N-34, N-40, N-42, N-43
fn two_callers_keep_the_truth_in_every_interleaving() {
    let played = explore_all(&plays::of_two(), &Way::Classes);
    assert!(played > 10_000, "{played} schedules");
}

// N-4, N-20, N-22, N-23, N-30, N-31, N-34, N-40
fn three_callers_keep_the_truth_in_every_interleaving_on_a_table_that_stands() {
    let acts = ["complete", "release", "drop", "mismatch", "expire"];
    let plays = plays::choices(
        3,
        |act| acts.contains(&act),
        |scene| scene.starts_with("wide"),
    );
    let played = explore_all(&plays, &Way::Classes);
    assert!(played > 5_000, "{played} schedules");
}

// N-4, N-20, N-40, N-44
fn three_callers_keep_the_truth_where_two_are_held_up_while_the_table_grows() {
    let acts = ["complete", "release", "other", "sweep"];
    let scenes = ["narrow/expired", "narrow/grown"];
    let plays = plays::choices(
        3,
        |act| acts.contains(&act),
        |scene| scenes.contains(&scene),
    );
    let played = explore_all(&plays, &Way::Preemptions(2));
    assert!(played > 5_000, "{played} schedules");
}

// N-4, N-20, N-22, N-30, N-40
fn three_callers_keep_the_truth_in_drawn_interleavings() {
    let played = explore_all(&plays::of_three(), &Way::Drawn(10));
    assert!(played > 5_000, "{played} schedules");
}

// N-4, N-20, N-22, N-30, N-31: complete, release and drop beside those who wait; an heir that leaves, that releases again, that
// is overtaken; another request that takes the released key; a bound that is met.
fn whoever_waits_is_told_and_one_alone_succeeds() {
    let played = explore_all(&plays::of_waiters(2), &Way::Classes);
    assert!(played > 500, "{played} schedules");
    let chosen = [
        "complete",
        "release",
        "mismatch",
        "wait",
        "leave",
        "wait_leave",
    ];
    let mut plays = plays::of_waiters(3);
    plays.retain(|play| play.acts.iter().all(|(act, _)| chosen.contains(act)));
    let played = explore_all(&plays, &Way::Preemptions(2));
    assert!(played > 5_000, "{played} schedules");
}

fn every_seeded_mistake_is_found_and_the_right_way_passes() {
    side_by_side(SEEDED, |seeded| {
        let with = (seeded.play)(false).run(Way::All, &|_, _| ControlFlow::Continue(()));
        assert!(with.is_err(), "{} is not found", seeded.name);
        explore(&*(seeded.play)(true), &Way::All);
    });
}

/// The order of a schedule's steps in which, of all that could come next, the one of the lowest thread does.
fn class(steps: &[Step]) -> Vec<usize> {
    let mut left: Vec<&Step> = steps.iter().collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        let could_come_next = |at: &usize| {
            left[..*at].iter().all(|before| {
                before.thread != left[*at].thread
                    && before.footprint.commutes_with(left[*at].footprint)
            })
        };
        let next = (0..left.len())
            .filter(could_come_next)
            .min_by_key(|at| left[*at].thread);
        order.push(left.remove(next.expect("the first one can")).thread);
    }
    order
}

// What the reduction stands on: no two schedules of a class can be told apart, and it plays one of each.
fn schedules_of_one_class_end_alike_and_one_of_each_is_played() {
    let some = |callers, acts: &'static [&str], scenes: &'static [&str]| {
        plays::choices(
            callers,
            |act| acts.contains(&act),
            |scene| scenes.contains(&scene),
        )
    };
    let mut plays = some(
        2,
        &["complete", "release", "drop", "mismatch", "expire", "sweep"],
        &["wide/expired"],
    );
    plays.extend(some(
        2,
        &["complete", "other", "sweep"],
        &["narrow/empty", "narrow/grown"],
    ));
    plays.extend(some(
        2,
        &["complete", "sweep", "look_up"],
        &["wide/released"],
    ));
    plays.extend(some(3, &["complete", "expire"], &["wide/completed"]));
    plays.extend(some(
        2,
        &["complete", "release", "wait", "leave"],
        &["wide/empty"],
    ));
    side_by_side(&plays, |play| {
        let classes = Mutex::new(BTreeMap::new());
        let look = |_, steps: &[Step], scene: &Scene| {
            let (class, end) = (class(steps), scene.end_of_play());
            let mut classes = classes.lock().expect("nothing panics under it");
            let (known, name) = classes
                .entry(class)
                .or_insert_with(|| (end.clone(), Name(steps).to_string()));
            assert_eq!(*known, end, "{}: otherwise than {name}", play.name);
            ControlFlow::Continue(())
        };
        let all = play.explore_each(Way::All, look);
        let all = all.unwrap_or_else(|shown| panic!("{shown}")).schedules;
        let reduced = explore(play, &Way::Classes).schedules;
        let classes = classes.into_inner().expect("nothing panicked under it");
        assert_eq!(reduced, classes.len() as u64, "{} of {all}", play.name);
    });
}

fn found(name: &str) -> (Box<dyn Playable>, Box<Shown>) {
    let seeded = SEEDED.iter().find(|seeded| seeded.name == name);
    let play = (seeded.expect("a seeded mistake").play)(false);
    match play.run(Way::All, &|_, _| ControlFlow::Continue(())) {
        Err(shown) => (play, shown),
        Ok(report) => panic!("{name} is not found: {report:?}"),
    }
}

fn a_schedule_that_failed_fails_again_by_number_and_by_name() {
    let (play, shown) = found("no-second-look-at-the-count");
    assert!(shown.number > Some(100), "{shown}");
    let name = Name(&shown.steps).to_string();
    let threads = threads_of(&name).expect("it is a name");
    let again = play.run(Way::Given(threads), &|_, _| ControlFlow::Continue(()));
    let again = again.expect_err("it fails again");
    assert_eq!(
        (again.steps, again.fault),
        (shown.steps.clone(), shown.fault)
    );
    let halted = |number, _: &[Step]| {
        if shown.number == Some(number + 1) {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let before = play.run(Way::All, &halted).expect_err("it is halted");
    assert!(before.fault.is_none() && before.steps != shown.steps);
    for no_name in ["", "A", "3", "a3", "A3b2", "A-1", "Ä1"] {
        assert_eq!(threads_of(no_name), None, "{no_name}");
    }
}

fn a_lock_cycle_is_a_deadlock_and_shows_who_waits_where() {
    let (_, shown) = found("locks-in-both-orders");
    let text = shown.to_string();
    for line in [
        "A up stands at: lock of 1 write",
        "B down stands at: lock of 0 write",
        "fails: deadlock",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

fn a_schedule_without_end_is_cut_and_reported() {
    let (_, shown) = found("wait-by-asking-again");
    assert_eq!(shown.steps.len(), super::STEPS_MAX);
    assert!(shown.to_string().lines().count() < 100);
}

/// Lets threads of so many steps each run without running: returns the schedules as the order of the threads.
fn orders(
    way: Way,
    steps: &[usize],
    touches: impl Fn(usize, usize) -> Footprint,
) -> BTreeSet<Vec<usize>> {
    let mut search = Search::new(way);
    let mut orders = BTreeSet::new();
    loop {
        let (mut done, mut order) = (vec![0; steps.len()], Vec::new());
        while order.len() < steps.iter().sum() {
            let alive = (0..steps.len()).filter(|thread| done[*thread] < steps[*thread]);
            let alive = alive.fold(0, |set, thread| set | 1 << thread);
            let Choice::GoOn(thread) = search.choose(alive, order.last().copied()) else {
                panic!("nobody waits here");
            };
            search.did(touches(thread, done[thread]));
            done[thread] += 1;
            order.push(thread);
        }
        let is_new = search.is_repeat() || orders.insert(order);
        assert!(is_new, "played twice");
        if !search.next() {
            assert_eq!(search.played, orders.len() as u64);
            return orders;
        }
    }
}

fn a_search_plays_each_order_of_steps_once() {
    let all = |steps: &[usize]| orders(Way::All, steps, |_, _| Footprint::ALL).len();
    assert_eq!(all(&[5]), 1);
    assert_eq!(all(&[3, 4]), 35); // 7! / (3! 4!)
    assert_eq!(all(&[2, 2, 2]), 90); // 6! / (2! 2! 2!)
    assert_eq!(all(&[2, 1, 2, 1]), 180);
}

fn a_search_by_classes_plays_steps_that_commute_in_one_order() {
    let classes = |steps: &[usize], touches: fn(usize, usize) -> Footprint| {
        orders(Way::Classes, steps, touches).len()
    };
    assert_eq!(classes(&[3, 4], |_, _| Footprint::ALL), 35);
    assert_eq!(
        classes(&[3, 4, 2], |thread, _| Footprint::writes(thread)),
        1
    );
    assert_eq!(classes(&[3, 4, 2], |_, _| Footprint::LOOKS_AT_ALL), 1);
    // One writes once, after it has looked; the other looks three times: before, between or after.
    let one_writes = |thread, step| match (thread, step) {
        (0, 1) => Footprint::ALL,
        _ => Footprint::LOOKS_AT_ALL,
    };
    assert_eq!(classes(&[2, 3], one_writes), 4);
    // Each one's last step writes what all read: 2 looks fall into the gaps of the other's 1 write.
    let last_writes = |_, step| match step {
        2 => Footprint::writes(0),
        _ => Footprint::reads(0),
    };
    assert_eq!(classes(&[3, 3], last_writes), 6);
}

fn a_search_counts_who_is_held_up() {
    let most = |preemptions, steps: &[usize]| {
        orders(Way::Preemptions(preemptions), steps, |_, _| Footprint::ALL)
    };
    assert_eq!(most(0, &[3, 3]).len(), 2);
    assert_eq!(most(0, &[3, 3, 3]).len(), 6);
    // One is held up once: after its first or second step, for the other's whole; or that one is held up in turn.
    assert_eq!(most(1, &[3, 3]).len(), 6);
    assert_eq!(most(9, &[3, 3]).len(), 20);
}
