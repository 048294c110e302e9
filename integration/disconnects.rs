//! N-3 and N-6: clients that leave. What came whole runs once and is recorded; what did not come whole never was.

use crate::support::{Client, Request, Server, wait_until};

/// The retry of a client that left: it gets the recorded answer, and nothing runs again.
#[track_caller]
fn retry_replays(server: &Server, name: &str, request: &Request) {
    server.wait_completed(name);
    let answer = server.send(request).expect(201);
    assert!(answer.is_replay());
    let again = server.send(request).expect(201);
    assert_eq!(again.recorded(), answer.recorded());
    assert_eq!(server.runs(name), 1);
    assert_eq!(server.records(name).len(), 1);
}

/// A client whose request is in its handler, with the answer to an earlier one lying unread in its socket.
#[track_caller]
fn at_work(server: &Server, name: &str, request: &Request) -> Client {
    let mut client = server.connect();
    client.send(Request::get("/").bytes());
    client.wait_readable();
    client.send(request.bytes());
    server.wait_pending(name);
    client
}

// N-6
#[test]
fn a_client_that_closes_while_the_handler_runs_finds_its_answer_later() {
    let server = Server::lab(&[]);
    let request = Request::lab("close?delay_ms=200").key("close");
    let mut client = server.connect();
    client.send(request.bytes());
    server.wait_pending("close");
    drop(client);
    retry_replays(&server, "close", &request);
}

// N-6
#[test]
fn a_client_that_resets_while_the_handler_runs_finds_its_answer_later() {
    let server = Server::lab(&[]);
    let request = Request::lab("reset?delay_ms=200").key("reset");
    at_work(&server, "reset", &request).reset();
    retry_replays(&server, "reset", &request);
}

// N-6
#[test]
fn a_client_that_leaves_right_after_the_last_byte_finds_its_answer_later() {
    let server = Server::lab(&[]);
    for n in 0..20 {
        let name = format!("leave-{n}");
        let request = Request::lab(&name).key(&name).content("content");
        let mut client = server.connect();
        client.send(request.bytes());
        drop(client);
        retry_replays(&server, &name, &request);
    }
}

// N-6
#[test]
fn a_client_that_resets_while_its_answer_is_on_its_way_finds_it_later() {
    let server = Server::lab(&["--max-stored-response", "16MiB"]);
    // More than the sockets' buffers hold, so that the server is in the middle of it.
    let request = Request::lab("flow?bytes=16000000").key("flow");
    let mut client = server.connect();
    client.send(request.bytes());
    client.wait_readable();
    client.reset();
    retry_replays(&server, "flow", &request);
}

// N-6
#[test]
fn a_client_that_closes_while_its_answer_is_on_its_way_finds_it_later() {
    let server = Server::lab(&["--max-stored-response", "16MiB"]);
    let request = Request::lab("flow?bytes=16000000").key("flow");
    let mut client = server.connect();
    client.send(request.bytes());
    client.half_close();
    assert!(client.take_some(1000) > 0);
    drop(client);
    retry_replays(&server, "flow", &request);
}

// N-6
#[test]
fn the_record_is_there_before_the_first_byte_of_the_answer() {
    let server = Server::lab(&["--max-stored-response", "16MiB"]);
    let request = Request::lab("before?bytes=16000000").key("before");
    let mut never_reads = server.connect();
    never_reads.send(request.bytes());
    never_reads.wait_readable();
    // The answer is not through, its first byte is: a retry on another connection replays at once.
    assert!(server.send(&request).expect(201).is_replay());
    assert_eq!(server.runs("before"), 1);
}

// N-6, N-7
#[test]
fn a_pipeline_whose_client_resets_runs_at_most_once_for_each_key() {
    let server = Server::lab(&[]);
    let slow = Request::lab("piped-0?delay_ms=200").key("piped-0");
    let mut client = at_work(&server, "piped-0", &slow);
    for n in 1..4 {
        let name = format!("piped-{n}");
        client.send(Request::lab(&name).key(&name).bytes());
    }
    client.reset();
    retry_replays(&server, "piped-0", &slow);
    for n in 1..4 {
        let name = format!("piped-{n}");
        server.send(&Request::lab(&name).key(&name)).expect(201);
        assert_eq!(server.runs(&name), 1);
    }
}

// N-6
#[test]
fn many_clients_that_leave_leave_nothing_behind() {
    let server = Server::lab(&["--max-connections", "16"]);
    for n in 0..100 {
        let name = format!("gone-{n}");
        let mut client = server.connect();
        client.send(Request::lab(&name).key(&name).bytes());
        if n % 2 == 0 {
            client.wait_readable();
            client.reset();
        }
    }
    for n in 0..100 {
        let name = format!("gone-{n}");
        server.wait_completed(&name);
        assert_eq!(server.runs(&name), 1);
    }
}

// N-3
#[test]
fn a_request_that_never_arrives_whole_has_no_effect() {
    let server = Server::lab(&[]);
    let whole = Request::lab("part")
        .key("part")
        .content("0123456789")
        .bytes();
    let chunked = Request::lab("part")
        .key("part")
        .chunked(&[b"01234", b"56789"])
        .bytes();
    let head = Request::lab("part").key("part").declared(10).bytes();
    for bytes in [
        &whole[..20],
        &whole[..head.len() - 2],
        &whole[..head.len()],
        &whole[..whole.len() - 1],
        &chunked[..chunked.len() - 1],
        &chunked[..chunked.len() - 5],
        &chunked[..chunked.len() - 12],
    ] {
        // Half-closed: the server knows that no more comes, may say so, and ends the connection.
        let mut client = server.connect();
        client.send(bytes);
        client.half_close();
        if client.is_readable_before_end() {
            client.answer().expect_problem(400, "malformed-request");
        }
        client.expect_end();
        assert_eq!(server.records("part"), []);
        // Closed.
        let mut client = server.connect();
        client.send(bytes);
        drop(client);
        // Reset.
        let mut client = server.connect();
        client.send([&Request::get("/").bytes(), bytes].concat());
        client.wait_readable();
        client.reset();
    }
    assert_eq!(server.runs("part"), 0);
    assert_eq!(server.records("part"), []);
    // The key is free, for another request too.
    let other = Request::lab("part").key("part").content("other");
    assert!(!server.send(&other).expect(201).is_replay());
}

// N-6
#[test]
fn a_payment_whose_client_left_is_made_once() {
    let server = Server::start(&[]);
    let request = crate::support::payment("left", 300);
    for _ in 0..5 {
        let mut client = server.connect();
        client.send(request.bytes());
        drop(client);
    }
    server.wait_completed("left");
    wait_until("a settled answer", || server.send(&request).status == 201);
    let bob = server
        .send(&Request::get("/accounts/bob"))
        .expect(200)
        .json();
    assert_eq!(
        bob.get("balances").get("EUR").number(),
        100_000_000_000 + 300
    );
}
