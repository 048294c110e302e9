//! Bounds that are met all the time: never is more held than they allow, and nothing that lives makes room.

use super::{CONNECTIONS, length};
use crate::support::{Client, Raised, Request, Response, Server, at_once, wait_until};
use serial_test::serial;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Bounds of a server, and a thread that asks for its metrics all the time: never is more held than they allow (N-43).
struct Bounds {
    keys_max: u64,
    bytes_max: u64,
}

impl Bounds {
    fn server(&self, options: &[&str]) -> Server {
        let (keys_max, bytes_max) = (self.keys_max.to_string(), self.bytes_max.to_string());
        // A handler for each connection, and the two workers that never run one.
        let workers = (CONNECTIONS + 2).to_string();
        let bounds = [
            "--max-keys",
            &keys_max,
            "--max-bytes",
            &bytes_max,
            "--workers",
            &workers,
        ];
        Server::lab(&[&bounds, options, &["--log=off"]].concat())
    }

    /// 64 connections at once, each with its number.
    fn watch<T: Send>(&self, server: &Server, act: impl Fn(Client, usize) -> T + Sync) -> Vec<T> {
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    self.look(server);
                }
            });
            // On every way out, a panic included: the scope waits for the thread.
            let _end = Raised(&ended);
            at_once(CONNECTIONS, |number| act(server.connect(), number))
        })
    }

    fn look(&self, server: &Server) {
        let (keys, bytes) = held(server);
        assert!(keys <= self.keys_max, "{keys} of {} keys", self.keys_max);
        assert!(
            bytes <= self.bytes_max,
            "{bytes} of {} bytes",
            self.bytes_max
        );
    }
}

/// Keys and bytes that are held.
fn held(server: &Server) -> (u64, u64) {
    let metrics = server.metrics();
    let keys = |state| metrics.count(&format!("nanoserve_keys{{state=\"{state}\"}}"));
    (
        keys("pending") + keys("completed"),
        metrics.count("nanoserve_keys_bytes"),
    )
}

// N-24, N-30, N-43, N-62: there are as many places as keys can be held at once, and not one more. A place that is given back
// after the answer has left, or late, or never, has somebody told Full before the end; one given twice, nobody at the end.
#[test]
#[serial]
fn keys_that_were_given_back_make_room_at_once_and_only_they() {
    const EACH: usize = 4;
    let length = length(Duration::from_secs(1));
    let bounds = Bounds {
        keys_max: (CONNECTIONS * (EACH + 1)) as u64,
        bytes_max: 1 << 30,
    };
    let server = bounds.server(&[]);
    let keyed = |number: usize, n: usize| Request::lab("room").key(format!("{number}-{n}"));
    let start = Instant::now();
    let known = bounds.watch(&server, |mut client, number| {
        // Each client holds what it has completed, and one key that its request is about.
        let mut known = Vec::new();
        let mut turn = 0;
        while start.elapsed() < length || known.len() < EACH {
            turn += 1;
            if turn % 8 == 0 && known.len() < EACH {
                let request = keyed(number, known.len());
                known.push((client.exchange(&request).expect(201), request));
            }
            let key = format!("back-{number}-{turn}");
            client
                .exchange(&Request::lab("room?refuse=422").key(key))
                .expect(422);
        }
        // All places that are left, and then there is none.
        let request = keyed(number, EACH);
        known.push((client.exchange(&request).expect(201), request));
        known
    });
    assert_eq!(held(&server).0, bounds.keys_max);
    bounds.watch(&server, |mut client, number| {
        let late = Request::lab("room").key(format!("late-{number}"));
        client.exchange(&late).expect_problem(503, "keys-full");
        for (first, request) in &known[number] {
            let again = client.exchange(request).expect(201);
            assert!(again.is_replay());
            assert_eq!(again.recorded(), first.recorded());
        }
    });
    assert_eq!(server.metrics().answers("full"), CONNECTIONS as u64);
    assert_eq!(held(&server).0, bounds.keys_max);
}

/// A client that makes keys, and comes back to those whose time is not over.
struct Caller<'a> {
    client: Client,
    number: usize,
    turn: usize,
    live: VecDeque<Known>,
    sum: &'a Sum,
}

/// A request that was run, and what its retries were told.
struct Known {
    sent: Instant,
    request: Request,
    first: Response,
    /// Larger than what is stored at all.
    too_large: bool,
    /// A retry was told that the answer is not there any more; from then on each must be.
    lost: Option<bool>,
}

