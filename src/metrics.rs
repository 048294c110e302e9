//! Counts and latency histograms, one set a worker, summed when read (N-62) as Prometheus text 0.0.4.
//!
//! Invariant: a `Meter` has one writer, its worker, so that no count is fought over; readers only load.
//! Lock order: the list of meters is locked last, and only when a worker begins or somebody reads.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The Content-Type of `Meters::render`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is counted. `COUNTERS` gives each its metric name, label and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Guard answered Execute.
    Execute,
    /// Guard answered Replay, tombstones included.
    Replay,
    /// Guard answered InFlight.
    InFlight,
    /// Guard answered Mismatch.
    Mismatch,
    /// Guard answered Full.
    Full,
    /// A duplicate began to wait for the first attempt.
    Waited,
    /// A guarded method ran without a key.
    Unkeyed,
    /// A handler panicked.
    HandlerPanic,
    /// A key was released (NothingDone).
    Released,
    /// A response was too large to store.
    Tombstone,
    /// Connections accepted.
    Accepted,
    /// Connections closed.
    Closed,
    /// Requests answered, whatever the status.
    Requests,
    /// Status 2xx (3xx and 1xx never count here).
    Status2xx,
    /// Status 3xx.
    Status3xx,
    /// Status 4xx.
    Status4xx,
    /// Status 5xx.
    Status5xx,
    /// Bytes read from clients.
    BytesIn,
    /// Bytes written to clients.
    BytesOut,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Histogram {
    /// From a whole request to its answer's first byte.
    Request,
    /// Inside handlers.
    Handler,
}

