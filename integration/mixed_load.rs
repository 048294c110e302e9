//! A mixed load of 64 clients: payments, retries, mismatches, panics and disconnects, while keys expire and are swept.
//!
//! A few seconds of it run with every test; `LOAD_SECONDS=60` (`make load`) is the whole of it, and prints what it found.
//! What must hold afterwards: each key's payment was made once, every retry within the TTL got the first answer, money is
//! conserved, a panicking handler ran once for each of its keys, no worker died, and resident memory has not grown but by
//! what the ledger's payments weigh.

use crate::support::{Client, Random, Request, Response, Server, at_once, payment, wait_until};
use serial_test::serial;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: u64 = 64;
/// Steady, so that as many keys are alive at the end as after the warm-up, and memory can be compared.
const ACTIONS_PER_S: u32 = 150;
const TTL: Duration = Duration::from_secs(2);
/// A key is retried at most this long after its first answer: safely within the TTL.
const RETRY_WITHIN: Duration = Duration::from_millis(900);
/// Bytes of one payment in the ledger (src/app/ledger.rs asserts it).
const PAYMENT_BYTES: u64 = 32;
/// Memory that has been resident before is not growth; the first seconds fill tables and the allocator's arenas.
const WARM_UP: Duration = Duration::from_secs(10);

/// What all clients did, counted.
#[derive(Default)]
struct Tally {
    paid: AtomicU64,
    replayed: AtomicU64,
    mismatched: AtomicU64,
    panicked: AtomicU64,
    disconnected: AtomicU64,
    ledger_full: AtomicU64,
    requests: AtomicU64,
}

/// One client with its connection and the payments that it may still retry.
struct Customer<'a> {
    server: &'a Server,
    tally: &'a Tally,
    client: Client,
    name: String,
    next_key: u64,
    panics: u64,
    random: Random,
    recent: VecDeque<(Instant, Request, Response)>,
}

// N-5, N-6, N-20, N-21, N-23, N-31, N-40, N-42, N-43, N-81
#[test]
#[serial]
fn under_a_mixed_load_each_key_runs_once_and_memory_stays() {
    let seconds = std::env::var("LOAD_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(3));
    let server = Server::lab(&["--ttl", "2s", "--log=off"]);
    server.metrics(); // the admin listener is up too: now every thread is there
    let threads_before = server.status("Threads");
    // Every worker at work once: its stack and buffer are touched now, not in the middle of the measurement.
    at_once(62, |number| {
        server
            .send(&Request::lab(&format!("warm-up-{number}?delay_ms=500")))
            .expect(201)
    });
    let (tally, stop) = (Tally::default(), AtomicBool::new(false));
    let mut resident = Vec::new();
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let (server, tally, stop) = (&server, &tally, &stop);
            scope.spawn(move || {
                let mut customer = Customer::new(server, tally, number);
                let mut next = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    customer.act();
                    next += Duration::from_secs(1) / ACTIONS_PER_S;
                    thread::park_timeout(next.saturating_duration_since(Instant::now()));
                }
                assert_eq!(
                    customer.runs(),
                    customer.panics,
                    "a panicking handler ran once a key"
                );
            });
        }
        let start = Instant::now();
        while start.elapsed() < length {
            thread::park_timeout(Duration::from_millis(500));
            resident.push((
                start.elapsed(),
                server.status("VmRSS") * 1024,
                total(&server),
            ));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let paid = tally.paid.load(Ordering::Relaxed);
    assert_eq!(
        total(&server),
        paid,
        "payments in the ledger, and keys that were paid with"
    );
    assert_eq!(
        balance(&server, "alice") + balance(&server, "bob"),
        2 * 100_000_000_000
    );
    assert_eq!(
        server.status("Threads"),
        threads_before,
        "no worker died, none was added"
    );
    // Expired keys go without anyone asking for them.
    wait_until("all keys to expire", || {
        let metrics = server.metrics();
        metrics.completed() + metrics.pending() == 0.0
    });
    assert!(server.metrics().bytes() < 1.0, "nothing is held");
    report(&tally, length, &resident);
}

