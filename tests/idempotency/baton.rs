//! Every interleaving of a few threads at the named points.
//!
//! A baton lets one thread run at a time, from one point to the next; the choices are drawn by depth-first search or by
//! a generator. The one point inside a lock, between the two of a split, is passed by: a thread that stood there would
//! keep the lock from the one that runs. A schedule that fails is printed.

use nanoserve::idempotency::points::{Point, Points};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

#[derive(Clone, Default)]
pub struct Baton(Arc<(Mutex<Standing>, Condvar)>);

#[derive(Default)]
struct Standing {
    /// Who may run; none while the choice is being made.
    turn: Option<usize>,
    /// Who has not ended, by number.
    alive: Vec<bool>,
}

thread_local! {
    /// The number of a thread under the baton; others pass all points.
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Points for Baton {
    fn at(&self, point: Point) {
        if let Some(number) = NUMBER.get()
            && point != Point::BetweenSplitLocks
        {
            let mut standing = self.lock();
            standing.turn = None;
            self.0.1.notify_all();
            self.await_turn(standing, number);
        }
    }
}

impl Baton {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn await_turn(&self, standing: MutexGuard<'_, Standing>, number: usize) {
        let other = |standing: &mut Standing| standing.turn != Some(number);
        drop(self.0.1.wait_while(standing, other));
    }

    /// One thread's life under the baton: nothing before its first turn, and the turn given on at its end.
    fn live(&self, number: usize, act: impl FnOnce()) {
        NUMBER.set(Some(number));
        self.await_turn(self.lock(), number);
        // The turn is given on by a panic too, or the others would wait for ever; the scope hands the panic on.
        let outcome = panic::catch_unwind(AssertUnwindSafe(act));
        let mut standing = self.lock();
        standing.turn = None;
        standing.alive[number] = false;
        self.0.1.notify_all();
        drop(standing);
        if let Err(panic) = outcome {
            panic::resume_unwind(panic);
        }
    }

    /// Gives the baton out until all have ended; `choose` picks one of so many.
    fn conduct(&self, mut choose: impl FnMut(usize) -> usize) {
        let mut standing = self.lock();
        loop {
            let numbers: Vec<usize> = (0..standing.alive.len())
                .filter(|number| standing.alive[*number])
                .collect();
            if numbers.is_empty() {
                return;
            }
            standing.turn = Some(numbers[choose(numbers.len())]);
            self.0.1.notify_all();
            let running = |standing: &mut Standing| standing.turn.is_some();
            standing = self
                .0
                .1
                .wait_while(standing, running)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What is staged anew for each schedule: a scene around the baton's points, what each thread does to it, and what must
/// hold at the end whatever the schedule was.
pub struct Play<S> {
    pub stage: fn(Baton) -> S,
    pub acts: Vec<fn(&S)>,
    pub verify: fn(&S),
}

impl<S: Sync> Play<S> {
    /// Plays one schedule; `choose` picks one of so many threads that can go on.
    pub fn once(&self, choose: impl FnMut(usize) -> usize) {
        let baton = Baton::default();
        let scene = (self.stage)(baton.clone());
        baton.lock().alive = vec![true; self.acts.len()];
        thread::scope(|scope| {
            for (number, act) in self.acts.iter().enumerate() {
                let (baton, scene) = (&baton, &scene);
                scope.spawn(move || baton.live(number, || act(scene)));
            }
            baton.conduct(choose);
        });
        (self.verify)(&scene);
    }

    /// Plays all schedules, depth first; returns how many there were.
    pub fn all(&self) -> usize {
        let mut schedule: Vec<(usize, usize)> = Vec::new(); // what was chosen, of how many
        let mut played = 0;
        loop {
            let mut step = 0;
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                self.once(|choices| {
                    if step == schedule.len() {
                        schedule.push((0, choices));
                    }
                    step += 1;
                    schedule[step - 1].0
                });
            }));
            let chosen: Vec<usize> = schedule.iter().map(|(chosen, _)| *chosen).collect();
            assert!(outcome.is_ok(), "fails with the schedule {chosen:?}");
            played += 1;
            // The last choice that has another left is changed, and all after it are open again.
            while schedule
                .pop_if(|(chosen, choices)| *chosen + 1 == *choices)
                .is_some()
            {}
            match schedule.last_mut() {
                Some((chosen, _)) => *chosen += 1,
                None => return played,
            }
        }
    }
}
