//! Runs benches by criterion, and counts them: criterion's own test mode ends without a word on how it went.
//!
//! Invariant: a bench counts as passed when its routine ran, was timed by criterion, and came back without a panic; one
//! that the filter left out counts as nothing.

use criterion::measurement::WallTime;
use criterion::{Bencher, BenchmarkGroup, Criterion, SamplingMode, Throughput};
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASUREMENT: Duration = Duration::from_secs(2);
const SAMPLES: usize = 50;

/// All benches of a run.
pub struct Runner {
    criterion: Criterion,
    is_test: bool,
    is_list: bool,
    tally: Tally,
    last_words: String,
}

/// Benches whose names begin alike, and whose figures are to be compared.
pub struct Group<'r> {
    name: String,
    benches: BenchmarkGroup<'r, WallTime>,
    tally: &'r mut Tally,
}

#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Runner {
    /// As the command line has it, read by criterion; options given there win over what is set here.
    pub fn from_args() -> Runner {
        let has = |flag: &str| env::args().any(|arg| arg == flag);
        let is_list = has("--list");
        Runner {
            criterion: Criterion::default()
                .warm_up_time(WARM_UP)
                .measurement_time(MEASUREMENT)
                .sample_size(SAMPLES)
                .configure_from_args(),
            // Criterion's own rule, which it keeps to itself: `cargo bench` passes --bench, `cargo test` does not.
            is_test: !is_list && (has("--test") || !has("--bench")),
            is_list,
            tally: Tally::default(),
            last_words: String::new(),
        }
    }

    /// How much of something: what is measured, or as little as shows that the bench works.
    pub fn size(&self, measured: usize, tested: usize) -> usize {
        if self.is_test { tested } else { measured }
    }

    /// Benches to be compared with each other.
    pub fn group(&mut self, name: &str) -> Group<'_> {
        Group {
            name: name.to_owned(),
            benches: self.criterion.benchmark_group(name),
            tally: &mut self.tally,
        }
    }

    /// Runs one bench once, without criterion: for what no sample shows. It is left out unless the filter, if there is one,
    /// is a part of its name (criterion keeps its own reading of the filter to itself).
    pub fn alone(&mut self, name: &str, measure: impl FnOnce() -> String) -> String {
        if self.is_list {
            println!("{name}: benchmark");
            return String::new();
        }
        let filter = env::args().skip(1).find(|arg| !arg.starts_with('-'));
        if filter.is_some_and(|filter| !name.contains(&filter)) {
            return String::new();
        }
        let mut said = None;
        self.tally.count(name, || {
            said = Some(measure());
            true
        });
        said.unwrap_or_default()
    }

    /// Keeps a text for the end of a run that measures, where nothing of criterion's stands behind it.
    pub fn say_last(&mut self, text: &str) {
        if !text.is_empty() {
            self.last_words += "\n";
            self.last_words += text;
        }
    }

    /// The last lines of a run, and the code to exit with.
    pub fn finish(self) -> ExitCode {
        self.criterion.final_summary();
        if !self.is_test {
            print!("{}", self.last_words);
        }
        let Tally { passed, failed } = self.tally;
        if self.is_test || failed > 0 {
            println!("{passed} passed, {failed} failed");
        }
        ExitCode::from(u8::from(failed > 0))
    }
}

impl Group<'_> {
    /// An iteration takes so many bytes: figures are given in bytes per second too.
    pub fn bytes(&mut self, count: usize) -> &mut Self {
        self.benches.throughput(Throughput::Bytes(count as u64));
        self
    }

    /// An iteration does so many things: figures are given in things per second too.
    pub fn elements(&mut self, count: usize) -> &mut Self {
        self.benches.throughput(Throughput::Elements(count as u64));
        self
    }

    /// Every sample has the same number of iterations: where the hundred thousandth costs another time than the first.
    pub fn equal_samples(&mut self) -> &mut Self {
        self.benches.sampling_mode(SamplingMode::Flat);
        self
    }

    /// Runs one bench, unless the filter leaves it out. Criterion calls `routine` once a sample.
    pub fn bench(&mut self, name: impl Into<String>, mut routine: impl FnMut(&mut Bencher<'_>)) {
        let name = name.into();
        let benches = &mut self.benches;
        self.tally.count(&format!("{}/{name}", self.name), || {
            let mut ran = false;
            benches.bench_function(&name, |bencher| {
                ran = true;
                routine(bencher);
            });
            ran
        });
    }

    /// As `bench`, for a routine that does its own timing: it is told how many iterations to make, and returns the time that
    /// they took. Gives the median time of an iteration in nanoseconds; none where the filter left the bench out.
    ///
    /// Criterion prints a mean and keeps its samples to itself. Here they are weighted by their iterations, so that the
    /// short first rounds of its warm-up weigh next to nothing.
    #[allow(clippy::cast_precision_loss)] // nobody waits for 2^52 iterations
    pub fn bench_timed(
        &mut self,
        name: impl Into<String>,
        mut routine: impl FnMut(u64) -> Duration,
    ) -> Option<f64> {
        let mut samples = Vec::new();
        self.bench(name, |b| {
            b.iter_custom(|iterations| {
                let took = routine(iterations);
                samples.push((took.as_secs_f64() * 1e9 / iterations as f64, iterations));
                took
            });
        });
        weighted_median(samples)
    }
}

impl Tally {
    /// `run` returns whether the filter let it run. A panic is a failure.
    fn count(&mut self, name: &str, run: impl FnOnce() -> bool) {
        // Unwind safety: of a bench that panicked nothing is used again but the group's list of names.
        if let Ok(ran) = catch_unwind(AssertUnwindSafe(run)) {
            self.passed += usize::from(ran);
        } else {
            println!("FAILED: {name}");
            self.failed += 1;
        }
    }
}

/// The figure at which half of all weight is reached.
fn weighted_median(mut samples: Vec<(f64, u64)>) -> Option<f64> {
    samples.sort_by(|one, other| one.0.total_cmp(&other.0));
    let all: u64 = samples.iter().map(|(_, weight)| weight).sum();
    let mut reached = 0;
    samples.iter().find_map(|(figure, weight)| {
        reached += weight;
        (2 * reached >= all).then_some(*figure)
    })
}
