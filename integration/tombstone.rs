//! N-33: answers that are not kept, at and around the bounds, over a socket.

use crate::support::{Request, Server, at_once};

/// A run whose answer has so much content, under a key.
fn sized(key: &str, bytes: usize) -> Request {
    Request::lab(&format!("{key}?bytes={bytes}")).key(key)
}

// N-33
#[test]
fn content_is_kept_up_to_the_bound_and_not_a_byte_more() {
    for (option, bound) in [
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("1KiB", 1024),
        ("64KiB", 65_536),
    ] {
        println!("case: {option}");
        let server = Server::lab(&["--max-stored-response", option]);
        let mut client = server.connect();
        for bytes in bound - usize::from(bound > 0)..=bound + 1 {
            let key = format!("sized-{bytes}");
            let first = client.exchange(&sized(&key, bytes)).expect(201);
            assert_eq!((first.content.len(), first.is_replay()), (bytes, false));
            for _ in 0..2 {
                let again = client.exchange(&sized(&key, bytes));
                if bytes <= bound {
                    assert!(again.is_replay());
                    assert_eq!(again.recorded(), first.recorded());
                } else {
                    again.expect_problem(410, "response-not-stored");
                }
            }
            assert_eq!(server.runs(&key), 1);
        }
    }
}

// N-33
#[test]
fn an_answer_without_content_is_kept_whatever_the_bound() {
    let server = Server::lab(&["--max-stored-response", "0"]);
    for status in [204, 205, 304] {
        println!("case: {status}");
        let key = format!("silent-{status}");
        let request = Request::lab(&format!("{key}?status={status}&bytes=5000")).key(&key);
        let first = server.send(&request).expect(status);
        let again = server.send(&request).expect(status);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
        assert_eq!(server.runs(&key), 1);
    }
    assert_eq!(server.metrics().count("nanoserve_tombstones_total"), 0);
}

// N-33, N-43
#[test]
fn one_byte_of_room_decides() {
    // How much a record of this answer counts for, from a server that has room.
    let roomy = Server::lab(&[]);
    roomy.send(&sized("room", 2000)).expect(201);
    let bytes = roomy.metrics().count("nanoserve_keys_bytes");
    for (max, kept) in [(bytes, true), (bytes - 1, false)] {
        let server = Server::lab(&["--max-bytes", &max.to_string()]);
        let first = server.send(&sized("room", 2000)).expect(201);
        assert_eq!(first.content.len(), 2000, "the first client gets all of it");
        let again = server.send(&sized("room", 2000));
        if kept {
            assert_eq!(again.recorded(), first.recorded());
        } else {
            again.expect_problem(410, "response-not-stored");
        }
        assert_eq!(server.runs("room"), 1);
        let metrics = server.metrics();
        assert_eq!(
            metrics.count("nanoserve_tombstones_total"),
            u64::from(!kept)
        );
        assert!(metrics.count("nanoserve_keys_bytes") <= max);
    }
}

// N-23, N-25, N-33, N-54, N-61, N-62
#[test]
fn a_tombstone_names_what_was_answered_and_is_no_replay() {
    let server = Server::lab(&["--max-stored-response", "10"]);
    let mut client = server.connect();
    let statuses = [200, 201, 302, 402, 404, 500, 503];
    for status in statuses {
        println!("case: {status}");
        let key = format!("gone-{status}");
        let request = Request::lab(&format!("{key}?bytes=11&status={status}")).key(&key);
        client.exchange(&request).expect(status);
        // `expect_problem` refuses the marker of a replay.
        let gone = client
            .exchange(&request)
            .expect_problem(410, "response-not-stored");
        assert_eq!(gone.field("Retry-After"), None, "a retry changes nothing");
        assert!(!gone.says_close());
        let detail = gone.json().get("detail").text().to_owned();
        assert!(
            detail.contains(&format!("answered with {status};")),
            "{detail}"
        );
        client
            .exchange(&request.content("another"))
            .expect_problem(422, "key-reused");
        let records = server.records(&key);
        assert_eq!(records[0].answer, Some(i64::from(status)));
        assert_eq!(server.runs(&key), 1);
    }
    let metrics = server.metrics();
    let all = statuses.len() as u64;
    assert_eq!(metrics.count("nanoserve_tombstones_total"), all);
    assert_eq!(metrics.answers("replay"), all, "an answer of the guard");
    assert_eq!(metrics.refusals("response-not-stored"), all);
}

// N-33
#[test]
fn retries_that_come_at_once_run_nothing() {
    let server = Server::lab(&["--max-stored-response", "1KiB"]);
    let large = sized("many", 4_000_000);
    let answers = at_once(16, |_| server.send(&large));
    let count = |status| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!(count(201), 1, "one ran, and its client got all of it");
    assert_eq!(count(409) + count(410), 15);
    let first = answers.iter().find(|answer| answer.status == 201);
    assert!(first.is_some_and(|first| first.content.len() == 4_000_000));
    server
        .send(&large)
        .expect_problem(410, "response-not-stored");
    assert_eq!(server.runs("many"), 1);
}

// N-31, N-33: the smallest bounds there are, and the longest key.
#[test]
fn the_500_of_a_panic_is_kept_whatever_the_bounds() {
    let server = Server::lab(&["--max-stored-response", "0", "--max-bytes", "1KiB"]);
    let request = Request::lab("panic?panic=after")
        .key("k".repeat(255))
        .field(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        );
    let first = server.send(&request).expect_problem(500, "handler-failed");
    let again = server.send(&request).expect(500);
    assert!(again.is_replay());
    assert_eq!(again.recorded(), first.recorded());
    assert_eq!(server.runs("panic"), 1);
    let metrics = server.metrics();
    assert_eq!(metrics.count("nanoserve_tombstones_total"), 0);
    assert!(metrics.count("nanoserve_keys_bytes") <= 1024);
}
