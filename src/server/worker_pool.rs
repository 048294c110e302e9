//! Step 2. The pre-allocated pool: every thread that will ever serve a request is made before the first is accepted (N-2).

use crate::limits::{JOIN_POLL_MS, SHRINK_AFTER_US, WORKER_STACK_BYTES};
use crate::log::Level;
use crate::metrics::Counter;
use crate::server::connection::{Connection, Stand};
use crate::server::listener::{Place, Socket};
use crate::server::run_queue::Resting;
use crate::server::task_queue::{Task, TaskQueue};
use crate::server::worker::Worker;
use std::io;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, Builder, JoinHandle};
use std::time::Duration;

/// A new connection on its way to its first visit: the socket as accepted, and its place among the live ones.
pub type Arrival = (TcpStream, Option<Place>);

/// A connection between two visits; boxed, so that moving it through the queue moves a pointer.
pub type Visited = Box<(Connection<Socket>, Place)>;

/// The threads of one listener.
pub struct WorkerPool {
    threads: Vec<JoinHandle<()>>,
    queue: Arc<TaskQueue<Arrival, Visited>>,
}

impl WorkerPool {
    /// Starts one named thread for each worker.
    ///
    /// # Errors
    /// The system has no thread to give; those that were started end.
    pub fn start(
        name: &str,
        workers: Vec<Worker>,
        queue: &Arc<TaskQueue<Arrival, Visited>>,
    ) -> io::Result<WorkerPool> {
        let mut pool = WorkerPool {
            threads: Vec::with_capacity(workers.len()),
            queue: Arc::clone(queue),
        };
        for (number, mut worker) in workers.into_iter().enumerate() {
            let for_thread = Arc::clone(queue);
            let started = Builder::new()
                .name(format!("{name}-{number}"))
                .stack_size(WORKER_STACK_BYTES)
                .spawn(move || work(&mut worker, &for_thread));
            pool.threads.push(started?);
        }
        Ok(pool)
    }

    /// Closes the queue and waits until every worker has ended or is inside a handler; returns how many are. `inside` tells
    /// how many handlers run. It is asked again and again, as a worker in the middle of a visit may still begin one.
    pub fn join(mut self, inside: impl Fn() -> usize) -> usize {
        self.queue.close();
        loop {
            self.threads.retain(|thread| !thread.is_finished());
            let left = self.threads.len();
            if left <= inside() {
                return left;
            }
            thread::sleep(Duration::from_millis(JOIN_POLL_MS));
        }
    }
}

impl Drop for WorkerPool {
    // Also where a listener never comes to serve: without this its workers would wait for ever. They end by themselves;
    // nobody waits for them here, as one may be inside a handler.
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn work(worker: &mut Worker, queue: &TaskQueue<Arrival, Visited>) {
    let clock = worker.shared.clock.clone();
    while let Some(task) = queue.next(&clock) {
        worker.look_at_clock();
        let (mut visited, give_way) = match task {
            Task::Arrived(arrival) => match open(arrival, worker) {
                Some(visited) => (visited, false),
                None => continue,
            },
            Task::Visit(visited) => (visited, false),
            Task::GiveWay(visited) => (visited, true),
        };
        // Handlers' panics are caught around the handler (N-31). This net is for our own mistakes: they cost one connection,
        // never a worker. Nothing outlives the catch but the connection, and that is dropped.
        let stand = catch_unwind(AssertUnwindSafe(|| visited.0.step(worker, give_way)));
        match stand {
            Ok(Stand::Closed) => worker.meter.count(Counter::Closed),
            Ok(stand) => lay_to_rest(visited, stand, worker, queue),
            Err(_) => {
                worker.meter.count(Counter::Closed);
                worker.shared.log.event(Level::Info, "visit-failed", &[]);
            }
        }
    }
}

/// Makes a connection of an accepted socket. One that cannot be made ready is dropped: its client is gone.
fn open((socket, place): Arrival, worker: &Worker) -> Option<Visited> {
    let place = place?;
    worker.meter.count(Counter::Accepted);
    let ready = socket
        .set_nonblocking(true)
        .and_then(|()| socket.set_nodelay(true));
    if ready.is_err() {
        worker.meter.count(Counter::Closed);
        return None;
    }
    let socket = place.register(socket);
    Some(Box::new((Connection::new(socket, worker.now_us), place)))
}

fn lay_to_rest(
    mut visited: Visited,
    stand: Stand,
    worker: &Worker,
    queue: &TaskQueue<Arrival, Visited>,
) {
    let now_us = worker.now_us;
    let connection = &mut visited.0;
    if now_us.saturating_sub(connection.progress_us()) > SHRINK_AFTER_US {
        connection.shrink();
    }
    let idle = stand == Stand::NeedsRead && connection.is_idle();
    // One with more to do is due at once, as is one that just moved a byte.
    let progress_us = if stand == Stand::Ready {
        now_us
    } else {
        connection.progress_us()
    };
    queue.rest(
        Resting {
            connection: visited,
            progress_us,
            idle,
        },
        now_us,
    );
}
