//! Steps 1 and 2. The task queue: what workers do next. New connections come in at one end, bounded; connections between two
//! visits rest beside them (run_queue.rs) and are never refused, since each held its place when it was accepted.
//!
//! Who waits how: at most as many workers as there are cores are kept awake for visits that are due. One more, the watch,
//! sleeps until the next visit is due, or until it is `OVERDUE_US` late where enough workers are awake: then those have
//! been caught in slow handlers, and the watch takes the visit itself and calls the next worker to the watch. So a slow
//! handler delays nobody else by more than about a millisecond, and a busy server wakes no thread per request.
//!
//! No producer ever waits: the acceptor refuses (503) where another design would block, so there is no "not full" Condvar.
//! Invariant: while anything is queued or resting and not every worker is in a visit, someone is awake or on the watch.
//! Lock order: the queue's lock is taken alone; its holder calls nothing of ours but run_queue.rs.

use crate::clock::Clock;
use crate::limits::{LOOK_ON_US, OVERDUE_US, REFUSED_KEEP_MS, REFUSED_RING_MAX, TASK_QUEUE_MAX};
use crate::server::run_queue::{Resting, RunQueue};
use std::collections::VecDeque;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// What a worker is asked to do. `N` is a new connection, `C` one that has been visited before.
pub enum Task<N, C> {
    /// First visit. Bounded by `TASK_QUEUE_MAX`: past it the acceptor refuses.
    Arrived(N),
    /// Another visit. Never refused: its place is the connection's.
    Visit(C),
    /// Last visit unless a request is there: the connection is to give way (N-53).
    GiveWay(C),
}

/// The shared queue.
pub struct TaskQueue<N, C> {
    awake_max: usize,
    state: Mutex<State<N, C>>,
    watch: Condvar,
}

struct State<N, C> {
    /// New connections with the time at which they came.
    arrived: VecDeque<(u64, N)>,
    resting: RunQueue<C>,
    /// Refused sockets with the time at which they are let go; all are kept equally long, so the first is the first due.
    refused: VecDeque<(u64, N)>,
    give_way: usize,
    awake: usize,
    /// Workers that wait until they are called, the one that worked last on top: its stack, its caches and its arena of the
    /// allocator are still warm, and the others' memory stays untouched.
    reserve: Vec<Thread>,
    /// A worker was called from the reserve and has not woken yet; it will look at everything.
    called: bool,
    /// How often something was taken: every other time arrivals come first.
    taken: usize,
    /// When a connection that rests here last moved a byte.
    last_progress_us: u64,
    /// One worker looks again and again instead of waiting.
    looking: bool,
    /// Until when somebody is on the watch.
    watched_until_us: Option<u64>,
    closed: bool,
}

impl<N, C> TaskQueue<N, C> {
    /// A queue for `workers` workers, of which up to `awake_max` are kept awake for visits.
    pub fn new(workers: usize, awake_max: usize) -> TaskQueue<N, C> {
        TaskQueue {
            awake_max,
            state: Mutex::new(State {
                arrived: VecDeque::new(),
                resting: RunQueue::new(),
                refused: VecDeque::new(),
                give_way: 0,
                awake: workers,
                reserve: Vec::with_capacity(workers),
                called: false,
                taken: 0,
                last_progress_us: 0,
                looking: false,
                watched_until_us: None,
                closed: false,
            }),
            watch: Condvar::new(),
        }
    }

    /// Queues a new connection. Never waits.
    ///
    /// # Errors
    /// Gives it back when the queue is full or closed.
    pub fn push(&self, arrival: N, now_us: u64) -> Result<(), N> {
        let mut state = self.lock();
        if state.closed || state.arrived.len() >= TASK_QUEUE_MAX {
            return Err(arrival);
        }
        state.arrived.push_back((now_us, arrival));
        self.call_one(&mut state);
        Ok(())
    }

