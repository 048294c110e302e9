//! [4, 6] The guard's table beside the maps of stores.rs, on 1 to 8 threads: new keys, replays, both.
//!
//! A figure is the time in which every thread had one request served (timing.rs says how it is counted), the rate what all
//! threads together got done. Threads never share a new key; known keys they share all.

use crate::closing::table;
use crate::keys::{Uuid, uuids};
use crate::runner::Runner;
use crate::stores::{Empty, STORES, Served, Store, insert};
use crate::timing::{in_rounds, on_threads};
use std::cell::LazyCell;

const THREADS: [usize; 4] = [1, 2, 4, 8];
/// New keys in one table; then the next one begins, empty, so that every sample sees the same growth and memory is bounded.
const NEW_KEYS: usize = 100_000;
const KNOWN_KEYS: usize = 10_000;
/// From one known key to the next: a prime, so that all are met, and far enough that nothing was fetched ahead.
const STRIDE: usize = 7_919;

/// A number of threads, and a store.
type Pair = (usize, (&'static str, Empty));
/// Nanoseconds for each pair, in their order; none where the filter left it out.
type Medians = Vec<Option<f64>>;

/// Every mix on every number of threads for every store.
pub fn measure(runner: &mut Runner) {
    let (new_count, known_count) = (runner.size(NEW_KEYS, 800), runner.size(KNOWN_KEYS, 100));
    let keys = uuids(known_count + new_count);
    let (known, new) = keys.split_at(known_count);
    let mixes = [
        ("claim", claims(runner, new)),
        ("hit", hits(runner, "table-hit", known)),
        (
            "hit, one key",
            hits(runner, "table-hit-one-key", &known[..1]),
        ),
        ("mixed", mixed(runner, known, new)),
    ];
    runner.say_last(&report(&mixes));
}

/// Claim and complete, beginning with an empty table.
fn claims(runner: &mut Runner, new: &[Uuid]) -> Medians {
    let mut group = runner.group("table-claim");
    let bench = |(threads, (name, empty)): Pair| {
        let share = new.len() / threads;
        group.elements(threads).equal_samples();
        group.bench_timed(title(threads, name), |iterations| {
            in_rounds(iterations, share, |count| {
                let store = empty();
                on_threads(threads, |thread| {
                    for key in &new[thread * share..][..count] {
                        insert(&*store, key);
                    }
                })
            })
        })
    };
    each_pair().map(bench).collect()
}

/// Replays of completed keys.
fn hits(runner: &mut Runner, name: &str, known: &[Uuid]) -> Medians {
    let mut group = runner.group(name);
    let bench = |(threads, (name, empty)): Pair| {
        let store = LazyCell::new(|| holding(empty, known));
        group.elements(threads);
        group.bench_timed(title(threads, name), |iterations| {
            let store: &dyn Store = &**store;
            on_threads(threads, |thread| {
                let mut at = thread * known.len() / threads;
                for _ in 0..iterations {
                    at = (at + STRIDE) % known.len();
                    assert_eq!(store.serve(&known[at]), Served::Replayed);
                }
            })
        })
    };
    each_pair().map(bench).collect()
}

/// One request in ten has a new key, the others replay. A table goes on from sample to sample until its new keys are used
/// up: were each sample to begin with one of its own, criterion would plan with the time that filling it takes.
fn mixed(runner: &mut Runner, known: &[Uuid], new: &[Uuid]) -> Medians {
    let mut group = runner.group("table-mixed");
    let bench = |(threads, (name, empty)): Pair| {
        let share = new.len() / threads;
        let mut standing = None;
        group.elements(threads).equal_samples();
        group.bench_timed(title(threads, name), |iterations| {
            in_rounds(iterations, share * 10, |count| {
                let needed = count.div_ceil(10);
                let (store, used) = standing
                    .take()
                    .filter(|(_, used)| used + needed <= share)
                    .unwrap_or_else(|| (holding(empty, known), 0));
                let took = on_threads(threads, |thread| {
                    let new = &new[thread * share + used..][..needed];
                    serve_mixed(&*store, count, new, known, thread * known.len() / threads);
                });
                standing = Some((store, used + needed));
                took
            })
        })
    };
    each_pair().map(bench).collect()
}

fn serve_mixed(store: &dyn Store, count: usize, new: &[Uuid], known: &[Uuid], from: usize) {
    let mut at = from;
    for n in 0..count {
        if n % 10 == 0 {
            insert(store, &new[n / 10]);
        } else {
            at = (at + STRIDE) % known.len();
            assert_eq!(store.serve(&known[at]), Served::Replayed);
        }
    }
}

fn holding(empty: Empty, known: &[Uuid]) -> Box<dyn Store> {
    let store = empty();
    for key in known {
        insert(&*store, key);
    }
    store
}

fn title(threads: usize, store: &str) -> String {
    format!("{}/{store}", counted(threads))
}

fn counted(threads: usize) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("{threads} thread{plural}")
}

/// What all threads together got done in a second, by the medians: a line for each mix and number of threads. Empty where the
/// filter left all out.
#[allow(clippy::cast_precision_loss)] // there are 8 threads at most
fn report(mixes: &[(&str, Medians)]) -> String {
    let mut rows = Vec::new();
    for (mix, medians) in mixes {
        for (threads, of_stores) in THREADS.iter().zip(medians.chunks(STORES.len())) {
            let rate = |ns: &Option<f64>| ns.map(|ns| *threads as f64 * 1e3 / ns);
            let rates: Vec<_> = of_stores.iter().map(rate).collect();
            if rates.iter().all(Option::is_none) {
                continue;
            }
            let beside = rates[1..].iter().map(|other| rates[0].zip(*other));
            let ratios: Vec<_> = beside
                .map(|pair| pair.map(|(ours, its)| ours / its))
                .collect();
            let figures = [rates, ratios].concat().into_iter();
            let cell =
                |figure: Option<f64>| figure.map_or("-".into(), |figure| format!("{figure:.2}"));
            let name = format!("{mix}, {}", counted(*threads));
            rows.push([name].into_iter().chain(figures.map(cell)).collect());
        }
    }
    if rows.is_empty() {
        return String::new();
    }
    let [ours, first, second] = STORES.map(|(name, _)| name);
    let beside = [first, second].map(|other| format!("{ours} : {other}"));
    let heading = [
        "millions a second",
        ours,
        first,
        second,
        &beside[0],
        &beside[1],
    ];
    table(&heading, &rows)
}

/// The stores side by side for each number of threads.
fn each_pair() -> impl Iterator<Item = Pair> {
    THREADS
        .into_iter()
        .flat_map(|threads| STORES.map(|store| (threads, store)))
}
