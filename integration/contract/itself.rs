//! The cases and their table, held to servers that misbehave: none makes them hang or panic, and none is said to keep what it breaks.

use super::expect::{Expect, Kept};
use super::fake::{Fake, HURRY, OK, REFUSED};
use super::needs::Needs;
use super::table::{CASE_DEADLINE, Table, Verdict, judge};
use super::target::Target;
use super::{Case, all, case};
use crate::support::at_once;
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

#[rustfmt::skip] // one case a line
const FORGED: &[Case] = &[
    case("N-7", "it is answered", Needs::Page, is_answered),
    case("N-7", "it panics", Needs::Page, panics),
    case("N-7", "it hangs", Needs::Page, hangs),
    case("N-24", "it is full", Needs::Options(&["--max-keys", "2"]), is_answered),
    case("N-25", "it is answered again", Needs::Page, is_answered),
];

fn is_answered(t: &Target) -> Kept {
    t.send(&t.get())?.must_be(200).map(drop)
}

fn panics(_: &Target) -> Kept {
    panic!("as it was asked to");
}

fn hangs(t: &Target) -> Kept {
    thread::park_timeout(Duration::from_secs(30));
    is_answered(t)
}

fn broken(why: &str) -> Verdict {
    Verdict::Broken(why.into())
}

#[test]
fn every_case_is_broken_by_a_server_that_says_200_or_400_to_everything() {
    let (ok, refused) = (Fake::that_says(OK), Fake::that_says(REFUSED));
    for case in all() {
        let verdicts = [&ok, &refused].map(|fake| judge(case, &fake.target(), CASE_DEADLINE));
        let one_breaks = verdicts.iter().any(|verdict| *verdict != Verdict::Kept);
        assert!(one_breaks, "{} {}", case.clause, case.claim);
    }
}

#[test]
fn the_table_is_whole_whatever_the_server_sends() {
    let answers = [
        "",
        "\u{1}\u{2}\u{3}garbage\n",
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ];
    let tables = at_once(answers.len(), |n| {
        let fake = Fake::that_says(answers[n]);
        Table::fill(&fake.hurried(), all(), false)
    });
    for (answer, table) in answers.iter().zip(tables) {
        assert_eq!(
            table.broken() + table.skipped(),
            all().count(),
            "{answer:?}"
        );
    }
}

#[test]
fn where_nobody_listens_the_table_is_whole() {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let target = Target::at(address.expect("a free port"), HURRY);
    let table = Table::fill(&target, all(), false);
    assert_eq!(table.broken() + table.skipped(), all().count());
}

#[test]
fn a_server_that_a_case_ends_is_said_to_be_gone() {
    let fake = Fake::of_one_request();
    let verdict = judge(&FORGED[0], &fake.target(), CASE_DEADLINE);
    assert_eq!(verdict, broken("the server was gone after it"));
    let verdict = judge(&FORGED[0], &fake.hurried(), CASE_DEADLINE);
    let found = "expected a connection, found connection refused";
    assert_eq!(verdict, broken(found));
}

#[test]
fn a_case_that_panics_or_hangs_has_its_verdict() {
    let fake = Fake::that_says(OK);
    let verdict = judge(&FORGED[1], &fake.target(), CASE_DEADLINE);
    assert_eq!(verdict, broken("the case itself panicked"));
    let verdict = judge(&FORGED[2], &fake.target(), HURRY);
    assert_eq!(verdict, broken("no verdict within 50ms"));
}

#[test]
fn the_summary_counts_by_clause_and_in_all() {
    let fake = Fake::that_says(OK);
    let chosen = [0, 1, 3, 4].map(|n| &FORGED[n]);
    let table = Table::fill(&fake.target(), chosen, false);
    let summary = table.summary();
    assert!(
        summary.contains("N-7   1 of 2    N-24  -         N-25  1 of 1"),
        "{summary}"
    );
    assert!(
        summary.ends_with("\n2 kept, 1 broken, 1 skipped"),
        "{summary}"
    );
}

#[test]
fn answers_of_any_manners_are_read_for_what_they_are() {
    let cases = [
        ("HTTP/1.0 200 OK\r\n\r\nto the end", Ok((200, "to the end"))),
        (
            "HTTP/1.1 404 \r\ncontent-length:2\r\n\r\nhi",
            Ok((404, "hi")),
        ),
        (
            "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n",
            Ok((204, "")),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n",
            Ok((200, "hi!")),
        ),
        ("", Err("expected an answer, found none within 50ms")),
        (
            "SSH-2.0\r\n\r\n",
            Err("expected a status line, found \"SSH-2.0\""),
        ),
        (
            "HTTP/1.1 200",
            Err("expected an answer, found the end behind \"HTTP/1.1 200\""),
        ),
    ];
    for (sent, expected) in cases {
        let fake = Fake::that_says(sent);
        let silent = sent.is_empty();
        let target = if silent {
            fake.hurried()
        } else {
            fake.target()
        };
        let found = target.send(&target.get());
        let found = found.map(|answer| (answer.status, answer.text()));
        let expected = expected.map(|(status, text)| (status, text.to_owned()));
        assert_eq!(found, expected.map_err(str::to_owned), "{sent:?}");
    }
}

#[test]
fn an_answer_ends_where_its_framing_says() {
    let first = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n";
    let fake = Fake::that_answers(move |_| format!("{first}{REFUSED}"));
    let mut wire = fake.target().open().expect("it listens");
    wire.send("GET / HTTP/1.1\r\n\r\n");
    let statuses = [wire.answer(), wire.answer()].map(|answer| answer.map(|a| a.status));
    assert_eq!(statuses, [Ok(200), Ok(400)]);
    assert_eq!(wire.end(), Ok(()));
}

#[test]
fn a_million_brackets_are_no_json_and_no_end_of_us() {
    let head = "HTTP/1.0 200 OK\r\n\r\n";
    let fake = Fake::that_answers(move |_| format!("{head}{}", "[".repeat(1_000_000)));
    let why = fake.target().runs("deep").err().unwrap_or_default();
    assert!(why.starts_with("expected JSON, found "), "{why}");
}

#[test]
fn a_url_that_names_no_server_is_refused_with_its_form() {
    for url in [
        "",
        "localhost:8080",
        "https://localhost:8080",
        "http://",
        "http://localhost",
    ] {
        let why = Target::at_url(url, HURRY).err().unwrap_or_default();
        assert!(
            why.starts_with("expected NANOSERVE_URL=http://host:port"),
            "{url}: {why}"
        );
    }
}
