//! Claims about the counters: they agree exactly with what was sent (N-62).

use super::{House, Setup, post, request};
use crate::harness::Test;
use nanoserve::http::problem::PRECEDENCE;
use nanoserve::log::{Level, Log};
use nanoserve::metrics::Counter;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

pub const TESTS: &[Test] = &[
    (
        "a_scripted_session_is_counted_exactly",
        a_scripted_session_is_counted_exactly,
    ),
    (
        "an_access_line_tells_of_its_own_request",
        an_access_line_tells_of_its_own_request,
    ),
    (
        "the_gauges_follow_the_records",
        the_gauges_follow_the_records,
    ),
    (
        "an_answer_is_counted_before_it_can_be_read",
        an_answer_is_counted_before_it_can_be_read,
    ),
];

// N-62
fn a_scripted_session_is_counted_exactly() {
    let house = House::new(Setup {
        keys_max: 5,
        ..Setup::default()
    });
    let mut client = house.connect();
    let (mut sent, mut received) = (0, 0);
    let mut session = |bytes: &[u8]| {
        client.far.send(bytes);
        client.settle();
        sent += bytes.len() as u64;
        received += client.far.take().len() as u64;
    };
    session(&request("GET /run", &[], ""));
    session(&request("GET /docs/idempotency", &[], ""));
    session(&request("OPTIONS /run", &[], ""));
    session(&post("/run", "a", "x").repeat(4)); // one execution, three replays
    session(&post("/run", "a", "y").repeat(2)); // mismatches
    session(&post("/run", "", "").repeat(3)); // without a key
    session(&post("/refuse/400", "b", "").repeat(2)); // executed and released
    session(&post("/bytes/1001", "c", "").repeat(2)); // a tombstone, and its replay
    session(&post("/panic", "d", "").repeat(2)); // a panic, and its replay
    session(&post("/panic", "", ""));
    session(&post("/status/302", "e", ""));
    session(&post("/run", "f", ""));
    session(&post("/run", "one-too-many", "").repeat(2));
    session(&post("/nowhere", "g", "x"));
    session(&post("/must", "", ""));
    session(&post("/run", "\"", ""));
    session(b"GET /run HTTP/1.1\r\n\r\n");
    let expected = [
        (Counter::Execute, 7),
        (Counter::Replay, 5),
        (Counter::InFlight, 0),
        (Counter::Mismatch, 2),
        (Counter::Full, 2),
        (Counter::Unkeyed, 4),
        (Counter::HandlerPanic, 2),
        (Counter::Released, 2),
        (Counter::Tombstone, 1),
        (Counter::Requests, 27),
        (Counter::Status2xx, 3 + 4 + 3 + 1 + 1),
        (Counter::Status3xx, 1),
        (Counter::Status4xx, 2 + 2 + 1 + 4),
        (Counter::Status5xx, 2 + 1 + 2),
        (Counter::BytesIn, sent),
        (Counter::BytesOut, received),
    ];
    for (counter, count) in expected {
        assert_eq!(house.count(counter), count, "{counter:?}");
    }
    let refused = [
        ("key-reused", 2),
        ("response-not-stored", 1),
        ("handler-failed", 2), // a replay is no problem made for this request
        ("keys-full", 2),
        ("not-found", 1),
        ("key-missing", 1),
        ("key-malformed", 1),
        ("malformed-request", 1),
    ];
    for kind in PRECEDENCE {
        let known = refused.iter().find(|(name, _)| *name == kind.name);
        let count = known.map_or(0, |(_, count)| *count);
        assert_eq!(house.meters.refusals(kind.name), count, "{}", kind.name);
    }
    assert_eq!(house.meters.refusals("other"), 0);
}

/// A sink that others can look into.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.0.lock().expect("no test panics with this lock");
        lines.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

// N-64: what is no request has no line to show, least of all that of the request before it.
fn an_access_line_tells_of_its_own_request() {
    let lines = Lines::default();
    let log = Log::to(Box::new(lines.clone()), Level::Access).expect("threads can be made");
    let house = House::new(Setup {
        log: log.clone(),
        ..Setup::default()
    });
    let mut client = house.connect();
    client.ask(&request("GET /run?first", &[], ""));
    client.ask(b"no request at all\r\n\r\n");
    drop((client, house));
    log.flush(10_000);
    let text = lines
        .0
        .lock()
        .expect("no test panics with this lock")
        .clone();
    let text = String::from_utf8(text).expect("lines are UTF-8");
    let access: Vec<_> = text
        .lines()
        .filter(|line| line.contains("event=request"))
        .collect();
    assert_eq!(access.len(), 2, "{text}");
    assert!(
        access[0].contains("/run?first") && access[0].contains("status=201"),
        "{text}"
    );
    assert!(
        !access[1].contains("/run?first") && access[1].contains("status=400"),
        "{text}"
    );
}

// N-62, N-43
fn the_gauges_follow_the_records() {
    let house = House::new(Setup::default());
    let keys = || {
        let gauges = house.guard.gauges();
        (gauges.pending, gauges.completed)
    };
    house.post("/run", "a", "").expect_run(1);
    assert_eq!(keys(), (0, 1));
    house.while_held("b", || {
        assert_eq!(keys(), (1, 1));
        assert_eq!(house.shared.places.taken(), 1);
        house
            .post("/held", "b", "")
            .expect_problem(409, "key-in-flight");
        assert_eq!(house.count(Counter::InFlight), 1);
        house.post("/refuse/400", "c", "");
        assert_eq!(keys(), (1, 1));
    });
    assert_eq!(keys(), (0, 2));
    assert_eq!(house.shared.places.taken(), 0);
}

// N-62
fn an_answer_is_counted_before_it_can_be_read() {
    let house = House::new(Setup::default());
    let script = [
        ("/run", "k", Counter::Execute),
        ("/run", "k", Counter::Replay),
        ("/other", "k", Counter::Mismatch),
        ("/refuse/400", "l", Counter::Released),
        ("/run", "", Counter::Unkeyed),
        ("/bytes/1001", "m", Counter::Tombstone),
        ("/panic", "n", Counter::HandlerPanic),
    ];
    for (n, (target, key, counter)) in script.into_iter().enumerate() {
        let before = house.count(counter);
        let mut client = house.connect();
        client.far.room_for(0);
        client.far.send(&post(target, key, ""));
        client.settle();
        assert!(client.far.received().is_empty());
        assert_eq!(house.count(counter), before + 1, "{counter:?}");
        assert_eq!(house.count(Counter::Requests), n as u64 + 1, "{target}");
    }
}
