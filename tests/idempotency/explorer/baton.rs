//! The baton: threads of which one at a time runs, from one stop to the next. Whoever comes to a stop chooses who goes on,
//! mostly itself, and then nothing changes hands.
//!
//! Invariant: between a schedule's first step and its last, exactly one thread is not waiting for its turn. So everything
//! behind `standing` is locked without a wait, and what one thread did happens before what the next one does.
//! A thread is known by a number of its own; those that have none, the one that stages and verifies among them, pass all
//! points and wait for locks as anybody does.

use super::STEPS_MAX;
use super::footprint::Footprint;
use super::schedule::{Step, Stop};
use super::search::{Choice, Search, THREADS_MAX};
use nanoserve::idempotency::points::{Lock, Point, Points};
use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

#[derive(Clone)]
pub struct Baton(Arc<Shared>);

struct Shared {
    /// Whose turn it is, or one of the words below.
    turn: AtomicUsize,
    standing: Mutex<Standing>,
    threads: OnceLock<Vec<Thread>>,
}

/// Nobody's turn: the schedule has failed, and who stands at a stop unwinds.
const ABANDONED: usize = usize::MAX;
/// Nobody's turn: there are no more schedules.
const LEAVE: usize = usize::MAX - 1;

/// Before the first schedule.
const NOBODY: usize = usize::MAX - 2;

const DEADLOCK: &str = "deadlock: all who have not ended wait for one another";

/// How often a thread that waits for its turn lets others run before it sleeps: most turns come back soon.
const YIELDS: usize = 10;

/// What an abandoned thread unwinds with.
struct Abandoned;

pub struct Standing {
    pub search: Search,
    /// The steps of the running schedule.
    pub steps: Vec<Step>,
    /// Where each thread stands, or stood before its present step.
    pub stops: [Stop; THREADS_MAX],
    /// Why the running schedule fails.
    pub fault: Option<String>,
    alive: u8,
    /// What the present step has taken.
    took: Option<Lock>,
    /// What the present step's act said that it touches.
    announced: Footprint,
    /// What each thread's last step took: a split stands between its two locks with the first in its hand.
    held: [Option<Lock>; THREADS_MAX],
}

thread_local! {
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    /// The lock that comes next is the one that the point was named for: no stop of its own.
    static AT_THE_LOCK: Cell<bool> = const { Cell::new(false) };
    static STUCK_AT: Cell<Option<Point>> = const { Cell::new(None) };
}

impl Points for Baton {
    fn at(&self, point: Point) {
        if STUCK_AT.get() == Some(point) {
            panic::resume_unwind(Box::new(Abandoned));
        }
        if point == Point::CountDoubled {
            // Not a stop, or there would be one between a claim and its answer; but few steps write the count, and it is
            // good to know which.
            self.touches(Footprint::DOUBLES);
        } else if let Some(number) = NUMBER.get() {
            self.stop(number, Stop::At(point));
            AT_THE_LOCK.set(matches!(
                point,
                Point::CountLoaded | Point::BeforeSweepUnlink | Point::BetweenSplitLocks
            ));
        }
    }

    fn take<L>(&self, lock: Lock, attempt: impl Fn() -> Option<L>, wait: impl FnOnce() -> L) -> L {
        let taken = NUMBER.get().and_then(|number| {
            self.pass(number, Stop::Lock(lock), Footprint::of_lock(lock), attempt)
        });
        taken.unwrap_or_else(wait)
    }
}

/// What a thread of a play is to do.
pub enum Turn {
    Act,
    /// The schedule was abandoned before the act began.
    NoAct,
    Leave,
}

impl Baton {
    pub fn new(search: Search) -> Baton {
        Baton(Arc::new(Shared {
            turn: AtomicUsize::new(NOBODY),
            standing: Mutex::new(Standing {
                search,
                steps: Vec::with_capacity(STEPS_MAX),
                stops: [Stop::Start; THREADS_MAX],
                fault: None,
                alive: 0,
                took: None,
                announced: Footprint::default(),
                held: [None; THREADS_MAX],
            }),
            threads: OnceLock::new(),
        }))
    }

