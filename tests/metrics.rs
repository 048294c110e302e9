//! Claims about src/metrics.rs.

use crate::harness::{Test, expect, random::Random};
use nanoserve::metrics::{CONTENT_TYPE, Counter, Gauge, Histogram, Meter, Meters};
use std::collections::{BTreeMap, BTreeSet};
use std::thread;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("a_scripted_session_has_exactly_this_text", a_scripted_session_has_exactly_this_text),
    ("the_text_is_well_formed", the_text_is_well_formed),
    ("every_counter_counts_for_itself", every_counter_counts_for_itself),
    ("totals_are_sums_over_workers_gone_ones_too", totals_are_sums_over_workers_gone_ones_too),
    ("workers_that_count_at_once_lose_nothing", workers_that_count_at_once_lose_nothing),
    ("a_refusal_without_a_name_is_counted_as_other", a_refusal_without_a_name_is_counted_as_other),
    ("a_bucket_holds_its_upper_end", a_bucket_holds_its_upper_end),
    ("gauges_come_last_and_a_family_stays_together", gauges_come_last_and_a_family_stays_together),
    ("two_meters_share_no_cache_line", two_meters_share_no_cache_line),
];

const COUNTERS: [Counter; 18] = [
    Counter::Execute,
    Counter::Replay,
    Counter::InFlight,
    Counter::Mismatch,
    Counter::Full,
    Counter::Unkeyed,
    Counter::HandlerPanic,
    Counter::Released,
    Counter::Tombstone,
    Counter::Accepted,
    Counter::Closed,
    Counter::Requests,
    Counter::Status2xx,
    Counter::Status3xx,
    Counter::Status4xx,
    Counter::Status5xx,
    Counter::BytesIn,
    Counter::BytesOut,
];

/// A family as a reader of the format sees it: its type, and each sample's name with labels.
struct Family {
    kind: String,
    samples: Vec<(String, f64)>,
}

/// A small reader of Prometheus text 0.0.4, strict where ours could go wrong.
fn read(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    let mut helped = String::new();
    assert!(text.ends_with('\n'), "the last line has its end");
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').expect("a name and its help");
            assert!(!words.trim().is_empty() && !words.contains('\\'), "{line}");
            name.clone_into(&mut helped);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').expect("a name and its type");
            assert_eq!(name, helped, "HELP comes first");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            name.clone_into(&mut current);
            let family = Family {
                kind: kind.to_owned(),
                samples: Vec::new(),
            };
            assert!(
                families.insert(current.clone(), family).is_none(),
                "{name} has two blocks"
            );
        } else {
            let (sample, value) = line.rsplit_once(' ').expect("a name and its value");
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            let own = ["", "_bucket", "_sum", "_count"].map(|end| format!("{current}{end}"));
            assert!(
                own.contains(&name.to_owned()),
                "{line} stands in the block of {current}"
            );
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
                "{line}"
            );
            check_labels(labels.strip_suffix('}').expect("a closing brace"));
            let family = families.get_mut(&current).expect("its block began");
            family
                .samples
                .push((sample.to_owned(), value.parse().expect("a number")));
        }
    }
    families
}

fn check_labels(labels: &str) {
    if !labels.is_empty() {
        let (name, value) = labels.split_once('=').expect("a label and its value");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase()), "{labels}");
        let value = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        assert!(
            value.is_some_and(|value| !value.contains(['"', '\\', '\n'])),
            "{labels}"
        );
    }
}

/// The value of one sample.
#[track_caller]
fn value(text: &str, sample: &str) -> String {
    let start = format!("{sample} ");
    let found: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix(&start))
        .collect();
    assert_eq!(found.len(), 1, "{sample} in\n{text}");
    found[0].to_owned()
}

fn gauge(name: &'static str, label: &'static str, value: u64) -> Gauge {
    Gauge {
        name,
        label,
        help: "Something now.",
        value,
    }
}

fn scripted() -> (Meters, Vec<Gauge>) {
    let meters = Meters::new(vec!["key-missing", "key-reused"]);
    let (first, second) = (meters.meter(), meters.meter());
    for (n, counter) in (1..).zip(COUNTERS) {
        first.add(counter, n);
        second.add(counter, 100 * n);
    }
    first.count(Counter::Execute);
    first.refusal("key-missing");
    second.refusal("key-missing");
    second.refusal("no such type");
    for us in [0, 50, 51, 30_000_000, 30_000_001] {
        first.observe_us(Histogram::Request, us);
    }
    second.observe_us(Histogram::Request, 1_000);
    second.observe_us(Histogram::Handler, 999);
    let gauges = vec![
        gauge("nanoserve_keys", "state=\"pending\"", 3),
        gauge("nanoserve_keys", "state=\"completed\"", 4),
        gauge("nanoserve_workers_busy", "", 5),
    ];
    (meters, gauges)
}

