//! Claims about what the admin listener's pages say, and that its numbers are those of the public listener (N-61, N-62).

use super::Desk;
use crate::harness::Test;
use crate::lifecycle::{Setup, TTL_MS, request};
use nanoserve::config::Scope;
use nanoserve::idempotency::scope::ScopeDigest;
use std::collections::HashSet;

pub const TESTS: &[Test] = &[
    ("health_is_ok", health_is_ok),
    (
        "readiness_follows_the_bounds_and_the_drain",
        readiness_follows_the_bounds_and_the_drain,
    ),
    ("an_unused_key_has_no_records", an_unused_key_has_no_records),
    (
        "a_completed_key_shows_age_time_left_and_answer",
        a_completed_key_shows_age_time_left_and_answer,
    ),
    (
        "a_pending_key_has_no_answer_yet",
        a_pending_key_has_no_answer_yet,
    ),
    (
        "every_scopes_record_of_a_key_is_shown",
        every_scopes_record_of_a_key_is_shown,
    ),
    ("the_key_is_percent_decoded", the_key_is_percent_decoded),
    ("metrics_are_well_formed", metrics_are_well_formed),
    (
        "metrics_agree_with_what_was_done",
        metrics_agree_with_what_was_done,
    ),
    (
        "at_the_bound_on_bytes_it_is_not_ready",
        at_the_bound_on_bytes_it_is_not_ready,
    ),
    (
        "its_own_problems_point_at_a_page_it_has",
        its_own_problems_point_at_a_page_it_has,
    ),
];

fn digest(source: &str, value: Option<&str>) -> String {
    let ScopeDigest(bytes) = ScopeDigest::of(source, value.map(str::as_bytes));
    let [a, b, c, d, ..] = bytes;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}")
}

// N-25, N-60, N-61
fn its_own_problems_point_at_a_page_it_has() {
    let desk = Desk::new(Setup::default());
    let refused = desk.get("/nothing-here");
    refused.expect_problem(404, "not-found");
    let link = refused.field("Link");
    let target = link
        .strip_prefix('<')
        .and_then(|rest| rest.split('>').next());
    let (path, anchor) = target.and_then(|url| url.split_once('#')).expect("a Link");
    let page = desk.get(path);
    assert_eq!(page.status, 200);
    assert!(page.content.contains(&format!("id=\"{anchor}\"")));
}

// N-61
fn health_is_ok() {
    let desk = Desk::new(Setup::default());
    let answer = desk.get("/healthz");
    assert_eq!((answer.status, answer.content.as_str()), (200, "ok\n"));
    assert!(answer.field("Content-Type").starts_with("text/plain"));
    desk.public.view().drain();
    assert_eq!(desk.get("/healthz").status, 200);
}

// N-61
fn readiness_follows_the_bounds_and_the_drain() {
    let desk = Desk::new(Setup {
        keys_max: 2,
        ..Setup::default()
    });
    let ready = || {
        let answer = desk.get("/readyz");
        (answer.status, answer.content)
    };
    assert_eq!(ready(), (200, "ready\n".into()));
    desk.house.post("/run", "a", "").expect_run(1);
    assert_eq!(ready(), (200, "ready\n".into()));
    desk.house.post("/run", "b", "").expect_run(2);
    assert_eq!(ready(), (503, "full\n".into()));
    desk.public.view().drain();
    assert_eq!(ready(), (503, "draining\n".into()));
}

