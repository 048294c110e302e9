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
/// Where one iteration takes a tenth of a second.
const SAMPLES_OF_LONG_ITERATIONS: usize = 10;

/// All benches of a run.
pub struct Runner {
    criterion: Criterion,
    is_test: bool,
    tally: Tally,
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
        Runner {
            criterion: Criterion::default()
                .warm_up_time(WARM_UP)
                .measurement_time(MEASUREMENT)
                .sample_size(SAMPLES)
                .configure_from_args(),
            // Criterion's own rule, which it keeps to itself: `cargo bench` passes --bench, `cargo test` does not.
            is_test: !has("--list") && (has("--test") || !has("--bench")),
            tally: Tally::default(),
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

    /// The last line of a test run, and the code to exit with.
    pub fn finish(self) -> ExitCode {
        self.criterion.final_summary();
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

    /// As `equal_samples`, and few of them.
    pub fn long_iterations(&mut self) -> &mut Self {
        self.benches.sample_size(SAMPLES_OF_LONG_ITERATIONS);
        self.equal_samples()
    }

    /// Runs one bench, unless the filter leaves it out. Criterion calls `routine` once a sample.
    pub fn bench(&mut self, name: impl Into<String>, mut routine: impl FnMut(&mut Bencher<'_>)) {
        let name = name.into();
        let mut ran = false;
        // Unwind safety: of a bench that panicked nothing is used again but the group's list of names.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            self.benches.bench_function(&name, |bencher| {
                ran = true;
                routine(bencher);
            });
        }));
        match outcome {
            Ok(()) if ran => self.tally.passed += 1,
            Ok(()) => {}
            Err(_) => {
                println!("FAILED: {}/{name}", self.name);
                self.tally.failed += 1;
            }
        }
    }
}
