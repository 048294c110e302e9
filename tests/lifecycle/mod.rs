//! Claims about src/lifecycle.rs, by topic: bytes go in at one end of a wire and come out again. Behind it stand the real
//! connection, lifecycle, guard and sweeper; the clock stands still until it is moved.

pub mod answers;
pub mod counters;
pub mod fingerprint;
pub mod full;
pub mod keys;
pub mod precedence;
pub mod records;
pub mod refusals;
pub mod routes;
pub mod tombstones;
pub mod waiting;

use crate::harness::wait_until;
use crate::harness::wire::{Far, Wire, pair};
use nanoserve::app::{App, LAB_ROUTES, ROUTES, Route};
use nanoserve::clock::Clock;
use nanoserve::config::{Config, Scope};
use nanoserve::contract_page::ContractPage;
use nanoserve::http::problem::PRECEDENCE;
use nanoserve::http::snapshot;
use nanoserve::idempotency::guard::{Guard, GuardConfig};
use nanoserve::idempotency::key::Key;
use nanoserve::idempotency::sweeper::Sweeper;
use nanoserve::idempotency::table::TableShape;
use nanoserve::lifecycle::{Lifecycle, handler_failed};
use nanoserve::log::Log;
use nanoserve::metrics::{Counter, Meter, Meters};
use nanoserve::server::budget::{Budget, GivesWay};
use nanoserve::server::connection::{Connection, HalfClose, Stand};
use nanoserve::server::service::HandlerPlaces;
use nanoserve::server::worker::{Shared, Worker};
use routes::Trial;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How long a test waits for another thread.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The time to live in every test here.
pub const TTL_MS: u64 = 10_000;

impl HalfClose for Wire {
    fn half_close(&mut self) {} // what leaves after it would show in the bytes
}

/// What a house is built with; small bounds, so that each can be reached.
pub struct Setup {
    pub scope: Scope,
    pub keys_max: usize,
    pub bytes_max: usize,
    pub stored_max: usize,
    pub places: usize,
    /// 0 where duplicates do not wait.
    pub wait_ms: u64,
    pub waiters_max: usize,
    pub parked_room: usize,
    pub content_max: usize,
    pub content_room: usize,
    pub log: Log,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            scope: Scope::Authorization,
            keys_max: 100,
            bytes_max: 1 << 20,
            stored_max: 1000,
            places: 4,
            wait_ms: 0,
            waiters_max: 4,
            parked_room: 1 << 20,
            content_max: 100_000,
            content_room: 1 << 20,
            log: Log::off(),
        }
    }
}

/// A server without sockets: clients connect by wires, each with a worker of its own.
pub struct House {
    pub clock: Clock,
    pub guard: Arc<Guard>,
    pub meters: Arc<Meters>,
    pub shared: Arc<Shared>,
    pub trial: Arc<Trial>,
}

impl House {
    /// With the routes of routes.rs.
    pub fn new(setup: Setup) -> House {
        let trial = Arc::new(Trial::new(Clock::manual(1_000_000)));
        House::with(setup, &trial, Arc::clone(&trial), routes::ROUTES.to_vec())
    }

    /// With the demo application and its lab.
    pub fn demo(setup: Setup) -> House {
        let trial = Arc::new(Trial::new(Clock::manual(1_000_000)));
        let routes = ROUTES.iter().chain(LAB_ROUTES).copied().collect();
        House::with(setup, &trial, App::new(), routes)
    }

