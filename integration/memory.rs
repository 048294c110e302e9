//! N-24, N-42 and N-43: bounds on keys, bytes, workers and content in flight.

use crate::support::{Client, Request, Server, wait_for, wait_until};
use std::fs;
use std::process::Command;

fn keyed(n: usize) -> Request {
    Request::lab("full").key(format!("key-{n}"))
}

// N-24, N-25
#[test]
fn the_eleventh_of_ten_keys_is_refused_and_the_ten_go_on_replaying() {
    let server = Server::lab(&["--max-keys", "10"]);
    for n in 0..10 {
        server.send(&keyed(n)).expect(201);
    }
    for _ in 0..3 {
        let answer = server.send(&keyed(10)).expect_problem(503, "keys-full");
        let retry: u32 = answer
            .field("Retry-After")
            .and_then(|s| s.parse().ok())
            .expect("seconds");
        assert!(retry > 0);
    }
    for n in 0..10 {
        assert!(server.send(&keyed(n)).expect(201).is_replay());
        let other = keyed(n).content("other");
        server.send(&other).expect_problem(422, "key-reused");
    }
    assert_eq!(server.runs("full"), 10);
    // Without a key nothing is to be kept.
    assert_eq!(server.send(&Request::lab("full")).expect(201).runs(), 11);
    assert_eq!(server.records("key-10"), []);
}

// N-43
#[test]
fn a_warning_is_logged_before_it_is_full() {
    let server = Server::lab(&["--max-keys", "10"]);
    for n in 0..5 {
        server.send(&keyed(n)).expect(201);
    }
    assert!(
        !server.stderr().contains("full"),
        "half full is no reason to warn"
    );
    for n in 5..9 {
        server.send(&keyed(n)).expect(201);
    }
    wait_until("a warning", || server.stderr().contains("full"));
}

// N-24
#[test]
fn a_key_that_was_given_back_makes_room() {
    let server = Server::lab(&["--max-keys", "1"]);
    for n in 0..5 {
        let refused = Request::lab("room?refuse=422").key(format!("key-{n}"));
        server.send(&refused).expect(422);
    }
    server.send(&Request::lab("room").key("one")).expect(201);
    server
        .send(&Request::lab("room").key("two"))
        .expect_problem(503, "keys-full");
}

// N-24
#[test]
fn pending_records_count_and_are_never_evicted() {
    let server = Server::lab(&["--max-keys", "1"]);
    let slow = Request::lab("slow?delay_ms=500").key("slow");
    let mut client = server.connect();
    client.send(slow.bytes());
    server.wait_pending("slow");
    server
        .send(&Request::lab("slow").key("other"))
        .expect_problem(503, "keys-full");
    client.answer().expect(201);
    assert!(server.send(&slow).expect(201).is_replay());
}

// N-24, N-42
#[test]
fn expired_records_do_not_keep_it_full() {
    let server = Server::lab(&["--max-keys", "10", "--ttl", "400ms"]);
    for n in 0..10 {
        server.send(&keyed(n)).expect(201);
    }
    wait_until("room again", || server.send(&keyed(10)).status == 201);
}

// N-24, N-33, N-43
#[test]
fn the_bound_on_bytes_refuses_new_keys_and_keeps_the_old() {
    let server = Server::lab(&["--max-bytes", "64KiB"]);
    let large = |n: usize| Request::lab("bytes?bytes=3000").key(format!("key-{n}"));
    let first_refused = (0..1000)
        .find(|n| server.send(&large(*n)).status == 503)
        .expect("64 KiB hold no thousand records of 3000 bytes");
    assert!(
        first_refused >= 10,
        "64 KiB hold more than {first_refused} of these"
    );
    server
        .send(&large(first_refused))
        .expect_problem(503, "keys-full");
    let answers = (0..first_refused).map(|n| server.send(&large(n)));
    let replays = answers
        .filter(|answer| match answer.status {
            201 => answer.is_replay(),
            // Those whose response found no room any more.
            410 => false,
            other => panic!("{other}"),
        })
        .count();
    assert!(
        replays >= 10,
        "{replays} of {first_refused} were kept whole"
    );
    assert_eq!(
        server.runs("bytes"),
        i64::try_from(first_refused).expect("below a thousand")
    );
    assert!(server.metrics().bytes() <= 64.0 * 1024.0);
}

