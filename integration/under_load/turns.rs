//! Duplicates that wait for what is given back again and again.

use super::{CONNECTIONS, length};
use crate::support::{Request, Server, at_once, wait_until};
use serial_test::serial;
use std::time::{Duration, Instant};

const KEYS: usize = 8;

// N-6, N-22, N-30: 64 clients ask for eight keys at once, each handler gives its key back, and of four clients one leaves. A
// release that wakes nobody, or an heir whose claim the others are not told of, leaves them waiting until their time is over;
// a place that is not given back stays in the gauge.
#[test]
#[serial]
fn whoever_waits_for_a_released_key_has_its_turn_though_others_leave() {
    let end = Instant::now() + length(Duration::from_secs(1));
    // A handler for each connection, and the two workers that never run one.
    let workers = (CONNECTIONS + 2).to_string();
    let server = Server::lab(&["--duplicates=wait", "--log=off", "--workers", &workers]);
    let mut answered = 0;
    for round in 0.. {
        let stayed = at_once(CONNECTIONS, |number| {
            let key = format!("turn-{round}-{}", number % KEYS);
            let request = Request::lab("turn?delay_ms=5&refuse=503").key(key);
            let mut client = server.connect();
            client.send(request.bytes());
            let stays = number / KEYS % 4 != 3;
            if stays {
                assert!(!client.answer().expect(503).is_replay());
            }
            usize::from(stays)
        });
        answered += stayed.into_iter().sum::<usize>() as u64;
        if Instant::now() >= end {
            break;
        }
    }
    let nothing_is_left = || {
        let metrics = server.metrics();
        let held = metrics.pending() + metrics.completed();
        held + metrics.get("nanoserve_waiters") == 0.0
    };
    wait_until("every place to come back", nothing_is_left);
    let metrics = server.metrics();
    let executed = metrics.answers("execute");
    assert!(executed >= answered, "{answered} were answered");
    assert_eq!(metrics.count("nanoserve_released_total"), executed);
    assert!(metrics.count("nanoserve_waits_total") > 0, "nobody waited");
}
