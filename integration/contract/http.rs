//! N-51 and N-52: Host, versions, methods, and content that is asked for before it is sent.

use super::expect::{Expect, Kept, each, ensure};
use super::needs::Needs::{Echo, Page, Run};
use super::target::Target;
use super::{Case, case};
use crate::support::Request;

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-51", "a request without Host is refused", Page, no_host),
    case("N-51", "two lines of Host are refused, in HTTP/1.0 too", Page, two_hosts),
    case("N-51", "a Host that is none is refused", Page, odd_hosts),
    case("N-51", "HTTP/1.0 is served, and its connection closes", Page, http_1_0),
    case("N-51", "HTTP/1.0 needs no Host", Page, http_1_0_without_host),
    case("N-51", "an HTTP/1.0 client that asks to stay may", Page, http_1_0_keep_alive),
    case("N-51", "HTTP/1.2 is served as HTTP/1.1", Page, http_1_2),
    case("N-51", "another major version is not supported", Page, other_versions),
    case("N-51", "a version that is none is refused", Page, odd_versions),
    case("N-51", "an unknown method is not implemented", Page, unknown_methods),
    case("N-51", "CONNECT is not implemented", Page, connect),
    case("N-51", "a method that the path does not have is 405, with those it has", Page, trace),
    case("N-51", "HEAD is answered as GET, without content", Page, head),
    case("N-51", "OPTIONS tells the methods of a path", Page, options),
    case("N-51", "a target in absolute form is served", Page, absolute_target),
    case("N-51", "a path that nobody has is 404", Page, no_such_path),
    case("N-52", "a client that asks is told to continue", Run, told_to_continue),
    case("N-52", "a client is not told to continue whose head is refused", Run, not_told_to_continue),
    case("N-52", "a client whose content has come is not told to continue", Run, content_has_come),
    case("N-52", "an HTTP/1.0 client is never told to continue", Run, expecting_in_1_0),
    case("N-52", "another expectation fails", Page, another_expectation),
    case("N-52", "chunked content is accepted, its trailers dropped", Echo, chunked),
];

fn no_host(t: &Target) -> Kept {
    t.refuses(t.get().without("Host").field("X", "y").bytes(), &[400])
}

fn two_hosts(t: &Target) -> Kept {
    let twice = t.get().field("Host", "a");
    t.refuses(twice.bytes(), &[400])?;
    t.refuses(twice.version("HTTP/1.0").bytes(), &[400])
}

fn odd_hosts(t: &Target) -> Kept {
    each(["a b", "a/b", "u@a", "a:b", "[::1"], |host| {
        let request = t.get().without("Host").field("Host", host);
        t.refuses(request.bytes(), &[400])
    })
}

fn old(t: &Target) -> Request {
    t.get().version("HTTP/1.0")
}

fn http_1_0(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.exchange(&old(t))?.must_be(200)?;
    wire.end()
}

fn http_1_0_without_host(t: &Target) -> Kept {
    t.send(&old(t).without("Host"))?.must_be(200).map(drop)
}

fn http_1_0_keep_alive(t: &Target) -> Kept {
    let mut wire = t.open()?;
    for _ in 0..2 {
        let answer = wire.exchange(&old(t).field("Connection", "keep-alive"))?;
        answer.must_be(200)?.has("Connection", "keep-alive")?;
    }
    Ok(())
}

fn http_1_2(t: &Target) -> Kept {
    let mut wire = t.open()?;
    for _ in 0..2 {
        let answer = wire.exchange(&t.get().version("HTTP/1.2"))?;
        answer.must_be(200)?.stays_open()?;
    }
    Ok(())
}

fn other_versions(t: &Target) -> Kept {
    each(["HTTP/2.0", "HTTP/0.9", "HTTP/3.1"], |version| {
        t.refuses(t.get().version(version).bytes(), &[505])
    })
}

fn odd_versions(t: &Target) -> Kept {
    each(
        ["http/1.1", "HTTP/1", "HTTP/1.10", "HTTP/one", "HTP/1.1"],
        |version| t.refuses(t.get().version(version).bytes(), &[400]),
    )
}

fn unknown_methods(t: &Target) -> Kept {
    each(["BREW", "get", "PROPFIND"], |method| {
        t.send(&t.get().method(method))?.must_be(501).map(drop)
    })
}

fn connect(t: &Target) -> Kept {
    let request = t.request("CONNECT", "example.org:443");
    t.send(&request)?.must_be(501).map(drop)
}

fn allows(answer: &impl Expect) -> Kept {
    let allow = answer.first_of("Allow").unwrap_or("none");
    let gets = allow.split(',').any(|method| method.trim() == "GET");
    ensure(gets, "an Allow with GET in it", allow)
}

fn trace(t: &Target) -> Kept {
    allows(&t.send(&t.get().method("TRACE"))?.must_be(405)?)
}

fn head(t: &Target) -> Kept {
    let get = t.send(&t.get())?.must_be(200)?;
    let mut wire = t.open()?;
    let request = t.get().method("HEAD").field("Connection", "close");
    let head = wire.exchange(&request)?.must_be(200)?;
    wire.end()?; // no content
    for name in ["Content-Type", "Content-Length"] {
        head.has(name, get.first_of(name).unwrap_or_default())?;
    }
    Ok(())
}

fn options(t: &Target) -> Kept {
    allows(
        &t.send(&t.get().method("OPTIONS"))?
            .must_be_one_of(&[200, 204])?,
    )
}

fn absolute_target(t: &Target) -> Kept {
    t.send(&t.request("GET", &t.absolute("/")))?
        .must_be(200)
        .map(drop)
}

fn no_such_path(t: &Target) -> Kept {
    let path = format!("/{}", Target::fresh("no-such-path"));
    t.send(&t.request("GET", &path))?.must_be(404).map(drop)
}

/// A run that waits for leave to send its two bytes.
fn expecting(t: &Target) -> Request {
    let run = t.keyed(&Target::fresh("expecting"));
    run.field("Expect", "100-continue").declared(2)
}

fn told_to_continue(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(expecting(t).bytes());
    wire.leave_to_continue()?;
    wire.send("{}");
    wire.answer()?.must_be_first().map(drop)
}

fn not_told_to_continue(t: &Target) -> Kept {
    let bad_key = t.with_key(expecting(t), "another");
    t.send(&bad_key)?.must_be(400)?;
    let too_large = expecting(t).declared(2 * 1024 * 1024);
    t.send(&too_large)?.must_be(413).map(drop)
}

fn content_has_come(t: &Target) -> Kept {
    t.send(&expecting(t).content("{}"))?
        .must_be_first()
        .map(drop)
}

fn expecting_in_1_0(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send(expecting(t).version("HTTP/1.0").bytes());
    wire.send("{}");
    wire.answer()?.must_be_first().map(drop)
}

fn another_expectation(t: &Target) -> Kept {
    let request = t.get().field("Expect", "a-miracle");
    t.send(&request)?.must_be(417).map(drop)
}

fn chunked(t: &Target) -> Kept {
    let wire = "5;name=value\r\nhello\r\n0\r\nX-Trailer: dropped\r\n\r\n";
    let answer = t.send(&t.echo("").chunked_as(wire))?.must_be(200)?;
    ensure(answer.text() == "hello", "hello", answer.text())
}
