//! Claims about src/http/parse.rs and meaning.rs; those on single lines stand in `parse_lines.rs`.

use crate::harness::Test;
use crate::http::cases::{check_table, head, mutations, outcome, parse, parse_at, with_request};
use crate::http::parse_lines as lines;
use nanoserve::http::parse::{Parsed, parse_head};
use nanoserve::http::request::{Expect, Method, Request, Target, Version};
use nanoserve::limits::{FIELD_LINES_MAX, HEAD_MAX, REQUEST_LINE_MAX};

#[rustfmt::skip] // one claim a line
pub const TESTS: &[Test] = &[
    ("lines_end_in_cr_lf_and_in_nothing_less", lines::lines_end_in_cr_lf_and_in_nothing_less),
    ("up_to_four_empty_lines_may_come_before_a_request", lines::up_to_four_empty_lines_may_come_before_a_request),
    ("a_request_line_is_three_words_with_single_spaces", lines::a_request_line_is_three_words_with_single_spaces),
    ("a_target_is_visible_ascii_without_a_fragment", lines::a_target_is_visible_ascii_without_a_fragment),
    ("a_target_has_the_form_its_method_allows", lines::a_target_has_the_form_its_method_allows),
    ("a_version_is_http_a_digit_a_point_and_a_digit", lines::a_version_is_http_a_digit_a_point_and_a_digit),
    ("a_field_line_is_a_name_a_colon_and_a_value", lines::a_field_line_is_a_name_a_colon_and_a_value),
    ("a_request_of_1_1_has_exactly_one_valid_host", lines::a_request_of_1_1_has_exactly_one_valid_host),
    ("a_whole_head_is_what_was_sent", a_whole_head_is_what_was_sent),
    ("every_prefix_of_a_head_is_partial", every_prefix_of_a_head_is_partial),
    ("what_follows_a_head_is_not_its_affair", what_follows_a_head_is_not_its_affair),
    ("an_absolute_form_is_reduced_and_its_authority_wins", an_absolute_form_is_reduced_and_its_authority_wins),
    ("connect_is_left_to_be_refused_by_its_method", connect_is_left_to_be_refused_by_its_method),
    ("methods_are_told_apart_by_case", methods_are_told_apart_by_case),
    ("persistence_follows_version_and_connection", persistence_follows_version_and_connection),
    ("an_expectation_is_100_continue_or_unknown", an_expectation_is_100_continue_or_unknown),
    ("a_request_line_may_have_8_kib", a_request_line_may_have_8_kib),
    ("a_head_may_have_16_kib", a_head_may_have_16_kib),
    ("a_head_may_have_100_field_lines", a_head_may_have_100_field_lines),
    ("a_bound_comes_before_what_is_wrong_at_its_byte", a_bound_comes_before_what_is_wrong_at_its_byte),
    ("mutated_heads_fare_the_same_whole_and_in_pieces", mutated_heads_fare_the_same_whole_and_in_pieces),
];

const BROWSER: &[u8] = b"POST /payments?limit=2&x=%20y HTTP/1.1\r\n\
    Host: localhost:8080\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-GB,en;q=0.5\r\n\
    Content-Type: application/json\r\n\
    Content-Length: 65\r\n\
    Idempotency-Key: \"8e03978e-40d5-43dd-bc93-6894a57f9324\"\r\n\
    Connection: keep-alive\r\n\
    \r\n";

// N-3
fn a_whole_head_is_what_was_sent() {
    with_request(BROWSER, |request| {
        assert_eq!(request.method(), Method::Post);
        assert_eq!(request.method_text(), b"POST");
        assert_eq!(request.path(), b"/payments");
        assert_eq!(request.query(), Some(&b"limit=2&x=%20y"[..]));
        assert_eq!(request.host(), b"localhost:8080");
        assert_eq!(request.head().version, Version::Http11);
        assert!(request.head().persistent);
        let fields: Vec<_> = request.fields().collect();
        assert_eq!(fields.len(), 8);
        assert_eq!(fields[0], (&b"Host"[..], &b"localhost:8080"[..]));
        assert_eq!(fields[5], (&b"Content-Length"[..], &b"65"[..]));
        assert_eq!(fields[7], (&b"Connection"[..], &b"keep-alive"[..]));
    });
}

// N-3
fn every_prefix_of_a_head_is_partial() {
    for length in 0..BROWSER.len() {
        assert_eq!(
            parse_head(&BROWSER[..length]),
            Ok(Parsed::Partial),
            "{length}"
        );
    }
    assert_eq!(outcome(&parse(BROWSER)), format!("used {}", BROWSER.len()));
}

// N-7: pipelined requests, and content behind a head
fn what_follows_a_head_is_not_its_affair() {
    let alone = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
    for next in [
        &b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n"[..],
        b"\0\n\r",
        b"\r\n",
        b" x: y\r\n",
    ] {
        assert_eq!(parse(&[alone, next].concat()), parse(alone));
    }
}

