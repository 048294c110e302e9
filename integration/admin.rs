//! N-61 and N-62: the listener for operators.

use crate::support::{Request, Server};

// N-61
#[test]
fn health_and_readiness_are_told() {
    let server = Server::start(&[]);
    server.admin(&Request::get("/healthz")).expect(200);
    server.admin(&Request::get("/readyz")).expect(200);
    server.admin(&Request::get("/no-such-page")).expect(404);
}

// N-61
#[test]
fn a_full_server_is_healthy_but_not_ready() {
    let server = Server::lab(&["--max-keys", "1"]);
    server.send(&Request::lab("one").key("one")).expect(201);
    server.send(&Request::lab("two").key("two")).expect(503);
    server.admin(&Request::get("/readyz")).expect(503);
    server.admin(&Request::get("/healthz")).expect(200);
}

// N-61
#[test]
fn none_of_it_is_on_the_public_listener() {
    let server = Server::start(&[]);
    for target in ["/healthz", "/readyz", "/metrics", "/keys/k"] {
        server
            .send(&Request::get(target))
            .expect_problem(404, "not-found");
    }
    let drain = Request::post("/drain").field("NanoServe-Admin", "1");
    server.send(&drain).expect_problem(404, "not-found");
    server.send(&Request::get("/")).expect(200);
}

// N-61
#[test]
fn the_admin_listener_can_be_off() {
    let server = Server::start(&["--admin", "off"]);
    server.send(&Request::get("/")).expect(200);
}

/// The answer of the key look-up with its numbers and the scope's digest made out.
#[track_caller]
fn shape(server: &Server, key: &str) -> String {
    let answer = server
        .admin(&Request::get(&format!("/keys/{key}")))
        .expect(200);
    assert_eq!(answer.field("Content-Type"), Some("application/json"));
    let mut text = answer.text();
    for record in server.records(key) {
        let digest = format!("\"{}\"", record.scope);
        assert!((9..=66).contains(&digest.len()), "a short digest: {digest}");
        text = text.replace(&digest, "SCOPE");
    }
    for member in ["age_ms\":", "ttl_ms\":"] {
        let parts: Vec<_> = text.split(member).collect();
        let rest = parts[1..]
            .iter()
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()));
        text = [&[parts[0]], &rest.collect::<Vec<_>>()[..]]
            .concat()
            .join(&format!("{member}N"));
        text = text.replace("Nnull", "null");
    }
    text
}