    /// The calling thread's number in its play.
    pub fn number() -> Option<usize> {
        NUMBER.get()
    }

    /// For the making of scenes: begins what never gets on from this point, as if its thread were held up for ever.
    pub fn stuck_at(point: Point, begun: impl FnOnce()) {
        STUCK_AT.set(Some(point));
        let outcome = panic::catch_unwind(AssertUnwindSafe(begun));
        STUCK_AT.set(None);
        assert!(outcome.is_err(), "never comes to {point:?}");
    }

    /// What an act does beside the engine's calls, it says; else its steps would seem to commute with others'.
    pub fn touches(&self, footprint: Footprint) {
        if NUMBER.get().is_some() {
            let mut standing = self.standing();
            standing.announced = standing.announced.and(footprint);
        }
    }

    /// Stands here until others have made it ready; `looks` is what it looks at for that.
    pub fn until<T>(
        &self,
        what: &'static str,
        looks: Footprint,
        ready: impl Fn() -> Option<T>,
    ) -> T {
        AT_THE_LOCK.set(false);
        let passed = NUMBER
            .get()
            .and_then(|number| self.pass(number, Stop::Until(what), looks, &ready));
        passed
            .or_else(ready)
            .unwrap_or_else(|| panic!("nobody is there who could bring about: {what}"))
    }

    /// A stop of the act's own: time passes, and nothing is done.
    pub fn pause(&self, what: &'static str) {
        if let Some(number) = NUMBER.get() {
            self.stop(number, Stop::Until(what));
        }
    }

    /// Comes to a stop, and goes on when it is this thread's turn again. False where the schedule is abandoned and this
    /// thread is unwinding already, so that it can only go on.
    fn stop(&self, number: usize, at: Stop) -> bool {
        if self.is_abandoned() {
            return unwind();
        }
        let mut standing = self.standing();
        standing.arrive(number, at);
        let choice = standing.choose(Some(number));
        self.give(number, standing, choice)
    }

    /// A stop with a condition.
    fn pass<L>(
        &self,
        number: usize,
        stop: Stop,
        touches: Footprint,
        attempt: impl Fn() -> Option<L>,
    ) -> Option<L> {
        if !(AT_THE_LOCK.take() || self.stop(number, stop)) {
            return None;
        }
        while !self.is_abandoned() {
            let taken = attempt();
            let mut standing = self.standing();
            if taken.is_some() {
                match stop {
                    Stop::Lock(lock) => standing.took = Some(lock),
                    _ => standing.announced = touches,
                }
                return taken;
            }
            standing.stops[number] = stop;
            let choice = standing.search.refused(touches);
            self.give(number, standing, choice);
        }
        unwind();
        None
    }

    /// Gives the turn on as chosen, and waits for the next one.
    fn give(&self, number: usize, mut standing: MutexGuard<'_, Standing>, choice: Choice) -> bool {
        match choice {
            Choice::GoOn(next) if standing.fault.is_none() => {
                drop(standing);
                if next == number {
                    return true;
                }
                self.hand_to(next);
            }
            _ => {
                standing.fault.get_or_insert_with(|| DEADLOCK.into());
                drop(standing);
                self.abandon();
            }
        }
        self.await_turn(number) != ABANDONED || unwind()
    }

    /// The next schedule begins.
    pub fn begin(&self, threads: usize) {
        let mut standing = self.standing();
        standing.steps.clear();
        standing.stops = [Stop::Start; THREADS_MAX];
        standing.alive = (1 << threads) - 1;
        let choice = standing.choose(None);
        drop(standing);
        if let Choice::GoOn(first) = choice {
            self.hand_to(first);
        }
    }

    /// The calling thread's number from now on.
    pub fn enter(number: Option<usize>) {
        NUMBER.set(number);
    }