/// A counter's place in the text: metric name, label (or none), help.
type Row = (Counter, &'static str, &'static str, &'static str);

/// The help of a family stands at its first counter; a family's counters stand together.
#[rustfmt::skip] // one counter a line, in the order of `Counter`
const COUNTERS: [Row; 19] = [
    (Counter::Execute, "nanoserve_guard_answers_total", "answer=\"execute\"", "Answers of the idempotency guard."),
    (Counter::Replay, "nanoserve_guard_answers_total", "answer=\"replay\"", ""),
    (Counter::InFlight, "nanoserve_guard_answers_total", "answer=\"in_flight\"", ""),
    (Counter::Mismatch, "nanoserve_guard_answers_total", "answer=\"mismatch\"", ""),
    (Counter::Full, "nanoserve_guard_answers_total", "answer=\"full\"", ""),
    (Counter::Waited, "nanoserve_waits_total", "", "Duplicates that began to wait for a running request; what they got is among the answers."),
    (Counter::Unkeyed, "nanoserve_unkeyed_total", "", "Runs of a guarded method without a key."),
    (Counter::HandlerPanic, "nanoserve_handler_panics_total", "", "Handlers that panicked."),
    (Counter::Released, "nanoserve_released_total", "", "Keys given back because nothing was done."),
    (Counter::Tombstone, "nanoserve_tombstones_total", "", "Responses that were not kept, for lack of room or by their size."),
    (Counter::Accepted, "nanoserve_connections_accepted_total", "", "Connections accepted."),
    (Counter::Closed, "nanoserve_connections_closed_total", "", "Connections closed."),
    (Counter::Requests, "nanoserve_requests_total", "", "Requests answered, whatever the status."),
    (Counter::Status2xx, "nanoserve_responses_total", "class=\"2xx\"", "Answers by the class of their status."),
    (Counter::Status3xx, "nanoserve_responses_total", "class=\"3xx\"", ""),
    (Counter::Status4xx, "nanoserve_responses_total", "class=\"4xx\"", ""),
    (Counter::Status5xx, "nanoserve_responses_total", "class=\"5xx\"", ""),
    (Counter::BytesIn, "nanoserve_received_bytes_total", "", "Bytes read from clients."),
    (Counter::BytesOut, "nanoserve_sent_bytes_total", "", "Bytes written to clients."),
];

/// Metric name and help, in the order of `Histogram`.
const HISTOGRAMS: [(Histogram, &str, &str); 2] = [
    (
        Histogram::Request,
        "nanoserve_request_seconds",
        "From a whole request to its answer's first byte.",
    ),
    (
        Histogram::Handler,
        "nanoserve_handler_seconds",
        "Inside handlers.",
    ),
];

/// Upper ends of the histograms' buckets, themselves included: microseconds, and the same in seconds as the text has it.
#[rustfmt::skip]
const BOUNDS: [(u64, &str); 18] = [
    (50, "0.00005"), (100, "0.0001"), (250, "0.00025"), (500, "0.0005"),
    (1_000, "0.001"), (2_500, "0.0025"), (5_000, "0.005"),
    (10_000, "0.01"), (25_000, "0.025"), (50_000, "0.05"),
    (100_000, "0.1"), (250_000, "0.25"), (500_000, "0.5"),
    (1_000_000, "1"), (2_500_000, "2.5"), (5_000_000, "5"),
    (10_000_000, "10"), (30_000_000, "30"),
];

const _: () = {
    // A table in another order than its enum would count one thing under another's name.
    let mut i = 0;
    while i < COUNTERS.len() {
        assert!(COUNTERS[i].0 as usize == i);
        i += 1;
    }
    assert!(Counter::BytesOut as usize + 1 == COUNTERS.len());
    assert!(HISTOGRAMS[0].0 as usize == 0 && HISTOGRAMS[1].0 as usize == 1);
};

/// One worker's counts.
///
/// Only one thread may write to a meter. Adding is a load and a store, not one locked instruction, which is the point of
/// having a meter for each worker; two writers would lose each other's counts. Any thread may read.
///
/// Why `Relaxed` is enough: no other memory is reached by way of a count. Who saw an answer and then asks for the counts
/// finds it counted, because the store comes before the write to the socket in its worker's program order, and the two
/// threads are ordered by the kernel that carried the answer from one to the other.
// 128: two lines of 64 bytes, because x86 fetches them in pairs; no other allocation shares a line with a meter.
#[repr(align(128))]
pub struct Meter {
    counters: [AtomicU64; COUNTERS.len()],
    histograms: [Buckets; HISTOGRAMS.len()],
    refusal_names: Arc<[&'static str]>,
    /// One for each name, then one for all others.
    refusals: Box<[Line]>,
}

/// Counts that share their cache lines with nothing else.
#[repr(align(128))]
#[derive(Default)]
struct Line([AtomicU64; COUNTS_PER_LINE]);

const COUNTS_PER_LINE: usize = 16;

/// One histogram of one worker.
#[derive(Default)]
struct Buckets {
    /// How many fell at or under each bound and over the one before it; the last is over all bounds.
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

/// All workers' counts.
pub struct Meters {
    refusal_names: Arc<[&'static str]>,
    /// One a worker, kept when the worker is gone: what it counted was true.
    meters: Mutex<Vec<Arc<Meter>>>,
}

/// A number that goes up and down, read when asked for.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// `nanoserve_keys`
    pub name: &'static str,
    /// `state="pending"`, or empty.
    pub label: &'static str,
    /// One line.
    pub help: &'static str,
    /// Now.
    pub value: u64,
}

impl Meter {
    /// Adds one.
    pub fn count(&self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Adds many.
    pub fn add(&self, counter: Counter, n: u64) {
        add_as_only_writer(&self.counters[counter as usize], n);
    }

    /// Counts a refusal by its problem type's name; a name not given to `Meters::new` is counted as `other`.
    pub fn refusal(&self, name: &'static str) {
        let known = self.refusal_names.iter().position(|&known| known == name);
        add_as_only_writer(self.refused(known.unwrap_or(self.refusal_names.len())), 1);
    }

    /// Puts a duration into its histogram.
    pub fn observe_us(&self, histogram: Histogram, us: u64) {
        let buckets = &self.histograms[histogram as usize];
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < us);
        add_as_only_writer(&buckets.counts[bucket], 1);
        add_as_only_writer(&buckets.sum_us, us);
    }

    fn new(refusal_names: Arc<[&'static str]>) -> Meter {
        let lines = (refusal_names.len() + 1).div_ceil(COUNTS_PER_LINE);
        Meter {
            counters: Default::default(),
            histograms: Default::default(),
            refusal_names,
            refusals: (0..lines).map(|_| Line::default()).collect(),
        }
    }

    fn refused(&self, index: usize) -> &AtomicU64 {
        &self.refusals[index / COUNTS_PER_LINE].0[index % COUNTS_PER_LINE]
    }
}

/// See `Meter`: right because nobody else writes, and wraps rather than panics after centuries.
fn add_as_only_writer(count: &AtomicU64, n: u64) {
    count.store(
        count.load(Ordering::Relaxed).wrapping_add(n),
        Ordering::Relaxed,
    );
}

impl Meters {
    /// `refusals`: the names of all problem types.
    pub fn new(refusals: Vec<&'static str>) -> Meters {
        Meters {
            refusal_names: refusals.into(),
            meters: Mutex::default(),
        }
    }

    /// A new worker's meter.
    pub fn meter(&self) -> Arc<Meter> {
        let meter = Arc::new(Meter::new(Arc::clone(&self.refusal_names)));
        self.lock().push(Arc::clone(&meter));
        meter
    }

    /// The sum of one counter (tests, inspector).
    pub fn total(&self, counter: Counter) -> u64 {
        self.sum(|meter| &meter.counters[counter as usize])
    }

    /// The sum of one refusal; `other` for all without a name of their own.
    pub fn refusals(&self, name: &str) -> u64 {
        let known = self.refusal_names.iter().position(|&known| known == name);
        match known {
            Some(index) => self.sum(|meter| meter.refused(index)),
            None if name == OTHER => self.sum(|meter| meter.refused(self.refusal_names.len())),
            None => 0,
        }
    }

    /// Everything as Prometheus text 0.0.4, the gauges last.
    pub fn render(&self, gauges: &[Gauge]) -> String {
        let mut text = String::new();
        let mut family = "";
        for (counter, name, label, help) in COUNTERS {
            if family != name {
                push_head(&mut text, name, help, "counter");
                family = name;
            }
            push_sample(&mut text, name, label, self.total(counter));
        }
        self.render_refusals(&mut text);
        for (histogram, name, help) in HISTOGRAMS {
            push_head(&mut text, name, help, "histogram");
            self.render_histogram(&mut text, histogram, name);
        }
        render_gauges(&mut text, gauges);
        text
    }

    fn render_refusals(&self, text: &mut String) {
        let name = "nanoserve_refusals_total";
        push_head(text, name, "Refusals by problem type.", "counter");
        for refusal in self.refusal_names.iter().copied().chain([OTHER]) {
            push_sample(
                text,
                name,
                &format!("type=\"{refusal}\""),
                self.refusals(refusal),
            );
        }
    }

    fn render_histogram(&self, text: &mut String, histogram: Histogram, name: &str) {
        let bucket = format!("{name}_bucket");
        let mut so_far = 0;
        let ends = BOUNDS.iter().map(|(_, seconds)| *seconds).chain(["+Inf"]);
        for (i, end) in ends.enumerate() {
            so_far += self.sum(|meter| &meter.histograms[histogram as usize].counts[i]);
            push_sample(text, &bucket, &format!("le=\"{end}\""), so_far);
        }
        let sum_us = self.sum(|meter| &meter.histograms[histogram as usize].sum_us);
        let (seconds, rest) = (sum_us / 1_000_000, sum_us % 1_000_000);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}_sum {seconds}.{rest:06}");
        // Not a count of its own, which could differ from the last bucket while workers count on.
        push_sample(text, &format!("{name}_count"), "", so_far);
    }

    fn sum(&self, of: impl Fn(&Meter) -> &AtomicU64) -> u64 {
        let meters = self.lock();
        let counts = meters.iter().map(|meter| of(meter).load(Ordering::Relaxed));
        counts.fold(0, u64::wrapping_add)
    }

    /// Held while a meter is appended or its counts are read: the list is whole at any time, so poison is passed over.
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Meter>>> {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which refusals are counted that have no name of their own.
const OTHER: &str = "other";

/// A family must stand in one block, so gauges of one name are brought together, where the first of them stands.
fn render_gauges(text: &mut String, gauges: &[Gauge]) {
    for (i, first) in gauges.iter().enumerate() {
        if gauges[..i].iter().any(|gauge| gauge.name == first.name) {
            continue;
        }
        // What only grows is a counter, wherever it is kept.
        let kind = if first.name.ends_with("_total") {
            "counter"
        } else {
            "gauge"
        };
        push_head(text, first.name, first.help, kind);
        for gauge in gauges.iter().filter(|gauge| gauge.name == first.name) {
            push_sample(text, gauge.name, gauge.label, gauge.value);
        }
    }
}

fn push_head(text: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn push_sample(text: &mut String, name: &str, label: &str, value: u64) {
    let _ = if label.is_empty() {
        writeln!(text, "{name} {value}")
    } else {
        writeln!(text, "{name}{{{label}}} {value}")
    };
}
