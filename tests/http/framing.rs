//! Claims about the framing table of src/http/body.rs, through the parser that asks it.

use crate::http::cases::{check_table, error_line, parse};
use nanoserve::http::parse::Parsed;

/// What a head with these field lines after its Host is framed as.
fn framing_of(method: &str, version: &str, lines: &[u8]) -> String {
    let mut head = format!("{method} / HTTP/{version}\r\nHost: a\r\n").into_bytes();
    head.extend_from_slice(lines);
    head.extend_from_slice(b"\r\n");
    match parse(&head) {
        Ok(Parsed::Complete { head, .. }) => format!("{:?}", head.framing),
        Ok(Parsed::Partial) => "more".to_owned(),
        Err(error) => error_line(&error),
    }
}

/// Field lines -> framing, the same for every method: none of them changes what the fields say.
fn check(version: &str, rows: &[(&'static [u8], &'static str)]) {
    check_table(rows.iter().copied(), |lines| {
        let found = framing_of("POST", version, lines);
        let others = ["GET", "HEAD", "PUT", "DELETE", "TRACE", "OPTIONS", "WHAT"];
        for method in others.into_iter().filter(|_| !found.starts_with("40")) {
            if !found.starts_with("50") {
                assert_eq!(framing_of(method, version, lines), found, "{method}");
            }
        }
        found
    });
}

// RFC 9112, section 6.3
pub fn without_framing_fields_there_is_no_content() {
    check("1.1", &[(b"", "None"), (b"X-Content-Length: 5\r\n", "None")]);
    check("1.0", &[(b"", "None")]);
}

// RFC 9110, section 8.6; N-50
pub fn a_content_length_is_one_line_of_digits() {
    let rows: &[(&'static [u8], &'static str)] = &[
        (b"Content-Length: 0\r\n", "Length(0)"),
        (b"content-length:5\r\n", "Length(5)"),
        (b"CONTENT-LENGTH: \t 0012 \r\n", "Length(12)"),
        (b"Content-Length: 18446744073709551615\r\n", "Length(18446744073709551615)"),
        (b"Content-Length: 18446744073709551616\r\n", "400 at 61: expected a length below 2^64 at byte 36 of field line 2"),
        (b"Content-Length: 99999999999999999999999\r\n", "400 at 61: expected a length below 2^64 at byte 36 of field line 2"),
        (b"Content-Length:\r\n", "400 at 41: expected a digit at byte 16 of field line 2"),
        (b"Content-Length: +5\r\n", "400 at 42: expected a digit at byte 17 of field line 2"),
        (b"Content-Length: -5\r\n", "400 at 42: expected a digit at byte 17 of field line 2"),
        (b"Content-Length: 5 5\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 5,5\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 5, 5\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 0x5\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 5f\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 1_000\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 5.0\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: \"5\"\r\n", "400 at 42: expected a digit at byte 17 of field line 2"),
        (b"Content-Length: 5;a=b\r\n", "400 at 43: expected a digit at byte 18 of field line 2"),
        (b"Content-Length: 5\r\nContent-Length: 5\r\n", "400 at 45: expected no second Content-Length at byte 1 of field line 3"),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", "400 at 45: expected no second Content-Length at byte 1 of field line 3"),
        (b"Content-Length: x\r\nContent-Length: 6\r\n", "400 at 45: expected no second Content-Length at byte 1 of field line 3"),
    ];
    check("1.1", rows);
    check("1.0", rows);
}

