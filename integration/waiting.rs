//! `--duplicates wait` (N-22): duplicates of a running request wait for its answer, on connections and on no thread.
//!
//! `WAITERS=1000` (`make waiters`) is the whole of the crowd, with the latencies of others beside it; a small one runs with
//! every test.

use crate::support::{Client, Raised, Request, Server, at_once, wait_until};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A server whose duplicates wait.
fn waiting(options: &[&str]) -> Server {
    Server::lab(&[&["--duplicates=wait"], options].concat())
}

fn waiters(server: &Server) -> u64 {
    server.metrics().count("nanoserve_waiters")
}

/// A client that has sent a request and not read its answer.
#[track_caller]
fn asked(server: &Server, request: &Request) -> Client {
    let mut client = server.connect();
    client.send(request.bytes());
    client
}

// N-22
#[test]
fn duplicates_wait_for_the_one_answer() {
    let server = waiting(&[]);
    let request = Request::lab("one?delay_ms=300").key("one");
    let answers = at_once(10, |_| server.send(&request).expect(201));
    assert_eq!(server.runs("one"), 1);
    assert_eq!(
        answers.iter().filter(|answer| !answer.is_replay()).count(),
        1
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.recorded() == answers[0].recorded())
    );
    assert_eq!(server.metrics().count("nanoserve_waits_total"), 9);
}

// N-22
#[test]
fn past_the_wait_timeout_a_duplicate_gets_409() {
    let server = waiting(&["--wait-timeout=100ms"]);
    let request = Request::lab("long?delay_ms=1500").key("long");
    let mut first = asked(&server, &request);
    server.wait_pending("long");
    let began = Instant::now();
    let answer = server.send(&request).expect_problem(409, "key-in-flight");
    assert!(began.elapsed() >= Duration::from_millis(100), "it waited");
    assert_eq!(answer.field("Retry-After"), Some("1"));
    first.answer().expect(201);
    assert!(server.send(&request).expect(201).is_replay());
}

// N-6, N-22: only its client is gone; the waiters get what was recorded.
#[test]
fn waiters_get_the_answer_that_the_first_client_did_not_wait_for() {
    let server = waiting(&[]);
    let request = Request::lab("gone?delay_ms=400").key("gone");
    let first = asked(&server, &request);
    server.wait_pending("gone");
    let mut others = [(); 3].map(|()| asked(&server, &request));
    wait_until("three to wait", || waiters(&server) == 3);
    drop(first);
    for other in &mut others {
        assert!(other.answer().expect(201).is_replay());
    }
    assert_eq!(server.runs("gone"), 1);
}

// N-22, N-30: each in its turn runs, does nothing, and gives the key back.
#[test]
fn each_release_lets_one_waiter_go_on() {
    let server = waiting(&[]);
    let request = Request::lab("none?delay_ms=100&refuse=503").key("none");
    let began = Instant::now();
    let answers = at_once(4, |_| server.send(&request).expect(503));
    assert!(
        answers.iter().all(|answer| !answer.is_replay()),
        "each ran itself"
    );
    assert!(
        began.elapsed() >= Duration::from_millis(400),
        "one after the other"
    );
    let metrics = server.metrics();
    assert_eq!(metrics.count("nanoserve_released_total"), 4);
    assert_eq!(
        (metrics.answers("execute"), metrics.answers("in_flight")),
        (4, 0)
    );
    assert_eq!(waiters(&server), 0);
}

// N-22
#[test]
fn waiters_that_disconnect_leave_nothing_behind() {
    let server = waiting(&[]);
    server.send(&Request::get("/")).expect(200); // now it has all that it ever opens for itself
    let descriptors = open_descriptors(&server);
    let request = Request::lab("left?delay_ms=2500").key("left");
    let mut first = asked(&server, &request);
    server.wait_pending("left");
    let mut crowd: Vec<Client> = (0..20).map(|_| asked(&server, &request)).collect();
    let mut stays = asked(&server, &request);
    wait_until("all to wait", || waiters(&server) == 21);
    crowd.pop().expect("twenty").half_close(); // says that it sends no more, and leaves then
    drop(crowd);
    wait_until("those who left to be forgotten", || waiters(&server) == 1);
    assert!(server.metrics().pending() > 0.0, "the first still runs");
    first.answer().expect(201);
    assert!(stays.answer().expect(201).is_replay());
    drop((first, stays));
    wait_until("every descriptor to come back", || {
        open_descriptors(&server) <= descriptors
    });
}

// N-22: whoever only stops sending, and still reads, gets an answer.
#[test]
fn a_waiter_that_closes_its_sending_side_is_answered_at_once() {
    let server = waiting(&[]);
    let request = Request::lab("half?delay_ms=1500").key("half");
    let mut first = asked(&server, &request);
    server.wait_pending("half");
    let mut half = asked(&server, &request);
    half.half_close();
    half.answer().expect_problem(409, "key-in-flight");
    first.answer().expect(201);
}