    fn with<S: Send + Sync + 'static>(
        setup: Setup,
        trial: &Arc<Trial>,
        state: S,
        routes: Vec<Route<S>>,
    ) -> House {
        let clock = trial.clock.clone();
        let config = GuardConfig {
            ttl_ms: TTL_MS,
            keys_max: setup.keys_max,
            bytes_max: setup.bytes_max,
            stored_max: setup.stored_max,
            waiters_max: setup.waiters_max,
            last_net: (500, snapshot::encode(&handler_failed(""))),
            shape: TableShape::default(),
        };
        let guard = Arc::new(Guard::new(config, clock.clone()));
        let sweeper = Sweeper::start(Arc::clone(&guard), |_| {}).expect("threads can be made");
        let lifecycle = Lifecycle {
            state,
            routes,
            page: ContractPage::new(&Config::default(), &[]),
            guard: Arc::clone(&guard),
            sweeper: Arc::new(sweeper),
            scope: setup.scope,
            wait_ms: setup.wait_ms,
            log: setup.log.clone(),
        };
        let budgets = (
            Budget::new(setup.content_room, GivesWay::SlowestBelowRate),
            Budget::new(1 << 20, GivesWay::LongestHeld),
        );
        let mut shared = Shared::new(
            Arc::new(lifecycle),
            clock.clone(),
            setup.log,
            HandlerPlaces::new(setup.places),
            budgets,
            setup.content_max,
        );
        shared.parked = Budget::new(setup.parked_room, GivesWay::Nobody);
        let shared = Arc::new(shared);
        let told = trial.shared.set(Arc::downgrade(&shared));
        told.expect("a trial has one house");
        House {
            clock,
            guard,
            meters: Arc::new(Meters::new(
                PRECEDENCE.iter().map(|kind| kind.name).collect(),
            )),
            shared,
            trial: Arc::clone(trial),
        }
    }

    pub fn connect(&self) -> Client {
        Client::new(&self.shared, self.meters.meter())
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub fn ask(&self, request: &[u8]) -> Answer {
        self.connect().ask(request)
    }

    /// A POST; with an empty key without one.
    #[track_caller]
    pub fn post(&self, target: &str, key: &str, content: &str) -> Answer {
        self.ask(&post(target, key, content))
    }

    /// Sends a POST to `/held` from another thread, does something while its handler is held, and lets it go.
    pub fn while_held(&self, key: &str, meanwhile: impl FnOnce()) -> Answer {
        self.while_held_at("/held", key, meanwhile)
    }

    /// `while_held` with another route whose handlers wait in the same way.
    pub fn while_held_at(&self, target: &str, key: &str, meanwhile: impl FnOnce()) -> Answer {
        self.while_held_by(|| self.post(target, key, ""), meanwhile)
    }

    /// `while_held` with a request that is sent in some other way.
    pub fn while_held_by(
        &self,
        ask: impl FnOnce() -> Answer + Send,
        meanwhile: impl FnOnce(),
    ) -> Answer {
        self.trial.let_go.store(false, Ordering::SeqCst);
        let inside = self.trial.inside.load(Ordering::SeqCst);
        thread::scope(|scope| {
            let first = scope.spawn(ask);
            wait_until(PATIENCE, || {
                self.trial.inside.load(Ordering::SeqCst) > inside
            });
            let held = LetGo(&self.trial.let_go);
            meanwhile();
            drop(held);
            first.join().expect("the first client does not panic")
        })
    }

    /// How often the counting handlers ran.
    pub fn runs(&self) -> usize {
        self.trial.runs.load(Ordering::SeqCst)
    }

    pub fn count(&self, counter: Counter) -> u64 {
        self.meters.total(counter)
    }

    /// Whether no scope has a record of the key.
    pub fn is_unused(&self, key: &str) -> bool {
        let key = Key::new(key.as_bytes()).expect("a test's key is one");
        self.guard.look_up(key).is_empty()
    }
}

/// Ends the hold on a handler when it is dropped, also by a claim that fails: what ran it would be waited for.
struct LetGo<'t>(&'t AtomicBool);

impl Drop for LetGo<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One client's connection, and the worker that drives it.
pub struct Client {
    pub connection: Connection<Wire>,
    pub far: Far,
    pub worker: Worker,
}

impl Client {
    pub fn new(shared: &Arc<Shared>, meter: Arc<Meter>) -> Client {
        let worker = Worker::new(Arc::clone(shared), meter, "t-".into());
        let (wire, far) = pair();
        Client {
            connection: Connection::new(wire, worker.now_us),
            far,
            worker,
        }
    }

    /// Visits until nothing more happens at this moment.
    pub fn settle(&mut self) -> Stand {
        loop {
            let before = (self.far.received().len(), self.far.unread());
            self.worker.look_at_clock();
            let stand = self.connection.step(&mut self.worker, false);
            let after = (self.far.received().len(), self.far.unread());
            if stand != Stand::Ready && before == after {
                return stand;
            }
        }
    }