// N-61
#[test]
fn did_it_run_is_answered_exactly() {
    let server = Server::lab(&[]);
    assert_eq!(shape(&server, "unused"), r#"{"key":"unused","records":[]}"#);
    server.send(&Request::lab("done").key("done")).expect(201);
    assert_eq!(
        shape(&server, "done"),
        r#"{"key":"done","records":[{"scope":SCOPE,"status":"completed","age_ms":N,"ttl_ms":N,"answer":201}]}"#
    );
    let mut client = server.connect();
    client.send(Request::lab("slow?delay_ms=1000").key("slow").bytes());
    server.wait_pending("slow");
    assert_eq!(
        shape(&server, "slow"),
        r#"{"key":"slow","records":[{"scope":SCOPE,"status":"pending","age_ms":N,"ttl_ms":null,"answer":null}]}"#
    );
}

// N-61
#[test]
fn every_scope_has_its_own_record_in_the_look_up() {
    let server = Server::lab(&[]);
    for (caller, status) in [("one", 201), ("two", 202), ("three", 500)] {
        let request = Request::lab(&format!("scopes?status={status}"));
        server
            .send(&request.key("scopes").field("Authorization", caller))
            .expect(status);
    }
    let mut records = server.records("scopes");
    records.sort_by_key(|record| record.answer);
    let answers: Vec<_> = records.iter().map(|record| record.answer).collect();
    assert_eq!(answers, [Some(201), Some(202), Some(500)]);
    assert_ne!(records[0].scope, records[1].scope);
    let day = 24 * 60 * 60 * 1000;
    assert!(
        records
            .iter()
            .all(|record| record.ttl_ms.is_some_and(|left| left > 0 && left <= day))
    );
    assert!(
        records.iter().all(|record| record.scope != "one"),
        "a digest, not the token"
    );
}

// N-61
#[test]
fn a_key_in_a_path_is_percent_decoded() {
    let server = Server::lab(&[]);
    server
        .send(&Request::lab("path").key("a/b?c%41"))
        .expect(201);
    assert_eq!(server.records("a%2Fb%3Fc%2541").len(), 1);
    server
        .send(&Request::lab("path").key(r#""say \"hi\"""#))
        .expect(201);
    let answer = server
        .admin(&Request::get("/keys/say%20%22hi%22"))
        .expect(200)
        .json();
    assert_eq!(answer.get("key").text(), "say \"hi\"");
    assert_eq!(answer.get("records").list().len(), 1);
    server.admin(&Request::get("/keys/%zz")).expect(400);
}

// N-61
#[test]
fn a_host_that_a_foreign_page_could_name_is_refused() {
    let server = Server::start(&[]);
    let get = |target: &str, host: &str| {
        server.admin(&Request::get(target).without("Host").field("Host", host))
    };
    for host in [
        "localhost",
        "localhost:8081",
        "LOCALHOST",
        "127.0.0.1",
        "127.0.0.1:1",
        "10.1.2.3",
        "[::1]",
        "[::1]:8081",
    ] {
        println!("case: {host}");
        get("/healthz", host).expect(200);
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io:8081",
        "notlocalhost",
        "1.2.3",
    ] {
        println!("case: {host}");
        for target in ["/healthz", "/metrics", "/keys/k"] {
            get(target, host).expect_problem(403, "forbidden");
        }
    }
}

// N-61
#[test]
fn a_drain_without_its_field_is_refused() {
    let mut server = Server::start(&[]);
    for request in [
        Request::post("/drain"),
        Request::post("/drain").field("NanoServe-Admin", "0"),
        Request::post("/drain").field("NanoServe-Admin", ""),
    ] {
        server.admin(&request).expect_problem(403, "forbidden");
    }
    let foreign = Request::post("/drain")
        .without("Host")
        .field("Host", "evil.example");
    server
        .admin(&foreign.field("NanoServe-Admin", "1"))
        .expect_problem(403, "forbidden");
    let get = Request::get("/drain").field("NanoServe-Admin", "1");
    server.admin(&get).expect_problem(405, "method-not-allowed");
    server.send(&Request::get("/")).expect(200);
    assert!(server.is_running());
}

// N-62
#[test]
fn metrics_are_prometheus_text() {
    let server = Server::start(&[]);
    let page = server.admin(&Request::get("/metrics")).expect(200);
    let kind = page.field("Content-Type").expect("a type");
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let text = page.text();
    assert!(text.ends_with('\n'));
    let metrics = server.metrics();
    for name in metrics.names() {
        let family = name.split('{').next().expect("split gives one at least");
        assert!(family.starts_with("nanoserve_"), "{family}");
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| family.strip_suffix(end))
            .filter(|base| text.contains(&format!("# TYPE {base} histogram")));
        let base = base.unwrap_or(family);
        assert!(
            text.contains(&format!("# HELP {base} ")),
            "no HELP for {base}"
        );
        assert!(
            text.contains(&format!("# TYPE {base} ")),
            "no TYPE for {base}"
        );
    }
}

// N-62
#[test]
fn counters_agree_exactly_with_what_was_done() {
    let server = Server::lab(&["--max-keys", "4", "--max-stored-response", "1KiB"]);
    let keyed = |key: &str| Request::lab("counted").key(key);
    // Execute 5 (one of them gives its key back), replay 4 (one a tombstone), mismatch 2, in flight 1, full 1.
    for key in ["one", "two"] {
        server.send(&keyed(key)).expect(201);
    }
    server
        .send(&Request::lab("counted?refuse=422").key("three"))
        .expect(422);
    server
        .send(&Request::lab("counted?bytes=1025").key("three"))
        .expect(201);
    server
        .send(&Request::lab("counted?bytes=1025").key("three"))
        .expect(410);
    for _ in 0..3 {
        server.send(&keyed("one")).expect(201);
    }
    for content in ["x", "y"] {
        server.send(&keyed("two").content(content)).expect(422);
    }
    let slow = Request::lab("counted?delay_ms=1000").key("four");
    let mut client = server.connect();
    client.send(slow.bytes());
    server.wait_pending("four");
    server.send(&slow).expect(409);
    server.send(&keyed("five")).expect(503);
    server.send(&Request::lab("counted")).expect(201);
    server
        .send(&Request::lab("counted?panic=after"))
        .expect(500);

    let metrics = server.metrics();
    let answers = |label: &str| metrics.answers(label);
    assert_eq!(answers("execute"), 5);
    assert_eq!(answers("replay"), 4);
    assert_eq!(answers("mismatch"), 2);
    assert_eq!(answers("in_flight"), 1);
    assert_eq!(answers("full"), 1);
    assert_eq!(metrics.refusals("key-reused"), 2);
    assert_eq!(metrics.refusals("key-in-flight"), 1);
    assert_eq!(metrics.refusals("keys-full"), 1);
    assert_eq!(metrics.refusals("response-not-stored"), 1);
    assert_eq!(metrics.refusals("key-malformed"), 0);
    assert!((metrics.pending() - 1.0).abs() < f64::EPSILON);
    assert!((metrics.completed() - 3.0).abs() < f64::EPSILON);
}

// N-62
#[test]
fn requests_and_answers_are_counted_before_they_are_read() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for n in 1..=20 {
        client.exchange(&Request::get("/")).expect(200);
        client.exchange(&Request::get("/nope")).expect(404);
        let metrics = server.metrics();
        assert_eq!(metrics.count("nanoserve_requests_total"), 2 * n);
        assert_eq!(metrics.count("nanoserve_responses_total{class=\"2xx\"}"), n);
        assert_eq!(metrics.count("nanoserve_responses_total{class=\"4xx\"}"), n);
        assert_eq!(metrics.refusals("not-found"), n);
        assert_eq!(metrics.count("nanoserve_connections_accepted_total"), 1);
    }
}

// N-62
#[test]
fn refusals_of_the_application_are_counted_too() {
    let server = Server::lab(&[]);
    for request in [
        Request::post("/payments").key("bad").content("no JSON"),
        Request::post("/payments").key("bad").content("{}"),
        Request::lab("bad?status=1000"),
        Request::get("/accounts/nobody"),
    ] {
        let problem = server.send(&request).json();
        let kind = problem.get("type").text();
        let name = kind.rsplit('#').next().expect("split gives one at least");
        assert_eq!(server.metrics().refusals(name), 1, "{name}");
    }
}