impl<'a> Customer<'a> {
    fn new(server: &'a Server, tally: &'a Tally, number: u64) -> Customer<'a> {
        let random = Random::at(&[number]);
        let name = format!("customer-{number}");
        let client = server.connect();
        Customer {
            server,
            tally,
            client,
            name,
            next_key: 0,
            panics: 0,
            random,
            recent: VecDeque::new(),
        }
    }

    fn act(&mut self) {
        self.recent
            .retain(|(since, ..)| since.elapsed() < RETRY_WITHIN);
        match self.random.below(10) {
            0..=2 => self.pay(),
            3..=6 => self.retry(),
            7 => self.mismatch(),
            8 => self.disconnect(),
            _ => self.panic(),
        }
    }

    fn pay(&mut self) {
        let request = self.new_payment();
        let answer = self.exchange(&request);
        self.settle(request, answer);
    }

    /// The same bytes again: the same answer again.
    fn retry(&mut self) {
        let Some((_, request, first)) = self.a_recent() else {
            return self.pay();
        };
        let answer = self.exchange(&request);
        assert!(answer.is_replay(), "{}: {}", answer.status, answer.text());
        assert_eq!(answer.recorded(), first.recorded());
        add(&self.tally.replayed);
    }

    fn mismatch(&mut self) {
        let Some((_, request, _)) = self.a_recent() else {
            return self.pay();
        };
        self.exchange(&request.content("something else"))
            .expect_problem(422, "key-reused");
        add(&self.tally.mismatched);
    }

    /// Sends a payment whole and leaves without reading; then asks again until the answer is there.
    fn disconnect(&mut self) {
        let request = self.new_payment();
        let mut leaving = self.server.connect();
        leaving.send(request.bytes());
        if self.random.below(2) == 0 {
            leaving.wait_readable();
            leaving.reset();
        } else {
            drop(leaving);
        }
        add(&self.tally.disconnected);
        let mut answer = self.exchange(&request);
        while answer.status == 409 {
            answer = self.exchange(&request);
        }
        self.settle(request, answer);
    }

    /// A handler that counts and then panics: the 500 is the record, and the count stays at one.
    fn panic(&mut self) {
        let key = self.new_key();
        let request = Request::lab(&format!("{}?panic=after", self.name)).key(&key);
        let first = self
            .exchange(&request)
            .expect_problem(500, "handler-failed");
        let again = self.exchange(&request).expect(500);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
        self.panics += 1;
        add(&self.tally.panicked);
    }

    fn settle(&mut self, request: Request, answer: Response) {
        match answer.status {
            201 => {
                add(&self.tally.paid);
                self.recent.push_back((Instant::now(), request, answer));
                self.recent.truncate(32);
            }
            503 => {
                answer.expect_problem(503, "ledger-full");
                add(&self.tally.ledger_full);
            }
            other => panic!("a payment got {other}: {}", answer.text()),
        }
    }

    fn exchange(&mut self, request: &Request) -> Response {
        add(&self.tally.requests);
        self.client.exchange(request)
    }

    fn a_recent(&mut self) -> Option<(Instant, Request, Response)> {
        let at = self.random.below(self.recent.len().max(1));
        let found = self.recent.get(at)?;
        (found.0.elapsed() < RETRY_WITHIN).then(|| found.clone())
    }

    fn new_payment(&mut self) -> Request {
        let key = self.new_key();
        payment(&key, 1)
    }

    fn new_key(&mut self) -> String {
        self.next_key += 1;
        format!("{}-{}", self.name, self.next_key)
    }

    fn runs(&self) -> u64 {
        u64::try_from(self.server.runs(&self.name)).expect("a count")
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn total(server: &Server) -> u64 {
    let page = server
        .send(&Request::get("/payments?limit=1"))
        .expect(200)
        .json();
    u64::try_from(page.get("total").number()).expect("a count")
}

fn balance(server: &Server, name: &str) -> i64 {
    let account = server
        .send(&Request::get(&format!("/accounts/{name}")))
        .expect(200)
        .json();
    account.get("balances").get("EUR").number()
}

/// Says what was done, and holds memory to its word where the load was long enough to tell.
fn report(tally: &Tally, length: Duration, resident: &[(Duration, u64, u64)]) {
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    println!(
        "{} requests in {length:?}: {} payments made, {} replays, {} mismatches, {} panics, {} disconnects, {} found the ledger full",
        of(&tally.requests),
        of(&tally.paid),
        of(&tally.replayed),
        of(&tally.mismatched),
        of(&tally.panicked),
        of(&tally.disconnected),
        of(&tally.ledger_full),
    );
    let Some(&(_, before, paid_before)) = resident.iter().find(|(at, ..)| *at >= WARM_UP) else {
        return;
    };
    let &(_, after, paid_after) = resident.last().expect("it has a first");
    let ledger = (paid_after - paid_before) * PAYMENT_BYTES;
    let allowed = before + ledger + (before + ledger) / 20;
    println!(
        "resident after {WARM_UP:?}: {before}, at the end: {after}, of which new payments {ledger}; allowed {allowed} (TTL {TTL:?})"
    );
    assert!(
        after <= allowed,
        "memory grew by more than the payments weigh"
    );
}
