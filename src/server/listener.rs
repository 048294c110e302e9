//! Step 1. One listening address with its queue, pool and acceptor; who is connected; and how it all ends.

use crate::clock::Clock;
use crate::http::problem::{CONNECTIONS_FULL, Problem};
use crate::http::request::Version;
use crate::http::response::{Wire, write_response};
use crate::limits::{UNSENT_BYTES_MAX, WORKERS_RESERVED};
use crate::log::Log;
use crate::metrics::Meters;
use crate::server::acceptor::{Acceptor, Spare};
use crate::server::budget::{Budget, GivesWay};
use crate::server::connection::HalfClose;
use crate::server::service::{HandlerPlaces, Service};
use crate::server::task_queue::TaskQueue;
use crate::server::worker::{Shared, Worker};
use crate::server::worker_pool::{Arrival, Visited, WorkerPool};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, IoSlice, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How one listener runs.
pub struct ListenerConfig {
    /// Of its threads: `worker`, `admin`.
    pub name: &'static str,
    /// Where to listen; port 0 for any free one.
    pub address: SocketAddr,
    /// Threads.
    pub workers: usize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Bytes of one request's content.
    pub content_max: usize,
    /// Bytes of content in flight, over all connections.
    pub inflight_content_max: usize,
}

/// A listener that is up: its socket is bound, its workers wait.
pub struct Listener {
    address: SocketAddr,
    acceptor: Acceptor,
    pool: WorkerPool,
    view: View,
}

/// What others may see and ask of a running listener; clones share it.
#[derive(Clone)]
pub struct View {
    address: SocketAddr,
    shared: Arc<Shared>,
    queue: Arc<TaskQueue<Arrival, Visited>>,
    registry: Arc<Registry>,
    spare: Arc<Spare>,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything that ran has finished.
    Whole,
    /// So many handlers were still running when time was up.
    Overdue(usize),
}

/// Who is connected.
#[derive(Default)]
pub struct Registry {
    live: AtomicUsize,
    next_id: AtomicU64,
    sockets: Mutex<HashMap<u64, Arc<TcpStream>>>, // one a live connection
    emptied: Condvar,
}

/// A connection's place among the live ones; dropping it gives the place back.
pub struct Place {
    registry: Arc<Registry>,
    id: u64,
}

/// A connection's socket.
pub struct Socket(Arc<TcpStream>);

impl Listener {
    /// Binds the address and starts the workers. Connections wait in the kernel until `serve`.
    ///
    /// # Errors
    /// The address cannot be had, or the system has no threads to give.
    pub fn start(
        config: &ListenerConfig,
        service: Arc<dyn Service>,
        clock: Clock,
        log: Log,
        meters: &Meters,
    ) -> io::Result<Listener> {
        let socket = TcpListener::bind(config.address).map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot listen on {}: {error}", config.address),
            )
        })?;
        let address = socket.local_addr()?;
        let reserved = WORKERS_RESERVED.min(config.workers.saturating_sub(1));
        let places = HandlerPlaces::new(config.workers - reserved);
        let budgets = (
            Budget::new(config.inflight_content_max, GivesWay::SlowestBelowRate),
            Budget::new(UNSENT_BYTES_MAX, GivesWay::LongestHeld),
        );
        let shared = Arc::new(Shared::new(
            service,
            clock,
            log,
            places,
            budgets,
            config.content_max,
        ));
        let awake_max = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(config.workers);
        let queue = Arc::new(TaskQueue::new(config.workers, awake_max));
        let process = RandomState::new().hash_one(config.name);
        let workers = (0..config.workers)
            .map(|number| {
                Worker::new(
                    Arc::clone(&shared),
                    meters.meter(),
                    format!("{process:016x}-{number:x}-"),
                )
            })
            .collect();
        let pool = WorkerPool::start(config.name, workers, &queue)?;
        let registry = Arc::new(Registry::default());
        let spare = Arc::new(Spare::default());
        let view = View {
            address,
            spare: Arc::clone(&spare),
            shared: Arc::clone(&shared),
            queue: Arc::clone(&queue),
            registry: Arc::clone(&registry),
        };
        let acceptor = Acceptor {
            listener: socket,
            queue,
            registry,
            shared,
            meter: meters.meter(),
            connections_max: config.connections_max,
            refusal: (ready_made_refusal(), CONNECTIONS_FULL.name),
            spare,
        };
        Ok(Listener {
            address,
            acceptor,
            pool,
            view,
        })
    }

    /// The address, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A view that outlives `serve`.
    pub fn view(&self) -> View {
        self.view.clone()
    }

    /// Accepts on the calling thread until a drain begins; then finishes what runs, for at most `drain_ms`.
    pub fn serve(self, drain_ms: u64) -> Drained {
        let Listener {
            acceptor,
            pool,
            view,
            ..
        } = self;
        acceptor.run();
        drop(acceptor); // closes the listening socket: from here on connecting is refused
        view.queue.hurry();
        view.registry.wait_until_empty(drain_ms);
        view.registry.cut_all();
        // Threads inside handlers cannot be stopped; the process ends over them.
        match pool.join(|| view.shared.places.taken()) {
            0 => Drained::Whole,
            running => Drained::Overdue(running),
        }
    }
}

