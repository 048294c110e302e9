//! Claims about src/server/task_queue.rs: who is called for what, and that nothing waits for ever.

use crate::harness::{Test, wait_until};
use nanoserve::clock::Clock;
use nanoserve::limits::{REFUSED_KEEP_MS, REFUSED_RING_MAX, TASK_QUEUE_MAX};
use nanoserve::server::run_queue::Resting;
use nanoserve::server::task_queue::{Task, TaskQueue};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

pub const TESTS: &[Test] = &[
    (
        "arrivals_are_bounded_and_come_in_order",
        arrivals_are_bounded_and_come_in_order,
    ),
    (
        "a_closed_queue_refuses_and_ends_every_wait",
        a_closed_queue_refuses_and_ends_every_wait,
    ),
    (
        "arrivals_and_visits_take_turns",
        arrivals_and_visits_take_turns,
    ),
    (
        "a_refused_socket_is_kept_a_second_or_until_pushed_out",
        a_refused_socket_is_kept_a_second_or_until_pushed_out,
    ),
    (
        "only_idle_connections_are_asked_to_give_way",
        only_idle_connections_are_asked_to_give_way,
    ),
    (
        "every_connection_is_visited_by_one_worker_at_a_time",
        every_connection_is_visited_by_one_worker_at_a_time,
    ),
    (
        "slow_tasks_that_come_together_are_taken_together",
        slow_tasks_that_come_together_are_taken_together,
    ),
    (
        "workers_stuck_in_handlers_do_not_hold_up_the_others",
        workers_stuck_in_handlers_do_not_hold_up_the_others,
    ),
    (
        "a_slow_visit_does_not_leave_the_others_to_a_late_watch",
        a_slow_visit_does_not_leave_the_others_to_a_late_watch,
    ),
];

type Queue = TaskQueue<u64, u64>;

const PATIENCE: Duration = Duration::from_secs(10);

// N-1
fn arrivals_are_bounded_and_come_in_order() {
    let queue = Queue::new(1, 1);
    for n in 0..TASK_QUEUE_MAX as u64 {
        assert_eq!(queue.push(n, 0), Ok(()));
    }
    assert_eq!(queue.push(7_777, 0), Err(7_777));
    assert_eq!(queue.arrived(), TASK_QUEUE_MAX);
    let clock = Clock::manual(1);
    for n in 0..TASK_QUEUE_MAX as u64 {
        assert!(matches!(queue.next(&clock), Some(Task::Arrived(found)) if found == n));
    }
}

fn a_closed_queue_refuses_and_ends_every_wait() {
    let queue = Queue::new(4, 2);
    let clock = Clock::system();
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert!(queue.next(&clock).is_none());
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }
        queue.close();
    });
    assert_eq!(ended.load(Ordering::Relaxed), 4);
    assert_eq!(queue.push(1, 0), Err(1));
}

fn arrivals_and_visits_take_turns() {
    let queue = Queue::new(1, 1);
    let clock = Clock::manual(1_000);
    for n in 0..10 {
        queue.rest(
            Resting {
                connection: n,
                progress_us: clock.now_us(),
                idle: true,
            },
            clock.now_us(),
        );
        queue.push(n, 0).expect("there is room");
    }
    clock.advance_ms(1);
    let first_ten = (0..10)
        .filter(|_| matches!(queue.next(&clock), Some(Task::Visit(_))))
        .count();
    assert_eq!(first_ten, 5);
}

/// Says when it is dropped: a socket that is closed.
struct Socket(Arc<AtomicUsize>);

impl Drop for Socket {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

// N-1
fn a_refused_socket_is_kept_a_second_or_until_pushed_out() {
    let queue: TaskQueue<Socket, u64> = TaskQueue::new(1, 1);
    let (closed, clock) = (Arc::new(AtomicUsize::new(0)), Clock::manual(5_000));
    for _ in 0..REFUSED_RING_MAX {
        queue.keep_refused(Socket(Arc::clone(&closed)), clock.now_us());
    }
    assert_eq!(closed.load(Ordering::Relaxed), 0);
    queue.keep_refused(Socket(Arc::clone(&closed)), clock.now_us());
    assert_eq!(closed.load(Ordering::Relaxed), 1);
    let visit = |id| {
        queue.rest(
            Resting {
                connection: id,
                progress_us: clock.now_us(),
                idle: true,
            },
            clock.now_us() - 1_000,
        );
        assert!(matches!(queue.next(&clock), Some(Task::Visit(found)) if found == id));
    };
    clock.advance_ms(REFUSED_KEEP_MS - 1);
    visit(1);
    assert_eq!(closed.load(Ordering::Relaxed), 1);
    clock.advance_ms(1);
    visit(2);
    assert_eq!(closed.load(Ordering::Relaxed), REFUSED_RING_MAX + 1);
}

// N-53
fn only_idle_connections_are_asked_to_give_way() {
    let queue = Queue::new(1, 1);
    let clock = Clock::manual(1_000);
    assert!(!queue.ask_to_give_way());
    for (id, idle) in [(1, false), (2, true), (3, true)] {
        queue.rest(
            Resting {
                connection: id,
                progress_us: id,
                idle,
            },
            clock.now_us(),
        );
    }
    assert!(queue.ask_to_give_way() && queue.ask_to_give_way());
    assert!(!queue.ask_to_give_way(), "two idle ones were asked already");
    assert!(matches!(queue.next(&clock), Some(Task::GiveWay(2))));
    assert!(matches!(queue.next(&clock), Some(Task::GiveWay(3))));
}

fn every_connection_is_visited_by_one_worker_at_a_time() {
    const CONNECTIONS: usize = 50;
    let queue = Queue::new(8, 2);
    let clock = Clock::system();
    let held: Vec<AtomicBool> = (0..CONNECTIONS).map(|_| AtomicBool::new(false)).collect();
    let visits: Vec<AtomicUsize> = (0..CONNECTIONS).map(|_| AtomicUsize::new(0)).collect();
    for id in 0..CONNECTIONS as u64 {
        queue.push(id, 0).expect("there is room");
    }
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some(Task::Arrived(id) | Task::Visit(id) | Task::GiveWay(id)) =
                    queue.next(&clock)
                {
                    let place = usize::try_from(id).expect("ids are small");
                    assert!(
                        !held[place].swap(true, Ordering::AcqRel),
                        "two workers hold {id}"
                    );
                    visits[place].fetch_add(1, Ordering::Relaxed);
                    held[place].store(false, Ordering::Release);
                    let now_us = clock.now_us();
                    queue.rest(
                        Resting {
                            connection: id,
                            progress_us: now_us,
                            idle: true,
                        },
                        now_us,
                    );
                }
            });
        }
        wait_until(PATIENCE, || {
            visits
                .iter()
                .all(|count| count.load(Ordering::Relaxed) >= 200)
        });
        queue.close();
    });
    assert_eq!(queue.resting().0, 0, "a closed queue keeps nothing");
}

