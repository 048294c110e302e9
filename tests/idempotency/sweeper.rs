//! Claims about src/idempotency/sweeper.rs.

use crate::harness::{Test, wait_until};
use crate::idempotency::scene::{
    SMALLEST, TTL_MS, answer, config, execute, run, seen, small, with,
};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Guard, GuardConfig};
use nanoserve::idempotency::sweeper::{Sweep, Sweeper, pause_ms};
use nanoserve::idempotency::table::TableShape;
use nanoserve::limits::{
    FULL_WARNING_PERCENT, SWEEP_PAUSE_MS_MAX, SWEEP_PAUSE_MS_MIN, SWEEP_STEP_BUCKETS,
};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// How long a test waits for another thread.
const PATIENCE: Duration = Duration::from_secs(10);

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("only_what_has_expired_is_unlinked", only_what_has_expired_is_unlinked),
    ("a_step_visits_no_more_buckets_than_it_was_given", a_step_visits_no_more_buckets_than_it_was_given),
    ("a_sweep_misses_nothing_that_moves_while_it_goes_on", a_sweep_misses_nothing_that_moves_while_it_goes_on),
    ("a_whole_sweep_knows_before_when_nothing_can_expire", a_whole_sweep_knows_before_when_nothing_can_expire),
    ("memory_comes_back_without_anyone_reading", memory_comes_back_without_anyone_reading),
    ("a_sweep_of_a_table_without_pages_is_one_look_a_page", a_sweep_of_a_table_without_pages_is_one_look_a_page),
    ("the_pace_follows_ttl_and_fullness", the_pace_follows_ttl_and_fullness),
    ("the_thread_sweeps_when_woken_and_ends_when_dropped", the_thread_sweeps_when_woken_and_ends_when_dropped),
    ("a_wish_hurries_a_long_sweep", a_wish_hurries_a_long_sweep),
    ("a_dropped_sweeper_lets_go_of_the_guard", a_dropped_sweeper_lets_go_of_the_guard),
    ("the_thread_keeps_up_with_a_short_ttl_by_itself", the_thread_keeps_up_with_a_short_ttl_by_itself),
    ("fullness_is_warned_of_once_each_time_it_comes", fullness_is_warned_of_once_each_time_it_comes),
];

fn sweep_all(guard: &Guard) -> usize {
    guard.sweep_step(&mut Sweep::default(), usize::MAX).removed
}

// N-24, N-41, N-42
fn only_what_has_expired_is_unlinked() {
    let (guard, clock) = small();
    run(&guard, b"old", b"done");
    let pending = execute(&guard, b"pending");
    clock.advance_ms(1);
    run(&guard, b"young", b"done");
    clock.advance_ms(TTL_MS - 2);
    assert_eq!(sweep_all(&guard), 0);
    clock.advance_ms(1);
    assert_eq!(sweep_all(&guard), 1);
    assert_eq!(seen(&guard, b"young"), "Replay done");
    assert_eq!(seen(&guard, b"pending"), "InFlight");
    clock.advance_ms(1);
    assert_eq!(sweep_all(&guard), 1);
    pending.release();
    assert_eq!(guard.gauges().bytes, 0);
}

// N-42
fn a_step_visits_no_more_buckets_than_it_was_given() {
    let shape = TableShape {
        page_buckets: 1,
        ..SMALLEST
    };
    let (guard, clock) = with(GuardConfig { shape, ..config() });
    for number in 1..=60 {
        run(&guard, &[number], b"done");
    }
    clock.advance_ms(TTL_MS);
    let mut sweep = Sweep::default();
    let (mut steps, mut removed) = (0, 0);
    loop {
        let step = guard.sweep_step(&mut sweep, 4);
        steps += 1;
        removed += step.removed;
        if step.nothing_before_ms.is_some() {
            break;
        }
    }
    assert_eq!((steps, removed), (16, 60), "64 buckets, 4 a step");
}