impl View {
    /// Begins the drain (N-63). Returns at once; `Listener::serve` returns when it is done.
    pub fn drain(&self) {
        if self.shared.begin_drain() {
            // Wakes the acceptor, also where there is no other descriptor left.
            self.spare.give_up();
            let _ = TcpStream::connect_timeout(&reachable(self.address), Duration::from_secs(1));
        }
    }

    /// Whether the drain has begun.
    pub fn is_draining(&self) -> bool {
        self.shared.is_draining()
    }

    /// Live connections: all, resting between visits, and idle among these.
    pub fn connections(&self) -> (usize, usize, usize) {
        let (resting, idle) = self.queue.resting();
        (self.registry.live(), resting, idle)
    }

    /// New connections that wait for their first visit.
    pub fn arrived(&self) -> usize {
        self.queue.arrived()
    }

    /// Handlers running now.
    pub fn handlers(&self) -> usize {
        self.shared.places.taken()
    }

    /// Bytes held: content in flight, requests that wait, and answers that sockets have not taken.
    pub fn bytes_held(&self) -> [usize; 3] {
        let shared = &self.shared;
        [&shared.content_in_flight, &shared.parked, &shared.unsent].map(|budget| budget.used())
    }
}

impl Registry {
    /// Live connections, those included that wait for their first visit.
    pub fn live(&self) -> usize {
        // Relaxed: only the acceptor adds, and to it its own additions are never late; a departure seen late refuses one
        // connection too many, never one too few.
        self.live.load(Ordering::Relaxed)
    }

    /// A place for a new connection.
    pub fn take_place(self: &Arc<Registry>) -> Place {
        self.live.fetch_add(1, Ordering::Relaxed);
        Place {
            registry: Arc::clone(self),
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// Waits until nobody is connected, or time is up.
    fn wait_until_empty(&self, ms: u64) {
        let guard = self.lock();
        let waited = self
            .emptied
            .wait_timeout_while(guard, Duration::from_millis(ms), |_| self.live() > 0)
            .unwrap_or_else(PoisonError::into_inner);
        drop(waited);
    }

    /// Ends every connection that is left.
    fn cut_all(&self) {
        let sockets: Vec<_> = self.lock().values().map(Arc::clone).collect();
        for socket in sockets {
            let _ = socket.shutdown(Shutdown::Both); // an error means that it is closed already
        }
    }

    /// A map is changed whole or not at all, so poison is passed over. Taken alone; nothing of ours is called under it.
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<TcpStream>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Puts the socket where a drain that has run out of time finds it.
    pub fn register(&self, socket: TcpStream) -> Socket {
        let socket = Arc::new(socket);
        self.registry.lock().insert(self.id, Arc::clone(&socket));
        Socket(socket)
    }
}

impl Drop for Place {
    // The place is given back under the lock that `wait_until_empty` looks at the number with, so its wake-up is not lost.
    // The socket itself closes when the connection's own handle goes too.
    fn drop(&mut self) {
        let mut sockets = self.registry.lock();
        let socket = sockets.remove(&self.id);
        if self.registry.live.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.registry.emptied.notify_all();
        }
        drop(sockets);
        drop(socket);
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self.0).write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl HalfClose for Socket {
    fn half_close(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write); // an error means that the other side is gone
    }
}

/// A listener on the unspecified address is reached by loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn ready_made_refusal() -> Vec<u8> {
    let detail =
        "the server has as many connections as it can hold; nothing was read and nothing was done";
    let response = Problem::new(&CONNECTIONS_FULL, detail).into_response("");
    let mut bytes = Vec::new();
    let wire = Wire {
        version: Version::Http11,
        head_only: false,
        close: true,
        date: None,
    };
    let rest = write_response(&mut bytes, response, &wire, usize::MAX);
    debug_assert!(rest.is_none(), "everything was to be inline");
    bytes
}
