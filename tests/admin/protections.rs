//! Claims about whom the admin listener answers, and what it refuses (N-61).

use super::{Desk, local, with_host};
use crate::harness::Test;
use crate::lifecycle::Setup;

pub const TESTS: &[Test] = &[
    (
        "a_host_that_is_a_name_is_refused",
        a_host_that_is_a_name_is_refused,
    ),
    (
        "what_changes_something_needs_its_field",
        what_changes_something_needs_its_field,
    ),
    (
        "other_methods_are_told_which_there_are",
        other_methods_are_told_which_there_are,
    ),
    (
        "head_has_the_fields_and_no_content",
        head_has_the_fields_and_no_content,
    ),
    (
        "of_two_refusals_the_higher_is_the_answer",
        of_two_refusals_the_higher_is_the_answer,
    ),
];

// N-61: DNS rebinding
fn a_host_that_is_a_name_is_refused() {
    let desk = Desk::new(Setup::default());
    for (host, status) in [
        ("localhost", 200),
        ("LOCALHOST:8081", 200),
        ("127.0.0.1", 200),
        ("127.0.0.1:8081", 200),
        ("192.168.1.7:8081", 200),
        ("[::1]", 200),
        ("[::1]:8081", 200),
        ("evil.example", 403),
        ("evil.example:8081", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example", 403),
        ("evil-localhost", 403),
        ("127.0.0.1:8081.evil.example", 400),
        ("2130706433", 403),
        ("127.1", 403),
        ("", 403),
    ] {
        for target in ["GET /healthz", "GET /keys/k", "POST /drain", "GET /nowhere"] {
            let fields = ["NanoServe-Admin: 1"];
            let answer = desk.ask(&with_host(target, Some(host), &fields));
            match (status, target) {
                (200, "GET /nowhere") => answer.expect_problem(404, "not-found"),
                (403, _) => answer.expect_problem(403, "forbidden"),
                (status, _) => assert_eq!(answer.status, status, "{target} at {host:?}"),
            }
        }
    }
    let old = |line: &str, host| desk.ask(&with_host(line, host, &[])).status;
    assert_eq!(old("GET /healthz HTTP/1.0", None), 200);
    assert_eq!(old("GET /healthz HTTP/1.0", Some("evil.example")), 403);
    // An absolute form's authority is the host, whatever the field says (RFC 9112, section 3.2.2).
    let absolute = "GET http://evil.example/healthz";
    assert_eq!(old(absolute, Some("localhost")), 403);
}

// N-61: a cross-site page cannot send the field
fn what_changes_something_needs_its_field() {
    let desk = Desk::new(Setup::default());
    let field = "NanoServe-Admin: 1";
    for fields in [
        &[][..],
        &["NanoServe-Admin: 0"],
        &["NanoServe-Admin:"],
        &["NanoServe-Admin: 1, 1"],
        &["X-NanoServe-Admin: 1"],
        &[field, field],
    ] {
        desk.ask(&local("POST /drain", fields))
            .expect_problem(403, "forbidden");
        assert!(!desk.public.view().is_draining(), "{fields:?}");
    }
    let answer = desk.ask(&local("POST /drain", &["nanoserve-admin:  1 "]));
    assert_eq!(
        (answer.status, answer.content.as_str()),
        (200, "draining\n")
    );
    assert!(desk.public.view().is_draining());
    assert_eq!(desk.ask(&local("POST /drain", &[field])).status, 200);
}

// N-51, N-61
fn other_methods_are_told_which_there_are() {
    let desk = Desk::new(Setup::default());
    let field = "NanoServe-Admin: 1";
    for (path, allowed) in [
        ("/healthz", "GET, HEAD"),
        ("/readyz", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
        ("/keys/k", "GET, HEAD"),
        ("/drain", "POST"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "TRACE"] {
            if allowed.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let answer = desk.ask(&local(&format!("{method} {path}"), &[field]));
            answer.expect_problem(405, "method-not-allowed");
            assert_eq!(answer.field("Allow"), allowed, "{method} {path}");
        }
    }
    assert!(!desk.public.view().is_draining());
    for path in ["/", "/payments", "/healthz/", "/keys", "/Healthz"] {
        desk.get(path).expect_problem(404, "not-found");
    }
    desk.ask(&local("BREW /healthz", &[]))
        .expect_problem(501, "method-not-implemented");
}

// N-51
fn head_has_the_fields_and_no_content() {
    let desk = Desk::new(Setup::default());
    for path in ["/healthz", "/readyz", "/keys/k"] {
        let get = desk.get(path);
        let head = desk.ask(&local(&format!("HEAD {path}"), &[]));
        assert_eq!(head.content, "");
        assert_eq!((head.status, head.lines), (get.status, get.lines));
    }
}

// N-51: the pairs of the table that only the admin listener can show
fn of_two_refusals_the_higher_is_the_answer() {
    let desk = Desk::new(Setup::default());
    let evil = |line: &str| desk.ask(&with_host(line, Some("evil.example"), &[]));
    for line in [
        "BREW /healthz",
        "GET /nowhere",
        "PUT /healthz",
        "POST /drain",
    ] {
        evil(line).expect_problem(403, "forbidden");
    }
    let content = local("POST /nowhere", &["Content-Length: 10"]);
    desk.ask(&content).expect_problem(404, "not-found");
    let content = local("POST /drain", &["NanoServe-Admin: 1", "Content-Length: 10"]);
    desk.ask(&content).expect_problem(413, "content-too-large");
    assert!(!desk.public.view().is_draining());
}
