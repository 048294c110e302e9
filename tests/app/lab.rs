//! Claims about src/app/lab.rs.

use crate::app::{get, post, send};
use crate::harness::Test;
use nanoserve::app::App;
use nanoserve::app::lab::Lab;
use nanoserve::limits::{LAB_BYTES_MAX, LAB_NAMES_MAX};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    (
        "every_unsafe_method_counts_a_run",
        every_unsafe_method_counts_a_run,
    ),
    (
        "get_reads_the_count_and_counts_nothing",
        get_reads_the_count_and_counts_nothing,
    ),
    (
        "names_are_percent_decoded_and_escaped",
        names_are_percent_decoded_and_escaped,
    ),
    ("a_bad_name_is_400", a_bad_name_is_400),
    (
        "a_status_is_answered_counted_and_recorded",
        a_status_is_answered_counted_and_recorded,
    ),
    (
        "a_refusal_is_neither_counted_nor_recorded",
        a_refusal_is_neither_counted_nor_recorded,
    ),
    (
        "a_panic_before_the_count_leaves_it",
        a_panic_before_the_count_leaves_it,
    ),
    (
        "a_panic_after_the_count_is_counted",
        a_panic_after_the_count_is_counted,
    ),
    (
        "a_refusal_goes_before_a_panic",
        a_refusal_goes_before_a_panic,
    ),
    (
        "bytes_are_answered_instead_of_json",
        bytes_are_answered_instead_of_json,
    ),
    ("fields_are_added_in_order", fields_are_added_in_order),
    (
        "fields_of_the_writer_are_refused",
        fields_of_the_writer_are_refused,
    ),
    (
        "a_bad_option_is_400_and_named",
        a_bad_option_is_400_and_named,
    ),
    (
        "a_delay_is_slept_and_holds_no_lock",
        a_delay_is_slept_and_holds_no_lock,
    ),
    ("one_name_too_many_is_503", one_name_too_many_is_503),
    ("threads_lose_no_run", threads_lose_no_run),
];