// N-61
fn an_unused_key_has_no_records() {
    let desk = Desk::new(Setup::default());
    assert_eq!(desk.key("/keys/k"), r#"{"key":"k","records":[]}"#);
    desk.house.post("/refuse/503", "k", "");
    assert_eq!(desk.key("/keys/k"), r#"{"key":"k","records":[]}"#);
}

// N-61
fn a_completed_key_shows_age_time_left_and_answer() {
    let desk = Desk::new(Setup::default());
    desk.house.post("/status/402", "k", "");
    desk.house.clock.advance_ms(4_000);
    let scope = digest("authorization", None);
    let left = TTL_MS - 4_000;
    let expected = format!(
        r#"{{"key":"k","records":[{{"scope":"{scope}","status":"completed","age_ms":4000,"ttl_ms":{left},"answer":402}}]}}"#
    );
    assert_eq!(desk.key("/keys/k"), expected);
    assert_eq!(desk.key("/keys/k?whatever"), expected, "a query is no part");
    desk.house.clock.advance_ms(left);
    assert_eq!(desk.key("/keys/k"), r#"{"key":"k","records":[]}"#);
}

// N-61
fn a_pending_key_has_no_answer_yet() {
    let desk = Desk::new(Setup::default());
    let scope = digest("authorization", None);
    desk.house.while_held("k", || {
        desk.house.clock.advance_ms(2 * TTL_MS);
        let age = 2 * TTL_MS;
        let expected = format!(
            r#"{{"key":"k","records":[{{"scope":"{scope}","status":"pending","age_ms":{age},"ttl_ms":null,"answer":null}}]}}"#
        );
        assert_eq!(desk.key("/keys/k"), expected);
    });
    // Its time to live begins with its completion; its age does not.
    let after = desk.key("/keys/k");
    let left = format!("\"age_ms\":{},\"ttl_ms\":{TTL_MS}", 2 * TTL_MS);
    assert!(after.contains(&left), "{after}");
}

// N-61, N-15
fn every_scopes_record_of_a_key_is_shown() {
    let desk = Desk::new(Setup {
        scope: Scope::Field("x-client".into()),
        ..Setup::default()
    });
    for client in ["a", "b", "c"] {
        let client = format!("X-Client: {client}");
        let fields = ["Idempotency-Key: k", &client];
        let answer = desk.house.ask(&request("POST /run", &fields, ""));
        assert_eq!(answer.status, 201);
    }
    let seen = desk.key("/keys/k");
    assert_eq!(seen.matches("\"scope\"").count(), 3, "{seen}");
    for client in ["a", "b", "c"] {
        let scope = format!("{{\"scope\":\"{}\"", digest("x-client", Some(client)));
        assert!(seen.contains(&scope), "{seen}");
    }
}

// N-61
fn the_key_is_percent_decoded() {
    let desk = Desk::new(Setup::default());
    let house = &desk.house;
    house.post("/run", "a/b%", "").expect_run(1);
    let quoted = r#"Idempotency-Key: "say \"<hi>\" \\""#;
    house
        .ask(&request("POST /run", &[quoted], ""))
        .expect_run(2);
    for target in ["/keys/a%2Fb%25", "/keys/a/b%25", "/keys/%61%2fb%25"] {
        let seen = desk.key(target);
        assert!(seen.starts_with(r#"{"key":"a/b%","records":[{"#), "{seen}");
    }
    let seen = desk.key("/keys/say%20%22%3Chi%3E%22%20%5C");
    let start = r#"{"key":"say \"\u003chi\u003e\" \\","records":[{"#;
    assert!(seen.starts_with(start), "{seen}");
    let long = format!("/keys/{}", "x".repeat(256));
    for target in ["/keys/", "/keys/%", "/keys/%zz", "/keys/a%2", &long] {
        let answer = desk.get(target);
        assert_eq!(answer.problem(), "key-malformed", "{target}: {answer:?}");
    }
}

// N-61: Prometheus text 0.0.4
fn metrics_are_well_formed() {
    let desk = Desk::new(Setup::default());
    desk.house.post("/run", "k", "");
    let answer = desk.get("/metrics");
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.field("Content-Type"), kind);
    assert!(answer.content.ends_with('\n'));
    let mut families = HashSet::new();
    let mut samples = HashSet::new();
    let mut lines = answer.content.lines().peekable();
    while let Some(help) = lines.next() {
        let rest = help.strip_prefix("# HELP ").expect("a family begins so");
        let (family, text) = rest.split_once(' ').expect("a name and a text");
        assert!(!text.is_empty() && families.insert(family), "{help}");
        let kind = lines.next().expect("its type follows");
        let kind = kind.strip_prefix(&format!("# TYPE {family} "));
        assert!(matches!(kind, Some("counter" | "gauge" | "histogram")));
        while let Some(sample) = lines.next_if(|line| !line.starts_with('#')) {
            let (series, value) = sample.rsplit_once(' ').expect("a series and a value");
            assert!(value.parse::<f64>().is_ok(), "{sample}");
            let name = series.split('{').next().unwrap_or_default();
            let suffix = name.strip_prefix(family).expect("a family stands together");
            assert!(matches!(suffix, "" | "_bucket" | "_sum" | "_count"));
            assert!(samples.insert(series), "{series} stands twice");
        }
    }
    assert!(samples.len() > 40, "{samples:?}");
}

// N-62
fn metrics_agree_with_what_was_done() {
    let desk = Desk::new(Setup::default());
    let house = &desk.house;
    house.post("/run", "a", "");
    house.post("/run", "a", "");
    house.post("/run", "\"", "");
    house.while_held("b", || {
        let metrics = desk.get("/metrics").content;
        for line in [
            "nanoserve_guard_answers_total{answer=\"execute\"} 2",
            "nanoserve_guard_answers_total{answer=\"replay\"} 1",
            "nanoserve_refusals_total{type=\"key-malformed\"} 1",
            "nanoserve_requests_total 3",
            "nanoserve_keys{state=\"pending\"} 1",
            "nanoserve_keys{state=\"completed\"} 1",
            "nanoserve_connections{place=\"queue\"} 0",
            "nanoserve_connections{place=\"visited\"} 0",
            "nanoserve_log_dropped_total 0",
        ] {
            let line = format!("\n{line}\n");
            assert!(metrics.contains(&line), "{line} is not in {metrics}");
        }
        let bytes = house.guard.gauges().bytes;
        assert!(metrics.contains(&format!("\nnanoserve_keys_bytes {bytes}\n")));
    });
    // The admin listener's own requests are not the public one's.
    assert_eq!(house.meters.total(nanoserve::metrics::Counter::Requests), 4);
}

// N-61: no key fits any more, although the bound is not hit to the byte
fn at_the_bound_on_bytes_it_is_not_ready() {
    let desk = Desk::new(Setup {
        bytes_max: 4096,
        ..Setup::default()
    });
    let ready = || desk.get("/readyz").status;
    assert_eq!(ready(), 200);
    let mut n = 0;
    while desk.house.post("/run", &format!("{n}"), "").status != 503 {
        n += 1;
    }
    assert!(n > 1, "some keys fit");
    assert_eq!(ready(), 503);
}
