//! Claims about src/http/parse.rs, line by line: tables of bytes and what comes of them, in the order of RFC 9112.

use crate::http::cases::{check_table, outcome, parse};

/// `bytes -> outcome`, the bytes as they stand, the text exact.
type Row = (&'static [u8], &'static str);

fn check(rows: &[Row]) {
    check_table(rows.iter().copied(), |bytes| outcome(&parse(bytes)));
}

// RFC 9112, section 2.2; N-50
pub fn lines_end_in_cr_lf_and_in_nothing_less() {
    check(&[
        (b"GET / HTTP/1.1\n", "400 at 14: expected CR LF at byte 15 of the request line"),
        (b"GET / HTTP/1.1\rX", "400 at 15: expected LF after CR at byte 16 of the request line"),
        (b"GET / HTTP/1.1\r\r\n", "400 at 15: expected LF after CR at byte 16 of the request line"),
        (b"GET / HTTP/1.1\r\nHost: a\n", "400 at 23: expected CR LF at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\rb", "400 at 24: expected LF after CR at byte 9 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\r\r\n", "400 at 24: expected LF after CR at byte 9 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\n", "400 at 25: expected a field name at byte 1 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\rX", "400 at 26: expected LF after CR at byte 2 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost\r\n", "400 at 20: expected ':' at byte 5 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost\n", "400 at 20: expected ':' at byte 5 of field line 1"),
        (b"GET\r\n", "400 at 3: expected a space after the method at byte 4 of the request line"),
        (b"GET \r\n", "400 at 4: expected a request-target at byte 5 of the request line"),
        (b"GET /\r\n", "400 at 5: expected a space and the version at byte 6 of the request line"),
        (b"GET /\n", "400 at 5: expected a space and the version at byte 6 of the request line"),
    ]);
}