// N-24: as long as one worker is free, arrivals and visits go on
fn workers_stuck_in_handlers_do_not_hold_up_the_others() {
    const STUCK: u64 = 1_000;
    let queue = Queue::new(6, 2);
    let clock = Clock::system();
    let release = AtomicBool::new(false);
    let stuck = AtomicUsize::new(0);
    let served = Mutex::new(Vec::new());
    for id in 0..5 {
        queue.push(STUCK + id, 0).expect("there is room");
    }
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(Task::Arrived(id) | Task::Visit(id) | Task::GiveWay(id)) =
                    queue.next(&clock)
                {
                    if id >= STUCK {
                        stuck.fetch_add(1, Ordering::Relaxed);
                        wait_until(PATIENCE, || release.load(Ordering::Relaxed));
                        continue;
                    }
                    served
                        .lock()
                        .expect("no test panics with this lock")
                        .push(id);
                    let now_us = clock.now_us();
                    queue.rest(
                        Resting {
                            connection: id,
                            progress_us: now_us,
                            idle: true,
                        },
                        now_us,
                    );
                }
            });
        }
        wait_until(PATIENCE, || stuck.load(Ordering::Relaxed) == 5);
        queue.push(1, 0).expect("there is room");
        queue.push(2, 0).expect("there is room");
        let visits = |id| {
            served
                .lock()
                .expect("no test panics with this lock")
                .iter()
                .filter(|&&n| n == id)
                .count()
        };
        wait_until(PATIENCE, || visits(1) > 100 && visits(2) > 100);
        release.store(true, Ordering::Relaxed);
        queue.close();
    });
}

// N-2: no task waits behind another's handler while a worker is free
fn slow_tasks_that_come_together_are_taken_together() {
    let queue = Queue::new(16, 2);
    let clock = Clock::system();
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while queue.next(&clock).is_some() {
                    inside.fetch_add(1, Ordering::Relaxed);
                    wait_until(PATIENCE, || inside.load(Ordering::Relaxed) == 16);
                }
            });
        }
        for n in 0..16 {
            queue.push(n, clock.now_us()).expect("there is room");
        }
        wait_until(PATIENCE, || inside.load(Ordering::Relaxed) == 16);
        queue.close();
    });
}

// scheduler.md: a slow handler delays nobody else by more than about a millisecond
fn a_slow_visit_does_not_leave_the_others_to_a_late_watch() {
    const QUIET: u64 = 0;
    const SLOW: u64 = 1;
    const BUSY: u64 = 2;
    const HOUR_US: u64 = 3_600_000_000;
    let queue = Queue::new(3, 1);
    let clock = Clock::manual(10_000_000);
    // The longer it was quiet, the longer the pause: they never wait in one line.
    let rest = |connection: u64, quiet_us: u64, at_us: u64| {
        let (progress_us, idle) = (at_us - quiet_us, false);
        let resting = Resting {
            connection,
            progress_us,
            idle,
        };
        queue.rest(resting, at_us);
    };
    let visited = AtomicUsize::new(0);
    let rest_slow = || rest(SLOW, 1_000_000, clock.now_us() - 100_000); // its visit is due
    rest(QUIET, 10_000, clock.now_us() + HOUR_US);
    thread::scope(|scope| {
        let closes = Closes(&queue);
        // Of these two one is on the watch, until the quiet connection is due, and one in reserve.
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(task) = queue.next(&clock) {
                    if matches!(task, Task::Visit(SLOW)) {
                        rest_slow(); // it is the third worker's
                    } else {
                        visited.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        for round in 0..50 {
            // This thread is the third worker: it lays one connection to rest and leaves with another, for long.
            rest_slow();
            rest(BUSY, 0, clock.now_us());
            while !matches!(queue.next(&clock), Some(Task::Visit(SLOW))) {}
            clock.advance_ms(5);
            wait_until(PATIENCE, || visited.load(Ordering::SeqCst) > round);
        }
        drop(closes);
    });
}

/// Closes the queue also where a test fails, so that its threads end.
struct Closes<'a>(&'a Queue);

impl Drop for Closes<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
