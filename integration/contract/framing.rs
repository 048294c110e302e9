//! N-50: bytes that two readers could read differently. Each gets its status, the connection closes, and what lies behind is not read.

use super::expect::{Expect, Kept, each};
use super::needs::Needs::{Page, Run};
use super::target::Target;
use super::{Case, case};

#[rustfmt::skip] // one case a line
pub(super) const CASES: &[Case] = &[
    case("N-50", "Content-Length beside Transfer-Encoding is refused", Page, two_framings),
    case("N-50", "two lines of Content-Length are refused, even equal ones", Page, two_lengths),
    case("N-50", "a Content-Length that is not one plain number is refused", Page, odd_lengths),
    case("N-50", "a Transfer-Encoding that is not chunked is refused", Page, odd_codings),
    case("N-50", "an unknown transfer coding is not implemented", Page, unknown_codings),
    case("N-50", "Transfer-Encoding in HTTP/1.0 is refused", Page, a_coding_in_1_0),
    case("N-50", "a chunk size that is not plain hex is refused", Run, odd_chunk_sizes),
    case("N-50", "a chunk that does not end where it says is refused", Run, odd_chunk_ends),
    case("N-50", "a bare LF in a head is refused", Page, bare_lf),
    case("N-50", "a bare CR in a head is refused", Page, bare_cr),
    case("N-50", "a folded field line is refused", Page, folded_lines),
    case("N-50", "white space before the colon is refused", Page, space_before_colon),
    case("N-50", "a field name that is no token is refused", Page, odd_names),
    case("N-50", "a line without a colon is refused", Page, no_colon),
    case("N-50", "control bytes in a value are refused", Page, control_bytes),
    case("N-50", "a request line that is none is refused", Page, odd_request_lines),
    case("N-50", "a target with a fragment or raw bytes is refused", Page, odd_targets),
    case("N-50", "TLS and noise are answered, never waited for", Page, noise),
    case("N-50", "HTTP/2 is told that its version is not supported", Page, http_2),
    case("N-50", "empty lines before a request are passed over", Page, empty_lines),
];

/// Heads that differ in these lines behind Host: each is refused with one of the statuses.
fn lines_are_refused(t: &Target, lines: &[&str], statuses: &[u16]) -> Kept {
    each(lines, |line| {
        let mut head = t.get().bytes();
        head.truncate(head.len() - 2);
        t.refuses(
            [&head, line.as_bytes(), b"\r\n\r\n0\r\n\r\n"].concat(),
            statuses,
        )
    })
}

fn two_framings(t: &Target) -> Kept {
    let lines = [
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
    ];
    lines_are_refused(t, &lines, &[400])
}

fn two_lengths(t: &Target) -> Kept {
    let lines = [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nContent-Length: 5",
    ];
    lines_are_refused(t, &lines, &[400])
}

fn odd_lengths(t: &Target) -> Kept {
    let values = ["+5", "-5", "0x5", "5a", "5,5", "", "18446744073709551621"];
    let lines = values.map(|value| format!("Content-Length: {value}"));
    lines_are_refused(t, &lines.each_ref().map(String::as_str), &[400])
}

fn odd_codings(t: &Target) -> Kept {
    let values = [
        "chunked, identity",
        "chunked, chunked",
        "chunked,",
        "chunked x",
        "\"chunked\"",
    ];
    let lines = values.map(|value| format!("Transfer-Encoding: {value}"));
    lines_are_refused(t, &lines.each_ref().map(String::as_str), &[400, 501])
}

fn unknown_codings(t: &Target) -> Kept {
    let lines = [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: gzip, chunked",
    ];
    lines_are_refused(t, &lines, &[501])
}

fn a_coding_in_1_0(t: &Target) -> Kept {
    let request = t.get().version("HTTP/1.0").chunked(&[b"hello"]);
    t.refuses(request.bytes(), &[400])
}

fn chunks_are_refused(t: &Target, contents: &[&str]) -> Kept {
    each(contents, |content| {
        let request = t.keyed(&Target::fresh("chunks")).chunked_as(content);
        t.refuses(request.bytes(), &[400])
    })
}

fn odd_chunk_sizes(t: &Target) -> Kept {
    let sizes = [
        "+2",
        "-2",
        "0x2",
        "0_2",
        "2 ",
        " 2",
        "",
        "g",
        "10000000000000002",
    ];
    let contents = sizes.map(|size| format!("{size}\r\n{{}}\r\n0\r\n\r\n"));
    chunks_are_refused(t, &contents.each_ref().map(String::as_str))
}

fn odd_chunk_ends(t: &Target) -> Kept {
    let contents = [
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}\n0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
    ];
    chunks_are_refused(t, &contents)
}

fn bare_lf(t: &Target) -> Kept {
    lines_are_refused(t, &["X: a\nY: b", "X: a\n"], &[400])
}

fn bare_cr(t: &Target) -> Kept {
    lines_are_refused(t, &["X: a\rb", "X: a\r\rY: b"], &[400])
}

fn folded_lines(t: &Target) -> Kept {
    lines_are_refused(t, &["X: a\r\n b", "X: a\r\n\tb"], &[400])
}

fn space_before_colon(t: &Target) -> Kept {
    lines_are_refused(t, &["X : a", "X\t: a", "Content-Length : 5"], &[400])
}

fn odd_names(t: &Target) -> Kept {
    lines_are_refused(t, &[": a", "X y: a", "X(y): a", "X\u{e9}: a"], &[400])
}

fn no_colon(t: &Target) -> Kept {
    lines_are_refused(t, &["X"], &[400])
}

fn control_bytes(t: &Target) -> Kept {
    lines_are_refused(t, &["X: \0", "X: a\u{1}b", "X: a\u{7f}b"], &[400])
}

fn request_lines_are_refused(t: &Target, lines: &[&str]) -> Kept {
    each(lines, |line| {
        let whole = t.get().bytes();
        let behind = whole.windows(2).position(|two| two == b"\r\n");
        let rest = &whole[behind.unwrap_or_default()..];
        t.refuses([line.as_bytes(), rest].concat(), &[400])
    })
}

fn odd_request_lines(t: &Target) -> Kept {
    let lines = [
        "GET /",
        "GET  / HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET / /a HTTP/1.1",
        "G(T / HTTP/1.1",
    ];
    request_lines_are_refused(t, &lines)
}

fn odd_targets(t: &Target) -> Kept {
    let lines = [
        "GET /#a HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
        "GET a HTTP/1.1",
        "GET * HTTP/1.1",
    ];
    request_lines_are_refused(t, &lines)
}

fn noise(t: &Target) -> Kept {
    t.refuses(
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x9a\x1b\x00\x20\r\n",
        &[400],
    )?;
    t.refuses([0; 64], &[400])?;
    t.refuses(b"\xff\xfe\x80\x00\x01\xd0\r\n\r\n", &[400])
}

fn http_2(t: &Target) -> Kept {
    t.refuses(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[505])
}

fn empty_lines(t: &Target) -> Kept {
    let mut wire = t.open()?;
    wire.send([b"\r\n\r\n", &t.get().bytes()[..]].concat());
    wire.answer()?.must_be(200).map(drop)
}