// N-42: the table grows and splits between any two steps.
fn a_sweep_misses_nothing_that_moves_while_it_goes_on() {
    for steps_before in 0..8 {
        let (guard, clock) = with(GuardConfig {
            keys_max: 1000,
            ..config()
        });
        for number in 1..=8 {
            run(&guard, &[number], b"old");
        }
        clock.advance_ms(TTL_MS);
        let mut sweep = Sweep::default();
        let mut removed = 0;
        for _ in 0..steps_before {
            removed += guard.sweep_step(&mut sweep, 1).removed;
        }
        // Eight buckets become 64; reading splits them, and moves what the sweep has not seen yet.
        let before = guard.gauges().completed;
        for number in 100..=160 {
            run(&guard, &[number], b"new");
        }
        let claimed = guard.gauges().completed - before;
        loop {
            let step = guard.sweep_step(&mut sweep, 1);
            removed += step.removed;
            if step.nothing_before_ms.is_some() {
                break;
            }
        }
        assert_eq!(removed, 8, "after {steps_before} steps");
        assert_eq!(guard.gauges().completed, claimed);
    }
}

// N-24
fn a_whole_sweep_knows_before_when_nothing_can_expire() {
    let (guard, clock) = small();
    let whole = || {
        guard
            .sweep_step(&mut Sweep::default(), 1000)
            .nothing_before_ms
    };
    assert_eq!(whole(), Some(TTL_MS), "an empty table: what may come yet");
    clock.advance_ms(10);
    run(&guard, b"a", b"done");
    clock.advance_ms(10);
    run(&guard, b"b", b"done");
    assert_eq!(whole(), Some(10 + TTL_MS));
    clock.advance_ms(TTL_MS - 10);
    assert_eq!(whole(), Some(20 + TTL_MS), "the first is gone");
    // A record completed during a sweep, behind it, expires a TTL after the sweep's begin at the earliest.
    let mut sweep = Sweep::default();
    assert_eq!(guard.sweep_step(&mut sweep, 1).nothing_before_ms, None);
    let begun = clock.now_ms();
    clock.advance_ms(5);
    for number in 1..=9 {
        run(&guard, &[number], b"done");
    }
    clock.advance_ms(5);
    let mut step = guard.sweep_step(&mut sweep, 1);
    while step.nothing_before_ms.is_none() {
        step = guard.sweep_step(&mut sweep, 1);
    }
    assert!(
        step.nothing_before_ms
            .is_some_and(|at| at <= begun + TTL_MS)
    );
}

// N-42
fn memory_comes_back_without_anyone_reading() {
    let (guard, clock) = small();
    let replay = execute(&guard, b"k").complete(answer(201, b"done"));
    let nanoserve::idempotency::guard::Stored::Snapshot(bytes) = replay.stored() else {
        panic!("no snapshot");
    };
    drop(replay);
    let shared = Arc::downgrade(&bytes);
    drop(bytes);
    assert_eq!(shared.strong_count(), 1, "the table's");
    clock.advance_ms(TTL_MS);
    assert_eq!(sweep_all(&guard), 1);
    assert_eq!(shared.strong_count(), 0);
}

// N-42: pages that were never made are not made by looking, and are passed by at once.
fn a_sweep_of_a_table_without_pages_is_one_look_a_page() {
    let (guard, _) = with(GuardConfig {
        keys_max: 1 << 20,
        shape: TableShape {
            buckets_initial: 1 << 16,
            page_buckets: 1 << 12,
        },
        ..config()
    });
    let mut sweep = Sweep::default();
    let steps = (1..100)
        .find(|_| guard.sweep_step(&mut sweep, 1).nothing_before_ms.is_some())
        .unwrap_or_default();
    assert_eq!(steps, 16);
}

// N-24, N-42
fn the_pace_follows_ttl_and_fullness() {
    let day_ms = 24 * 3_600_000;
    assert_eq!(pause_ms(day_ms, 4, false), SWEEP_PAUSE_MS_MAX);
    assert_eq!(pause_ms(day_ms, 4, true), SWEEP_PAUSE_MS_MIN);
    assert_eq!(
        pause_ms(2_000, 4, false),
        125,
        "a quarter of the TTL for all four"
    );
    assert_eq!(pause_ms(1, 1000, false), SWEEP_PAUSE_MS_MIN);
    assert_eq!(pause_ms(400, 0, false), 100, "a table smaller than a step");
}