    /// The handles of all threads, before the first schedule.
    pub fn know(&self, threads: Vec<Thread>) {
        assert!(self.0.threads.set(threads).is_ok(), "one play, one baton");
    }

    /// Waits for the first turn in a schedule.
    pub fn await_act(&self, number: usize) -> Turn {
        AT_THE_LOCK.set(false);
        match self.await_turn(number) {
            ABANDONED if self.standing().alive >> number & 1 == 1 => Turn::NoAct,
            ABANDONED | LEAVE => Turn::Leave,
            _ => Turn::Act,
        }
    }

    /// A thread's act has ended, well or not; true where it was the last one's.
    pub fn ended(&self, number: usize, outcome: thread::Result<()>) -> bool {
        let mut standing = self.standing();
        if let Err(panic) = outcome
            && !panic.is::<Abandoned>()
        {
            standing.fault.get_or_insert_with(|| said(&*panic));
        }
        standing.alive &= !(1 << number);
        if !self.is_abandoned() {
            standing.arrive(number, Stop::End);
        }
        if standing.alive == 0 {
            return true;
        }
        if self.is_abandoned() {
            return false;
        }
        match standing.choose(Some(number)) {
            Choice::GoOn(next) if standing.fault.is_none() => {
                drop(standing);
                self.hand_to(next);
            }
            _ => {
                standing.fault.get_or_insert_with(|| DEADLOCK.into());
                drop(standing);
                self.abandon();
            }
        }
        false
    }

    /// No schedule is left.
    pub fn leave(&self) {
        self.tell_all(LEAVE);
    }

    pub fn standing(&self) -> MutexGuard<'_, Standing> {
        self.0
            .standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn is_abandoned(&self) -> bool {
        self.0.turn.load(Ordering::Acquire) == ABANDONED
    }

    fn abandon(&self) {
        self.tell_all(ABANDONED);
    }

    fn tell_all(&self, word: usize) {
        self.0.turn.store(word, Ordering::Release);
        self.0.threads.wait().iter().for_each(Thread::unpark);
    }

    fn hand_to(&self, next: usize) {
        self.0.turn.store(next, Ordering::Release);
        self.0.threads.wait()[next].unpark();
    }

    /// Returns whose turn it is: this thread's, or nobody's.
    fn await_turn(&self, number: usize) -> usize {
        let mut looks = 0;
        loop {
            let turn = self.0.turn.load(Ordering::Acquire);
            if turn == number || turn >= LEAVE {
                return turn;
            }
            looks += 1;
            if looks <= YIELDS {
                thread::yield_now();
            } else {
                thread::park(); // who hands the turn over unparks, and that is remembered if it comes first
            }
        }
    }
}

impl Standing {
    /// Writes down the step that ends here.
    fn arrive(&mut self, thread: usize, to: Stop) {
        let from = std::mem::replace(&mut self.stops[thread], to);
        let took = self.took.take();
        let held = std::mem::replace(&mut self.held[thread], took);
        let held = held.filter(|_| from == Stop::At(Point::BetweenSplitLocks));
        let locks = [took, held];
        let announced = std::mem::take(&mut self.announced);
        let footprint = Footprint::of_step(from, locks, to).and(announced);
        self.search.did(footprint);
        self.steps.push(Step {
            thread,
            from,
            took,
            to,
            footprint,
        });
        if self.steps.len() == STEPS_MAX {
            self.fault = Some(format!("no end after {STEPS_MAX} steps"));
        }
    }

    fn choose(&mut self, current: Option<usize>) -> Choice {
        self.search.choose(self.alive, current)
    }
}

/// Ends an abandoned thread's act, unless it is unwinding already. A panic's own words, without the hook's.
fn unwind() -> bool {
    if !thread::panicking() {
        panic::resume_unwind(Box::new(Abandoned));
    }
    false
}

pub fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").into()
}
