//! Step 1. The accept loop: takes connections from the kernel and hands them over. Nothing else (N-1): the kernel's backlog holds
//! 128 and cannot be made larger from std, so a microsecond spent here is a connection refused elsewhere.
//!
//! Out of descriptors `accept` fails at once and would spin: the loop backs off, 5 ms doubling to 1 s, and gives up its
//! spare descriptor for a moment to tell one client after the other that the server is full.

use crate::clock::Clock;
use crate::limits::{
    ACCEPT_BACKOFF_MS, ACCEPT_BACKOFF_MS_MAX, GIVE_WAY_OVERSHOOT_MAX, TASK_QUEUE_MAX,
};
use crate::log::Level;
use crate::metrics::{Counter, Meter};
use crate::server::listener::Registry;
use crate::server::task_queue::TaskQueue;
use crate::server::worker::Shared;
use crate::server::worker_pool::{Arrival, Visited};
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What the accept loop works with.
pub struct Acceptor {
    /// The listening socket.
    pub listener: TcpListener,
    /// Where connections go.
    pub queue: Arc<TaskQueue<Arrival, Visited>>,
    /// Who is connected.
    pub registry: Arc<Registry>,
    /// The drain flag.
    pub shared: Arc<Shared>,
    /// The acceptor's own counts.
    pub meter: Arc<Meter>,
    /// `--max-connections`
    pub connections_max: usize,
    /// The ready-made 503 for a full server, and the name it is counted under.
    pub refusal: (Vec<u8>, &'static str),
    /// Given up in need.
    pub spare: Arc<Spare>,
}

/// A descriptor to give up when there are no others: another name of the listening socket.
///
/// The acceptor gives it up to refuse a client, and takes it back. Whoever begins the drain gives it up for good: an accept
/// that waits has taken its descriptor beforehand, and where that was the last one, the connect that is to wake it would
/// find none. Its lock is taken alone and held for a move; poison could hide nothing half done.
#[derive(Default)]
pub struct Spare(Mutex<Option<TcpListener>>);

impl Spare {
    /// Closes it; false where it was given up already.
    pub fn give_up(&self) -> bool {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        spare.is_some()
    }

    fn take_back(&self, listener: &TcpListener) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.is_none() {
            *spare = listener.try_clone().ok();
        }
    }
}

impl Acceptor {
    /// Accepts until the drain begins. Whoever begins it connects once, to wake this loop.
    pub fn run(&self) {
        let mut famine = Famine::default();
        self.spare.take_back(&self.listener);
        while !self.shared.is_draining() {
            match self.listener.accept() {
                Ok((socket, _)) => {
                    famine.is_over(self);
                    if !self.shared.is_draining() {
                        self.hand_over(socket);
                    }
                }
                Err(error) if is_the_clients(&error) => {}
                Err(error) => famine.endure(self, &error),
            }
        }
        self.spare.give_up(); // as long as the socket has a name, it listens
    }

    fn hand_over(&self, socket: TcpStream) {
        let over = (self.registry.live() + 1).saturating_sub(self.connections_max);
        // Nobody is asked to give way to one that the queue would not take.
        let full = self.queue.arrived() >= TASK_QUEUE_MAX
            || over > GIVE_WAY_OVERSHOOT_MAX
            || (over > 0 && !self.queue.ask_to_give_way());
        if full {
            return self.refuse(socket);
        }
        let place = Some(self.registry.take_place());
        if let Err((socket, _place)) = self.queue.push((socket, place), self.shared.clock.now_us())
        {
            self.refuse(socket);
        }
    }

    /// The socket is kept unread, so that closing it does not reset the connection before the client has read the answer.
    fn refuse(&self, socket: TcpStream) {
        self.tell(&socket);
        self.queue
            .keep_refused((socket, None), self.shared.clock.now_us());
    }

    /// The ready-made answer, then half-close.
    fn tell(&self, mut socket: &TcpStream) {
        self.meter.refusal(self.refusal.1);
        // The send buffer of a new connection is empty and takes this whole; a client that is gone does not matter.
        let went = socket.write(&self.refusal.0).unwrap_or(0);
        let went = u64::try_from(went).unwrap_or(u64::MAX);
        self.meter.add(Counter::BytesOut, went);
        let _ = socket.shutdown(Shutdown::Write);
    }
}

/// Errors that concern one client which has gone again, not this process.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted | WouldBlock
    )
}

/// The time without descriptors.
struct Famine {
    backoff_ms: u64,
    said: bool,
}

impl Default for Famine {
    fn default() -> Famine {
        Famine {
            backoff_ms: ACCEPT_BACKOFF_MS,
            said: false,
        }
    }
}

impl Famine {
    fn endure(&mut self, acceptor: &Acceptor, error: &io::Error) {
        let log = &acceptor.shared.log;
        if !self.said {
            self.said = true;
            log.event(Level::Info, "accept-failed", &[("error", error)]);
        }
        // With the spare closed there is one descriptor: enough to say 503 to whoever is next. Under a famine a connect to
        // wake this loop may fail too, so the loop itself looks at the flag between pauses.
        if acceptor.spare.give_up() {
            let told = waiting_client(&acceptor.listener).inspect(|socket| acceptor.tell(socket));
            pause(&acceptor.shared, self.backoff_ms);
            drop(told); // after the pause, so that it could read the answer
            acceptor.spare.take_back(&acceptor.listener);
        } else {
            pause(&acceptor.shared, self.backoff_ms);
        }
        self.backoff_ms = (self.backoff_ms * 2).min(ACCEPT_BACKOFF_MS_MAX);
    }

    fn is_over(&mut self, acceptor: &Acceptor) {
        self.backoff_ms = ACCEPT_BACKOFF_MS;
        if std::mem::take(&mut self.said) {
            acceptor.spare.take_back(&acceptor.listener);
            acceptor
                .shared
                .log
                .event(Level::Info, "accept-resumed", &[]);
        }
    }
}

/// A client that waits in the kernel, if there is one. Out of descriptors `accept` fails whether or not somebody waits, so
/// that it failed says nothing, and waiting here could be for ever: with the last descriptor taken, nobody could wake it.
fn waiting_client(listener: &TcpListener) -> Option<TcpStream> {
    listener.set_nonblocking(true).ok()?;
    let client = listener.accept();
    // Cannot fail where the other way succeeded; if it did, the loop would go round without waiting, and not wrong.
    let _ = listener.set_nonblocking(false);
    client.ok().map(|(socket, _)| socket)
}

/// Sleeps in short pieces, so that a drain need not wait out a long back-off.
fn pause(shared: &Shared, ms: u64) {
    let clock: &Clock = &shared.clock;
    let until_us = clock.now_us().saturating_add(ms * 1000);
    while clock.now_us() < until_us && !shared.is_draining() {
        thread::sleep(Duration::from_millis(ACCEPT_BACKOFF_MS.min(ms)));
    }
}
