//! Every interleaving of two callers at the named points (baton.rs), and drawn ones of three.

use crate::idempotency::baton::{Baton, Play};
use crate::idempotency::scene::{Numbers, TTL_MS, admit, answer, config, execute, run, seen};
use nanoserve::clock::Clock;
use nanoserve::idempotency::guard::{Admission, Guard};
use nanoserve::idempotency::sweeper::Sweep;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Scene {
    guard: Guard<Baton>,
    clock: Clock,
    runs: AtomicUsize,
}

fn new(baton: Baton) -> Scene {
    let clock = Clock::manual(0);
    Scene {
        guard: Guard::with_points(config(), clock.clone(), baton),
        clock,
        runs: AtomicUsize::new(0),
    }
}

/// The key has run, and its TTL is over.
fn expired(baton: Baton) -> Scene {
    let scene = new(baton);
    run(&scene.guard, b"k", b"old");
    scene.clock.advance_ms(TTL_MS);
    scene
}

fn attempt(scene: &Scene) {
    if let Admission::Execute(ticket) = admit(&scene.guard, b"k") {
        scene.runs.fetch_add(1, Ordering::SeqCst);
        ticket.complete(answer(201, b"done"));
    }
}

fn sweep(scene: &Scene) {
    scene.guard.sweep_step(&mut Sweep::default(), 1000);
}

fn ran_once(scene: &Scene) {
    assert_eq!(scene.runs.load(Ordering::SeqCst), 1);
    assert_eq!(seen(&scene.guard, b"k"), "Replay done");
    charges_are_even(scene);
}

fn charges_are_even(scene: &Scene) {
    assert_eq!(scene.guard.gauges().pending, 0);
    scene.clock.advance_ms(TTL_MS);
    sweep(scene);
    let gauges = scene.guard.gauges();
    assert_eq!((gauges.completed, gauges.bytes), (0, 0), "a charge is lost");
}

// N-4, N-20, N-22
pub(super) fn every_interleaving_of_two_callers_runs_a_new_key_once() {
    let play = Play {
        stage: new,
        acts: vec![attempt, attempt],
        verify: ran_once,
    };
    let played = play.all();
    assert!(played > 50, "{played} schedules");
}

// N-40
pub(super) fn every_interleaving_of_two_callers_runs_an_expired_key_once() {
    let play = Play {
        stage: expired,
        acts: vec![attempt, attempt],
        verify: ran_once,
    };
    let played = play.all();
    assert!(played > 50, "{played} schedules");
}

// N-30, N-34: one claims and releases, the other runs or is told that the first is in flight.
pub(super) fn every_interleaving_of_a_release_and_a_claim_loses_nothing() {
    let release = |scene: &Scene| {
        if let Admission::Execute(ticket) = admit(&scene.guard, b"k") {
            ticket.release();
        }
    };
    let verify = |scene: &Scene| {
        let runs = scene.runs.load(Ordering::SeqCst);
        assert_eq!(scene.guard.gauges().completed, runs, "of at most one");
        if runs == 1 {
            assert_eq!(seen(&scene.guard, b"k"), "Replay done");
        } else {
            execute(&scene.guard, b"k").release();
        }
        charges_are_even(scene);
    };
    let play = Play {
        stage: new,
        acts: vec![release, attempt],
        verify,
    };
    let played = play.all();
    assert!(played > 50, "{played} schedules");
}

// N-24, N-42
pub(super) fn every_interleaving_of_a_sweep_and_a_claim_runs_the_key_once() {
    let play = Play {
        stage: expired,
        acts: vec![sweep, attempt],
        verify: ran_once,
    };
    let played = play.all();
    assert!(played > 5, "{played} schedules");
    let play = Play {
        stage: expired,
        acts: vec![sweep, sweep],
        verify: charges_are_even,
    };
    let played = play.all();
    assert!(played > 2, "{played} schedules");
}

// N-22, N-30, N-40: three have too many interleavings to play them all.
pub(super) fn three_callers_in_drawn_interleavings_run_a_key_once() {
    let mut numbers = Numbers::fresh("three_callers_in_drawn_interleavings_run_a_key_once");
    for stage in [new, expired] {
        let play = Play {
            stage,
            acts: vec![attempt, attempt, attempt],
            verify: ran_once,
        };
        for _ in 0..300 {
            let mut schedule = Vec::new();
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                play.once(|choices| {
                    schedule.push(numbers.below(choices));
                    schedule[schedule.len() - 1]
                });
            }));
            assert!(outcome.is_ok(), "fails with the schedule {schedule:?}");
        }
    }
}
