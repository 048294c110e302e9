//! N-83: the lab, on which the other tests stand.

use crate::support::{Request, Server};
use std::time::{Duration, Instant};

// N-83
#[test]
fn without_the_option_there_is_no_lab() {
    let server = Server::start(&[]);
    server
        .send(&Request::lab("any"))
        .expect_problem(404, "not-found");
    server
        .send(&Request::get("/lab/runs/any"))
        .expect_problem(404, "not-found");
}

// N-83
#[test]
fn each_name_has_a_count_of_its_own() {
    let server = Server::lab(&[]);
    let unused = server.send(&Request::get("/lab/runs/one")).expect(200);
    assert_eq!(unused.text(), r#"{"name":"one","runs":0}"#);
    for (n, method) in (1..).zip(["POST", "PUT", "PATCH", "DELETE"]) {
        let answer = server.send(&Request::new(method, "/lab/runs/one").content(""));
        assert_eq!(
            answer.expect(201).text(),
            format!(r#"{{"name":"one","runs":{n}}}"#)
        );
    }
    server.send(&Request::lab("%6Fne")).expect(201);
    assert_eq!(server.runs("one"), 5, "names are percent-decoded");
    assert_eq!(server.runs("two"), 0);
}

// N-83
#[test]
fn options_combine() {
    let server = Server::lab(&[]);
    let target = "all?delay_ms=150&status=418&bytes=5&field=X-A:1&field=X-A:b%20c";
    let start = Instant::now();
    let answer = server.send(&Request::lab(target)).expect(418);
    assert!(start.elapsed() >= Duration::from_millis(150));
    assert_eq!(answer.content.len(), 5);
    assert_eq!(answer.values("X-A"), ["1", "b c"]);
    assert_eq!(server.runs("all"), 1);
    server
        .send(&Request::lab("all?refuse=503&field=X-A:1"))
        .expect(503);
    assert_eq!(server.runs("all"), 1, "a refusal is not counted");
    server.send(&Request::lab("all?panic=before")).expect(500);
    assert_eq!(server.runs("all"), 1);
    server.send(&Request::lab("all?panic=after")).expect(500);
    assert_eq!(server.runs("all"), 2);
}

// N-83, N-30
#[test]
fn an_option_that_cannot_be_followed_is_a_400_and_frees_the_key() {
    let server = Server::lab(&[]);
    for option in [
        "delay_ms=60001",
        "delay_ms=-1",
        "delay_ms=x",
        "delay_ms=",
        "delay_ms",
        "delay_ms=99999999999999999999",
        "status=199",
        "status=600",
        "status=abc",
        "status=100",
        "refuse=99",
        "refuse=600",
        "panic=sometimes",
        "panic=",
        "bytes=16777217",
        "bytes=-1",
        "field=NoColon",
        "field=:value",
        "field=Bad%20Name:value",
        "field=X-A:a%0D%0AX-B:b",
        "field=X-A:a%0Ab",
        "field=X-A:a%00b",
        "field=Connection:close",
        "field=connection:close",
        "field=Content-Length:5",
        "field=Transfer-Encoding:chunked",
        "field=Keep-Alive:timeout=5",
        "field=Upgrade:h2c",
        "field=Date:today",
        "field=idempotent-replayed:true",
        "field=X-A:%ZZ",
        "status=%3",
        "unknown=1",
        "=1",
    ] {
        println!("case: {option}");
        let request = Request::lab(&format!("bad?{option}")).key("bad");
        let answer = server.send(&request).expect(400);
        assert_eq!(
            answer.field("Content-Type"),
            Some("application/problem+json")
        );
        assert_eq!(server.records("bad"), []);
    }
    assert_eq!(server.runs("bad"), 0);
    let encoded = Request::lab("good?%73tatus=%32%30%32").key("bad");
    server.send(&encoded).expect(202);
}
