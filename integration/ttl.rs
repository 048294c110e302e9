//! N-40 and N-41: how long a record lives.

use crate::support::{Request, Server, at_once, wait_for, wait_until};
use std::time::{Duration, Instant};

// N-40
#[test]
fn after_its_time_a_key_is_new_and_reading_does_not_extend_it() {
    let server = Server::lab(&["--ttl", "500ms"]);
    let request = Request::lab("ttl").key("ttl");
    let start = Instant::now();
    server.send(&request).expect(201);
    let answered = Instant::now();
    // The record is read all the time, so that a TTL that reading extends would never end.
    let (fresh, replays) = {
        let mut replays = 0;
        let fresh = wait_for("the key to run again", || {
            let answer = server.send(&request).expect(201);
            replays += i32::from(answer.is_replay());
            (!answer.is_replay()).then_some(answer)
        });
        (fresh, replays)
    };
    assert_eq!(fresh.runs(), 2);
    assert!(replays > 0);
    assert!(
        start.elapsed() >= Duration::from_millis(500),
        "too early: {:?}",
        start.elapsed()
    );
    assert!(
        answered.elapsed() < Duration::from_secs(3),
        "too late: {:?}",
        answered.elapsed()
    );
}

// N-23, N-40
#[test]
fn a_mismatch_does_not_extend_it_either() {
    let server = Server::lab(&["--ttl", "500ms"]);
    let request = |content: &str| Request::lab("mismatch").key("mismatch").content(content);
    server.send(&request("one")).expect(201);
    let answer = wait_for("the key to be new for another request", || {
        let answer = server.send(&request("two"));
        (answer.status != 422).then_some(answer)
    });
    assert_eq!(answer.expect(201).runs(), 2);
}

// N-40
#[test]
fn after_expiry_one_of_many_at_once_runs() {
    let server = Server::lab(&["--ttl", "1s"]);
    let request = Request::lab("again").key("again");
    server.send(&request).expect(201);
    wait_until("expiry", || server.records("again").is_empty());
    let answers = at_once(16, |_| server.send(&request));
    let ran = answers
        .iter()
        .filter(|answer| answer.status == 201 && !answer.is_replay());
    assert_eq!(ran.count(), 1);
    assert_eq!(server.runs("again"), 2);
}

// N-40
#[test]
fn the_time_runs_from_completion_not_from_admission() {
    let server = Server::lab(&["--ttl", "1s"]);
    let request = Request::lab("slow?delay_ms=1200").key("slow");
    server.send(&request).expect(201);
    let answer = server.send(&request);
    assert!(
        answer.is_replay(),
        "older than its TTL, but completed only now"
    );
    let records = server.records("slow");
    assert!(records[0].age_ms >= 1200, "{records:?}");
    assert!(
        records[0]
            .ttl_ms
            .is_some_and(|left| left > 0 && left <= 1000),
        "{records:?}"
    );
}

// N-41
#[test]
fn a_pending_record_does_not_expire() {
    let server = Server::lab(&["--ttl", "100ms"]);
    let request = Request::lab("long?delay_ms=1000").key("long");
    let mut first = server.connect();
    first.send(request.bytes());
    server.wait_pending("long");
    wait_until("an age of several TTLs", || {
        server
            .records("long")
            .iter()
            .any(|record| record.pending && record.age_ms > 500)
    });
    server.send(&request).expect_problem(409, "key-in-flight");
    first.answer().expect(201);
    assert_eq!(server.runs("long"), 1);
}

// N-40, N-91
#[test]
fn a_ttl_of_a_millisecond_is_allowed() {
    let server = Server::lab(&["--ttl", "1ms"]);
    let request = Request::lab("short").key("short");
    server.send(&request).expect(201);
    wait_until("another run", || {
        !server.send(&request).expect(201).is_replay()
    });
}

// N-33, N-40
#[test]
fn a_tombstone_expires_as_any_record() {
    let server = Server::lab(&["--ttl", "300ms", "--max-stored-response", "10"]);
    let request = Request::lab("stone?bytes=11").key("stone");
    server.send(&request).expect(201);
    server
        .send(&request)
        .expect_problem(410, "response-not-stored");
    wait_until("another run", || server.send(&request).status == 201);
    assert_eq!(server.runs("stone"), 2);
}