// N-61, N-62
fn a_scripted_session_has_exactly_this_text() {
    let (meters, gauges) = scripted();
    expect::file(&meters.render(&gauges), "metrics.txt");
    expect::text(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
}

// N-61
fn the_text_is_well_formed() {
    let (meters, gauges) = scripted();
    let families = read(&meters.render(&gauges));
    for (name, family) in &families {
        let names: BTreeSet<&String> = family.samples.iter().map(|(sample, _)| sample).collect();
        assert_eq!(
            names.len(),
            family.samples.len(),
            "{name} has a sample twice"
        );
        match family.kind.as_str() {
            "counter" => assert!(name.ends_with("_total"), "{name}"),
            "histogram" => {
                assert!(name.ends_with("_seconds"), "{name}");
                let [buckets @ .., (_, sum), (_, count)] = family.samples.as_slice() else {
                    panic!("{name} is short");
                };
                assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{name} goes back");
                assert!(buckets.last().is_some_and(
                    |(last, n)| last.ends_with("le=\"+Inf\"}") && n.total_cmp(count).is_eq()
                ));
                assert!(*sum > 0.0);
            }
            _ => assert!(!name.ends_with("_total"), "{name}"),
        }
    }
    assert_eq!(
        families
            .values()
            .filter(|family| family.kind == "histogram")
            .count(),
        2
    );
    assert!(families.keys().all(|name| name.starts_with("nanoserve_")));
    read(&Meters::new(Vec::new()).render(&[])); // nobody has counted anything
}

// N-62
fn every_counter_counts_for_itself() {
    for counter in COUNTERS {
        let meters = Meters::new(Vec::new());
        meters.meter().add(counter, 7);
        let counted: Vec<_> = COUNTERS
            .iter()
            .filter(|&&other| meters.total(other) > 0)
            .collect();
        assert_eq!(counted, [&counter]);
        assert_eq!(meters.total(counter), 7);
        let text = meters.render(&[]);
        assert_eq!(
            text.lines().filter(|line| line.ends_with(" 7")).count(),
            1,
            "{text}"
        );
    }
}

// N-62
fn totals_are_sums_over_workers_gone_ones_too() {
    let meters = Meters::new(vec!["draining"]);
    for _ in 0..3 {
        let worker = meters.meter();
        worker.count(Counter::Requests);
        worker.refusal("draining");
        worker.observe_us(Histogram::Handler, 5);
    }
    assert_eq!(meters.total(Counter::Requests), 3);
    assert_eq!(meters.refusals("draining"), 3);
    let text = meters.render(&[]);
    assert_eq!(value(&text, "nanoserve_handler_seconds_count"), "3");
    assert_eq!(value(&text, "nanoserve_handler_seconds_sum"), "0.000015");
}

// N-62
fn workers_that_count_at_once_lose_nothing() {
    let meters = Meters::new(vec!["a"]);
    let counts: Vec<u64> = {
        let mut random = Random::new();
        (0..4)
            .map(|_| random.within(5_000..=20_000) as u64)
            .collect()
    };
    thread::scope(|scope| {
        for &count in &counts {
            let meter = meters.meter();
            scope.spawn(move || {
                for us in 0..count {
                    meter.count(Counter::Requests);
                    meter.refusal("a");
                    meter.observe_us(Histogram::Request, us);
                }
            });
        }
        read(&meters.render(&[])); // a reader in between sees whole numbers
    });
    let all = counts.iter().sum();
    assert_eq!(meters.total(Counter::Requests), all);
    assert_eq!(meters.refusals("a"), all);
    assert_eq!(
        value(&meters.render(&[]), "nanoserve_request_seconds_count"),
        all.to_string()
    );
}

// N-62
fn a_refusal_without_a_name_is_counted_as_other() {
    // More names than fit into one cache line.
    const NAMES: [&str; 18] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r",
    ];
    let meters = Meters::new(NAMES.to_vec());
    let meter = meters.meter();
    for (n, name) in (1..).zip(NAMES) {
        (0..n).for_each(|_| meter.refusal(name));
    }
    meter.refusal("unheard-of");
    for (n, name) in (1..).zip(NAMES) {
        assert_eq!(meters.refusals(name), n);
    }
    assert_eq!(meters.refusals("other"), 1);
    assert_eq!(meters.refusals("unheard-of"), 0);
    assert_eq!(
        value(
            &meters.render(&[]),
            "nanoserve_refusals_total{type=\"other\"}"
        ),
        "1"
    );
}

// N-62
fn a_bucket_holds_its_upper_end() {
    let ends: Vec<String> = Meters::new(Vec::new())
        .render(&[])
        .lines()
        .filter_map(|line| {
            line.strip_prefix("nanoserve_request_seconds_bucket{le=\"")?
                .split('"')
                .next()
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(
        (ends[0].as_str(), ends[ends.len() - 2].as_str()),
        ("0.00005", "30")
    );
    for end in &ends[..ends.len() - 1] {
        let us = (end.parse::<f64>().expect("seconds") * 1e6).round();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 50 to 30,000,000
        let us = us as u64;
        for (observed, within) in [(us - 1, "1"), (us, "1"), (us + 1, "0")] {
            let meters = Meters::new(Vec::new());
            meters.meter().observe_us(Histogram::Request, observed);
            let sample = format!("nanoserve_request_seconds_bucket{{le=\"{end}\"}}");
            assert_eq!(
                value(&meters.render(&[]), &sample),
                within,
                "{observed} us, {end} s"
            );
        }
    }
    let meters = Meters::new(Vec::new());
    meters.meter().observe_us(Histogram::Request, u64::MAX);
    assert_eq!(
        value(
            &meters.render(&[]),
            "nanoserve_request_seconds_bucket{le=\"+Inf\"}"
        ),
        "1"
    );
}

// N-62
fn gauges_come_last_and_a_family_stays_together() {
    let apart = [
        gauge("x_keys", "state=\"a\"", 1),
        gauge("x_bytes", "", 2),
        gauge("x_keys", "state=\"b\"", 3),
    ];
    let text = Meters::new(Vec::new()).render(&apart);
    read(&text);
    assert!(text.ends_with(
        "# HELP x_keys Something now.\n# TYPE x_keys gauge\nx_keys{state=\"a\"} 1\nx_keys{state=\"b\"} 3\n\
         # HELP x_bytes Something now.\n# TYPE x_bytes gauge\nx_bytes 2\n"
    ));
}

fn two_meters_share_no_cache_line() {
    assert_eq!(align_of::<Meter>() % 128, 0);
    assert_eq!(size_of::<Meter>() % 128, 0);
}
