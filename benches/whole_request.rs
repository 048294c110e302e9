//! [3-7] A request from its first byte to the last byte of its answer: the real connection, lifecycle and handlers on a
//! wire in memory, on one thread. What a real request costs beyond this is the operating system's.

use crate::keys::{Uuid, uuids};
use crate::runner::Runner;
use crate::timing::{in_rounds, timed};
use crate::wire::Wire;
use nanoserve::app::{App, PROBLEMS, ROUTES};
use nanoserve::clock::Clock;
use nanoserve::config::Config;
use nanoserve::contract_page::ContractPage;
use nanoserve::idempotency::guard::{Guard, GuardConfig};
use nanoserve::idempotency::sweeper::Sweeper;
use nanoserve::lifecycle::Lifecycle;
use nanoserve::limits::{CONTENT_MAX, INFLIGHT_CONTENT_MAX, UNSENT_BYTES_MAX, WORKERS};
use nanoserve::log::Log;
use nanoserve::metrics::Meters;
use nanoserve::server::budget::{Budget, GivesWay};
use nanoserve::server::connection::{Connection, Stand};
use nanoserve::server::service::HandlerPlaces;
use nanoserve::server::worker::{Shared, Worker};
use std::sync::Arc;

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
/// Requests with new keys that one server gets; then the next one begins, with an empty table and a fresh ledger.
const ROUND_KEYS: usize = 100_000;

/// One request after the other on a connection that is kept alive.
pub fn measure(runner: &mut Runner) {
    let keys = uuids(runner.size(ROUND_KEYS, 100));
    let mut group = runner.group("request");
    group.bench("GET /", |b| {
        let mut client = Client::new();
        b.iter(|| client.ask(GET, b"HTTP/1.1 200 "));
    });
    group.bench("POST /echo, replay of one key", |b| {
        let (mut client, mut echo) = (Client::new(), Post::echo());
        client.ask(echo.with_key(&keys[0]), b"HTTP/1.1 200 ");
        b.iter(|| client.ask(echo.with_key(&keys[0]), b"HTTP/1.1 200 "));
        assert!(client.wire.answer().contains("Idempotent-Replayed: true"));
    });
    group.equal_samples();
    for (name, mut post, status) in [
        ("POST /echo, new keys", Post::echo(), b"HTTP/1.1 200 "),
        (
            "POST /payments, new keys",
            Post::payment(),
            b"HTTP/1.1 201 ",
        ),
    ] {
        group.bench(name, |b| {
            b.iter_custom(|iterations| {
                in_rounds(iterations, keys.len(), |count| {
                    let mut client = Client::new();
                    timed(|| {
                        for key in &keys[..count] {
                            client.ask(post.with_key(key), status);
                        }
                    })
                })
            });
        });
    }
}

/// A client and all of the server that it needs.
struct Client {
    wire: Wire,
    connection: Connection<Wire>,
    worker: Worker,
}

impl Client {
    fn new() -> Client {
        let (wire, worker) = (Wire::default(), worker());
        Client {
            connection: Connection::new(wire.clone(), worker.now_us),
            wire,
            worker,
        }
    }

    /// One visit of a worker. Any other answer than that expected ends the bench: its figure would be another thing's.
    fn ask(&mut self, request: &[u8], expected: &[u8]) {
        self.wire.send(request);
        self.worker.look_at_clock();
        let stand = self.connection.step(&mut self.worker, false);
        assert!(
            stand == Stand::NeedsRead && self.wire.answer_begins(expected),
            "{stand:?}: {}",
            self.wire.answer()
        );
    }
}

/// A worker of a server with every default but its log, which is off.
fn worker() -> Worker {
    let (config, clock, log) = (Config::default(), Clock::system(), Log::off());
    let guard = Arc::new(Guard::new(GuardConfig::default(), clock.clone()));
    let sweeper = Sweeper::start(Arc::clone(&guard), |_| ()).expect("a thread for the sweeper");
    let lifecycle = Lifecycle {
        state: App::new(),
        routes: ROUTES.to_vec(),
        page: ContractPage::new(&config, PROBLEMS),
        guard,
        sweeper: Arc::new(sweeper),
        wait_ms: 0,
        scope: config.scope,
        log: log.clone(),
    };
    let budgets = (
        Budget::new(INFLIGHT_CONTENT_MAX, GivesWay::SlowestBelowRate),
        Budget::new(UNSENT_BYTES_MAX, GivesWay::LongestHeld),
    );
    let places = HandlerPlaces::new(WORKERS);
    let shared = Shared::new(
        Arc::new(lifecycle),
        clock,
        log,
        places,
        budgets,
        CONTENT_MAX,
    );
    Worker::new(
        Arc::new(shared),
        Meters::new(Vec::new()).meter(),
        "bench-".into(),
    )
}

/// A POST whose key can be exchanged without making it anew.
struct Post {
    bytes: Vec<u8>,
    key_at: usize,
}

impl Post {
    fn echo() -> Post {
        Post::new(
            "/echo",
            "text/plain",
            "hello, whoever reads this: it comes back as it is",
        )
    }

    fn payment() -> Post {
        let content = r#"{"from":"alice","to":"bob","amount":1,"currency":"EUR"}"#;
        Post::new("/payments", "application/json", content)
    }

    fn new(path: &str, content_type: &str, content: &str) -> Post {
        let before = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nIdempotency-Key: ");
        let length = content.len();
        let after = format!(
            "\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{content}"
        );
        Post {
            bytes: [before.as_bytes(), &[b'-'; 36], after.as_bytes()].concat(),
            key_at: before.len(),
        }
    }

    fn with_key(&mut self, key: &Uuid) -> &[u8] {
        self.bytes[self.key_at..][..key.len()].copy_from_slice(key);
        &self.bytes
    }
}
