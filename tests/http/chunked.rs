//! Claims about the chunked decoder of src/http/body.rs (RFC 9112, section 7.1).

use crate::http::cases::{check_table, error_line, mutations};
use nanoserve::http::body::ChunkedDecoder;
use nanoserve::limits::{CHUNK_EXTENSION_MAX, CHUNK_EXTENSIONS_TOTAL_MAX, FIELD_LINES_MAX, TRAILERS_MAX};

type Row = (&'static [u8], &'static str);

const CONTENT_MAX: usize = 1000;

/// The outcome of feeding pieces: `used 15: hello`, `more: hel`, or `400 at 3: expected …`.
fn feed<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, content_max: usize) -> String {
    let mut decoder = ChunkedDecoder::new(content_max);
    let mut content = Vec::new();
    let mut used = 0;
    for piece in pieces {
        match decoder.decode(piece, &mut content) {
            Err(error) => {
                let again = decoder.decode(b"0\r\n\r\n", &mut content);
                assert_eq!(again.as_ref(), Err(&error), "a failed decoder stays failed");
                assert_eq!(decoder.decode(b"", &mut content), Err(error.clone()));
                return error_line(&error);
            }
            Ok(step) => {
                used += step.used;
                if step.done {
                    let after = decoder.decode(b"next", &mut content).map(|after| (after.used, after.done));
                    assert_eq!(after, Ok((0, true)), "what follows is the next request's");
                    return format!("used {used}: {}", content.escape_ascii());
                }
                assert_eq!(step.used, piece.len(), "all is taken until the content is whole");
            }
        }
    }
    format!("more: {}", content.escape_ascii())
}

/// The outcome, after checking that it is the same whole, split at every byte, and one byte at a time.
fn decode(input: &[u8]) -> String {
    decode_with(input, CONTENT_MAX)
}

fn decode_with(input: &[u8], content_max: usize) -> String {
    let whole = feed([input], content_max);
    assert_eq!(feed(input.chunks(1), content_max), whole, "byte by byte: {}", input.escape_ascii());
    // Long inputs are split at some bytes only, as each split decodes all of them.
    for at in (0..=input.len()).step_by(1 + input.len() / 300) {
        let (left, right) = input.split_at(at);
        assert_eq!(feed([left, right], content_max), whole, "split at {at}: {}", input.escape_ascii());
    }
    whole
}

fn check(rows: &[Row]) {
    check_table(rows.iter().copied(), decode);
}

