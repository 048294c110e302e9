//! Claims about src/server/run_queue.rs: who is visited when.

use crate::harness::Test;
use crate::harness::random::Random;
use nanoserve::limits::{VISIT_US_MAX, VISIT_US_MIN, VISIT_US_PER_CONNECTION};
use nanoserve::server::run_queue::{Resting, RunQueue};

pub const TESTS: &[Test] = &[
    (
        "a_busy_connection_is_visited_soon_and_a_quiet_one_rarely",
        a_busy_connection_is_visited_soon_and_a_quiet_one_rarely,
    ),
    (
        "a_pause_is_never_longer_than_a_quarter_of_the_quiet_time",
        a_pause_is_never_longer_than_a_quarter_of_the_quiet_time,
    ),
    (
        "nothing_is_lost_and_nothing_comes_early",
        nothing_is_lost_and_nothing_comes_early,
    ),
    (
        "thousands_of_quiet_connections_cost_a_bounded_share_of_a_core",
        thousands_of_quiet_connections_cost_a_bounded_share_of_a_core,
    ),
    (
        "the_longest_idle_is_found_and_the_busy_never",
        the_longest_idle_is_found_and_the_busy_never,
    ),
    ("hurry_makes_every_visit_due", hurry_makes_every_visit_due),
];

fn resting(connection: u64, progress_us: u64, idle: bool) -> Resting<u64> {
    Resting {
        connection,
        progress_us,
        idle,
    }
}

fn a_busy_connection_is_visited_soon_and_a_quiet_one_rarely() {
    let now = 10_000_000;
    let mut queue = RunQueue::new();
    queue.rest(resting(1, now, true), now);
    assert_eq!(queue.next_due_us(), Some(now + VISIT_US_MIN));
    let mut queue = RunQueue::new();
    queue.rest(resting(1, 0, true), now);
    assert_eq!(queue.next_due_us(), Some(now + VISIT_US_MAX));
}

fn a_pause_is_never_longer_than_a_quarter_of_the_quiet_time() {
    for quiet in [200, 1_000, 5_000, 77_777, 1_000_000, 100_000_000] {
        let mut queue = RunQueue::new();
        queue.rest(resting(1, 1_000_000_000 - quiet, false), 1_000_000_000);
        let pause = queue.next_due_us().expect("one rests") - 1_000_000_000;
        assert!(
            pause <= quiet / 4 && pause * 2 > (quiet / 4).min(VISIT_US_MAX),
            "quiet {quiet}, pause {pause}"
        );
    }
}

fn nothing_is_lost_and_nothing_comes_early() {
    let mut random = Random::new();
    let mut queue = RunQueue::new();
    let (mut now, mut inside) = (1_000_000_000_u64, std::collections::BTreeMap::new());
    for id in 0..20_000_u64 {
        now += random.below(60) as u64;
        let quiet = 1 << random.below(28);
        let before = queue.next_due_us();
        queue.rest(resting(id, now - quiet, random.chance(50)), now);
        inside.insert(id, now);
        assert!(
            queue
                .next_due_us()
                .is_some_and(|due| before.is_none_or(|before| due <= before))
        );
        while let Some(taken) = queue.take_due(now) {
            assert!(inside.remove(&taken).expect("each is taken once") <= now);
        }
        assert!(queue.next_due_us().is_none_or(|due| due > now));
        assert_eq!(queue.len(), inside.len());
    }
    while let Some(due) = queue.next_due_us() {
        let taken = queue.take_due(due).expect("what is due is given");
        inside.remove(&taken);
    }
    assert!(inside.is_empty() && queue.is_empty());
    assert_eq!(queue.idle(), 0);
}

// The visits of one virtual second, by the queue's own word.
fn thousands_of_quiet_connections_cost_a_bounded_share_of_a_core() {
    for crowd in [1_000_u64, 9_000] {
        let mut queue = RunQueue::new();
        let start = 1_000_000_000;
        for id in 0..crowd {
            queue.rest(resting(id, 0, true), start + id);
        }
        let (mut now, mut visits) = (start, 0_u64);
        while now < start + 1_000_000 {
            now = queue.next_due_us().expect("all rest");
            let connection = queue.take_due(now).expect("one is due");
            visits += 1;
            queue.rest(resting(connection, 0, true), now);
        }
        // Levels are powers of two, so a pause may be half of what was wanted.
        let bound =
            (2 * 1_000_000 / VISIT_US_PER_CONNECTION).min(2 * crowd * 1_000_000 / VISIT_US_MAX);
        assert!(
            visits <= bound,
            "{crowd} connections were visited {visits} times in a second"
        );
        assert!(visits >= crowd, "each is visited at least once a second");
    }
}

// N-53
fn the_longest_idle_is_found_and_the_busy_never() {
    let mut queue = RunQueue::new();
    let now = 1_000_000_000;
    for (id, progress, idle) in [
        (1, now - 50, true),
        (2, now - 9_000, false),
        (3, now - 7_000, true),
        (4, now - 600, true),
    ] {
        queue.rest(resting(id, progress, idle), now);
    }
    assert_eq!(queue.idle(), 3);
    let order: Vec<u64> = std::iter::from_fn(|| queue.take_longest_idle()).collect();
    assert_eq!(order, [3, 4, 1]);
    assert_eq!(queue.len(), 1);
}

// N-63
fn hurry_makes_every_visit_due() {
    let mut queue = RunQueue::new();
    for id in 0..100 {
        queue.rest(resting(id, id * 1_000_000, true), 200_000_000);
    }
    assert_eq!(queue.take_due(200_000_000), None);
    queue.hurry();
    assert_eq!(
        std::iter::from_fn(|| queue.take_due(200_000_000)).count(),
        100
    );
}