    /// Sends bytes; returns all answers that come back.
    pub fn exchange(&mut self, bytes: &[u8]) -> Vec<Answer> {
        self.far.send(bytes);
        self.settle();
        answers(&self.far.take())
    }

    /// Sends a request that has one answer.
    #[track_caller]
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        let mut answers = self.exchange(request);
        assert_eq!(answers.len(), 1, "one answer: {answers:?}");
        answers.remove(0)
    }
}

/// A request's bytes: `line` is `POST /run`, or has a version too; `fields` are whole lines. Host and Content-Length are added.
pub fn request(line: &str, fields: &[&str], content: &str) -> Vec<u8> {
    let version = if line.ends_with("HTTP/1.0") {
        ""
    } else {
        " HTTP/1.1"
    };
    let mut bytes = format!("{line}{version}\r\nHost: h\r\n");
    for field in fields {
        bytes.push_str(field);
        bytes.push_str("\r\n");
    }
    if !content.is_empty() {
        let length = format!("Content-Length: {}\r\n", content.len());
        bytes.push_str(&length);
    }
    bytes.push_str("\r\n");
    bytes.push_str(content);
    bytes.into_bytes()
}

/// A POST; with an empty key without one.
pub fn post(target: &str, key: &str, content: &str) -> Vec<u8> {
    let key = format!("Idempotency-Key: {key}");
    let fields: &[&str] = if key.ends_with(' ') { &[] } else { &[&key] };
    request(&format!("POST {target}"), fields, content)
}

/// What came back for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Field lines in order.
    pub lines: Vec<String>,
    pub content: String,
}

impl Answer {
    pub fn fields<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.lines.iter().filter_map(|line| line.split_once(": "));
        lines
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The value of a field; empty where there is none.
    pub fn field<'a>(&'a self, name: &'a str) -> &'a str {
        let mut values = self.fields(name);
        let value = values.next().unwrap_or_default();
        assert_eq!(values.next(), None, "{name} stands twice: {self:?}");
        value
    }

    pub fn is_replay(&self) -> bool {
        self.field("Idempotent-Replayed") == "true"
    }

    /// The name of the problem type; empty where the answer is no problem.
    pub fn problem(&self) -> &str {
        let name = self.content.strip_prefix("{\"type\":\"/docs/idempotency#");
        name.and_then(|rest| rest.split('"').next())
            .unwrap_or_default()
    }

    /// Status and problem type, and what N-25 asks of every answer that the server words itself.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, name: &str) {
        assert_eq!((self.status, self.problem()), (status, name), "{self:?}");
        assert_eq!(self.field("Content-Type"), "application/problem+json");
        assert_eq!(self.field("Content-Language"), "en");
        let link = format!("</docs/idempotency#{name}>; rel=\"describedby\"");
        assert_eq!(self.field("Link"), link);
        assert!(!self.is_replay(), "{self:?}");
    }

    /// An answer of a counting handler that ran now.
    #[track_caller]
    pub fn expect_run(&self, number: usize) {
        assert_eq!(self.status, 201, "{self:?}");
        assert_eq!(self.content, format!("run {number}"));
        assert!(!self.is_replay(), "{self:?}");
    }

    /// The recorded answer of a counting handler.
    #[track_caller]
    pub fn expect_replay(&self, number: usize) {
        assert!(self.is_replay(), "{self:?}");
        assert_eq!(self.content, format!("run {number}"));
    }
}

/// Takes a stream of answers apart by their framing; panics where that is broken.
pub fn answers(stream: &[u8]) -> Vec<Answer> {
    let mut rest = std::str::from_utf8(stream).expect("the answers here are UTF-8");
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let (head, behind) = rest.split_once("\r\n\r\n").expect("a head is whole");
        let mut lines = head.split("\r\n").map(str::to_owned);
        let status = lines.next().expect("a head has a status line");
        let mut answer = Answer {
            status: status[9..12].parse().expect("a status is a number"),
            lines: lines.collect(),
            content: String::new(),
        };
        let length: usize = answer.field("Content-Length").parse().unwrap_or(0);
        // After the answer to a HEAD nothing follows, whatever its Content-Length says; these tests send one at a time.
        let (content, behind) = behind.split_at(length.min(behind.len()));
        content.clone_into(&mut answer.content);
        answers.push(answer);
        rest = behind;
    }
    answers
}