// N-42
#[test]
fn memory_of_expired_keys_comes_back_without_a_reader() {
    let server = Server::lab(&["--ttl", "300ms"]);
    let mut client = server.connect();
    for n in 0..200 {
        client.exchange(&keyed(n)).expect(201);
    }
    assert!(server.metrics().completed() > 0.0);
    wait_until("the sweeper", || {
        let metrics = server.metrics();
        metrics.completed() == 0.0 && metrics.bytes() == 0.0
    });
}

// N-42, N-43
#[test]
fn the_allocator_shares_one_arena_and_puts_nothing_off() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nanoserve"));
    command
        .args(["--listen", "127.0.0.1:0", "--admin", "off"])
        .env_remove("MALLOC_ARENA_MAX")
        .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=7");
    let server = Server::spawn(&mut command, false);
    let environment = fs::read_to_string(format!("/proc/{}/environ", server.pid()));
    let environment = environment.expect("it is our child");
    // glibc may have put an end behind each setting, in place of the colon.
    let settings: Vec<&str> = environment.split(['\0', ':']).collect();
    for setting in [
        "MALLOC_ARENA_MAX=1",
        "GLIBC_TUNABLES=glibc.malloc.mxfast=0",
        "glibc.malloc.tcache_count=7",
    ] {
        assert!(settings.contains(&setting), "{setting} is not set");
    }
}

// N-24
#[test]
fn without_a_worker_to_spare_new_keys_are_refused_and_known_ones_replay() {
    let server = Server::lab(&["--workers", "6"]);
    let known = Request::lab("known").key("known");
    server.send(&known).expect(201);
    let mut busy: Vec<Client> = Vec::new();
    let refused = wait_for("a handler too many", || {
        let mut client = server.connect();
        let key = format!("busy-{}", busy.len());
        client.send(Request::lab("busy?delay_ms=3000").key(&key).bytes());
        wait_until("a claim or an answer", || {
            !client.is_silent() || !server.records(&key).is_empty()
        });
        if client.is_silent() {
            busy.push(client);
            None
        } else {
            Some(client.answer())
        }
    });
    let refused = refused.expect_problem(503, "workers-busy");
    assert!(refused.field("Retry-After").is_some());
    assert!((1..6).contains(&busy.len()), "{} of 6 workers", busy.len());
    assert!(server.send(&known).expect(201).is_replay());
    server
        .send(&Request::lab("unkeyed"))
        .expect_problem(503, "workers-busy");
    assert_eq!(server.runs("unkeyed"), 0);
}

// N-3, N-43
#[test]
fn content_in_flight_is_bounded_in_total() {
    let server = Server::lab(&["--max-inflight-content", "1MiB"]);
    let mut holder = server.connect();
    let slow = Request::lab("holder")
        .key("holder")
        .field("Expect", "100-continue");
    holder.send(slow.declared(1024 * 1024).bytes());
    // Told to continue: its declared length counts from here on, though nothing of it has come.
    holder.expect_continue();
    // Small contents need no room: they come with their head and are handed over at once.
    server
        .send(&Request::lab("small").content("small"))
        .expect(201);
    let content = vec![b'c'; 800 * 1024];
    for other in [
        Request::lab("other").key("other").content(&content),
        Request::lab("other").key("other").chunked(&[&content]),
    ] {
        let answer = server
            .send(&other)
            .expect_problem(503, "content-in-flight-full");
        assert!(answer.field("Retry-After").is_some());
        assert!(answer.says_close());
    }
    assert_eq!(server.records("other"), []);
    // After its first second the slow one gives way to others.
    let other = Request::lab("other").key("other").content(&content);
    wait_until("the slow one to give way", || {
        server.send(&other).status == 201
    });
    holder.answer().expect_problem(408, "request-timeout");
    assert_eq!(server.records("holder"), []);
    assert_eq!(server.runs("holder"), 0);
}
