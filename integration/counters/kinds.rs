//! The kinds of requests that the script plays, and what each is told.

use super::script::Script;
use crate::support::Request;

/// What becomes of a new key.
pub(crate) enum Ends {
    Recorded,
    Buried,
    Released,
}

/// A request, its status, and the type of its answer where that is a problem document.
type Kind = (fn() -> Request, u16, &'static str);

/// With a new key.
#[rustfmt::skip] // a table
const CLAIMING: &[(Ends, Kind)] = &[
    (Ends::Recorded, (|| lab("run"), 201, "")),
    (Ends::Recorded, (|| lab("run").content("x"), 201, "")),
    (Ends::Recorded, (|| lab("run").chunked(&[b"ab", b"c"]), 201, "")),
    (Ends::Recorded, (|| lab("run?field=X-A:1&field=Set-Cookie:s"), 201, "")),
    (Ends::Recorded, (|| lab("run?bytes=1000"), 201, "")),
    (Ends::Recorded, (|| lab("run?status=200").method("PUT"), 200, "")),
    (Ends::Recorded, (|| lab("run?status=204").method("DELETE"), 204, "")),
    (Ends::Recorded, (|| lab("run?status=302").method("PATCH"), 302, "")),
    (Ends::Recorded, (|| lab("run?status=404"), 404, "")),
    (Ends::Recorded, (|| lab("run?status=503"), 503, "")),
    (Ends::Recorded, (|| post("/echo").content("echo"), 200, "")),
    (Ends::Recorded, (|| payment("alice"), 201, "")),
    (Ends::Recorded, (|| payment("zoe"), 402, "insufficient-funds")),
    (Ends::Recorded, (|| lab("run?panic=before"), 500, "handler-failed")),
    (Ends::Recorded, (|| lab("run?panic=after"), 500, "handler-failed")),
    (Ends::Buried, (|| lab("run?bytes=1001&status=402"), 402, "")),
    (Ends::Buried, (|| lab("run?bytes=200000"), 201, "")),
    (Ends::Released, (|| lab("run?refuse=422"), 422, "")),
    (Ends::Released, (|| lab("run?refuse=200"), 200, "")),
    (Ends::Released, (|| lab("run?no=such"), 400, "lab-option")),
    (Ends::Released, (|| post("/payments").content("{"), 400, "bad-json")),
    (Ends::Released, (|| post("/payments").content("{}"), 422, "bad-payment")),
    (Ends::Released, (|| payment("alice").field("Content-Encoding", "gzip"), 415, "content-encoding")),
];

/// Without a key.
#[rustfmt::skip] // a table
const UNKEYED: &[Kind] = &[
    (|| lab("run"), 201, ""),
    (|| lab("run").method("PATCH").version("HTTP/1.2"), 201, ""),
    (|| lab("run?status=500"), 500, ""),
    (|| lab("run?bytes=200000"), 201, ""),
    (|| lab("run?refuse=429"), 429, ""),
    (|| post("/echo").chunked(&[b"e"]), 200, ""),
    (|| lab("run?status=1"), 400, "lab-option"),
    (|| lab("run?panic=before"), 500, "handler-failed"),
];

/// Safe methods, whatever key they bring.
#[rustfmt::skip] // a table
const SAFE: &[Kind] = &[
    (|| Request::get("/"), 200, ""),
    (|| Request::get("/lab/runs/run").key("k").key("\"no key"), 200, ""),
    (|| Request::get("/payments"), 200, ""),
    (|| Request::get("/accounts"), 200, ""),
    (|| Request::get("/accounts/bob"), 200, ""),
    (|| Request::get("/docs/idempotency"), 200, ""),
    (|| Request::new("HEAD", "/"), 200, ""),
    (|| Request::new("HEAD", "/accounts/nobody"), 404, "unknown-account"),
    (|| Request::get("/accounts/nobody"), 404, "unknown-account"),
    (|| Request::get("/payments/none"), 404, "unknown-payment"),
    (|| Request::get("/payments?limit=0"), 400, "bad-query"),
    (|| Request::get("/").version("HTTP/1.0"), 200, ""),
    (|| Request::get("/").version("HTTP/1.0").field("Connection", "keep-alive"), 200, ""),
    (|| Request::get("/").field("Connection", "close"), 200, ""),
];

/// No handler sees them; from the first 400 on the connection closes.
#[rustfmt::skip] // a table
const REFUSED: &[Kind] = &[
    (|| post("/no/such/path").content("x"), 404, "not-found"),
    (|| Request::new("TRACE", "/"), 405, "method-not-allowed"),
    (|| post("/accounts"), 405, "method-not-allowed"),
    (|| Request::new("BREW", "/"), 501, "method-not-implemented"),
    (|| lab("run").field("Expect", "more"), 417, "expectation-failed"),
    (|| lab("run").field("X-Client", "d"), 400, "field-repeated"),
    (|| Request::lab("run").key("k"), 400, "scope-missing"),
    (|| lab("run").key("a,b"), 400, "key-malformed"),
    (|| payment("alice"), 400, "key-missing"),
    (|| lab("run").field("Bad Name", ""), 400, "malformed-request"),
    (|| lab("run").chunked_as("zz\r\n"), 400, "malformed-request"),
    (|| lab("run").version("HTTP/2.0"), 505, "version-not-supported"),
    (|| lab(&"q".repeat(9000)), 414, "target-too-long"),
    (|| lab("run").field("X", "v".repeat(17_000)), 431, "head-too-large"),
    (|| Request::new("POST", "/echo").field("Transfer-Encoding", "gzip"), 501, "transfer-coding-not-implemented"),
    (|| lab("run").content([b'c'; 16_385]), 413, "content-too-large"),
    (|| lab("run").chunked(&[&[b'c'; 16_385]]), 413, "content-too-large"),
];

/// A few requests each.
const OTHERS: &[fn(&mut Script)] = &[
    replays,
    a_mismatch,
    the_methods_of_a_path,
    a_pipeline,
    leave_to_continue,
];

/// How many kinds there are.
pub(crate) fn kinds() -> usize {
    CLAIMING.len() + UNKEYED.len() + SAFE.len() + REFUSED.len() + OTHERS.len()
}

/// The most requests that one kind makes.
pub(crate) const REQUESTS_MAX: u64 = 4;

/// Plays one of the kinds.
#[track_caller]
pub(crate) fn play(script: &mut Script, kind: usize) {
    let tables = [CLAIMING.len(), UNKEYED.len(), SAFE.len(), REFUSED.len()];
    let (mut table, mut row) = (0, kind);
    while table < tables.len() && row >= tables[table] {
        row -= tables[table];
        table += 1;
    }
    match table {
        0 => {
            let (ends, (request, status, problem)) = &CLAIMING[row];
            script.claims(request(), *status, problem, ends);
        }
        1 => {
            let (request, status, problem) = UNKEYED[row];
            script.book.add("nanoserve_unkeyed_total", 1);
            script.runs(&request(), status, problem);
        }
        2 => {
            let (request, status, problem) = SAFE[row];
            script.runs(&request(), status, problem);
        }
        3 => {
            let (request, status, problem) = REFUSED[row];
            script.refused(&request(), status, problem);
        }
        _ => OTHERS[row](script),
    }
}

/// A run of the lab by a known caller.
pub(crate) fn lab(name_and_query: &str) -> Request {
    Request::lab(name_and_query).field("X-Client", "c")
}

fn post(target: &str) -> Request {
    Request::post(target).field("X-Client", "c")
}

fn payment(from: &str) -> Request {
    let json = format!(r#"{{"from":"{from}","to":"bob","amount":1,"currency":"EUR"}}"#);
    post("/payments").content(json)
}

fn replays(script: &mut Script) {
    for _ in 0..3 {
        let (request, status) = script.a_known_one();
        script.book.guard("replay");
        if status == 410 {
            script.book.refused("response-not-stored");
        }
        let answer = script.exchange(&request, status);
        assert_eq!(answer.is_replay(), status != 410);
    }
}

fn a_mismatch(script: &mut Script) {
    let (request, _) = script.a_known_one();
    script.book.guard("mismatch");
    script.refused(&request.content("another"), 422, "key-reused");
}

fn the_methods_of_a_path(script: &mut Script) {
    for target in ["/", "/payments", "*", "/docs/idempotency"] {
        script.exchange(&Request::new("OPTIONS", target), 204);
    }
}

fn a_pipeline(script: &mut Script) {
    let mut client = script.connect();
    let (get, run, lost) = (Request::get("/"), lab("run"), Request::get("/nope"));
    let together = [&get, &run, &lost, &run].map(Request::bytes).concat();
    script.send(&mut client, &together);
    for status in [200, 201, 404, 201] {
        script.answer(&mut client, status);
    }
    script.book.add("nanoserve_unkeyed_total", 2);
    script.book.refused("not-found");
    (0..3).for_each(|_| script.book.handled(0));
    script.ended(client, "idle");
}

fn leave_to_continue(script: &mut Script) {
    let mut client = script.connect();
    let head = lab("run").field("Expect", "100-continue").declared(3);
    script.send(&mut client, &head.bytes());
    script.is_told_to_continue(&mut client);
    script.send(&mut client, b"abc");
    script.answer(&mut client, 201);
    script.book.add("nanoserve_unkeyed_total", 1);
    script.book.handled(0);
    script.ended(client, "idle");
}
