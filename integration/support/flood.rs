//! New keys as fast as one process can send them, and beside them clients that ask for known ones again and again.
//!
//! Invariant: no answer is taken unread; each goes through `Client`, which is strict.

use super::Raised;
use super::process::Server;
use super::request::Request;
use super::wire::{Client, Response};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CONNECTIONS: u64 = 8;
/// Requests that leave in one write, before the first of their answers is read. The server serves 16 in a visit.
const PIPELINED: u64 = 64;

/// What became of the requests that were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flooded {
    pub(crate) executed: u64,
    /// 503 for want of room (N-24).
    pub(crate) refused: u64,
}

/// Sends a request for each of these numbers, each with a key of its own, over connections that are kept alive. With
/// `stop_when_full` each connection ends behind the batch in which it was refused.
pub(crate) fn flood(
    server: &Server,
    numbers: Range<u64>,
    stop_when_full: bool,
    request: impl Fn(u64) -> Request + Sync,
) -> Flooded {
    let next = AtomicU64::new(numbers.start);
    let send_all = || {
        let mut client = server.connect();
        let mut sum = Flooded::default();
        loop {
            let from = next.fetch_add(PIPELINED, Ordering::Relaxed);
            let batch = from..numbers.end.min(from + PIPELINED);
            if batch.is_empty() || stop_when_full && sum.refused > 0 {
                return sum;
            }
            let bytes: Vec<u8> = batch.clone().flat_map(|n| request(n).bytes()).collect();
            client.send(bytes);
            for _ in batch {
                sum.count(client.answer());
            }
        }
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(send_all)).collect();
        let sums = threads.into_iter().map(|thread| {
            thread
                .join()
                .expect("its panic was printed where it happened")
        });
        sums.fold(Flooded::default(), |all, one| Flooded {
            executed: all.executed + one.executed,
            refused: all.refused + one.refused,
        })
    })
}

impl Flooded {
    #[track_caller]
    fn count(&mut self, answer: Response) {
        match answer.status {
            200 | 201 => {
                assert!(!answer.is_replay(), "no key is sent twice");
                self.executed += 1;
            }
            503 => {
                let answer = answer.expect_problem(503, "keys-full");
                assert!(answer.field("Retry-After").is_some());
                self.refused += 1;
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
}

/// A request that was executed, and its answer.
pub(crate) struct Known {
    request: Request,
    first: Response,
}

/// Sends requests for the first time.
pub(crate) fn make_known(server: &Server, requests: impl Iterator<Item = Request>) -> Vec<Known> {
    let mut client = server.connect();
    requests
        .map(|request| {
            let first = client.exchange(&request).expect(200);
            assert!(!first.is_replay());
            Known { request, first }
        })
        .collect()
}

/// While `work` runs, this many clients ask for known keys one after the other, and must get the first answer each time
/// (N-21). Returns what `work` did, and how long each replay took as its client saw it, the shortest first.
pub(crate) fn while_replaying<T>(
    server: &Server,
    known: &[Known],
    clients: usize,
    work: impl FnOnce() -> T,
) -> (T, Vec<Duration>) {
    let ended = AtomicBool::new(false);
    let replay = &|client| replay_until(&ended, server.connect(), known, client);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..clients)
            .map(|client| scope.spawn(move || replay(client)))
            .collect();
        // On every way out, a panic included: the scope waits for its threads.
        let end = Raised(&ended);
        let done = work();
        drop(end);
        let mut took: Vec<Duration> = threads
            .into_iter()
            .flat_map(|thread| {
                thread
                    .join()
                    .expect("its panic was printed where it happened")
            })
            .collect();
        took.sort_unstable();
        (done, took)
    })
}

fn replay_until(
    ended: &AtomicBool,
    mut client: Client,
    known: &[Known],
    from: usize,
) -> Vec<Duration> {
    let mut took = Vec::new();
    for Known { request, first } in known.iter().cycle().skip(from) {
        let began = Instant::now();
        let answer = client.exchange(request);
        took.push(began.elapsed());
        assert!(answer.is_replay(), "{}: {}", answer.status, answer.text());
        assert_eq!(answer.recorded(), first.recorded());
        if ended.load(Ordering::Relaxed) {
            break; // after one replay at least, however short the work was
        }
    }
    took
}