    /// Keeps a refused socket until its client has had time to read (N-1); the oldest goes when there are too many.
    pub fn keep_refused(&self, socket: N, now_us: u64) {
        let mut state = self.lock();
        let pushed_out = if state.refused.len() >= REFUSED_RING_MAX {
            state.refused.pop_front()
        } else {
            None
        };
        state
            .refused
            .push_back((now_us.saturating_add(REFUSED_KEEP_MS * 1000), socket));
        self.call_one(&mut state);
        drop(state);
        drop(pushed_out); // closing a socket is a system call: not under the lock
    }

    /// Asks for one idle connection to give way to a new one; false where none is left to ask.
    pub fn ask_to_give_way(&self) -> bool {
        let mut state = self.lock();
        if state.give_way >= state.resting.idle() {
            return false;
        }
        state.give_way += 1;
        self.call_one(&mut state);
        true
    }

    /// Lays a connection to rest until its next visit; once the queue is closed, for ever: it is dropped.
    pub fn rest(&self, resting: Resting<C>, now_us: u64) {
        let mut state = self.lock();
        if state.closed {
            drop(state); // before the connection, whose socket then closes
            return;
        }
        // Whoever calls this is a worker that asks for its next task at once, so nobody need be woken.
        state.last_progress_us = state.last_progress_us.max(resting.progress_us);
        state.resting.rest(resting, now_us);
    }

    /// The next task; waits for one. None once the queue is closed.
    pub fn next(&self, clock: &Clock) -> Option<Task<N, C>> {
        let mut state = self.lock();
        while !state.closed {
            let now_us = clock.now_us();
            let expired = take_expired(&mut state.refused, now_us);
            let task = state.take(now_us);
            if task.is_some() || !expired.is_empty() {
                self.call_successor(&mut state, now_us);
                drop(state);
                drop(expired); // closing a socket is a system call: not under the lock
                if task.is_some() {
                    return task;
                }
                state = self.lock();
                continue;
            }
            // The shortest wait takes a tenth of a millisecond, and a client that just had an answer may ask again within
            // a fifth of that: for so long one worker looks on, and gives way to whoever else wants the processor.
            if !state.looking && now_us.saturating_sub(state.last_progress_us) < LOOK_ON_US {
                state.looking = true;
                drop(state);
                thread::yield_now();
                state = self.lock();
                state.looking = false;
                continue;
            }
            state = self.wait(state, now_us);
        }
        None
    }

    /// Makes every resting connection due, so that a drain looks at each.
    pub fn hurry(&self) {
        let mut state = self.lock();
        state.resting.hurry();
        state.call_from_reserve();
        self.watch.notify_all();
    }

