//! Claims about what makes two requests the same (N-16): each part by itself, and nothing else.

use super::{House, Setup, post, request};
use crate::harness::Test;

pub const TESTS: &[Test] = &[
    (
        "every_part_of_the_fingerprint_counts",
        every_part_of_the_fingerprint_counts,
    ),
    (
        "bytes_cannot_move_from_one_part_to_another",
        bytes_cannot_move_from_one_part_to_another,
    ),
    (
        "what_is_no_part_does_not_count",
        what_is_no_part_does_not_count,
    ),
    ("absolute_form_is_origin_form", absolute_form_is_origin_form),
    (
        "chunked_content_is_the_same_content",
        chunked_content_is_the_same_content,
    ),
    (
        "two_content_type_lines_are_refused",
        two_content_type_lines_are_refused,
    ),
];

const KEY: &str = "Idempotency-Key: k";
const TYPE: &str = "Content-Type: text/plain";
const CODING: &str = "Content-Encoding: identity";

fn house_with_a_record() -> House {
    let house = House::new(Setup::default());
    let first = request("POST /run?a=%61", &[KEY, TYPE, CODING], "content");
    house.ask(&first).expect_run(1);
    house.ask(&first).expect_replay(1);
    house
}

// N-16, N-23: raw bytes, no case folding, no percent-decoding.
fn every_part_of_the_fingerprint_counts() {
    let house = house_with_a_record();
    let line = "POST /run?a=%61";
    let all = [KEY, TYPE, CODING];
    let upper = "Content-Type: text/PLAIN";
    for (what, bytes) in [
        ("method", request("PUT /run?a=%61", &all, "content")),
        ("path", request("POST /other?a=%61", &all, "content")),
        ("query", request("POST /run?a=%62", &all, "content")),
        ("decoded query", request("POST /run?a=a", &all, "content")),
        ("empty query", request("POST /run?", &all, "content")),
        ("no query", request("POST /run", &all, "content")),
        (
            "type's case",
            request(line, &[KEY, upper, CODING], "content"),
        ),
        (
            "empty type",
            request(line, &[KEY, "Content-Type:", CODING], "content"),
        ),
        ("no type", request(line, &[KEY, CODING], "content")),
        (
            "coding",
            request(line, &[KEY, TYPE, "Content-Encoding: br"], "content"),
        ),
        ("no coding", request(line, &[KEY, TYPE], "content")),
        ("content", request(line, &all, "Content")),
        ("more content", request(line, &all, "content ")),
        ("no content", request(line, &all, "")),
    ] {
        let answer = house.ask(&bytes);
        assert_eq!(answer.problem(), "key-reused", "{what}: {answer:?}");
    }
    assert_eq!(house.runs(), 1);
}

// N-16: the parts are length-prefixed, absent ones tagged.
fn bytes_cannot_move_from_one_part_to_another() {
    let house = House::new(Setup::default());
    let ask = |kind: &str, coding: &str, content: &str| {
        let fields = [
            KEY,
            &format!("Content-Type: {kind}"),
            &format!("Content-Encoding: {coding}"),
        ];
        house.ask(&request("POST /run", &fields, content))
    };
    ask("ab", "c", "d").expect_run(1);
    for (kind, coding, content) in [("a", "bc", "d"), ("ab", "", "cd"), ("abc", "", "d")] {
        ask(kind, coding, content).expect_problem(422, "key-reused");
    }
    house.ask(&post("/run", "empty", "")).expect_run(2);
    let empty = ["Idempotency-Key: empty", "Content-Type:"];
    house
        .ask(&request("POST /run", &empty, ""))
        .expect_problem(422, "key-reused");
}

// N-16
fn what_is_no_part_does_not_count() {
    let house = house_with_a_record();
    for fields in [
        &[CODING, TYPE, KEY][..],
        &["User-Agent: another", KEY, TYPE, CODING],
        &["Accept: */*", "Cookie: a=b", KEY, TYPE, CODING],
        &[KEY, "content-type:   text/plain \t", CODING],
        &[
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            KEY,
            TYPE,
            CODING,
        ],
        &["Idempotency-Key: \"k\";v=2", TYPE, CODING],
    ] {
        house
            .ask(&request("POST /run?a=%61", fields, "content"))
            .expect_replay(1);
    }
    house
        .ask(&request(
            "POST /run?a=%61 HTTP/1.0",
            &[KEY, TYPE, CODING],
            "content",
        ))
        .expect_replay(1);
}

// N-16
fn absolute_form_is_origin_form() {
    let house = house_with_a_record();
    let all = [KEY, TYPE, CODING];
    for target in [
        "http://h/run?a=%61",
        "http://elsewhere:81/run?a=%61",
        "HTTP://h/run?a=%61",
    ] {
        house
            .ask(&request(&format!("POST {target}"), &all, "content"))
            .expect_replay(1);
    }
    house
        .ask(&request("POST http://h/other?a=%61", &all, "content"))
        .expect_problem(422, "key-reused");
}

// N-16
fn chunked_content_is_the_same_content() {
    let house = house_with_a_record();
    let head = format!(
        "POST /run?a=%61 HTTP/1.1\r\nHost: h\r\n{KEY}\r\n{TYPE}\r\n{CODING}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for chunks in [
        "7\r\ncontent\r\n0\r\n\r\n",
        "3;x=y\r\ncon\r\n4\r\ntent\r\n0\r\n\r\n",
        "7\r\ncontent\r\n0\r\nX-Trailer: dropped\r\n\r\n",
    ] {
        house
            .ask(format!("{head}{chunks}").as_bytes())
            .expect_replay(1);
    }
    let other = format!("{head}7\r\nCONTENT\r\n0\r\n\r\n");
    house
        .ask(other.as_bytes())
        .expect_problem(422, "key-reused");
}

// N-16
fn two_content_type_lines_are_refused() {
    let house = House::new(Setup::default());
    for repeated in [TYPE, CODING] {
        for fields in [&[KEY, repeated, repeated][..], &[repeated, repeated]] {
            house
                .ask(&request("POST /run", fields, "x"))
                .expect_problem(400, "field-repeated");
        }
        let safe = request("GET /run", &[repeated, repeated], "");
        assert_eq!(house.ask(&safe).status, 201);
    }
    assert!(house.is_unused("k"));
}