// N-83
fn every_unsafe_method_counts_a_run() {
    let app = App::new();
    for (n, method) in ["POST", "PUT", "PATCH", "DELETE"].into_iter().enumerate() {
        let answer = send(&app, method, "/lab/runs/a", &[], b"content");
        answer.expect(201, true, "");
        assert_eq!(answer.text(), format!(r#"{{"name":"a","runs":{}}}"#, n + 1));
        assert_eq!(answer.content_type(), "application/json");
    }
    assert_eq!(app.lab.runs("b"), 0);
}

// N-83
fn get_reads_the_count_and_counts_nothing() {
    let app = App::new();
    post(&app, "/lab/runs/a", "").expect(201, true, "");
    for _ in 0..2 {
        assert_eq!(
            get(&app, "/lab/runs/a?status=500").text(),
            r#"{"name":"a","runs":1}"#
        );
    }
    get(&app, "/lab/runs/never").expect(200, true, r#"{"name":"never","runs":0}"#);
}

// N-83, N-25
fn names_are_percent_decoded_and_escaped() {
    let app = App::new();
    post(&app, "/lab/runs/a%20%22%5Cb%2F%C3%A9", "").expect(201, true, r#""a \"\\b/é""#);
    assert_eq!(app.lab.runs("a \"\\b/é"), 1);
    let markup = post(&app, "/lab/runs/%3Cb%3E", "");
    assert!(!markup.text().contains('<'), "{}", markup.text());
    post(&app, "/lab/runs/a+b", "").expect(201, true, "a+b");
}

fn a_bad_name_is_400() {
    let app = App::new();
    let long = "n".repeat(65);
    for name in ["%", "%ff", "%2", &long] {
        post(&app, &format!("/lab/runs/{name}"), "").expect(
            400,
            false,
            "name: expected 1 to 64 bytes",
        );
        get(&app, &format!("/lab/runs/{name}")).expect(400, false, "lab-option");
    }
    post(&app, &format!("/lab/runs/{}", "n".repeat(64)), "").expect(201, true, "");
}

// N-83, N-30
fn a_status_is_answered_counted_and_recorded() {
    let app = App::new();
    for (n, status) in [200, 204, 304, 402, 500, 503, 599].into_iter().enumerate() {
        let answer = post(&app, &format!("/lab/runs/a?status={status}"), "");
        answer.expect(status, true, "");
        assert_eq!(app.lab.runs("a"), n as u64 + 1);
        assert_eq!(answer.text().is_empty(), status == 204 || status == 304);
    }
}

// N-83, N-30: the type decides, not the status.
fn a_refusal_is_neither_counted_nor_recorded() {
    let app = App::new();
    for status in [200, 400, 422, 503] {
        post(&app, &format!("/lab/runs/a?refuse={status}"), "").expect(
            status,
            false,
            r#""runs":0"#,
        );
    }
    post(
        &app,
        "/lab/runs/a?refuse=503&status=201&bytes=3&field=A:b",
        "",
    )
    .expect(503, false, "xxx");
    assert_eq!(app.lab.runs("a"), 0);
}

/// Whether the handler panicked, and on purpose.
fn panics(app: &App, target: &str) -> bool {
    let caught = catch_unwind(AssertUnwindSafe(|| post(app, target, "")));
    let message = caught
        .err()
        .and_then(|cause| cause.downcast_ref::<&str>().copied());
    message == Some("the lab was asked to panic")
}

// N-83
fn a_panic_before_the_count_leaves_it() {
    let app = App::new();
    assert!(panics(&app, "/lab/runs/a?panic=before"));
    assert_eq!(app.lab.runs("a"), 0);
    post(&app, "/lab/runs/a", "").expect(201, true, r#""runs":1"#);
}

// N-83
fn a_panic_after_the_count_is_counted() {
    let app = App::new();
    assert!(panics(&app, "/lab/runs/a?panic=after&status=200"));
    assert_eq!(app.lab.runs("a"), 1);
    post(&app, "/lab/runs/a", "").expect(201, true, r#""runs":2"#);
}

fn a_refusal_goes_before_a_panic() {
    let app = App::new();
    post(&app, "/lab/runs/a?panic=before&refuse=503", "").expect(503, false, "");
    post(&app, "/lab/runs/a?panic=before&status=9", "").expect(400, false, "status: expected");
}

// N-83
fn bytes_are_answered_instead_of_json() {
    let app = App::new();
    for bytes in [0, 1, 1000, LAB_BYTES_MAX] {
        let answer = post(&app, &format!("/lab/runs/a?bytes={bytes}"), "");
        assert_eq!(
            (answer.status(), answer.response.content().len()),
            (201, bytes)
        );
        assert_eq!(answer.content_type(), "application/octet-stream");
    }
    assert_eq!(app.lab.runs("a"), 4);
}

// N-83, N-21
fn fields_are_added_in_order() {
    let app = App::new();
    let target = "/lab/runs/a?field=X-A:1&field=x-b:%20two%20words%20&field=X-A:3&field=Set-Cookie:a=b&field=X-Empty:";
    let answer = post(&app, target, "");
    answer.expect(201, true, "");
    let lines: Vec<String> = answer
        .response
        .fields()
        .iter()
        .map(|(name, value)| {
            format!(
                "{}={}",
                name.as_str(),
                String::from_utf8_lossy(value.as_bytes())
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "X-A=1",
            "x-b=two words",
            "X-A=3",
            "Set-Cookie=a=b",
            "X-Empty="
        ]
    );
    let typed = post(
        &app,
        "/lab/runs/a?field=content-type:text/plain&bytes=2",
        "",
    );
    assert_eq!(typed.content_type(), "text/plain");
    assert!(typed.response.fields().is_empty());
}

// N-83
fn fields_of_the_writer_are_refused() {
    let app = App::new();
    let own = [
        "Connection",
        "content-length",
        "Transfer-Encoding",
        "DATE",
        "Idempotent-Replayed",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Upgrade",
        "Proxy-Connection",
    ];
    for name in own {
        post(&app, &format!("/lab/runs/a?field={name}:1"), "").expect(
            400,
            false,
            "field: expected a field that is not",
        );
    }
    for line in [
        "A:b%0D%0AC:d",
        "A:b%0a",
        "A:%00",
        "A%0d:b",
        "A%20:b",
        ":b",
        "A",
        "",
        "A%C3%A9:b",
    ] {
        post(&app, &format!("/lab/runs/a?field={line}"), "").expect(
            400,
            false,
            "field: expected Name:Value",
        );
    }
    assert_eq!(app.lab.runs("a"), 0);
}

// N-83
#[rustfmt::skip] // a table: one case a line
fn a_bad_option_is_400_and_named() {
    let cases = [
        ("delay_ms=60001", "delay_ms: expected an integer from 0 to 60000"),
        ("delay_ms=-1", "delay_ms: expected an integer from 0 to 60000"),
        ("delay_ms=%2B1", "delay_ms: expected an integer from 0 to 60000"),
        ("delay_ms", "delay_ms: expected an integer from 0 to 60000"),
        ("delay_ms=99999999999999999999", "delay_ms: expected an integer from 0 to 60000"),
        ("status=199", "status: expected an integer from 200 to 599"),
        ("status=600", "status: expected an integer from 200 to 599"),
        ("status=ok", "status: expected an integer from 200 to 599"),
        ("refuse=100", "refuse: expected an integer from 200 to 599"),
        ("panic=now", "panic: expected before or after"),
        ("panic", "panic: expected before or after"),
        ("bytes=16777217", "bytes: expected an integer from 0 to 16777216"),
        ("status=500&status=500", "status: expected once"),
        ("status=%zz", "status: expected well-formed percent-encoding"),
        ("status=%ff", "status: expected well-formed percent-encoding"),
        ("colour=red", "colour: expected one of delay_ms, status, refuse, panic, bytes and field"),
        ("Status=500", "Status: expected one of"),
        ("%ff=1", "expected well-formed percent-encoding"),
        ("status=500&x=1", "x: expected one of"),
    ];
    let app = App::new();
    for (query, detail) in cases {
        post(&app, &format!("/lab/runs/a?{query}"), "").expect(400, false, detail);
    }
    let markup = post(&app, "/lab/runs/a?%3Cscript%3E=1", "");
    markup.expect(400, false, "script");
    assert!(!markup.text().contains('<'), "{}", markup.text());
    assert_eq!(app.lab.runs("a"), 0);
    // Percent-encoding may stand anywhere, an empty pair is none.
    post(&app, "/lab/runs/a?%73tatus=%35%30%30&&", "").expect(500, true, "");
}

// N-83: while one run sleeps many others are counted.
fn a_delay_is_slept_and_holds_no_lock() {
    let app = App::new();
    let begun = AtomicBool::new(false);
    let quick = thread::scope(|scope| {
        let slow = scope.spawn(|| {
            begun.store(true, Ordering::Release);
            let start = Instant::now();
            post(&app, "/lab/runs/a?delay_ms=300", "").expect(201, true, "");
            start.elapsed()
        });
        let mut quick = 0_u64;
        while !slow.is_finished() {
            if begun.load(Ordering::Acquire) {
                post(&app, "/lab/runs/a", "").expect(201, true, "");
                quick += 1;
            }
        }
        assert!(slow.join().expect("no panic") >= Duration::from_millis(300));
        quick
    });
    // A few could slip in before a lock is taken and after it is given back; not this many.
    assert!(quick >= 50, "{quick}");
    assert_eq!(app.lab.runs("a"), quick + 1);
}

// N-83
fn one_name_too_many_is_503() {
    let app = App::new();
    for n in 0..LAB_NAMES_MAX {
        assert_eq!(app.lab.count(&n.to_string()), Some(1));
    }
    post(&app, "/lab/runs/late", "").expect(503, false, "lab-full");
    assert_eq!(app.lab.runs("late"), 0);
    post(&app, "/lab/runs/7", "").expect(201, true, r#""runs":2"#);
}

// N-83
fn threads_lose_no_run() {
    let lab = Lab::new();
    thread::scope(|scope| {
        for n in 0..4 {
            let lab = &lab;
            scope.spawn(move || {
                for k in 0..1000 {
                    lab.count("all").expect("there is room");
                    lab.count(&format!("{n} {}", k % 10))
                        .expect("there is room");
                }
            });
        }
    });
    assert_eq!(lab.runs("all"), 4000);
    assert_eq!(lab.runs("3 9"), 100);
}
