//! N-1, N-2, N-7: connections that stay, carry several requests at once, and give way.

use crate::support::{Client, Request, Server, at_once, payment, wait_until};
use std::time::{Duration, Instant};

// N-7
#[test]
fn a_connection_serves_many_requests() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    for n in 1..=50 {
        let answer = client.exchange(&Request::lab("kept")).expect(201);
        assert_eq!(answer.runs(), n);
        assert!(!answer.says_close());
    }
}

// N-7
#[test]
fn connection_close_is_answered_and_done() {
    let server = Server::start(&[]);
    for value in ["close", "Close", "foo, close"] {
        let mut client = server.connect();
        let answer = client.exchange(&Request::get("/").field("Connection", value));
        assert!(answer.expect(200).says_close(), "{value}");
        client.expect_end();
    }
}

// N-7
#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let requests: Vec<u8> = (0..40)
        .flat_map(|n| {
            Request::post("/echo")
                .content(format!("number {n}"))
                .bytes()
        })
        .collect();
    client.send(requests);
    for n in 0..40 {
        assert_eq!(client.answer().expect(200).text(), format!("number {n}"));
    }
}

// N-7
#[test]
fn a_slow_request_holds_back_those_behind_it_in_its_pipeline() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let slow = Request::lab("order?delay_ms=150").bytes();
    let quick = Request::post("/echo").content("quick").bytes();
    client.send([slow, quick].concat());
    assert_eq!(client.answer().expect(201).runs(), 1);
    assert_eq!(client.answer().expect(200).text(), "quick");
}

// N-7, N-21
#[test]
fn a_duplicate_behind_its_own_original_in_one_pipeline_replays() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let one = Request::lab("twin?delay_ms=50").key("twin").bytes();
    client.send([one.clone(), one.clone(), one].concat());
    let first = client.answer().expect(201);
    assert!(!first.is_replay());
    for _ in 0..2 {
        let again = client.answer().expect(201);
        assert!(again.is_replay());
        assert_eq!(again.recorded(), first.recorded());
    }
    assert_eq!(server.runs("twin"), 1);
}

// N-7
#[test]
fn nothing_is_read_behind_a_request_that_closes() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let last = Request::lab("last").field("Connection", "close").bytes();
    client.send([last, Request::lab("behind").bytes()].concat());
    client.answer().expect(201);
    client.half_close();
    client.expect_end();
    assert_eq!(server.runs("behind"), 0);
}

// N-3, N-7
#[test]
fn a_request_split_at_every_byte_is_one_request() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let bytes = payment("split", 7).bytes();
    for byte in &bytes {
        client.send([*byte]);
    }
    client.answer().expect(201);
    let mut client = server.connect();
    for at in 1..bytes.len() {
        client.send(&bytes[..at]);
        client.send(&bytes[at..]);
        assert!(client.answer().expect(201).is_replay());
    }
}

// N-7
#[test]
fn a_client_that_closes_its_sending_side_still_gets_its_answers() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let slow = Request::lab("half?delay_ms=100").bytes();
    client.send([slow, Request::post("/echo").content("second").bytes()].concat());
    client.half_close();
    client.answer().expect(201);
    assert_eq!(client.answer().expect(200).text(), "second");
    client.expect_end();
}

// N-1
#[test]
fn at_the_connection_limit_the_longest_idle_connection_gives_way() {
    let server = Server::start(&["--max-connections", "4"]);
    let mut oldest = server.connect();
    oldest.exchange(&Request::get("/")).expect(200);
    let mut others: Vec<_> = (0..3).map(|_| server.connect()).collect();
    // The others go on being used until the oldest has been idle for noticeably longer than any of them.
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(50) {
        for other in &mut others {
            other.exchange(&Request::get("/")).expect(200);
        }
    }
    let mut newcomer = server.connect();
    newcomer.exchange(&Request::get("/")).expect(200);
    oldest.expect_end();
    for other in &mut others {
        other.exchange(&Request::get("/")).expect(200);
    }
}

// N-1, N-25
#[test]
fn at_the_connection_limit_with_all_at_work_a_newcomer_reads_a_503() {
    let server = Server::lab(&["--max-connections", "3"]);
    let mut busy: Vec<_> = (0..3).map(|_| server.connect()).collect();
    for (n, client) in busy.iter_mut().enumerate() {
        let key = format!("busy-{n}");
        client.send(Request::lab("busy?delay_ms=1500").key(key).bytes());
    }
    for n in 0..3 {
        server.wait_pending(&format!("busy-{n}"));
    }
    let mut newcomer = server.connect();
    // It sends before it reads, as clients do: unread bytes must not turn the answer into a reset.
    newcomer.send(Request::lab("refused").bytes());
    let refusal = newcomer.answer().expect_problem(503, "connections-full");
    assert!(refusal.field("Retry-After").is_some());
    assert!(refusal.says_close());
    newcomer.expect_end();
    for client in &mut busy {
        client.answer().expect(201);
    }
    assert_eq!(server.runs("refused"), 0);
}

// N-1
#[test]
fn connections_that_end_make_room() {
    let server = Server::start(&["--max-connections", "4"]);
    for _ in 0..40 {
        // The server learns of an end when it next looks, which may be after the next connection has come.
        wait_until("room", || server.send(&Request::get("/")).status == 200);
    }
}

// N-2
#[test]
fn idle_connections_hold_no_worker() {
    let server = Server::lab(&["--workers", "4"]);
    let mut idle: Vec<_> = (0..100).map(|_| server.connect()).collect();
    for client in &mut idle {
        client.exchange(&Request::get("/")).expect(200);
    }
    let silent: Vec<_> = (0..100).map(|_| server.connect()).collect();
    let mut busy = server.connect();
    for _ in 0..50 {
        busy.exchange(&Request::get("/")).expect(200);
    }
    for client in &mut idle {
        client.exchange(&Request::get("/")).expect(200);
    }
    assert!(silent.iter().all(Client::is_silent));
}

// N-2, N-5
#[test]
fn slow_handlers_do_not_hold_up_other_connections() {
    let server = Server::lab(&["--workers", "16"]);
    let mut slow: Vec<_> = (0..8).map(|_| server.connect()).collect();
    for (n, client) in slow.iter_mut().enumerate() {
        let key = format!("slow-{n}");
        client.send(Request::lab("slow?delay_ms=2000").key(key).bytes());
    }
    for n in 0..8 {
        server.wait_pending(&format!("slow-{n}"));
    }
    let mut quick = server.connect();
    for _ in 0..20 {
        quick.exchange(&Request::get("/")).expect(200);
    }
    assert!(slow.iter().all(Client::is_silent));
}

// N-2, N-5
#[test]
fn slow_requests_that_arrive_together_are_handled_together() {
    let server = Server::lab(&["--workers", "32"]);
    let start = Instant::now();
    at_once(16, |_| {
        server
            .send(&Request::lab("together?delay_ms=1500"))
            .expect(201)
    });
    let took = start.elapsed();
    assert!(
        took < Duration::from_millis(2700),
        "some waited for others: {took:?}"
    );
}
