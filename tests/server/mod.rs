//! Claims about src/server/, a file each, and what they share: a connection on an in-memory wire with a scripted service
//! behind it and a clock that stands still until it is moved.

pub mod acceptor;
pub mod budget;
pub mod connection;
pub mod connection_deadlines;
pub mod content;
pub mod listener;
pub mod output;
pub mod run_queue;
pub mod service;
pub mod task_queue;
pub mod worker;
pub mod worker_pool;

use crate::harness::wire::{Far, Wire, pair};
use nanoserve::clock::Clock;
use nanoserve::http::problem::{NOT_FOUND, Problem};
use nanoserve::http::request::Request;
use nanoserve::http::response::{Content, Response};
use nanoserve::http::status::Status;
use nanoserve::log::Log;
use nanoserve::metrics::Meters;
use nanoserve::server::budget::{Budget, GivesWay};
use nanoserve::server::connection::{Connection, HalfClose, Stand};
use nanoserve::server::service::{
    Answer, Exchange, HandlerPlaces, Park, Refusal, Served, Service, Wait,
};
use nanoserve::server::worker::{Shared, Worker};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The server's end of a wire, which notes when it was half-closed.
pub struct Near {
    wire: Wire,
    half_closed: Arc<AtomicBool>,
}

impl Read for Near {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.wire.read(buffer)
    }
}

impl Write for Near {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wire.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl HalfClose for Near {
    fn half_close(&mut self) {
        self.half_closed.store(true, Ordering::Relaxed);
    }
}

/// Answers each request with `<method> <path> <content>`; some paths do something else.
#[derive(Default)]
pub struct Scripted {
    /// What was served, in order.
    pub served: Mutex<Vec<String>>,
    /// Ends the wait of `/park`.
    pub park_over: Arc<AtomicBool>,
    /// How often `/park` parks before it answers.
    pub parks: AtomicUsize,
    /// What `durable_mark` says.
    pub durable: AtomicU64,
}

/// What `/park` waits for.
struct Flag(Arc<AtomicBool>);

impl Wait for Flag {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Service for Scripted {
    fn check_head(&self, request: &Request<'_>) -> Result<(), Refusal> {
        match request.path() {
            b"/refused" => Err(Problem::new(&NOT_FOUND, "refused from the head").into()),
            _ => Ok(()),
        }
    }

    fn serve(&self, request: &Request<'_>, exchange: &mut Exchange<'_>) -> Served {
        let path = String::from_utf8_lossy(request.path()).into_owned();
        if path == "/refused" {
            return Served::Refuse(Problem::new(&NOT_FOUND, "refused").into());
        }
        if path == "/park" && self.parks.fetch_sub(1, Ordering::Relaxed) > 0 {
            let deadline_us = exchange.clock.now_us() + 10_000_000;
            return Served::Park(Park {
                wait: Box::new(Flag(Arc::clone(&self.park_over))),
                room: None,
                deadline_us,
            });
        }
        assert!(path != "/panic", "the service was asked to panic");
        if path == "/slow" {
            exchange.clock.advance_ms(20_000);
        }
        let method = String::from_utf8_lossy(request.method_text());
        let content = String::from_utf8_lossy(request.content());
        let text = format!("{method} {path} {content}");
        self.served
            .lock()
            .expect("no test panics with this lock")
            .push(text.clone());
        let content = match path.as_str() {
            "/big" => vec![b'x'; 200_000],
            _ => text.into_bytes(),
        };
        let kind = nanoserve::http::fields::FieldValue::from_static("text/plain");
        let response = Response::with_content(Status::OK, kind, Content::Owned(content));
        let durable_at = if path == "/durable" { 5 } else { 0 };
        Served::Respond(Answer {
            response,
            durable_at,
        })
    }

    fn durable_mark(&self) -> u64 {
        self.durable.load(Ordering::Relaxed)
    }
}

/// A connection with everything around it.
pub struct Bench {
    pub connection: Connection<Near>,
    pub far: Far,
    pub worker: Worker,
    pub clock: Clock,
    pub service: Arc<Scripted>,
    pub meters: Meters,
    pub half_closed: Arc<AtomicBool>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with_content_room(usize::MAX)
    }

    /// With so much room for content in flight.
    pub fn with_content_room(room: usize) -> Bench {
        let clock = Clock::manual(1_000_000);
        let service = Arc::new(Scripted::default());
        let budgets = (
            Budget::new(room, GivesWay::SlowestBelowRate),
            Budget::new(1 << 20, GivesWay::LongestHeld),
        );
        let meters = Meters::new(vec!["not-found", "request-timeout", "malformed-request"]);
        let served: Arc<dyn Service> = Arc::clone(&service) as Arc<dyn Service>;
        let places = HandlerPlaces::new(4);
        let shared = Shared::new(served, clock.clone(), Log::off(), places, budgets, 100_000);
        let worker = Worker::new(Arc::new(shared), meters.meter(), "test-".to_string());
        let (wire, far) = pair();
        let half_closed = Arc::new(AtomicBool::new(false));
        let near = Near {
            wire,
            half_closed: Arc::clone(&half_closed),
        };
        let connection = Connection::new(near, clock.now_us());
        Bench {
            connection,
            far,
            worker,
            clock,
            service,
            meters,
            half_closed,
        }
    }

    /// One visit.
    pub fn step(&mut self) -> Stand {
        self.worker.look_at_clock();
        self.connection.step(&mut self.worker, false)
    }

    /// Visits until nothing more happens at this moment.
    pub fn settle(&mut self) -> Stand {
        let mut stand = self.step();
        for _ in 0..10_000 {
            let before = (self.far.received().len(), self.far.unread());
            let next = self.step();
            if next == stand
                && before == (self.far.received().len(), self.far.unread())
                && next != Stand::Ready
            {
                return next;
            }
            stand = next;
        }
        panic!("the connection never settles: {stand:?}");
    }

    /// Sends bytes and returns all that came back.
    pub fn exchange(&mut self, bytes: &[u8]) -> String {
        self.far.send(bytes);
        self.settle();
        String::from_utf8_lossy(&self.far.take()).into_owned()
    }

    /// What was served so far.
    pub fn served(&self) -> Vec<String> {
        self.service
            .served
            .lock()
            .expect("no test panics with this lock")
            .clone()
    }
}

/// The contents of the answers in a stream, by their Content-Length; panics where framing is broken.
pub fn contents(mut stream: &str) -> Vec<String> {
    let mut found = Vec::new();
    while !stream.is_empty() {
        let (head, rest) = stream
            .split_once("\r\n\r\n")
            .expect("a head ends with a blank line");
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |text| text.parse().expect("Content-Length is a number"));
        let (content, behind) = rest.split_at(length);
        found.push(content.to_string());
        stream = behind;
    }
    found
}
