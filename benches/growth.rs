//! [4, 6] Growth from an empty table to four million keys on one thread: what the unluckiest insert costs (N-44).
//!
//! Criterion looks for what is usual. Here the worst of millions is wanted, so each insert is timed alone, none is left out,
//! and the stores take turns, so that a noisy minute falls on all of them. The worst of millions is also the one during which
//! the machine was busiest with something else. Two things tell that apart: what is left of an insert without the time in
//! which its thread was ready and had no core, as Linux counts that; and the last row, which allocates as much in as many
//! pieces and has no table to grow. What a hypervisor or an interrupt takes is still in every figure.

use crate::closing::{median, table};
use crate::keys::{Uuid, uuids};
use crate::runner::Runner;
use crate::stores::{Empty, STORES, Served, Store, insert};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const KEYS: usize = 4_000_000;
const RUNS: usize = 5;
/// N-44's bound; inserts over it are counted.
const BOUND: Duration = Duration::from_millis(1);
/// An insert that takes at least so long is asked how much of it was waiting for a core.
const ASK_FROM: Duration = Duration::from_micros(50);
/// The count of waiting is read after so many inserts too, or what an earlier one waited would be taken for a later one's.
const ASK_EVERY: usize = 64;

/// One growth.
struct Growth {
    longest: Duration,
    /// The longest, where an insert's time is what is left of it without waiting for a core.
    longest_at_work: Duration,
    /// One insert in ten thousand took longer.
    percentile: Duration,
    average: Duration,
    over_bound: usize,
    over_bound_at_work: usize,
}

/// Every store grows `RUNS` times.
pub fn measure(runner: &mut Runner) {
    let count = runner.size(KEYS, 2_000);
    let closing = runner.alone("growth", || {
        let keys = uuids(count);
        let mut stores = STORES.to_vec();
        stores.push(("no table", || Box::new(Pieces::default())));
        let mut growths: Vec<Vec<Growth>> = stores.iter().map(|_| Vec::new()).collect();
        for run in 1..=RUNS {
            for ((name, empty), growths) in stores.iter().zip(&mut growths) {
                let growth = grow(*empty, &keys);
                println!("growth/run {run}/{name}: longest {:?}", growth.longest);
                growths.push(growth);
            }
        }
        let names = stores.iter().map(|(name, _)| *name);
        report(count, &names.zip(growths).collect::<Vec<_>>())
    });
    runner.say_last(&closing);
}

fn grow(empty: Empty, keys: &[Uuid]) -> Growth {
    let store = empty();
    let mut took = vec![Duration::MAX; keys.len()]; // not zeroes: their memory would first be touched in the loop
    let mut long = Vec::new();
    let waiting = Waiting::of_this_thread();
    let mut waited = waiting.so_far();
    for (n, (key, took)) in keys.iter().zip(&mut took).enumerate() {
        let began = Instant::now();
        insert(&*store, key);
        *took = began.elapsed();
        if *took >= ASK_FROM {
            let before = std::mem::replace(&mut waited, waiting.so_far());
            long.push(took.saturating_sub(waited.saturating_sub(before)));
        } else if n % ASK_EVERY == 0 {
            waited = waiting.so_far();
        }
    }
    let count = u32::try_from(keys.len()).expect("four million keys");
    let average = took.iter().sum::<Duration>() / count;
    took.sort_unstable();
    let not_asked = took.iter().rev().find(|took| **took < ASK_FROM);
    Growth {
        longest: took.last().copied().unwrap_or_default(),
        longest_at_work: long
            .iter()
            .chain(not_asked)
            .max()
            .copied()
            .unwrap_or_default(),
        percentile: took[took.len() - 1 - took.len() / 10_000],
        average,
        over_bound: took.iter().filter(|took| **took > BOUND).count(),
        over_bound_at_work: long.iter().filter(|took| **took > BOUND).count(),
    }
}

/// How long a thread was ready to run and had no core. Linux counts that whenever it gets one.
struct Waiting(Option<File>);

