//! What every line of /metrics must say: a book that is kept beside the server and compared with its page.

use crate::support::{Client, DEADLINE, Metrics, Request, Response, pause};
use std::collections::BTreeMap;
use std::time::Instant;

/// Every series but the histograms'. A metric that is not here is a difference: its name, and where it is counted, belong into
/// this test first.
const SERIES: [&str; 32] = [
    "nanoserve_guard_answers_total{answer=\"execute\"}",
    "nanoserve_guard_answers_total{answer=\"replay\"}",
    "nanoserve_guard_answers_total{answer=\"in_flight\"}",
    "nanoserve_guard_answers_total{answer=\"mismatch\"}",
    "nanoserve_guard_answers_total{answer=\"full\"}",
    "nanoserve_waits_total",
    "nanoserve_unkeyed_total",
    "nanoserve_handler_panics_total",
    "nanoserve_released_total",
    "nanoserve_tombstones_total",
    "nanoserve_connections_accepted_total",
    "nanoserve_connections_closed_total",
    "nanoserve_requests_total",
    "nanoserve_responses_total{class=\"2xx\"}",
    "nanoserve_responses_total{class=\"3xx\"}",
    "nanoserve_responses_total{class=\"4xx\"}",
    "nanoserve_responses_total{class=\"5xx\"}",
    "nanoserve_received_bytes_total",
    "nanoserve_sent_bytes_total",
    "nanoserve_keys{state=\"pending\"}",
    "nanoserve_keys{state=\"completed\"}",
    "nanoserve_keys_bytes",
    "nanoserve_waiters",
    "nanoserve_connections{place=\"queue\"}",
    "nanoserve_connections{place=\"idle\"}",
    "nanoserve_connections{place=\"waiting\"}",
    "nanoserve_connections{place=\"visited\"}",
    "nanoserve_workers_busy",
    "nanoserve_content_in_flight_bytes",
    "nanoserve_parked_bytes",
    "nanoserve_unsent_bytes",
    "nanoserve_log_dropped_total",
];

/// The label of every refusal: the server's own problem types, the application's, and what has no name of its own.
const REFUSALS: [&str; 37] = [
    "target-too-long",
    "version-not-supported",
    "head-too-large",
    "malformed-request",
    "transfer-coding-not-implemented",
    "request-timeout",
    "forbidden",
    "method-not-implemented",
    "not-found",
    "method-not-allowed",
    "expectation-failed",
    "field-repeated",
    "scope-missing",
    "key-malformed",
    "key-missing",
    "content-too-large",
    "content-in-flight-full",
    "key-reused",
    "key-in-flight",
    "response-not-stored",
    "draining",
    "workers-busy",
    "keys-full",
    "connections-full",
    "handler-failed",
    "content-encoding",
    "bad-json",
    "bad-payment",
    "insufficient-funds",
    "ledger-full",
    "listing-busy",
    "unknown-payment",
    "unknown-account",
    "bad-query",
    "lab-option",
    "lab-full",
    "other",
];

/// What is only known once bytes have gone, or once a worker has laid the connection to rest: a reader of the answer may come
/// before it. Everything else is counted before the answer's first byte leaves, and must be right at the first look.
const LATER: [&str; 9] = [
    "nanoserve_connections_accepted_total",
    "nanoserve_connections_closed_total",
    "nanoserve_received_bytes_total",
    "nanoserve_sent_bytes_total",
    "nanoserve_connections{place=\"queue\"}",
    "nanoserve_connections{place=\"idle\"}",
    "nanoserve_connections{place=\"waiting\"}",
    "nanoserve_connections{place=\"visited\"}",
    "nanoserve_unsent_bytes",
];