// RFC 9112, section 6.1; N-50
pub fn the_only_transfer_coding_is_one_chunked() {
    check(
        "1.1",
        &[
            (b"Transfer-Encoding: chunked\r\n", "Chunked"),
            (b"transfer-encoding:CHUNKED \r\n", "Chunked"),
            (b"Transfer-Encoding: gzip\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: xchunked\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: identity\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: gzip, chunked\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: gzip,deflate ,\tChunked\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: gzip, deflate\r\n", "501 at 45: expected 'chunked' alone at byte 20 of field line 2"),
            (b"Transfer-Encoding: chunked, identity\r\n", "400 at 54: expected nothing after 'chunked' at byte 29 of field line 2"),
            (b"Transfer-Encoding: chunked, gzip\r\n", "400 at 54: expected nothing after 'chunked' at byte 29 of field line 2"),
            (b"Transfer-Encoding: chunked, chunked\r\n", "400 at 54: expected nothing after 'chunked' at byte 29 of field line 2"),
            (b"Transfer-Encoding: gzip, chunked, chunked\r\n", "400 at 60: expected nothing after 'chunked' at byte 35 of field line 2"),
            (b"Transfer-Encoding:\r\n", "400 at 44: expected a transfer coding at byte 19 of field line 2"),
            (b"Transfer-Encoding: ,chunked\r\n", "400 at 45: expected a transfer coding at byte 20 of field line 2"),
            (b"Transfer-Encoding: chunked,\r\n", "400 at 53: expected nothing after 'chunked' at byte 28 of field line 2"),
            (b"Transfer-Encoding: gzip,,chunked\r\n", "400 at 50: expected a transfer coding at byte 25 of field line 2"),
            (b"Transfer-Encoding: chunked foo\r\n", "400 at 52: expected ',' or the end of the line after a transfer coding at byte 27 of field line 2"),
            (b"Transfer-Encoding: chunked;a=b\r\n", "400 at 52: expected ',' or the end of the line after a transfer coding at byte 27 of field line 2"),
            (b"Transfer-Encoding: gzip;q=1\r\n", "400 at 49: expected ',' or the end of the line after a transfer coding at byte 24 of field line 2"),
            (b"Transfer-Encoding: \"chunked\"\r\n", "400 at 45: expected a transfer coding at byte 20 of field line 2"),
            (b"Transfer-Encoding: chunk\xe9d\r\n", "400 at 50: expected ',' or the end of the line after a transfer coding at byte 25 of field line 2"),
            (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "400 at 54: expected no second Transfer-Encoding at byte 1 of field line 3"),
            (b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "400 at 51: expected no second Transfer-Encoding at byte 1 of field line 3"),
            (b"Transfer-Encoding: chunked\r\nX: y\r\nTransfer-Encoding: identity\r\n", "400 at 60: expected no second Transfer-Encoding at byte 1 of field line 4"),
        ],
    );
}

// RFC 9112, sections 6.1 and 6.3; N-50
pub fn two_framings_at_once_are_none() {
    let both: &[(&'static [u8], &'static str)] = &[
        (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "400 at 45: expected no Transfer-Encoding beside Content-Length at byte 1 of field line 3"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "400 at 26: expected no Transfer-Encoding beside Content-Length at byte 1 of field line 2"),
        (b"Transfer-Encoding: gzip\r\nContent-Length: 0\r\n", "400 at 26: expected no Transfer-Encoding beside Content-Length at byte 1 of field line 2"),
        (b"Content-Length: x\r\nTransfer-Encoding: chunked\r\n", "400 at 45: expected no Transfer-Encoding beside Content-Length at byte 1 of field line 3"),
        (b"Content-Length: 1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", "400 at 45: expected no second Content-Length at byte 1 of field line 3"),
    ];
    check("1.1", both);
    check("1.0", both);
}

// RFC 9112, section 6.1; N-50
pub fn http_1_0_has_no_transfer_encoding() {
    check(
        "1.0",
        &[
            (b"Transfer-Encoding: chunked\r\n", "400 at 26: expected no Transfer-Encoding in HTTP/1.0 at byte 1 of field line 2"),
            (b"Transfer-Encoding: gzip\r\n", "400 at 26: expected no Transfer-Encoding in HTTP/1.0 at byte 1 of field line 2"),
        ],
    );
}

// N-51: the precedence table of problem.rs
pub fn a_malformed_head_comes_before_an_unknown_coding() {
    let heads: &[(&'static [u8], &'static str)] = &[
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", "400 at 42: expected a Host field line before the end of the head"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nHost: a/b\r\n\r\n", "400 at 49: expected a character of a host, or ':' and a port at byte 8 of field line 2"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nHost: a\r\nBad\r\n\r\n", "400 at 54: expected ':' at byte 4 of field line 3"),
    ];
    check_table(heads.iter().copied(), |head| crate::http::cases::outcome(&parse(head)));
}
