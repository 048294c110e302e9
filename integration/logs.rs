//! N-64: what is logged, what is not, and that nobody need read it.

use crate::support::{Request, Server, payment, wait_until};

/// Every line of the log that is there so far.
fn lines(server: &Server) -> Vec<String> {
    server.stderr().lines().map(str::to_owned).collect()
}

// N-64
#[test]
fn each_request_has_one_access_line() {
    let server = Server::start(&["--log", "access"]);
    for n in 0..10 {
        server
            .send(&Request::get(&format!("/?line-{n}-end")))
            .expect(200);
    }
    server.send(&Request::get("/no-such-path")).expect(404);
    let of = |part: &str| {
        let lines = lines(&server)
            .into_iter()
            .filter(|line| line.contains(part));
        lines.collect::<Vec<_>>()
    };
    wait_until("eleven access lines", || {
        !of("/no-such-path").is_empty() && !of("line-9-end").is_empty()
    });
    for n in 0..10 {
        let found = of(&format!("line-{n}-end"));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("ts=") && found[0].contains("status=200"),
            "{found:?}"
        );
        assert!(found[0].contains("GET /?line-"), "{found:?}");
    }
    assert!(of("/no-such-path")[0].contains("status=404"));
}

// N-64
#[test]
fn without_the_level_there_are_no_access_lines() {
    let server = Server::start(&[]);
    server.send(&Request::get("/?quiet")).expect(200);
    let loud = Server::start(&["--log", "access"]);
    loud.send(&Request::get("/?loud")).expect(200);
    wait_until("the line of the other server", || {
        loud.stderr().contains("loud")
    });
    assert!(!server.stderr().contains("quiet"));
}

// N-64
#[test]
fn a_problem_repeats_the_requests_id() {
    let server = Server::start(&["--log", "access"]);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let problem = server.send(&Request::get("/nope")).expect(404).json();
        let id = problem.get("instance").text().to_owned();
        wait_until("its access line", || server.stderr().contains(&id));
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

// N-64
#[test]
fn a_clients_traceparent_is_kept() {
    let server = Server::start(&["--log", "access"]);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let request =
        Request::get("/nope").field("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let problem = server.send(&request).expect(404).json();
    assert!(problem.get("instance").text().contains(trace));
    wait_until("its access line", || server.stderr().contains(trace));
}

// N-64
#[test]
fn secrets_and_content_are_never_logged() {
    let server = Server::start(&["--log", "access"]);
    let paying = payment("logged", 77).field("Authorization", "Bearer HUSH-TOKEN");
    server.send(&paying).expect(201);
    let echo = Request::post("/echo")
        .content("HUSH-CONTENT")
        .field("Authorization", "HUSH-TOKEN");
    server.send(&echo).expect(200);
    let broken = Request::post("/payments").key("b").content("HUSH-CONTENT");
    server
        .send(&broken.field("Authorization", "HUSH-TOKEN"))
        .expect(400);
    server.send(&Request::get("/?the-last-line")).expect(200);
    wait_until("the last line", || {
        server.stderr().contains("the-last-line")
    });
    assert!(!server.stderr().contains("HUSH"));
}

// N-64
#[test]
fn client_bytes_cannot_forge_a_line() {
    let server = Server::start(&["--log", "access"]);
    let mut client = server.connect();
    client.send("GET /\"quoted\"=\\n%0Ats=1 HTTP/1.1\r\nHost: a\r\nX\x0bts=forged\r\n\r\n");
    client.answer().expect(400);
    let target = r#"/"event=forged"\"#;
    server.send(&Request::get(target).field("traceparent", "x\" event=forged"));
    server.send(&Request::get("/?the-last-line")).expect(200);
    wait_until("the last line", || {
        server.stderr().contains("the-last-line")
    });
    for line in lines(&server) {
        assert!(line.starts_with("ts="), "{line}");
        assert!(!line.contains(" event=forged"), "{line}");
        assert!(line.chars().all(|c| (' '..='~').contains(&c)), "{line}");
    }
}

/// More lines than a pipe (64 KiB) and the log's queue take.
fn flood(server: &Server) {
    let mut client = server.connect();
    let target = format!("/?{}", "q".repeat(1900));
    for _ in 0..50 {
        let pipelined = Request::get(&target).bytes().repeat(120);
        client.send(pipelined);
        for _ in 0..120 {
            client.answer().expect(200);
        }
    }
}

// N-64
#[test]
fn a_stderr_that_nobody_reads_stops_nothing() {
    let mut server = Server::start_unread(&["--log", "access"]);
    flood(&server);
    server.send(&payment("unread", 1)).expect(201);
    server.drain();
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-63, N-64
#[test]
fn an_overdue_drain_ends_although_nobody_reads_stderr() {
    let options = ["--lab", "--log", "access", "--drain-timeout", "100ms"];
    let mut server = Server::start_unread(&options);
    let mut client = server.connect();
    client.send(
        Request::lab("overdue?delay_ms=30000")
            .key("overdue")
            .bytes(),
    );
    server.wait_pending("overdue");
    flood(&server);
    server.drain();
    assert_eq!(server.wait_exit().code(), Some(1));
}

// N-64
#[test]
fn a_closed_stdout_and_stderr_end_nothing() {
    let mut server = Server::start_unread(&["--log", "access"]);
    server.close_stdout();
    server.close_stderr();
    for n in 0..50 {
        server.send(&payment(&format!("closed-{n}"), 1)).expect(201);
    }
    server.drain();
    assert_eq!(server.wait_exit().code(), Some(0));
}