impl Waiting {
    /// Kept open: a reading is then one system call of less than a microsecond.
    fn of_this_thread() -> Waiting {
        Waiting(File::open("/proc/thread-self/schedstat").ok())
    }

    /// Zero where the kernel does not tell: then all of an insert counts as work.
    fn so_far(&self) -> Duration {
        let mut text = [0; 64];
        let length = self.0.as_ref().map(|file| file.read_at(&mut text, 0));
        let Some(Ok(length)) = length else {
            return Duration::ZERO;
        };
        let text = String::from_utf8_lossy(&text[..length]);
        let ns = text.split(' ').nth(1).and_then(|ns| ns.parse().ok());
        Duration::from_nanos(ns.unwrap_or(0))
    }
}

/// What the guard allocates for a key, in its sizes and their order, and nothing to find it by.
#[derive(Default)]
struct Pieces(Mutex<Vec<Vec<Piece>>>);

type Piece = (Arc<[u8; 88]>, Box<[u8; 104]>, Box<[u8]>);

impl Store for Pieces {
    fn serve(&self, key: &Uuid) -> Served {
        let piece = (
            Arc::new([1; 88]),
            Box::new([2; 104]),
            Box::new([key[0]; 300]) as Box<[u8]>,
        );
        let mut rows = self.0.lock().expect("nothing under this lock panics");
        // Rows as large as the guard's pages, so that there is no vector of millions to move.
        if rows.last().is_none_or(|row| row.len() == row.capacity()) {
            rows.push(Vec::with_capacity(4_096));
        }
        if let Some(row) = rows.last_mut() {
            row.push(piece);
        }
        Served::Executed
    }
}

fn report(count: usize, growths: &[(&str, Vec<Growth>)]) -> String {
    let per_run = |of: fn(&Growth) -> Duration| -> Vec<Vec<String>> {
        let row = |(name, growths): &(&str, Vec<Growth>)| {
            let mut row = vec![(*name).to_owned()];
            row.extend(growths.iter().map(|growth| ms(of(growth))));
            row.push(format!("{:.3}", median_ms(growths, of)));
            row
        };
        growths.iter().map(row).collect()
    };
    let heading = |what| [what, "run 1", "run 2", "run 3", "run 4", "run 5", "median"];
    let rest = |(name, growths): &(&str, Vec<Growth>)| {
        let sum = |of: fn(&Growth) -> usize| growths.iter().map(of).sum::<usize>().to_string();
        vec![
            (*name).to_owned(),
            format!("{:.4}", median_ms(growths, |growth| growth.average)),
            format!("{:.4}", median_ms(growths, |growth| growth.percentile)),
            sum(|growth| growth.over_bound),
            sum(|growth| growth.over_bound_at_work),
        ]
    };
    let times = |of: fn(&Growth) -> Duration| {
        let ours = median_ms(&growths[0].1, of);
        let maps = growths[1..STORES.len()].iter();
        let times = maps.map(|(name, its)| format!("{:.0} for {name}", median_ms(its, of) / ours));
        times.collect::<Vec<_>>().join(" and ")
    };
    format!(
        "Growth from empty to {count} keys on one thread, each insert timed alone, in milliseconds\n\n{}\n{}\n{}\n\
         The medians as multiples of that of {}: {}; without waiting for a core {}\n",
        table(
            &heading("longest insert"),
            &per_run(|growth| growth.longest)
        ),
        table(
            &heading("without waiting for a core"),
            &per_run(|growth| growth.longest_at_work)
        ),
        table(
            &[
                "medians; counts of all runs",
                "average",
                "99.99 %",
                "over 1 ms",
                "without waiting"
            ],
            &growths.iter().map(rest).collect::<Vec<_>>()
        ),
        growths[0].0,
        times(|growth| growth.longest),
        times(|growth| growth.longest_at_work)
    )
}

fn median_ms(growths: &[Growth], of: fn(&Growth) -> Duration) -> f64 {
    median(
        growths
            .iter()
            .map(|growth| of(growth).as_secs_f64() * 1e3)
            .collect(),
    )
}

fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1e3)
}
