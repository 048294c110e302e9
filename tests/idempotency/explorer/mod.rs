//! The explorer: plays every order in which a few threads can come through the engine's named points and locks.
//!
//! A race is two steps in an order that nobody thought of. Threads that run freely may not show it in a year; so here they
//! do not run freely. A play is a scene, an act for each of a few threads, and what must hold whatever happens. The threads
//! are real ones, but a baton lets one at a time run, to its next stop: a `Point` of the engine, or a lock (baton.rs). Who
//! goes on from there is a choice, and a search goes through all choices (search.rs), leaving out the orders that cannot
//! end otherwise than one that was played (footprint.rs). A schedule that fails is printed step by step, and can be played
//! again by its number or by its name (schedule.rs).
//!
//! What that proves, and what not: between two stops a thread runs alone, so an order of single loads and stores within a
//! step is not explored, nor are weaker memory orders: x86 and the storms have those.

mod baton;
mod claims;
pub mod command;
mod footprint;
mod plays;
mod schedule;
mod search;
pub mod seeded;

pub use baton::Baton;
pub use claims::TESTS;
pub use footprint::Footprint;
pub use schedule::{Name, Step, threads_of};
pub use search::{THREADS_MAX, Way};

use baton::{Standing, Turn};
use schedule::{Stop, Table, letter};
use search::Search;
use std::fmt::{self, Display, Formatter};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Steps of one schedule at most; one that is longer would perhaps never end.
pub const STEPS_MAX: usize = 400;

/// What one thread does.
pub type Act<S> = (&'static str, fn(&S));

/// What is staged anew for each schedule: a scene around the baton's points, what each thread does to it, and what must
/// hold at the end whatever the schedule was.
pub struct Play<S> {
    pub name: String,
    pub stage: Box<dyn Fn(Baton) -> S + Send + Sync>,
    pub acts: Vec<Act<S>>,
    pub verify: fn(&S),
    /// Whether footprint.rs knows what its steps touch: its acts use the engine, and announce what else they do. Of other
    /// plays every schedule is a class of its own.
    pub steps_are_known: bool,
}

/// A play, whatever its scene is made of.
pub trait Playable: Send + Sync {
    fn name(&self) -> &str;
    fn callers(&self) -> usize;
    /// As `Play::explore_each`, without the scene.
    ///
    /// # Errors
    /// The schedule that failed, or at which `each` called a halt.
    fn run(
        &self,
        way: Way,
        each: &(dyn Fn(u64, &[Step]) -> ControlFlow<()> + Sync),
    ) -> Result<Report, Box<Shown>>;
}

/// All schedules that were asked for have been played, and none failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    pub schedules: u64,
    /// Of a class that was played before, which was seen on the way (search.rs).
    pub repeats: u64,
    pub took: Duration,
}

/// A schedule that failed, or that was asked for.
#[derive(Debug)]
pub struct Shown {
    pub play: String,
    pub acts: Vec<&'static str>,
    /// Its place among the schedules of this search, if that can be found again.
    pub number: Option<u64>,
    pub steps: Vec<Step>,
    /// Those that had not ended, and where they stood.
    pub standing: Vec<(usize, Stop)>,
    pub fault: Option<String>,
}

/// The typed half of a play under way; the baton is the other.
struct Stage<'p, S, F> {
    play: &'p Play<S>,
    baton: Baton,
    each: F,
    /// Locked for a look or a change, never during a step.
    now: Mutex<Now<S>>,
}

struct Now<S> {
    scene: Option<Arc<S>>,
    shown: Option<Box<Shown>>,
}

/// Does something with each of them, as many at a time as there are cores. A play's own threads run one at a time, so there
/// is room for another play.
pub fn side_by_side<T: Sync>(all: &[T], each: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                // Relaxed: the number is all that is shared through it.
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(one);
                }
            });
        }
    });
}

impl<S: Send + Sync> Play<S> {
    /// Plays the schedules.
    ///
    /// # Errors
    /// The first schedule that fails.
    pub fn explore(&self, way: Way) -> Result<Report, Box<Shown>> {
        self.explore_each(way, |_, _, _| ControlFlow::Continue(()))
    }