fn swept(guard: &Guard) -> bool {
    guard.gauges().completed == 0
}

// N-24, N-42
fn the_thread_sweeps_when_woken_and_ends_when_dropped() {
    let (guard, clock) = small();
    let guard = Arc::new(guard);
    let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
    for _ in 0..3 {
        for number in 1..=20 {
            run(&guard, &[number], b"done");
        }
        clock.advance_ms(TTL_MS);
        sweeper.wake();
        wait_until(PATIENCE, || swept(&guard));
    }
    sweeper.stop();
    run(&guard, b"k", b"done");
    assert_eq!(guard.gauges().completed, 1);
}

// N-24: at its own pace, a step a second, this sweep would take half a minute.
fn a_wish_hurries_a_long_sweep() {
    let steps = 32;
    let shape = TableShape {
        buckets_initial: steps * SWEEP_STEP_BUCKETS,
        page_buckets: 1,
    };
    let ttl_ms = 4 * SWEEP_PAUSE_MS_MAX * steps as u64;
    let (guard, clock) = with(GuardConfig {
        ttl_ms,
        shape,
        ..config()
    });
    for number in 1..=20 {
        run(&guard, &[number], b"done");
    }
    clock.advance_ms(ttl_ms);
    let guard = Arc::new(guard);
    let sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
    sweeper.wake();
    wait_until(PATIENCE, || swept(&guard));
}

fn a_dropped_sweeper_lets_go_of_the_guard() {
    let guard = Arc::new(small().0);
    drop(Sweeper::start(Arc::clone(&guard), drop).expect("a thread"));
    assert_eq!(Arc::strong_count(&guard), 1, "the thread has ended");
}

// N-42: nobody wakes it.
fn the_thread_keeps_up_with_a_short_ttl_by_itself() {
    let guard = Arc::new(Guard::new(
        GuardConfig {
            ttl_ms: 20,
            shape: SMALLEST,
            ..config()
        },
        Clock::system(),
    ));
    let _sweeper = Sweeper::start(Arc::clone(&guard), drop).expect("a thread");
    for number in 1..=50 {
        run(&guard, &[number], b"done");
    }
    wait_until(PATIENCE, || swept(&guard));
}

// N-43
fn fullness_is_warned_of_once_each_time_it_comes() {
    let (guard, clock) = with(GuardConfig {
        keys_max: 10,
        ..config()
    });
    let guard = Arc::new(guard);
    let (told, warnings) = mpsc::channel();
    let warn = move |percent| {
        let _ = told.send(percent); // nobody listens once the test is over
    };
    let sweeper = Sweeper::start(Arc::clone(&guard), warn).expect("a thread");
    let fill = || {
        for number in 1..=9 {
            run(&guard, &[number], b"done");
        }
        sweeper.wake();
    };
    let pass = |ms, left| {
        clock.advance_ms(ms);
        sweeper.wake();
        wait_until(PATIENCE, || guard.gauges().completed == left);
    };
    run(&guard, b"old", b"done");
    clock.advance_ms(TTL_MS / 2);
    fill();
    let percent = warnings.recv_timeout(Duration::from_secs(10));
    assert!(percent.is_ok_and(|percent| (FULL_WARNING_PERCENT..=100).contains(&percent)));
    pass(TTL_MS / 2, 9); // at 90 % it looks again, and once more when all is gone
    pass(TTL_MS, 0);
    assert!(warnings.try_recv().is_err(), "warned of twice");
    // The thread may not have looked while it was empty; then it is not told of as new, so again.
    wait_until(PATIENCE, || {
        fill();
        let warned = warnings.recv_timeout(Duration::from_millis(50)).is_ok();
        pass(TTL_MS, 0);
        warned
    });
}
