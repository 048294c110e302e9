//! N-63: the server stops when it is asked to, and finishes what it has begun.

use crate::support::{Client, Request, Server, at_once, payment, wait_until};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

/// A client whose request is in its handler.
#[track_caller]
fn at_work(server: &Server, key: &str, delay_ms: u32) -> Client {
    let mut client = server.connect();
    let target = format!("drain?delay_ms={delay_ms}");
    client.send(Request::lab(&target).key(key).bytes());
    server.wait_pending(key);
    client
}

/// Whether a newcomer is served; false too where the connection is refused or ends.
fn is_served(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let mut answer = Vec::new();
    let request = Request::get("/").field("Connection", "close").bytes();
    // Errors leave what was read until then, which is all that is asked.
    let _ = stream
        .write_all(&request)
        .and_then(|()| stream.read_to_end(&mut answer));
    answer.starts_with(b"HTTP/1.1 200")
}

// N-63
#[test]
fn a_drain_finishes_what_runs_and_exits_0() {
    let mut server = Server::lab(&[]);
    let mut idle = server.connect();
    idle.exchange(&Request::get("/")).expect(200);
    let mut client = at_work(&server, "running", 1000);
    let answer = server.drain();
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    idle.expect_end();
    // The admin listener answers until the end.
    server.admin(&Request::get("/readyz")).expect(503);
    server.admin(&Request::get("/healthz")).expect(200);
    assert_eq!(server.records("running").len(), 1);
    assert!(!is_served(server.address()), "it goes on accepting");
    let answer = client.answer().expect(201);
    assert!(answer.says_close());
    client.expect_end();
    assert_eq!(server.wait_exit().code(), Some(0));
    assert_eq!(server.rest_of_stdout(), "");
}

// N-63
#[test]
fn a_server_with_nothing_to_do_drains_at_once() {
    let mut server = Server::start(&[]);
    let mut clients: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.exchange(&payment("drained", 1)).expect(201);
    }
    server.drain();
    assert_eq!(server.wait_exit().code(), Some(0));
    for client in &mut clients {
        client.expect_end();
    }
}

// N-63
#[test]
fn an_answer_on_its_way_is_finished() {
    let mut server = Server::lab(&[]);
    let mut client = server.connect();
    client.send(Request::lab("way?bytes=16000000").bytes());
    client.wait_readable();
    server.drain();
    assert_eq!(client.answer().expect(201).content.len(), 16_000_000);
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-63
#[test]
fn handlers_that_outlast_the_drain_are_counted_and_left() {
    let mut server = Server::lab(&["--drain-timeout", "200ms"]);
    let _clients = [
        at_work(&server, "one", 30_000),
        at_work(&server, "two", 30_000),
    ];
    server.drain();
    assert_eq!(server.wait_exit().code(), Some(1));
    let stderr = server.whole_stderr();
    let lines = stderr
        .lines()
        .filter(|line| line.contains('2') && line.contains("handler"));
    assert_eq!(lines.count(), 1, "{stderr}");
}

// N-63
#[test]
fn a_closed_stdin_is_a_drain_if_asked_for() {
    let mut server = Server::lab(&["--drain-on-stdin-close"]);
    let mut client = at_work(&server, "stdin", 500);
    server.close_stdin();
    assert!(client.answer().expect(201).says_close());
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-63
#[test]
fn a_closed_stdin_is_nothing_otherwise() {
    let mut server = Server::start(&[]);
    server.close_stdin();
    for _ in 0..20 {
        server.send(&Request::get("/")).expect(200);
    }
    assert!(server.is_running());
}

// N-63
#[test]
fn a_second_drain_is_no_harm() {
    let mut server = Server::lab(&[]);
    let mut client = at_work(&server, "twice", 500);
    server.drain();
    server.drain();
    client.answer().expect(201);
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-3, N-63
#[test]
fn half_a_request_does_not_hold_up_a_drain_for_ever() {
    let mut server = Server::lab(&["--drain-timeout", "1s"]);
    let mut client = server.connect();
    client.send(Request::lab("half").key("half").declared(10).bytes());
    server.drain();
    // No handler runs, so that nothing is lost: how it ends is a drain all the same.
    assert_eq!(server.wait_exit().code(), Some(0));
}

/// Live public connections, asked for on a connection that is open already.
fn live(admin: &mut Client) -> usize {
    let metrics = admin.exchange(&Request::get("/metrics")).text();
    let places = metrics.lines();
    let places = places.filter_map(|line| line.strip_prefix("nanoserve_connections{"));
    places
        .filter_map(|place| place.split_once(' '))
        .map(|(_, count)| count.parse::<usize>().expect("a gauge is a number"))
        .sum()
}

// N-63, scheduler.md: an accept that waits has taken its descriptor; where that was the last one, a connect cannot wake it
#[test]
fn a_drain_without_descriptors_ends_all_the_same() {
    // One more or less decides whether the accept fails or waits: whatever is open anyway, some of these meet either.
    at_once(8, |more| {
        let limit = format!("ulimit -n {}; exec \"$0\" \"$@\"", 19 + more);
        let mut command = Command::new("sh");
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_nanoserve")]);
        command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        command.args(["--lab", "--workers", "2", "--drain-timeout", "100ms"]);
        let mut server = Server::spawn(&mut command, true);
        let mut admin = Client::connect(server.admin_address());
        admin.exchange(&Request::get("/healthz")).expect(200);
        // All but one wait with half a request; that one is told that the server is full, and kept for a second.
        let half = Request::lab("half").declared(10).bytes();
        let mut waiting = Vec::new();
        loop {
            let mut client = server.connect();
            client.send(&half);
            wait_until("a place or a refusal", || {
                !client.is_silent() || live(&mut admin) > waiting.len()
            });
            if !client.is_silent() {
                break;
            }
            waiting.push(client);
        }
        let drain = Request::post("/drain").field("NanoServe-Admin", "1");
        admin.exchange(&drain).expect(200);
        assert_eq!(server.wait_exit().code(), Some(0), "limit {more}");
    });
}

// N-32, N-63
#[test]
fn what_was_not_whole_when_the_drain_began_is_refused() {
    let mut server = Server::lab(&[]);
    let mut client = server.connect();
    let request = Request::lab("late")
        .key("late")
        .field("Expect", "100-continue");
    client.send(request.declared(5).bytes());
    client.expect_continue();
    server.drain();
    client.send("hello");
    let answer = client.answer().expect_problem(503, "draining");
    assert!(answer.says_close() && answer.field("Retry-After").is_some());
    assert_eq!(server.records("late"), []);
    client.half_close();
    client.expect_end();
    assert_eq!(server.wait_exit().code(), Some(0));
}