    /// Ends every wait, gives out nothing more, and drops what still waits or rests: those who look at the gauges may keep
    /// the queue itself for long.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let arrived = mem::take(&mut state.arrived);
        let resting = mem::take(&mut state.resting);
        let refused = mem::take(&mut state.refused);
        for worker in state.reserve.drain(..) {
            worker.unpark();
        }
        drop(state);
        self.watch.notify_all();
        drop((arrived, resting, refused)); // closing sockets are system calls: not under the lock
    }

    /// Connections resting, and how many of them are idle, for the gauges.
    pub fn resting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.resting.len(), state.resting.idle())
    }

    /// New connections that wait for their first visit, for the gauges.
    pub fn arrived(&self) -> usize {
        self.lock().arrived.len()
    }

    /// Waits on the watch if nobody watches that early, else in reserve.
    fn wait<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<N, C>>,
        now_us: u64,
    ) -> MutexGuard<'a, State<N, C>> {
        state.awake -= 1;
        let grace_us = if state.awake >= self.awake_max {
            OVERDUE_US
        } else {
            0
        };
        let due_us = state.next_due_us().map(|due| due.saturating_add(grace_us));
        let watch = due_us.filter(|&due| state.watched_until_us.is_none_or(|until| due < until));
        if let Some(due) = watch {
            state.watched_until_us = Some(due);
            let pause = Duration::from_micros(due.saturating_sub(now_us).max(1));
            // Spurious and late wake-ups are harmless: the caller looks at everything again.
            state = self
                .watch
                .wait_timeout(state, pause)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            if state.watched_until_us == Some(due) {
                state.watched_until_us = None;
            }
        } else {
            state = self.wait_in_reserve(state);
        }
        state.awake += 1;
        state
    }

    /// Waits until it is called: taken off the reserve. A park may end for no reason, and a call may come before the park
    /// begins (it then ends at once), so the reserve itself tells.
    fn wait_in_reserve<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<N, C>>,
    ) -> MutexGuard<'a, State<N, C>> {
        let me = thread::current();
        state.reserve.push(me.clone());
        while state.reserve.iter().any(|worker| worker.id() == me.id()) {
            drop(state);
            thread::park();
            state = self.lock();
        }
        state.called = false;
        state
    }

    /// A worker is about to leave with a task, for who knows how long: if more is due and too few are awake, or if nobody
    /// is going to look before the next visit is overdue, another is called. A watch that was taken up when all that
    /// rested was quiet may sleep on for long, so that there is one says little.
    fn call_successor(&self, state: &mut State<N, C>, now_us: u64) {
        let due_us = state.next_due_us();
        let more_due = due_us.is_some_and(|due| due <= now_us);
        let unwatched = due_us.is_some_and(|due| {
            let overdue_us = due.saturating_add(OVERDUE_US);
            state
                .watched_until_us
                .is_none_or(|until| until > overdue_us)
        });
        if (more_due && state.awake < self.awake_max) || unwatched {
            self.call_one(state);
        }
    }

    /// Something new is there to do. A worker in reserve is called if there is one; else whoever is on the watch.
    fn call_one(&self, state: &mut State<N, C>) {
        if state.reserve.is_empty() {
            self.watch.notify_one();
        } else {
            state.call_from_reserve();
        }
    }

    /// What is under this lock is changed whole before anything could panic, so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, State<N, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N, C> State<N, C> {
    /// One call at a time: the one called looks at everything and calls its own successor.
    fn call_from_reserve(&mut self) {
        if !self.called
            && let Some(worker) = self.reserve.pop()
        {
            self.called = true;
            worker.unpark();
        }
    }

    fn take(&mut self, now_us: u64) -> Option<Task<N, C>> {
        if self.give_way > 0 {
            self.give_way -= 1;
            if let Some(connection) = self.resting.take_longest_idle() {
                return Some(Task::GiveWay(connection));
            }
        }
        // Arrivals and visits take turns: a flood of either must not starve the other.
        self.taken = self.taken.wrapping_add(1);
        if self.taken % 2 == 1 {
            self.take_arrival().or_else(|| self.take_visit(now_us))
        } else {
            self.take_visit(now_us).or_else(|| self.take_arrival())
        }
    }

    fn take_arrival(&mut self) -> Option<Task<N, C>> {
        self.arrived
            .pop_front()
            .map(|(_, arrival)| Task::Arrived(arrival))
    }

    fn take_visit(&mut self, now_us: u64) -> Option<Task<N, C>> {
        self.resting.take_due(now_us).map(Task::Visit)
    }

    /// When the next thing is due: an arrival since it came, a visit, or the end of a refused socket.
    fn next_due_us(&self) -> Option<u64> {
        let arrived = self.arrived.front().map(|(since, _)| *since);
        let refused = self.refused.front().map(|(due, _)| *due);
        [arrived, refused, self.resting.next_due_us()]
            .into_iter()
            .flatten()
            .min()
    }
}

fn take_expired<N>(refused: &mut VecDeque<(u64, N)>, now_us: u64) -> Vec<N> {
    let mut expired = Vec::new();
    while refused.front().is_some_and(|(due, _)| *due <= now_us) {
        expired.extend(refused.pop_front().map(|(_, socket)| socket));
    }
    expired
}