// RFC 9112, section 2.2
pub fn up_to_four_empty_lines_may_come_before_a_request() {
    check(&[
        (b"", "more"),
        (b"\r", "more"),
        (b"\r\n\r\n\r\n\r\n", "more"),
        (b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "used 29"),
        (b"\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "used 35"),
        (b"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 8: expected at most 4 empty lines before a request line"),
        (b"\n", "400 at 0: expected a method at byte 1 of the request line"),
        (b"\rG", "400 at 1: expected LF after CR at byte 2 of empty line 1"),
        (b"\r\n\n", "400 at 2: expected a method at byte 1 of the request line"),
        (b"\r\n\r\r", "400 at 3: expected LF after CR at byte 2 of empty line 2"),
        (b"\r\n GET", "400 at 2: expected a method at byte 1 of the request line"),
    ]);
}

// RFC 9112, section 3; RFC 9110, section 9.1
pub fn a_request_line_is_three_words_with_single_spaces() {
    check(&[
        (b"GET / HTTP/1.1\r\n", "more"),
        (b"G!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nHost: a\r\n\r\n", "used 46"),
        (b" GET / HTTP/1.1\r\n", "400 at 0: expected a method at byte 1 of the request line"),
        (b"\tGET", "400 at 0: expected a method at byte 1 of the request line"),
        (b"GET\t/", "400 at 3: expected a space after the method at byte 4 of the request line"),
        (b"GET  / HTTP/1.1\r\n", "400 at 4: expected a request-target at byte 5 of the request line"),
        (b"GET /  HTTP/1.1\r\n", "400 at 6: expected 'HTTP/' in capitals and a version at byte 7 of the request line"),
        (b"GET / a HTTP/1.1\r\n", "400 at 6: expected 'HTTP/' in capitals and a version at byte 7 of the request line"),
        (b"GET /\tHTTP/1.1\r\n", "400 at 5: expected a visible ASCII character or a space at byte 6 of the request line"),
        (b"GE(T / HTTP/1.1\r\n", "400 at 2: expected a space after the method at byte 3 of the request line"),
        (b"GET:/ HTTP/1.1\r\n", "400 at 3: expected a space after the method at byte 4 of the request line"),
        (b"G\xc3\x89T / HTTP/1.1\r\n", "400 at 1: expected a space after the method at byte 2 of the request line"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "400 at 0: expected a method at byte 1 of the request line"),
        (b"\x00", "400 at 0: expected a method at byte 1 of the request line"),
        (b"{\"json\":1}", "400 at 0: expected a method at byte 1 of the request line"),
        (b"\xef\xbb\xbfGET / HTTP/1.1\r\n", "400 at 0: expected a method at byte 1 of the request line"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "400 at 19: expected a space after the method at byte 20 of the request line"),
        (b"*1\r\n$4\r\nPING\r\n", "400 at 2: expected a space after the method at byte 3 of the request line"),
    ]);
}

// RFC 9112, section 3.2; N-50
pub fn a_target_is_visible_ascii_without_a_fragment() {
    check(&[
        (b"GET /a/b;c=d?e=f&g=%20:@!$'()*+, HTTP/1.1\r\nHost: a\r\n\r\n", "used 54"),
        (b"GET /\"<>\\^`{|} HTTP/1.1\r\nHost: a\r\n\r\n", "used 36"),
        (b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "used 30"),
        (b"GET // HTTP/1.1\r\nHost: a\r\n\r\n", "used 28"),
        (b"GET /../a HTTP/1.1\r\nHost: a\r\n\r\n", "used 31"),
        (b"GET /# HTTP/1.1\r\n", "400 at 5: expected a space and no fragment at byte 6 of the request line"),
        (b"GET #a HTTP/1.1\r\n", "400 at 4: expected a request-target at byte 5 of the request line"),
        (b"GET /a#b HTTP/1.1\r\n", "400 at 6: expected a space and no fragment at byte 7 of the request line"),
        (b"GET /\xc3\xa4 HTTP/1.1\r\n", "400 at 5: expected a visible ASCII character or a space at byte 6 of the request line"),
        (b"GET /\x7f HTTP/1.1\r\n", "400 at 5: expected a visible ASCII character or a space at byte 6 of the request line"),
        (b"GET /\x00 HTTP/1.1\r\n", "400 at 5: expected a visible ASCII character or a space at byte 6 of the request line"),
        (b"GET /\x1f HTTP/1.1\r\n", "400 at 5: expected a visible ASCII character or a space at byte 6 of the request line"),
    ]);
}

// RFC 9112, sections 3.2.1 to 3.2.4; N-51
pub fn a_target_has_the_form_its_method_allows() {
    check(&[
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "used 31"),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 8: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 9 of the request line"),
        (b"GET a.example:80 HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"GET path HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"GET ?q HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"GET http:/a HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
        (b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 11: expected a host at byte 12 of the request line"),
        (b"GET http:///p HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 11: expected a host at byte 12 of the request line"),
        (b"GET http://:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 11: expected a host at byte 12 of the request line"),
        (b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 12: expected a character of a host, or ':' and a port at byte 13 of the request line"),
        (b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 13: expected a digit of a port at byte 14 of the request line"),
        (b"GET http://a:8x/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 14: expected a digit of a port at byte 15 of the request line"),
        (b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 12: expected an IPv6 address and ']' at byte 13 of the request line"),
        (b"GET http://a_b/ HTTP/1.1\r\n\r\n", "400 at 26: expected a Host field line before the end of the head"),
        (b"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "used 35"),
        (b"CONNECT a.example:443 HTTP/1.1\r\nHost: a\r\n\r\n", "used 43"),
        (b"CONNECT # HTTP/1.1\r\nHost: a\r\n\r\n", "used 31"),
        (b"CONNECT \xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", "used 32"),
        (b"CONNECT \x01 HTTP/1.1\r\n", "400 at 8: expected a request-target at byte 9 of the request line"),
        (b"FOO bar HTTP/1.1\r\nHost: a\r\n\r\n", "400 at 4: expected '/', 'http://', 'https://' or the '*' of OPTIONS at byte 5 of the request line"),
    ]);
}

// RFC 9112, section 2.3; RFC 9110, section 2.5; N-51
pub fn a_version_is_http_a_digit_a_point_and_a_digit() {
    check(&[
        (b"GET / HTTP/1.0\r\n\r\n", "used 18"),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", "used 27"),
        (b"GET / HTTP/1.9\r\nHost: a\r\n\r\n", "used 27"),
        (b"GET / http/1.1\r\n", "400 at 6: expected 'HTTP/' in capitals and a version at byte 7 of the request line"),
        (b"GET / HTtP/1.1\r\n", "400 at 8: expected 'HTTP/' in capitals and a version at byte 9 of the request line"),
        (b"GET / HTTP/1\r\n", "400 at 12: expected '.' in the version at byte 13 of the request line"),
        (b"GET / HTTP/1.10\r\n", "400 at 14: expected CR LF at byte 15 of the request line"),
        (b"GET / HTTP/1.1 \r\n", "400 at 14: expected CR LF at byte 15 of the request line"),
        (b"GET / HTTP/11.1\r\n", "400 at 12: expected '.' in the version at byte 13 of the request line"),
        (b"GET / HTTP/1,1\r\n", "400 at 12: expected '.' in the version at byte 13 of the request line"),
        (b"GET / HTTP/.1\r\n", "400 at 11: expected the version's major digit at byte 12 of the request line"),
        (b"GET / HTTP/1.x\r\n", "400 at 13: expected the version's minor digit at byte 14 of the request line"),
        (b"GET / HTTP 1.1\r\n", "400 at 10: expected 'HTTP/' in capitals and a version at byte 11 of the request line"),
        (b"GET / HTTPS/1.1\r\n", "400 at 10: expected 'HTTP/' in capitals and a version at byte 11 of the request line"),
        (b"GET / HTTP/2.0\r\n", "505 at 11: expected major version 1 at byte 12 of the request line"),
        (b"GET / HTTP/0.9\r\n", "505 at 11: expected major version 1 at byte 12 of the request line"),
        (b"GET / HTTP/3.7\r\n", "505 at 11: expected major version 1 at byte 12 of the request line"),
        (b"GET / HTTP/2\r\n", "400 at 12: expected '.' in the version at byte 13 of the request line"),
        (b"GET / HTTP/2.0 \r\n", "400 at 14: expected CR LF at byte 15 of the request line"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505 at 11: expected major version 1 at byte 12 of the request line"),
    ]);
}

// RFC 9112, section 5; RFC 9110, section 5; N-50
pub fn a_field_line_is_a_name_a_colon_and_a_value() {
    check(&[
        (b"GET / HTTP/1.1\r\nHost:a\r\n\r\n", "used 26"),
        (b"GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n", "used 32"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", "used 53"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: caf\xe9 \x80\xff\tb\r\n\r\n", "used 41"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n", "used 31"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a:b\r\n\r\n", "used 35"),
        (b"GET / HTTP/1.1\r\nHost : a\r\n", "400 at 20: expected ':' at byte 5 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost\t: a\r\n", "400 at 20: expected ':' at byte 5 of field line 1"),
        (b"GET / HTTP/1.1\r\n Host: a\r\n", "400 at 16: expected a field name and no white space before it at byte 1 of field line 1"),
        (b"GET / HTTP/1.1\r\n\tHost: a\r\n", "400 at 16: expected a field name and no white space before it at byte 1 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n", "400 at 25: expected a field name and no white space before it at byte 1 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n", "400 at 25: expected a field name and no white space before it at byte 1 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n \r\n", "400 at 25: expected a field name and no white space before it at byte 1 of field line 2"),
        (b"GET / HTTP/1.1\r\n: a\r\n", "400 at 16: expected a field name at byte 1 of field line 1"),
        (b"GET / HTTP/1.1\r\nH(ost: a\r\n", "400 at 17: expected ':' at byte 2 of field line 1"),
        (b"GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n", "400 at 17: expected ':' at byte 2 of field line 1"),
        (b"GET / HTTP/1.1\r\nH\x00: a\r\n", "400 at 17: expected ':' at byte 2 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \x00\r\n", "400 at 28: expected a visible character, space or tab at byte 4 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x1bb\r\n", "400 at 29: expected a visible character, space or tab at byte 5 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7f\r\n", "400 at 29: expected a visible character, space or tab at byte 5 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x0bb\r\n", "400 at 29: expected a visible character, space or tab at byte 5 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nthis-name-is-thirty-six-bytes-long-12 x\r\n", "400 at 68: expected ':' at byte 38 of field line 3"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nGET /evil HTTP/1.1\r\n", "400 at 28: expected ':' at byte 4 of field line 2"),
    ]);
}

// RFC 9112, section 3.2; RFC 9110, section 7.2; N-51
pub fn a_request_of_1_1_has_exactly_one_valid_host() {
    check(&[
        (b"GET / HTTP/1.1\r\n\r\n", "400 at 16: expected a Host field line before the end of the head"),
        (b"GET / HTTP/1.1\r\nX: a\r\n\r\n", "400 at 22: expected a Host field line before the end of the head"),
        (b"GET http://a/ HTTP/1.1\r\n\r\n", "400 at 24: expected a Host field line before the end of the head"),
        (b"GET / HTTP/1.1\r\nX: a\r\nHosts: a\r\nX-Host: a\r\n\r\n", "400 at 43: expected a Host field line before the end of the head"),
        (b"GET / HTTP/1.2\r\n\r\n", "400 at 16: expected a Host field line before the end of the head"),
        (b"GET / HTTP/1.0\r\n\r\n", "used 18"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400 at 25: expected no second Host at byte 1 of field line 2"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: b\r\nHost: c\r\n\r\n", "400 at 31: expected no second Host at byte 1 of field line 3"),
        (b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "400 at 25: expected no second Host at byte 1 of field line 2"),
        (b"GET / HTTP/1.0\r\nHost: a b\r\n\r\n", "400 at 23: expected a character of a host, or ':' and a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", "used 25"),
        (b"GET / HTTP/1.1\r\nHost: \t \r\n\r\n", "used 28"),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400 at 23: expected a character of a host, or ':' and a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 at 23: expected a character of a host, or ':' and a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400 at 23: expected a character of a host, or ':' and a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", "400 at 24: expected a digit of a port at byte 9 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a:80:80\r\n\r\n", "400 at 26: expected a digit of a port at byte 11 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a:-1\r\n\r\n", "400 at 24: expected a digit of a port at byte 9 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", "400 at 23: expected a digit of a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "400 at 23: expected an IPv6 address and ']' at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n", "400 at 23: expected an IPv6 address and ']' at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: []\r\n\r\n", "400 at 23: expected an IPv6 address and ']' at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: [::1%25eth0]\r\n\r\n", "400 at 23: expected an IPv6 address and ']' at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", "400 at 27: expected a character of a host, or ':' and a port at byte 12 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a%2\r\n\r\n", "400 at 23: expected '%' and two hex digits at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a%gg\r\n\r\n", "400 at 23: expected '%' and two hex digits at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: caf\xe9\r\n\r\n", "400 at 25: expected a character of a host, or ':' and a port at byte 10 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: http://a\r\n\r\n", "400 at 27: expected a digit of a port at byte 12 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n", "400 at 23: expected a character of a host, or ':' and a port at byte 8 of field line 1"),
        (b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", "used 29"),
        (b"GET / HTTP/1.1\r\nHost: a_b.EXAMPLE:8080\r\n\r\n", "used 42"),
        (b"GET / HTTP/1.1\r\nHost: a:\r\n\r\n", "used 28"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n", "used 38"),
        (b"GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", "used 31"),
        (b"GET / HTTP/1.1\r\nHost: [2001:db8::192.0.2.1]:8080\r\n\r\n", "used 52"),
        (b"GET / HTTP/1.1\r\nHost: a%2Fb\r\n\r\n", "used 31"),
    ]);
}