/// What all callers together were told.
#[derive(Default)]
struct Sum {
    executed: AtomicU64,
    full: AtomicU64,
    replayed: AtomicU64,
    lost: AtomicU64,
}

const LOAD_TTL: Duration = Duration::from_secs(1);
const STORED_MAX: usize = 8 * 1024;

// N-21, N-24, N-30, N-31, N-33, N-40, N-42 to N-44, N-62: many more keys than there are places, with answers of every size.
// A live record that was evicted would run again, or be told Full; a bound that was passed, or a place or a byte that
// was lost, would show in the gauges, while it lasts or at the end.
#[test]
#[serial]
fn nothing_that_lives_is_evicted_and_no_bound_is_passed_while_keys_come_and_go() {
    let length = length(Duration::from_secs(3));
    let bounds = Bounds {
        keys_max: 300,
        bytes_max: 512 * 1024,
    };
    let stored_max = STORED_MAX.to_string();
    let server = bounds.server(&["--ttl", "1s", "--max-stored-response", &stored_max]);
    let sum = Sum::default();
    let start = Instant::now();
    bounds.watch(&server, |client, number| {
        let mut caller = Caller {
            client,
            number,
            turn: 0,
            live: VecDeque::new(),
            sum: &sum,
        };
        while start.elapsed() < length {
            caller.act();
        }
    });
    let [executed, full, replayed, lost] =
        [&sum.executed, &sum.full, &sum.replayed, &sum.lost].map(|n| n.load(Ordering::Relaxed));
    println!("{executed} executed, {full} told full, {replayed} replayed, {lost} not kept");
    assert!(executed > bounds.keys_max && full > 0 && replayed > 0 && lost > 0);
    let metrics = server.metrics();
    assert_eq!(metrics.answers("execute"), executed);
    assert_eq!(metrics.answers("full"), full);
    assert_eq!(metrics.answers("replay"), replayed + lost);
    wait_until("nothing to be held", || held(&server) == (0, 0));
}

impl Caller<'_> {
    fn act(&mut self) {
        const SIZES: [usize; 8] = [
            0,
            100,
            1_000,
            300,
            STORED_MAX,
            4_000,
            STORED_MAX + 1,
            20_000,
        ];
        self.turn += 1;
        match self.turn % 8 {
            0 => self.claim("refuse=422", 422, false),
            1 => self.claim("panic=after", 500, false),
            2..5 => {
                let bytes = SIZES[(self.number + self.turn) % SIZES.len()];
                self.claim(&format!("bytes={bytes}"), 201, bytes > STORED_MAX);
            }
            _ => self.come_back(),
        }
    }

    fn claim(&mut self, option: &str, status: u16, too_large: bool) {
        let key = format!("{}-{}", self.number, self.turn);
        let request = Request::lab(&format!("load?{option}")).key(key);
        let sent = Instant::now();
        let first = self.client.exchange(&request);
        if first.status == 503 {
            first.expect_problem(503, "keys-full");
            add(&self.sum.full);
            return;
        }
        let first = first.expect(status);
        assert!(!first.is_replay());
        add(&self.sum.executed);
        if status != 422 {
            self.live.push_back(Known {
                sent,
                request,
                first,
                too_large,
                lost: None,
            });
        }
    }

    /// Asks for the key that has waited longest.
    fn come_back(&mut self) {
        self.live
            .retain(|known| known.sent.elapsed() < LOAD_TTL / 2);
        let Some(mut known) = self.live.pop_front() else {
            return;
        };
        let answer = self.client.exchange(&known.request);
        // It was completed after it was sent, and what was answered before a TTL from then was in its time.
        if known.sent.elapsed() >= LOAD_TTL {
            return self.forget(&answer);
        }
        let is_lost = answer.status == 410;
        assert!(
            known.lost.is_none_or(|lost| lost == is_lost),
            "kept and lost by turns"
        );
        if is_lost {
            answer.expect_problem(410, "response-not-stored");
            add(&self.sum.lost);
        } else {
            assert!(answer.is_replay(), "{}: {}", answer.status, answer.text());
            assert_eq!(answer.recorded(), known.first.recorded());
            assert!(!known.too_large);
            add(&self.sum.replayed);
        }
        known.lost = Some(is_lost);
        self.live.push_back(known);
    }

    /// The machine was so slow that the key may have been new: whatever came, it only counts.
    fn forget(&self, answer: &Response) {
        match answer.status {
            503 => add(&self.sum.full),
            410 => add(&self.sum.lost),
            _ if answer.is_replay() => add(&self.sum.replayed),
            _ => add(&self.sum.executed),
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