/// Upper ends of the buckets, in microseconds and as the page has them.
const BUCKETS: [(u64, &str); 18] = [
    (50, "0.00005"),
    (100, "0.0001"),
    (250, "0.00025"),
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// What a key counts besides its own bytes and its answer's, and what a claim reserves for that (docs/spec.md, N-43 and N-33).
const KEY_BYTES: usize = 264;
const ALLOWANCE_BYTES: usize = 400;
/// What a record of an answer has beside its field lines and content: version, status, a length (docs/decisions/0007).
const SNAPSHOT_BYTES: usize = 1 + 2 + 4;

/// What the page must say.
pub(crate) struct Book {
    series: BTreeMap<String, u64>,
    /// Handlers that have ended, and how long those took at least that were told to sleep.
    handlers: u64,
    slept_us: u64,
}

impl Book {
    /// Nothing has happened yet.
    pub(crate) fn new() -> Book {
        let refusals = REFUSALS.map(refusal);
        let all = SERIES.map(str::to_owned).into_iter().chain(refusals);
        Book {
            series: all.map(|series| (series, 0)).collect(),
            handlers: 0,
            slept_us: 0,
        }
    }

    #[track_caller]
    pub(crate) fn add(&mut self, series: &str, n: usize) {
        *self.of(series) += n as u64;
    }

    #[track_caller]
    pub(crate) fn sub(&mut self, series: &str, n: usize) {
        *self.of(series) -= n as u64;
    }

    #[track_caller]
    pub(crate) fn guard(&mut self, answer: &str) {
        self.add(
            &format!("nanoserve_guard_answers_total{{answer=\"{answer}\"}}"),
            1,
        );
    }

    #[track_caller]
    pub(crate) fn refused(&mut self, name: &str) {
        self.add(&refusal(name), 1);
    }

    /// A request that was answered, whatever came before it.
    pub(crate) fn answered(&mut self, status: u16) {
        self.add("nanoserve_requests_total", 1);
        let class = status / 100;
        self.add(
            &format!("nanoserve_responses_total{{class=\"{class}xx\"}}"),
            1,
        );
    }

    /// A handler that has ended.
    pub(crate) fn handled(&mut self, slept_ms: u64) {
        self.handlers += 1;
        self.slept_us += slept_ms * 1000;
    }

    /// A key of so many bytes is claimed and its handler runs.
    pub(crate) fn claimed(&mut self, key_bytes: usize) {
        self.guard("execute");
        self.add("nanoserve_keys{state=\"pending\"}", 1);
        self.add(
            "nanoserve_keys_bytes",
            KEY_BYTES + key_bytes + ALLOWANCE_BYTES,
        );
    }

    /// Its handler has done nothing.
    pub(crate) fn released(&mut self, key_bytes: usize) {
        self.add("nanoserve_released_total", 1);
        self.sub("nanoserve_keys{state=\"pending\"}", 1);
        self.sub(
            "nanoserve_keys_bytes",
            KEY_BYTES + key_bytes + ALLOWANCE_BYTES,
        );
    }

    /// Its answer is recorded.
    pub(crate) fn completed(&mut self, answer: &Response) {
        let (_, fields, content) = answer.recorded();
        let lines = fields
            .iter()
            .map(|(name, value)| name.len() + value.len() + 4);
        let recorded = SNAPSHOT_BYTES + lines.sum::<usize>() + content.len();
        self.add("nanoserve_keys_bytes", recorded);
        self.ended();
    }

    /// Its answer is not kept.
    pub(crate) fn buried(&mut self) {
        self.add("nanoserve_tombstones_total", 1);
        self.ended();
    }

    /// Keys held, whatever their state.
    pub(crate) fn keys(&mut self) -> u64 {
        *self.of("nanoserve_keys{state=\"pending\"}")
            + *self.of("nanoserve_keys{state=\"completed\"}")
    }

    /// Requests answered.
    pub(crate) fn requests(&mut self) -> u64 {
        *self.of("nanoserve_requests_total")
    }

    fn ended(&mut self) {
        self.sub("nanoserve_keys{state=\"pending\"}", 1);
        self.add("nanoserve_keys{state=\"completed\"}", 1);
        self.sub("nanoserve_keys_bytes", ALLOWANCE_BYTES);
    }

    #[track_caller]
    fn of(&mut self, series: &str) -> &mut u64 {
        let number = self.series.get_mut(series);
        number.unwrap_or_else(|| panic!("no series {series} is in the book"))
    }

    /// Every line of the page agrees: at the first look what is counted beforehand, and soon the rest.
    #[track_caller]
    pub(crate) fn agrees(&self, admin: &mut Client, when: &str) {
        let deadline = Instant::now() + DEADLINE;
        let mut first = true;
        loop {
            let page = admin.exchange(&Request::get("/metrics")).expect(200);
            let mut differences = self.differences(&Metrics::parse(&page.text()));
            if differences.is_empty() {
                return;
            }
            let late =
                |difference: &String| LATER.iter().any(|series| difference.starts_with(series));
            if first && !differences.iter().all(late) {
                differences.retain(|difference| !late(difference));
                panic!("{when}, at the first look: {differences:#?}");
            }
            assert!(Instant::now() < deadline, "{when}: {differences:#?}");
            first = false;
            pause();
        }
    }

    fn differences(&self, page: &Metrics) -> Vec<String> {
        let mut differences = Vec::new();
        let mut names = page.names();
        for (series, expected) in &self.series {
            let before = names.len();
            names.retain(|name| name != series);
            match before - names.len() {
                1 if page.count(series) == *expected => {}
                1 => differences.push(format!(
                    "{series}: {expected} expected, {} found",
                    page.count(series)
                )),
                lines => differences.push(format!("{series}: one line expected, {lines} found")),
            }
        }
        let requests = self.series["nanoserve_requests_total"];
        for (name, count, least_us) in [
            ("nanoserve_request_seconds", requests, 0),
            ("nanoserve_handler_seconds", self.handlers, self.slept_us),
        ] {
            differences.extend(histogram(page, name, count, least_us));
            names.retain(|line| !line.starts_with(name));
        }
        let unknown = names.into_iter();
        differences.extend(unknown.map(|name| format!("{name}: not in this test's book")));
        differences
    }
}

fn refusal(name: &str) -> String {
    format!("nanoserve_refusals_total{{type=\"{name}\"}}")
}

/// What is wrong with a histogram: its lines, its count, buckets that are not cumulative, or a sum that they cannot have.
fn histogram(page: &Metrics, name: &str, count: u64, least_us: u64) -> Vec<String> {
    let ends = BUCKETS.iter().map(|(_, end)| *end).chain(["+Inf"]);
    let mut lines: Vec<String> = ends
        .map(|end| format!("{name}_bucket{{le=\"{end}\"}}"))
        .collect();
    let buckets: Vec<u64> = lines.iter().map(|line| page.count(line)).collect();
    lines.extend([format!("{name}_sum"), format!("{name}_count")]);
    let found: Vec<_> = page
        .names()
        .into_iter()
        .filter(|line| line.starts_with(name))
        .collect();
    let mut wrong = Vec::new();
    if found != lines {
        wrong.push(format!(
            "{name}: the lines {lines:?} expected, {found:?} found"
        ));
    }
    let counted = page.count(&format!("{name}_count"));
    if counted != count || buckets.last() != Some(&count) {
        wrong.push(format!(
            "{name}: {count} expected, {counted} found, {buckets:?}"
        ));
    }
    if !buckets.is_sorted() {
        wrong.push(format!(
            "{name}: ascending buckets expected, {buckets:?} found"
        ));
    }
    // A value lies above the bucket before its own and not above its own end.
    let (mut least, mut most, mut before) = (0, 0, 0);
    for (i, cumulative) in buckets.iter().enumerate() {
        let here = cumulative - before;
        least += here * i.checked_sub(1).map_or(0, |i| BUCKETS[i].0 + 1);
        most += here * BUCKETS.get(i).map_or(u64::from(u32::MAX), |(end, _)| *end);
        before = *cumulative;
    }
    let sum_us = (page.get(&format!("{name}_sum")) * 1_000_000.0)
        .round()
        .to_string();
    let sum_us: u64 = sum_us.parse().expect("a sum of microseconds");
    if !(least.max(least_us)..=most).contains(&sum_us) {
        wrong.push(format!(
            "{name}: a sum of {least} to {most} µs expected, at least {least_us}, {sum_us} found"
        ));
    }
    wrong
}
