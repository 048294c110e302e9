//! N-51: methods, versions and the forms of a target.

use crate::support::{Request, Server};
use std::collections::BTreeSet;

#[track_caller]
fn allowed(value: Option<&str>) -> BTreeSet<&str> {
    value
        .expect("an Allow field")
        .split(',')
        .map(str::trim)
        .collect()
}

// N-51
#[test]
fn head_answers_as_get_without_content() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    let get = client.exchange(&Request::get("/"));
    let head = client.exchange(&Request::new("HEAD", "/"));
    assert_eq!(head.status, 200);
    assert_eq!(head.field("Content-Length"), get.field("Content-Length"));
    assert_eq!(head.field("Content-Type"), get.field("Content-Type"));
    // The next answer on the same connection would not be read whole had HEAD sent content.
    client.exchange(&Request::get("/")).expect(200);
    let head = client.exchange(&Request::new("HEAD", "/no-such-path"));
    assert_eq!(head.status, 404);
    client.exchange(&Request::get("/")).expect(200);
}

// N-51
#[test]
fn options_tells_the_methods_of_a_path_and_of_the_server() {
    let server = Server::lab(&[]);
    let mut client = server.connect();
    let answer = client.exchange(&Request::new("OPTIONS", "/payments"));
    assert!(matches!(answer.status, 200 | 204));
    assert_eq!(
        allowed(answer.field("Allow")),
        BTreeSet::from(["GET", "HEAD", "OPTIONS", "POST"])
    );
    let answer = client.exchange(&Request::new("OPTIONS", "/lab/runs/any"));
    assert_eq!(
        allowed(answer.field("Allow")),
        BTreeSet::from(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
    );
    let answer = client.exchange(&Request::new("OPTIONS", "*"));
    assert!(matches!(answer.status, 200 | 204));
    client
        .exchange(&Request::new("OPTIONS", "/no-such-path"))
        .expect_problem(404, "not-found");
}

// N-51, N-54
#[test]
fn a_method_that_the_path_does_not_have_is_told_which_it_has() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for method in ["PUT", "PATCH", "DELETE", "TRACE"] {
        let mut request = Request::new(method, "/payments");
        if method != "TRACE" {
            request = request.content("some content that is read first");
        }
        let answer = client.exchange(&request);
        let answer = answer.expect_problem(405, "method-not-allowed");
        assert_eq!(
            allowed(answer.field("Allow")),
            BTreeSet::from(["GET", "HEAD", "OPTIONS", "POST"])
        );
        assert!(!answer.says_close(), "{method}");
    }
    client
        .exchange(&Request::new("TRACE", "/"))
        .expect_problem(405, "method-not-allowed");
}

// N-51
#[test]
fn unknown_methods_and_connect_are_not_implemented() {
    let server = Server::start(&[]);
    for (method, target) in [
        ("BREW", "/"),
        ("get", "/"),
        ("GETT", "/payments"),
        ("PROPFIND", "/no-such-path"),
        ("CONNECT", "example.org:443"),
        ("CONNECT", "/"),
        ("CONNECT", "%%%"),
    ] {
        println!("case: {method} {target}");
        server
            .send(&Request::new(method, target))
            .expect_problem(501, "method-not-implemented");
    }
}

// N-51
#[test]
fn later_minor_versions_are_served_as_1_1() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for version in ["HTTP/1.2", "HTTP/1.9", "HTTP/1.1"] {
        let answer = client.exchange(&Request::get("/").version(version));
        assert!(!answer.expect(200).says_close(), "{version}");
    }
    let nameless = Request::get("/").version("HTTP/1.2").without("Host");
    client
        .exchange(&nameless)
        .expect_problem(400, "malformed-request");
}

// N-51
#[test]
fn http_1_0_closes_unless_asked_to_stay() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client
        .exchange(&Request::get("/").version("HTTP/1.0").without("Host"))
        .expect(200);
    client.expect_end();

    let mut client = server.connect();
    let staying = Request::get("/")
        .version("HTTP/1.0")
        .field("Connection", "keep-alive");
    for _ in 0..2 {
        let answer = client.exchange(&staying).expect(200);
        let connection = answer.field("Connection").map(str::to_ascii_lowercase);
        assert_eq!(connection.as_deref(), Some("keep-alive"));
    }
    client
        .exchange(&Request::get("/").version("HTTP/1.0"))
        .expect(200);
    client.expect_end();
}

// N-51
#[test]
fn an_absolute_target_is_served_and_its_authority_wins() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    client
        .exchange(&Request::get("http://localhost/"))
        .expect(200);
    client
        .exchange(&Request::get("http://other.example:99/accounts?x=1"))
        .expect(200);
    client
        .exchange(&Request::get("http://localhost"))
        .expect(200);
    client
        .exchange(&Request::get("HTTP://localhost/"))
        .expect(200);
    // Host must be there and valid all the same (RFC 9112, section 3.2.2).
    let nameless = Request::get("http://localhost/").without("Host");
    client
        .exchange(&nameless)
        .expect_problem(400, "malformed-request");
}

// N-51, N-25
#[test]
fn when_errors_meet_the_one_nearer_to_the_start_line_wins() {
    let server = Server::start(&[]);
    let bad_key = "\"unfinished";
    server
        .send(&Request::post("/no-such-path").key(bad_key))
        .expect_problem(404, "not-found");
    server
        .send(&Request::new("PUT", "/payments").content("").key(bad_key))
        .expect_problem(405, "method-not-allowed");
    server
        .send(&Request::post("/payments").declared(100_000_000))
        .expect_problem(400, "key-missing");
}

// N-54
#[test]
fn a_path_that_nobody_has_is_not_found_and_the_connection_stays() {
    let server = Server::start(&[]);
    let mut client = server.connect();
    for target in [
        "/nope",
        "/payments/",
        "/payments/a/b",
        "//",
        "/Payments",
        "/lab/runs/off",
    ] {
        println!("case: {target}");
        let request = Request::post(target).content("read and dropped");
        let answer = client.exchange(&request).expect_problem(404, "not-found");
        assert!(!answer.says_close());
    }
    client.exchange(&Request::get("/")).expect(200);
}
