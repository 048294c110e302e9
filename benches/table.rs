//! [4, 6] The guard's table beside the maps of stores.rs, on 1 to 8 threads: new keys, replays, both; and growth.
//!
//! A figure is the time in which every thread had one request served (timing.rs says how it is counted), the rate what all
//! threads together got done. Threads never share a new key; known keys they share all.

use crate::keys::{Uuid, uuids};
use crate::runner::Runner;
use crate::stores::{Empty, STORES, Served, Store};
use crate::timing::{in_rounds, on_threads, timed};
use std::cell::LazyCell;
use std::time::Duration;

const THREADS: [usize; 4] = [1, 2, 4, 8];
/// New keys in one table; then the next one begins, empty, so that every sample sees the same growth and memory is bounded.
const NEW_KEYS: usize = 100_000;
const KNOWN_KEYS: usize = 10_000;
/// From one known key to the next: a prime, so that all are met, and far enough that nothing was fetched ahead.
const STRIDE: usize = 7_919;
const GROWTH_KEYS: usize = 200_000;

/// Every mix on every number of threads for every store, then growth on one thread.
pub fn measure(runner: &mut Runner) {
    let (new_count, known_count) = (runner.size(NEW_KEYS, 800), runner.size(KNOWN_KEYS, 100));
    let keys = uuids(known_count + new_count);
    let (known, new) = keys.split_at(known_count);
    claims(runner, new);
    hits(runner, "table-hit", known);
    hits(runner, "table-hit-one-key", &known[..1]);
    mixed(runner, known, new);
    let growth = uuids(runner.size(GROWTH_KEYS, 2_000));
    grow(runner, &growth);
}

/// Claim and complete, beginning with an empty table.
fn claims(runner: &mut Runner, new: &[Uuid]) {
    let mut group = runner.group("table-claim");
    for (threads, (name, empty)) in each_pair() {
        let share = new.len() / threads;
        group.elements(threads).equal_samples();
        group.bench(title(threads, name), |b| {
            b.iter_custom(|iterations| {
                in_rounds(iterations, share, |count| {
                    let store = empty();
                    on_threads(threads, |thread| {
                        for key in &new[thread * share..][..count] {
                            assert_eq!(store.serve(key), Served::Executed);
                        }
                    })
                })
            });
        });
    }
}

/// Replays of completed keys.
fn hits(runner: &mut Runner, name: &str, known: &[Uuid]) {
    let mut group = runner.group(name);
    for (threads, (name, empty)) in each_pair() {
        let store = LazyCell::new(|| holding(empty, known));
        group.elements(threads);
        group.bench(title(threads, name), |b| {
            let store: &dyn Store = &**store;
            b.iter_custom(|iterations| {
                on_threads(threads, |thread| {
                    let mut at = thread * known.len() / threads;
                    for _ in 0..iterations {
                        at = (at + STRIDE) % known.len();
                        assert_eq!(store.serve(&known[at]), Served::Replayed);
                    }
                })
            });
        });
    }
}

/// One request in ten has a new key, the others replay. A table goes on from sample to sample until its new keys are used
/// up: were each sample to begin with one of its own, criterion would plan with the time that filling it takes.
fn mixed(runner: &mut Runner, known: &[Uuid], new: &[Uuid]) {
    let mut group = runner.group("table-mixed");
    for (threads, (name, empty)) in each_pair() {
        let share = new.len() / threads;
        let mut standing = None;
        group.elements(threads).equal_samples();
        group.bench(title(threads, name), |b| {
            b.iter_custom(|iterations| {
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
            });
        });
    }
}

fn serve_mixed(store: &dyn Store, count: usize, new: &[Uuid], known: &[Uuid], from: usize) {
    let mut at = from;
    for n in 0..count {
        if n % 10 == 0 {
            assert_eq!(store.serve(&new[n / 10]), Served::Executed);
        } else {
            at = (at + STRIDE) % known.len();
            assert_eq!(store.serve(&known[at]), Served::Replayed);
        }
    }
}

/// From empty to 200,000 keys: what an insert costs on average, and what the unluckiest one does (N-44). An iteration is a
/// whole growth, its figure that of one insert. The longest insert is also the one that the scheduler interrupts longest:
/// its figure means something on a quiet machine only.
fn grow(runner: &mut Runner, keys: &[Uuid]) {
    let count = u32::try_from(keys.len()).expect("200,000 keys");
    let mut group = runner.group("growth");
    group.long_iterations();
    for (name, empty) in STORES {
        group.bench(format!("insert on average/{name}"), |b| {
            b.iter_custom(|iterations| {
                in_rounds(iterations, 1, |_| {
                    let store = empty();
                    timed(|| keys.iter().for_each(|key| insert(&*store, key))) / count
                })
            });
        });
    }
    for (name, empty) in STORES {
        group.bench(format!("longest insert/{name}"), |b| {
            b.iter_custom(|iterations| {
                in_rounds(iterations, 1, |_| {
                    let store = empty();
                    let inserts = keys.iter().map(|key| timed(|| insert(&*store, key)));
                    inserts.max().unwrap_or(Duration::ZERO)
                })
            });
        });
    }
}

fn insert(store: &dyn Store, key: &Uuid) {
    assert_eq!(store.serve(key), Served::Executed);
}

fn holding(empty: Empty, known: &[Uuid]) -> Box<dyn Store> {
    let store = empty();
    for key in known {
        insert(&*store, key);
    }
    store
}

fn title(threads: usize, store: &str) -> String {
    let plural = if threads == 1 { "" } else { "s" };
    format!("{threads} thread{plural}/{store}")
}

/// The stores side by side for each number of threads.
fn each_pair() -> impl Iterator<Item = (usize, (&'static str, Empty))> {
    THREADS
        .into_iter()
        .flat_map(|threads| STORES.map(|store| (threads, store)))
}
