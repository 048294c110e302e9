//! N-16: which requests are the same request.

use crate::support::{Request, Server};

/// The request that the others are compared with.
fn original() -> Request {
    Request::lab("print?status=201&delay_ms=0")
        .key("print")
        .content("content")
}

// N-16, N-23
#[test]
fn each_part_of_the_fingerprint_tells_requests_apart() {
    let server = Server::lab(&[]);
    let typed = || original().field("Content-Type", "text/plain");
    let first = server.send(&typed()).expect(201);
    let target = |target: &str| {
        let request = Request::post(target).key("print").content("content");
        request.field("Content-Type", "text/plain")
    };
    let others = [
        ("method", typed().method("PUT")),
        ("path", target("/lab/runs/other?status=201&delay_ms=0")),
        ("query", target("/lab/runs/print?status=201&delay_ms=1")),
        (
            "order in the query",
            target("/lab/runs/print?delay_ms=0&status=201"),
        ),
        ("no query", target("/lab/runs/print")),
        (
            "percent-encoding",
            target("/lab/runs/%70rint?status=201&delay_ms=0"),
        ),
        ("type", original().field("Content-Type", "text/html")),
        (
            "case of the type",
            original().field("Content-Type", "Text/plain"),
        ),
        ("no type", original()),
        ("empty type", original().field("Content-Type", "")),
        ("encoding", typed().field("Content-Encoding", "identity")),
        ("empty encoding", typed().field("Content-Encoding", "")),
        ("content", typed().content("Content")),
        ("longer content", typed().content("content ")),
        ("no content", typed().content("")),
        ("another route", {
            let request = Request::post("/echo").key("print").content("content");
            request.field("Content-Type", "text/plain")
        }),
    ];
    for (part, request) in others {
        println!("case: {part}");
        server.send(&request).expect_problem(422, "key-reused");
    }
    let again = server.send(&typed()).expect(201);
    assert!(again.is_replay(), "a mismatch changes nothing");
    assert_eq!(again.recorded(), first.recorded());
    assert_eq!(server.runs("print"), 1);
}

// N-16
#[test]
fn an_absent_part_is_not_an_empty_one() {
    let server = Server::lab(&[]);
    server
        .send(&Request::lab("tag").key("type").field("Content-Type", ""))
        .expect(201);
    server
        .send(&Request::lab("tag").key("type"))
        .expect_problem(422, "key-reused");
    server.send(&Request::lab("tag?").key("query")).expect(201);
    server
        .send(&Request::lab("tag").key("query"))
        .expect_problem(422, "key-reused");
}

// N-16
#[test]
fn how_a_request_travels_does_not_enter() {
    let server = Server::lab(&[]);
    let plain = || original().field("Content-Type", "text/plain");
    server.send(&plain()).expect(201);
    let absolute = |authority: &str| {
        let target = format!("http://{authority}/lab/runs/print?status=201&delay_ms=0");
        let request = Request::post(&target).key("print").content("content");
        request.field("Content-Type", "text/plain")
    };
    let same = [
        ("absolute form", absolute("localhost")),
        ("another authority", absolute("example.org:8080")),
        ("chunked", plain().chunked(&[b"content"])),
        ("two chunks", plain().chunked(&[b"con", b"tent"])),
        ("user agent", plain().field("User-Agent", "another/1.0")),
        (
            "other fields",
            plain()
                .field("Accept", "*/*")
                .field("X", "y")
                .field("Cookie", "a=b"),
        ),
        ("order of fields", {
            let request = Request::lab("print?status=201&delay_ms=0").content("content");
            request.field("Content-Type", "text/plain").key("print")
        }),
        (
            "white space",
            original().field("content-type", " \ttext/plain\t "),
        ),
        (
            "quoted key",
            plain().without("Idempotency-Key").key("\"print\""),
        ),
        ("connection", plain().field("Connection", "close")),
        ("1.0", plain().version("HTTP/1.0")),
        ("expect", plain().field("Expect", "100-continue")),
    ];
    for (name, request) in same {
        println!("case: {name}");
        assert!(server.send(&request).expect(201).is_replay());
    }
    assert_eq!(server.runs("print"), 1);
}

// N-16
#[test]
fn parts_cannot_flow_into_each_other() {
    let server = Server::lab(&[]);
    let keyed = |kind: &str, content: &str| {
        let request = Request::lab("flow").key(format!("flow-{kind}"));
        request.field("Content-Type", kind).content(content)
    };
    server.send(&keyed("a/b", "c")).expect(201);
    let moved = Request::lab("flow")
        .key("flow-a/b")
        .field("Content-Type", "a/bc")
        .content("");
    server.send(&moved).expect_problem(422, "key-reused");
    let swapped = Request::lab("flow")
        .key("flow-a/b")
        .field("Content-Encoding", "a/b")
        .content("c");
    server.send(&swapped).expect_problem(422, "key-reused");
}

// N-16
#[test]
fn two_content_types_are_refused() {
    let server = Server::lab(&[]);
    let twice = original()
        .field("Content-Type", "a/b")
        .field("content-type", "a/b");
    server.send(&twice).expect_problem(400, "field-repeated");
    assert_eq!(server.records("print"), []);
}

// N-16
#[test]
fn large_contents_that_differ_in_one_byte_differ() {
    let server = Server::lab(&[]);
    let mut content = vec![b'c'; 300_000];
    let request = |content: &[u8]| Request::lab("large").key("large").content(content);
    server.send(&request(&content)).expect(201);
    content[299_999] = b'd';
    server
        .send(&request(&content))
        .expect_problem(422, "key-reused");
    content[299_999] = b'c';
    assert!(server.send(&request(&content)).expect(201).is_replay());
}