// RFC 9112, section 7.1; N-52
pub fn chunks_become_content() {
    check(&[
        (b"0\r\n\r\n", "used 5: "),
        (b"5\r\nhello\r\n0\r\n\r\n", "used 15: hello"),
        (b"5\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n000\r\n\r\n", "used 38: hello 0123456789"),
        (b"b\r\nhello\r\n0\r\n\r\r\n0\r\n\r\n", "used 21: hello\\r\\n0\\r\\n\\r"),
        (b"00000000000b\r\nhello world\r\n0\r\n\r\n", "used 32: hello world"),
        (b"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "used 15: hello"),
        (b"5\r\nhel", "more: hel"),
        (b"5", "more: "),
        (b"5\r\nhello\r\n0\r\n\r", "more: hello"),
        (b"", "more: "),
    ]);
}

// RFC 9112, section 7.1; N-50
pub fn a_chunk_size_is_a_few_hex_digits_and_nothing_else() {
    check(&[
        (b"\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b";a\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b" 5\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b"5 \r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"5\t\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"5 ;a\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"+5\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b"-5\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b"0x5\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"1_0\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"5h\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"\"5\"\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b"5,5\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"\xef\xbc\x95\r\n", "400 at 0: expected a hex digit of a chunk size at byte 1 of the chunked content"),
        (b"0000000000005\r\n", "400 at 12: expected a chunk size of at most 12 hex digits"),
        (b"fffffffffffffffff\r\n", "400 at 12: expected a chunk size of at most 12 hex digits"),
        (b"10000000000000005\r\n", "400 at 12: expected a chunk size of at most 12 hex digits"),
    ]);
}

// RFC 9112, sections 2.2 and 7.1; N-50
pub fn every_line_of_chunked_content_ends_in_cr_lf() {
    check(&[
        (b"5\nhello\r\n0\r\n\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"5\rhello\r\n0\r\n\r\n", "400 at 2: expected LF after CR at byte 3 of the chunked content"),
        (b"5\r\nhello\n0\r\n\r\n", "400 at 8: expected CR LF after a chunk's data at byte 9 of the chunked content"),
        (b"5\r\nhello\r0\r\n\r\n", "400 at 9: expected LF after CR at byte 10 of the chunked content"),
        (b"5\r\nhello0\r\n\r\n", "400 at 8: expected CR LF after a chunk's data at byte 9 of the chunked content"),
        (b"5\r\nhello!\r\n0\r\n\r\n", "400 at 8: expected CR LF after a chunk's data at byte 9 of the chunked content"),
        (b"5\r\nhello\r\n\r\n0\r\n\r\n", "400 at 10: expected a hex digit of a chunk size at byte 11 of the chunked content"),
        (b"0\n\r\n", "400 at 1: expected a hex digit, ';' or CR LF at byte 2 of the chunked content"),
        (b"0\r\n\n", "400 at 3: expected a trailer's field name or CR LF at byte 4 of the chunked content"),
        (b"0\r\n\rX", "400 at 4: expected LF after CR at byte 5 of the chunked content"),
        (b"5;a\nhello\r\n0\r\n\r\n", "400 at 3: expected CR LF at byte 4 of the chunked content"),
        (b"0\r\nA: b\n\r\n", "400 at 7: expected CR LF at byte 8 of the chunked content"),
        (b"0\r\nA: b\rc\r\n\r\n", "400 at 8: expected LF after CR at byte 9 of the chunked content"),
    ]);
}

// RFC 9112, section 7.1.1
pub fn chunk_extensions_are_well_formed_and_ignored() {
    check(&[
        (b"1;a\r\nx\r\n0;b=c\r\n\r\n", "used 17: x"),
        (b"1;a=b;c=\"d;e \\\" \\\\ f\";g\r\nx\r\n0\r\n\r\n", "used 33: x"),
        (b"1; a = b ; c\t=\t\"\"\r\nx\r\n0\r\n\r\n", "used 27: x"),
        (b"1;a=\"\x80\xff\t\"\r\nx\r\n0\r\n\r\n", "used 19: x"),
        (b"1;\r\n", "400 at 2: expected a well-formed chunk extension at byte 3 of the chunked content"),
        (b"1;;a\r\n", "400 at 2: expected a well-formed chunk extension at byte 3 of the chunked content"),
        (b"1;a;\r\n", "400 at 4: expected a well-formed chunk extension at byte 5 of the chunked content"),
        (b"1;=b\r\n", "400 at 2: expected a well-formed chunk extension at byte 3 of the chunked content"),
        (b"1;a=\r\n", "400 at 4: expected a well-formed chunk extension at byte 5 of the chunked content"),
        (b"1;a=;b\r\n", "400 at 4: expected a well-formed chunk extension at byte 5 of the chunked content"),
        (b"1;a b\r\n", "400 at 4: expected a well-formed chunk extension at byte 5 of the chunked content"),
        (b"1;a \r\n", "400 at 4: expected a well-formed chunk extension at byte 5 of the chunked content"),
        (b"1;a=b \r\n", "400 at 6: expected a well-formed chunk extension at byte 7 of the chunked content"),
        (b"1;a=b c\r\n", "400 at 6: expected a well-formed chunk extension at byte 7 of the chunked content"),
        (b"1;a=b=c\r\n", "400 at 5: expected a well-formed chunk extension at byte 6 of the chunked content"),
        (b"1;a=\"b\r\n", "400 at 6: expected a well-formed chunk extension at byte 7 of the chunked content"),
        (b"1;a=\"b\n\"", "400 at 6: expected CR LF at byte 7 of the chunked content"),
        (b"1;a=\"b\\\r\n", "400 at 7: expected a well-formed chunk extension at byte 8 of the chunked content"),
        (b"1;a=\"b\"c\r\n", "400 at 7: expected a well-formed chunk extension at byte 8 of the chunked content"),
        (b"1;a=\"\x00\"\r\n", "400 at 5: expected a well-formed chunk extension at byte 6 of the chunked content"),
        (b"1;\xe4\r\n", "400 at 2: expected a well-formed chunk extension at byte 3 of the chunked content"),
        (b"1;a\n", "400 at 3: expected CR LF at byte 4 of the chunked content"),
    ]);
}

// RFC 9112, section 7.1.2; N-11, N-52
pub fn trailers_are_checked_and_dropped() {
    check(&[
        (b"1\r\nx\r\n0\r\nA: b\r\nIdempotency-Key: k\r\n\r\n", "used 37: x"),
        (b"0\r\nA:\r\n\r\n", "used 9: "),
        (b"0\r\nA: caf\xe9\r\n\r\n", "used 14: "),
        (b"0\r\nA : b\r\n\r\n", "400 at 4: expected ':' at byte 5 of the chunked content"),
        (b"0\r\n A: b\r\n\r\n", "400 at 3: expected a trailer's field name or CR LF at byte 4 of the chunked content"),
        (b"0\r\nA: b\r\n c\r\n\r\n", "400 at 9: expected a trailer's field name or CR LF at byte 10 of the chunked content"),
        (b"0\r\n: b\r\n\r\n", "400 at 3: expected a trailer's field name or CR LF at byte 4 of the chunked content"),
        (b"0\r\nA\r\n\r\n", "400 at 4: expected ':' at byte 5 of the chunked content"),
        (b"0\r\nA: \x00\r\n\r\n", "400 at 6: expected a visible character, space or tab at byte 7 of the chunked content"),
        (b"0\r\nGET / HTTP/1.1\r\n\r\n", "400 at 6: expected ':' at byte 7 of the chunked content"),
    ]);
}

// N-53
pub fn content_over_the_bound_is_refused_from_its_size_line() {
    assert_eq!(decode_with(b"3e8\r\n", 1000), "more: ");
    assert_eq!(decode_with(b"3e9\r\n", 1000), "413 at 4: expected content of at most 1000 bytes");
    assert_eq!(decode_with(b"3e9;a=b\r\n", 1000), "413 at 8: expected content of at most 1000 bytes");
    assert_eq!(decode_with(b"3e9", 1000), "more: ");
    assert_eq!(decode_with(b"ffffffffffff\r\n", 1000), "413 at 13: expected content of at most 1000 bytes");
    assert_eq!(decode_with(b"2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", 4), "used 19: abcd");
    assert_eq!(decode_with(b"2\r\nab\r\n3\r\ncd", 4), "413 at 9: expected content of at most 4 bytes");
    assert_eq!(decode_with(b"0\r\n\r\n", 0), "used 5: ");
    assert_eq!(decode_with(b"1\r\n", 0), "413 at 2: expected content of at most 0 bytes");
}

// N-53
pub fn extensions_are_bounded_in_one_chunk_and_in_all() {
    let chunk = |bytes: usize| format!("1;{}\r\nx\r\n", "e".repeat(bytes - 1));
    let last = "0\r\n\r\n";
    let exactly = chunk(CHUNK_EXTENSION_MAX) + last;
    assert_eq!(decode(exactly.as_bytes()), format!("used {}: x", exactly.len()));
    let over = chunk(CHUNK_EXTENSION_MAX + 1) + last;
    assert_eq!(
        decode(over.as_bytes()),
        "400 at 257: expected extensions of one chunk of at most 256 bytes"
    );
    let full = chunk(CHUNK_EXTENSION_MAX).repeat(CHUNK_EXTENSIONS_TOTAL_MAX / CHUNK_EXTENSION_MAX);
    assert!(decode((full.clone() + last).as_bytes()).starts_with("used "));
    let over = full.clone() + "1;e";
    assert_eq!(
        decode(over.as_bytes()),
        format!("400 at {}: expected extensions of all chunks of at most 4096 bytes", full.len() + 1)
    );
}

// N-53
pub fn trailers_are_bounded_in_bytes_and_in_lines() {
    let line = |bytes: usize| format!("A:{}\r\n", "v".repeat(bytes - 4));
    let exactly = format!("0\r\n{}\r\n", line(TRAILERS_MAX));
    assert_eq!(decode(exactly.as_bytes()), format!("used {}: ", exactly.len()));
    let over = format!("0\r\n{}\r\n", line(TRAILERS_MAX + 1));
    assert_eq!(
        decode(over.as_bytes()),
        format!("431 at {}: expected trailers of at most 4096 bytes", 3 + TRAILERS_MAX)
    );
    let most = format!("0\r\n{}\r\n", "A:\r\n".repeat(FIELD_LINES_MAX));
    assert_eq!(decode(most.as_bytes()), format!("used {}: ", most.len()));
    let over = format!("0\r\n{}\r\n", "A:\r\n".repeat(FIELD_LINES_MAX + 1));
    assert_eq!(
        decode(over.as_bytes()),
        format!("431 at {}: expected at most 100 trailer lines", 3 + 4 * FIELD_LINES_MAX)
    );
}

// N-50: no panic, and the outcome of the whole is that of its pieces
pub fn mutated_chunks_fare_the_same_whole_and_in_pieces() {
    let seeds: &[&[u8]] = &[
        b"5\r\nhello\r\n0\r\n\r\n",
        b"1;a=b;c=\"d \\\" e\"\r\nx\r\nA;b\r\n0123456789\r\n0\r\n\r\n",
        b"b\r\nhello world\r\n0;last\r\nA: b\r\nIdempotency-Key: \"k\"\r\n\r\n",
    ];
    mutations(20_000, seeds, |bytes| {
        let whole = feed([bytes], CONTENT_MAX);
        assert_eq!(feed(bytes.chunks(1), CONTENT_MAX), whole);
        assert_eq!(feed(bytes.chunks(7), CONTENT_MAX), whole);
    });
}