    /// As `explore`; `each` sees the number, the steps and the scene of each schedule that ended well, repeats left out,
    /// and may call a halt: then this schedule is what is returned.
    pub fn explore_each(
        &self,
        way: Way,
        each: impl Fn(u64, &[Step], &S) -> ControlFlow<()> + Sync,
    ) -> Result<Report, Box<Shown>> {
        assert!(
            (1..=THREADS_MAX).contains(&self.acts.len()),
            "{}",
            self.name
        );
        let way = match way {
            Way::Classes if !self.steps_are_known => Way::All,
            way => way,
        };
        let begin = Instant::now();
        let stage = Stage {
            play: self,
            baton: Baton::new(Search::new(way)),
            each,
            now: Mutex::new(Now {
                scene: None,
                shown: None,
            }),
        };
        stage.set(); // a scene that cannot be staged fails here
        thread::scope(|scope| {
            let stage = &stage;
            let threads = (0..self.acts.len()).map(|number| {
                let thread = scope.spawn(move || stage.live(number));
                thread.thread().clone()
            });
            stage.baton.know(threads.collect());
            stage.baton.begin(self.acts.len());
        });
        let mut now = stage.now();
        if let Some(shown) = now.shown.take() {
            return Err(shown);
        }
        let standing = stage.baton.standing();
        Ok(Report {
            schedules: standing.search.played,
            repeats: standing.search.repeats,
            took: begin.elapsed(),
        })
    }
}

impl<S: Send + Sync> Playable for Play<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn callers(&self) -> usize {
        self.acts.len()
    }

    fn run(
        &self,
        way: Way,
        each: &(dyn Fn(u64, &[Step]) -> ControlFlow<()> + Sync),
    ) -> Result<Report, Box<Shown>> {
        self.explore_each(way, |number, steps, _| each(number, steps))
    }
}

impl<S: Send + Sync, F: Fn(u64, &[Step], &S) -> ControlFlow<()> + Sync> Stage<'_, S, F> {
    /// A thread's life, from schedule to schedule.
    fn live(&self, number: usize) {
        Baton::enter(Some(number));
        let act = self.play.acts[number].1;
        loop {
            let outcome = match self.baton.await_act(number) {
                Turn::Act => {
                    let scene = self.now().scene.clone();
                    let scene = scene.expect("a scene is staged before the first turn");
                    panic::catch_unwind(AssertUnwindSafe(|| act(&scene)))
                }
                Turn::NoAct => Ok(()),
                Turn::Leave => return,
            };
            if self.baton.ended(number, outcome) {
                Baton::enter(None);
                self.curtain();
                Baton::enter(Some(number));
            }
        }
    }

    fn set(&self) {
        let scene = (self.play.stage)(self.baton.clone());
        self.now().scene = Some(Arc::new(scene));
    }

    /// The last thread looks at what the schedule has left behind, and begins the next.
    fn curtain(&self) {
        let scene = self.now().scene.take();
        let scene = scene.expect("it was staged for this schedule");
        let mut standing = self.baton.standing();
        let number = standing.search.played + 1;
        let mut fault = standing.fault.take();
        let mut halt = ControlFlow::Continue(());
        if fault.is_none() {
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
                (self.play.verify)(&scene);
                if !standing.search.is_repeat() {
                    halt = (self.each)(number, &standing.steps, &scene);
                }
            }));
            fault = outcome.err().map(|panic| baton::said(&*panic));
        }
        drop(scene);
        let mut now = self.now();
        if fault.is_some() || halt.is_break() {
            now.shown = Some(self.shown(&standing, fault));
        } else if standing.search.next() {
            drop((now, standing));
            match panic::catch_unwind(AssertUnwindSafe(|| self.set())) {
                Ok(()) => return self.baton.begin(self.play.acts.len()),
                Err(panic) => {
                    let fault = format!("the scene: {}", baton::said(&*panic));
                    self.now().shown = Some(self.shown(&self.baton.standing(), Some(fault)));
                }
            }
        }
        self.baton.leave();
    }

    fn shown(&self, standing: &Standing, fault: Option<String>) -> Box<Shown> {
        let stops = standing.stops.into_iter().enumerate();
        Box::new(Shown {
            play: self.play.name.clone(),
            acts: self.play.acts.iter().map(|(name, _)| *name).collect(),
            number: standing.search.number(),
            steps: standing.steps.clone(),
            standing: stops
                .take(self.play.acts.len())
                .filter(|(_, stop)| *stop != Stop::End)
                .collect(),
            fault,
        })
    }

    fn now(&self) -> MutexGuard<'_, Now<S>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Display for Shown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}, schedule ", self.play)?;
        if let Some(number) = self.number {
            write!(f, "{number}, ")?;
        }
        writeln!(f, "{}", Name(&self.steps))?;
        let table = Table {
            steps: &self.steps,
            acts: &self.acts,
        };
        write!(f, "{table}")?;
        for (thread, stop) in &self.standing {
            writeln!(
                f,
                "      {} {} stands at: {stop}",
                letter(*thread),
                self.acts[*thread]
            )?;
        }
        match &self.fault {
            Some(fault) => write!(f, "fails: {fault}"),
            None => write!(f, "holds"),
        }
    }
}