// RFC 9112, section 3.2.2; N-16
fn an_absolute_form_is_reduced_and_its_authority_wins() {
    let rows: &[(&[u8], &str)] = &[
        (b"http://b.example/p?q", "b.example /p q"),
        (b"HTTPS://[::1]:8443/p", "[::1]:8443 /p -"),
        (b"http://b", "b / -"),
        (b"http://b:?", "b: / "),
        (b"http://b?q=http://c/", "b / q=http://c/"),
        (b"http://b/?", "b / "),
        (b"/p?q?r", "a /p q?r"),
        (b"/http://b/", "a /http://b/ -"),
    ];
    check_table(rows.iter().copied(), |target| {
        let head = [b"GET ", target, b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        with_request(&head, |request| {
            let query = request.query().unwrap_or(b"-");
            let parts = [request.host(), request.path(), query];
            parts.map(|part| part.escape_ascii().to_string()).join(" ")
        })
    });
    let asterisk = b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(head(asterisk).target, Target::Asterisk);
    with_request(asterisk, |request| assert_eq!(request.path(), b"*"));
    with_request(b"GET / HTTP/1.0\r\n\r\n", |request| {
        assert_eq!(request.host(), b"");
    });
}

// N-51
fn connect_is_left_to_be_refused_by_its_method() {
    for target in ["a.example:443", "*", "/", "http://u@b/", "#", "%"] {
        let bytes = format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        let head = head(bytes.as_bytes());
        assert_eq!(head.method, Method::Connect);
        assert_eq!(head.host.of(bytes.as_bytes()), b"a");
    }
}

// RFC 9110, section 9.1; N-51
fn methods_are_told_apart_by_case() {
    for (token, method) in [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("POST", Method::Post),
        ("PUT", Method::Put),
        ("PATCH", Method::Patch),
        ("DELETE", Method::Delete),
        ("OPTIONS", Method::Options),
        ("TRACE", Method::Trace),
        ("CONNECT", Method::Connect),
        ("get", Method::Unknown),
        ("GETT", Method::Unknown),
        ("GE", Method::Unknown),
        ("PROPFIND", Method::Unknown),
    ] {
        let bytes = format!("{token} / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(head(bytes.as_bytes()).method, method, "{token}");
    }
}

// RFC 9112, section 9.3; N-51
fn persistence_follows_version_and_connection() {
    for (version, lines, persistent) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "connection: CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        (
            "1.1",
            "Connection: te\r\nX: y\r\nConnection: ,close ,\r\n",
            false,
        ),
        ("1.1", "Connection: closed\r\n", true),
        ("1.1", "Connections: close\r\n", true),
        ("1.7", "", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        (
            "1.0",
            "Connection: keep-alive\r\nConnection: close\r\n",
            false,
        ),
        ("1.0", "Connection: upgrade,\tkeep-alive\r\n", true),
        ("1.0", "Keep-Alive: timeout=5\r\n", false),
    ] {
        let bytes = format!("GET / HTTP/{version}\r\nHost: a\r\n{lines}\r\n");
        let found = head(bytes.as_bytes()).persistent;
        assert_eq!(found, persistent, "{version} {lines}");
    }
}

// RFC 9110, section 10.1.1; N-52
fn an_expectation_is_100_continue_or_unknown() {
    for (version, lines, expect) in [
        ("1.1", "", Expect::Nothing),
        ("1.1", "Expect: 100-continue\r\n", Expect::Continue),
        ("1.1", "EXPECT: 100-CONTINUE\r\n", Expect::Continue),
        (
            "1.1",
            "Expect: 100-continue, 100-continue\r\n",
            Expect::Continue,
        ),
        ("1.1", "Expect:\r\n", Expect::Nothing),
        ("1.1", "Expect: 100-continue;x\r\n", Expect::Unknown),
        ("1.1", "Expect: 200-ok\r\n", Expect::Unknown),
        ("1.1", "Expect: x, 100-continue\r\n", Expect::Unknown),
        (
            "1.1",
            "Expect: 100-continue\r\nExpect: x\r\n",
            Expect::Unknown,
        ),
        ("1.0", "Expect: 100-continue\r\n", Expect::Nothing),
        ("1.0", "Expect: x\r\n", Expect::Nothing),
    ] {
        let bytes = format!("POST / HTTP/{version}\r\nHost: a\r\n{lines}\r\n");
        assert_eq!(head(bytes.as_bytes()).expect, expect, "{version} {lines}");
    }
}

/// The outcome of a long input, cut at every length close to one of these and at some others.
fn long_outcome(bytes: &[u8], close_to: usize) -> String {
    let lengths =
        (0..=bytes.len()).filter(|length| length % 511 == 0 || length.abs_diff(close_to) < 8);
    outcome(&parse_at(bytes, lengths.chain([bytes.len()])))
}

// N-53
fn a_request_line_may_have_8_kib() {
    let line = |length: usize| {
        let target = "t".repeat(length - "GET / HTTP/1.1".len());
        format!("GET /{target} HTTP/1.1")
    };
    let most = format!("{}\r\nHost: a\r\n\r\n", line(REQUEST_LINE_MAX));
    assert_eq!(
        long_outcome(most.as_bytes(), REQUEST_LINE_MAX),
        format!("used {}", most.len())
    );
    let refused = "414 at 8192: expected the request line to end within 8192 bytes";
    let over = format!("{}\r\nHost: a\r\n\r\n", line(REQUEST_LINE_MAX + 1));
    assert_eq!(long_outcome(over.as_bytes(), REQUEST_LINE_MAX), refused);
    // Without its end it is too long as soon as no end could still be in time.
    let endless = "GET /".to_owned() + &"t".repeat(REQUEST_LINE_MAX);
    assert_eq!(long_outcome(endless.as_bytes(), REQUEST_LINE_MAX), refused);
    let method = "M".repeat(REQUEST_LINE_MAX + 1);
    assert_eq!(long_outcome(method.as_bytes(), REQUEST_LINE_MAX), refused);
    // Empty lines before it are none of its bytes.
    let later = format!("\r\n\r\n{}\r\nHost: a\r\n\r\n", line(REQUEST_LINE_MAX));
    assert_eq!(
        long_outcome(later.as_bytes(), REQUEST_LINE_MAX + 4),
        format!("used {}", later.len())
    );
}

// N-53
fn a_head_may_have_16_kib() {
    let sized = |length: usize| {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        let value = "v".repeat(length - start.len() - "\r\n\r\n".len());
        format!("{start}{value}\r\n\r\n")
    };
    let most = sized(HEAD_MAX);
    assert_eq!(
        long_outcome(most.as_bytes(), HEAD_MAX),
        format!("used {HEAD_MAX}")
    );
    let refused = "431 at 16384: expected the head to end within 16384 bytes";
    let over = sized(HEAD_MAX + 1);
    assert_eq!(long_outcome(over.as_bytes(), HEAD_MAX), refused);
    assert_eq!(
        outcome(&parse_head(&over.as_bytes()[..HEAD_MAX])),
        "more",
        "until the byte that is too many"
    );
    assert_eq!(
        outcome(&parse_head(&over.as_bytes()[..=HEAD_MAX])),
        refused,
        "without waiting for the end"
    );
}

// N-53
fn a_head_may_have_100_field_lines() {
    let lines = |count: usize| {
        let others = "X: y\r\n".repeat(count - 1);
        format!("GET / HTTP/1.1\r\nHost: a\r\n{others}")
    };
    let most = lines(FIELD_LINES_MAX) + "\r\n";
    assert_eq!(
        usize::from(head(most.as_bytes()).field_count),
        FIELD_LINES_MAX
    );
    let at = lines(FIELD_LINES_MAX).len();
    let over = lines(FIELD_LINES_MAX + 1) + "\r\n";
    let refused = format!("431 at {at}: expected at most 100 field lines");
    assert_eq!(outcome(&parse(over.as_bytes())), refused);
    // The 101st line's first byte is enough.
    assert_eq!(outcome(&parse(&over.as_bytes()[..=at])), refused);
}

// N-51: the precedence table of problem.rs
fn a_bound_comes_before_what_is_wrong_at_its_byte() {
    let line = "GET /".to_owned() + &"t".repeat(REQUEST_LINE_MAX - "GET /".len());
    for byte in ["\n", "\0", "#", " ", "\u{e9}"] {
        let found = long_outcome((line.clone() + byte).as_bytes(), REQUEST_LINE_MAX);
        assert!(found.starts_with("414 at 8192"), "{found}");
    }
    assert_eq!(
        long_outcome((line + "\r\n").as_bytes(), REQUEST_LINE_MAX),
        "400 at 8192: expected a space and the version at byte 8193 of the request line",
        "the line ended within its bound"
    );
    let lines = "GET / HTTP/1.1\r\n".to_owned() + &"X: y\r\n".repeat(FIELD_LINES_MAX);
    let found = outcome(&parse((lines + " fold").as_bytes()));
    assert!(found.starts_with("431"), "{found}");
    let found = outcome(&parse(b"PUT a HTTP/3.0\r\n"));
    assert!(found.starts_with("505"), "{found}");
}

// N-3, N-50: no panic, and the outcome of the whole is that of the shortest prefix that has one
fn mutated_heads_fare_the_same_whole_and_in_pieces() {
    let seeds: &[&[u8]] = &[
        BROWSER,
        b"\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nExpect: 100-continue\r\n\r\n",
        b"PUT http://b.example:80/p?q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"CONNECT a:443 HTTP/1.1\r\nHost: a%20b\r\nTransfer-Encoding: chunked\r\n\r\nrest",
    ];
    mutations(20_000, seeds, |bytes| {
        let whole = parse(bytes);
        if let Ok(Parsed::Complete { head, used }) = whole {
            assert!(used <= bytes.len() && bytes[..used].ends_with(b"\r\n\r\n"));
            let request = Request::new(&head, bytes, b"");
            assert!(matches!(request.path(), [b'/', ..] | b"*") || head.method == Method::Connect);
            assert_eq!(request.fields().count(), usize::from(head.field_count));
        }
    });
}
