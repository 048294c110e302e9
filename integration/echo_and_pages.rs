//! N-60 and N-82: echo, the front page, and the page that every problem points at.

use crate::support::{Request, Response, Server};

// N-82
#[test]
fn echo_sends_content_and_type_back() {
    let server = Server::start(&[]);
    for (kind, content) in [
        ("text/plain; charset=utf-8", &b"hello"[..]),
        ("application/octet-stream", &[0, 1, 2, 255, 13, 10, 13, 10]),
        ("a/b", b""),
    ] {
        let request = Request::post("/echo")
            .field("Content-Type", kind)
            .content(content);
        let answer = server.send(&request).expect(200);
        assert_eq!(answer.content, content);
        assert_eq!(answer.field("Content-Type"), Some(kind));
    }
    let untyped = server
        .send(&Request::post("/echo").content("x"))
        .expect(200);
    assert_eq!(untyped.text(), "x");
}

// N-14, N-82
#[test]
fn echo_takes_a_key() {
    let server = Server::start(&[]);
    let request = Request::post("/echo").key("echo").content("x");
    assert!(!server.send(&request).expect(200).is_replay());
    assert!(server.send(&request).expect(200).is_replay());
}

// N-82
#[test]
fn the_front_page_says_what_this_is_and_what_to_try() {
    let server = Server::start(&[]);
    let page = server.send(&Request::get("/")).expect(200).text();
    assert!(page.contains("NanoServe"));
    assert!(page.contains("curl") && page.contains("/payments"));
    assert!(page.contains("Idempotency-Key"));
}

#[track_caller]
fn contract_page(server: &Server) -> String {
    let page = server.send(&Request::get("/docs/idempotency")).expect(200);
    assert_eq!(page.field("Content-Type"), Some("text/html; charset=utf-8"));
    page.text()
}

/// One answer of each problem type that can be had without waiting.
fn problems(server: &Server) -> Vec<Response> {
    let lab = || Request::lab("page").key("page");
    let many = (0..101).fold(lab(), |request, n| request.field(&format!("X-{n}"), "v"));
    let twice = lab()
        .field("Content-Type", "a/b")
        .field("Content-Type", "a/b");
    let slow = Request::lab("slow?delay_ms=1000").key("slow");
    let mut running = server.connect();
    running.send(slow.bytes());
    server.wait_pending("slow");
    server
        .send(&Request::lab("page?bytes=11").key("large"))
        .expect(201);
    let requests = [
        Request::get("/").without("Host"),
        Request::get("/").version("HTTP/2.0"),
        Request::get(&format!("/{}", "q".repeat(9000))),
        many,
        Request::new("BREW", "/"),
        Request::get("/").field("Transfer-Encoding", "gzip"),
        Request::get("/no-such-path"),
        Request::new("PUT", "/payments").content(""),
        Request::post("/echo").field("Expect", "a-miracle"),
        twice,
        lab().key("other"),
        Request::post("/payments"),
        Request::post("/echo").declared(100_000_000),
        slow.clone(),
        slow.content("other"),
        Request::lab("page?bytes=11").key("large"),
        Request::lab("page").key("third"),
        Request::lab("page?panic=before"),
        Request::post("/payments").key("free").content("no JSON"),
        Request::lab("page?status=1000"),
    ];
    requests
        .iter()
        .map(|request| server.send(request))
        .collect()
}

// N-25, N-60
#[test]
fn every_problem_points_at_a_paragraph_that_exists() {
    let server = Server::lab(&["--max-keys", "2", "--max-stored-response", "10"]);
    let page = contract_page(&server);
    for answer in problems(&server) {
        assert_eq!(
            answer.field("Content-Type"),
            Some("application/problem+json")
        );
        let problem = answer.json();
        let kind = problem.get("type").text();
        println!("case: {kind}");
        let name = kind.strip_prefix("/docs/idempotency#").expect("N-25: type");
        assert!(
            page.contains(&format!("id=\"{name}\"")),
            "no {name} on the page"
        );
    }
}

// N-15, N-60, N-70
#[test]
fn the_contract_page_says_plainly_where_the_promise_ends() {
    let page = contract_page(&Server::start(&[])).to_lowercase();
    for word in ["restart", "token", "new caller", "instance"] {
        assert!(page.contains(word), "nothing about: {word}");
    }
}

// N-60
#[test]
fn the_contract_page_stands_on_its_own() {
    let server = Server::start(&[]);
    let page = contract_page(&server);
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    assert!(
        !page.contains("src=\"http") && !page.contains("href=\"http"),
        "works offline"
    );
    let head = server.send(&Request::new("HEAD", "/docs/idempotency"));
    assert_eq!(
        head.field("Content-Length"),
        Some(page.len().to_string().as_str())
    );
}