// N-22, N-63
#[test]
fn a_drain_waits_for_those_who_wait() {
    let mut server = waiting(&[]);
    let request = Request::lab("drained?delay_ms=500").key("drained");
    let mut first = asked(&server, &request);
    server.wait_pending("drained");
    let mut other = asked(&server, &request);
    wait_until("one to wait", || waiters(&server) == 1);
    server.drain();
    first.answer().expect(201);
    let answer = other.answer().expect(201);
    assert!(answer.is_replay() && answer.says_close());
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-22, N-53: who waits cannot be asked to give way, so those who may wait leave half of the connections to others.
#[test]
fn waiters_never_take_the_last_connections() {
    let server = waiting(&["--max-connections=10"]);
    let request = Request::lab("hot?delay_ms=2000").key("hot");
    let mut first = asked(&server, &request);
    server.wait_pending("hot");
    let mut crowd: Vec<Client> = (0..9).map(|_| asked(&server, &request)).collect();
    wait_until("five to wait", || waiters(&server) == 5);
    for _ in 0..4 {
        server.send(&Request::get("/")).expect(200);
    }
    first.answer().expect(201);
    // Those for whom there was no place have been told so, and theirs are the connections that gave way.
    let mut replays = 0;
    for client in &mut crowd {
        if client.is_readable_before_end() {
            replays += usize::from(client.answer().is_replay());
        }
    }
    assert_eq!(replays, 5);
}

// N-2, N-22: with few workers, so that a waiter with a thread of its own would show at once.
#[test]
fn a_crowd_of_waiters_disturbs_nobody() {
    let asked_for = std::env::var("WAITERS")
        .ok()
        .and_then(|text| text.parse().ok());
    let count: usize = asked_for.unwrap_or(200);
    let server = waiting(&["--workers=8", "--log=off"]);
    server.send(&Request::get("/")).expect(200);
    let before = (open_descriptors(&server), threads(&server));
    // Connected beforehand: the listener's backlog is 128, and a connect that finds it full waits a second.
    let mut crowd: Vec<Client> = (0..count).map(|_| server.connect()).collect();
    let request = Request::lab("crowd?delay_ms=2000").key("crowd");
    let mut first = asked(&server, &request);
    server.wait_pending("crowd");
    let began = Instant::now();
    for client in &mut crowd {
        client.send(request.bytes());
    }
    let done = AtomicBool::new(false);
    let mut others = thread::scope(|scope| {
        let others = scope.spawn(|| latencies(&server, &done));
        let ends = Raised(&done);
        wait_until("all to wait", || waiters(&server) == count as u64);
        assert_eq!(threads(&server), before.1, "no thread for a waiter");
        let first = first.answer().expect(201);
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "the handler was held up"
        );
        for client in &mut crowd {
            let answer = client.answer().expect(201);
            assert!(answer.is_replay());
            assert_eq!(answer.recorded(), first.recorded());
        }
        drop(ends);
        others.join().expect("the others were served")
    });
    assert_eq!(server.runs("crowd"), 1);
    others.sort_unstable();
    let at = |percent: usize| others[(others.len() - 1) * percent / 100];
    // Two seconds of one client that pauses a millisecond after each pair: a tenth of what an idle machine lets it do.
    assert!(
        others.len() > 150,
        "only {} others were served meanwhile",
        others.len()
    );
    println!(
        "{count} waiters; {} other requests meanwhile: p50 {:?}, p99 {:?}, longest {:?}",
        others.len(),
        at(50),
        at(99),
        at(100)
    );
    drop((first, crowd));
    wait_until("every descriptor to come back", || {
        open_descriptors(&server) <= before.0
    });
    assert_eq!((threads(&server), waiters(&server)), (before.1, 0));
}

/// What others see meanwhile: a fresh payment and a read, again and again, on one connection.
fn latencies(server: &Server, done: &AtomicBool) -> Vec<Duration> {
    let mut client = server.connect();
    let mut taken = Vec::new();
    while !done.load(Ordering::Relaxed) {
        let key = format!("other-{}", taken.len());
        for (request, status) in [
            (crate::support::payment(&key, 1), 201),
            (Request::get("/accounts/alice"), 200),
        ] {
            let began = Instant::now();
            client.exchange(&request).expect(status);
            taken.push(began.elapsed());
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    taken
}

fn open_descriptors(server: &Server) -> usize {
    let folder = format!("/proc/{}/fd", server.pid());
    fs::read_dir(folder).expect("the server runs").count()
}

fn threads(server: &Server) -> usize {
    let folder = format!("/proc/{}/task", server.pid());
    fs::read_dir(folder).expect("the server runs").count()
}
