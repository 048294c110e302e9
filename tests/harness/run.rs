//! A run: choose the tests, try each, say how it went.
//!
//! Serial by default: with one test at a time, everything new in the process is that test's, so leaks can be found and a
//! panic in a thread that the test started can be shown with it. `--jobs` gives both up for speed.

use super::Suite;
use super::held;
use super::options::{Options, USAGE};
use super::trial::{self, Verdict};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// From here on a passing test's time is shown.
const SLOW: Duration = Duration::from_secs(1);

/// A chosen test: full name and function.
type Chosen = (String, fn());

/// Runs what the command line asks for; `hidden` is run instead of `suites` by the harness's tests of itself.
pub fn run(suites: &[Suite], hidden: &[Suite]) -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(error) => {
            say(&format!("{error}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    if options.help {
        say(USAGE);
        return ExitCode::SUCCESS;
    }
    let chosen = choose(if options.hidden { hidden } else { suites }, &options);
    if options.list {
        for (full, _) in &chosen {
            say(&format!("{full}: test\n"));
        }
        say(&format!("{} tests\n", chosen.len()));
        return ExitCode::SUCCESS;
    }
    if chosen.is_empty() && !options.filters.is_empty() {
        // A misspelt filter that "passes" would be worse than a failure.
        say("no test has such a name; --list names them\n0 passed, 0 failed\n");
        return ExitCode::FAILURE;
    }
    if !options.nocapture {
        held::install_hook(); // without it std's own hook prints at once, and with RUST_BACKTRACE shows the way there
    }
    let failed = if options.jobs == 1 {
        serially(&chosen, &options)
    } else {
        side_by_side(&chosen, &options)
    };
    close(chosen.len(), &failed)
}

fn choose(suites: &[Suite], options: &Options) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    for suite in suites {
        for &(claim, run) in suite.tests {
            let full = format!("{}::{claim}", suite.name);
            if options.selects(&full) {
                chosen.push((full, run));
            }
        }
    }
    chosen
}

/// One after the other; returns the names of those that failed.
fn serially(chosen: &[Chosen], options: &Options) -> Vec<String> {
    let mut failed = Vec::new();
    let mut somebody_is_stuck = false;
    for (full, claim) in chosen {
        // What a stuck test does from now on would be counted against others, so leaks are looked for no longer.
        let verdict = trial::run(full, *claim, options.deadline, true, !somebody_is_stuck);
        somebody_is_stuck |= verdict.stuck;
        report(full, &verdict, options.quiet, &mut failed);
    }
    failed
}

/// `--jobs` at a time; returns the names of those that failed.
fn side_by_side(chosen: &[Chosen], options: &Options) -> Vec<String> {
    // Relaxed: the number is all that is shared through it; the table was built before the threads began.
    let next = AtomicUsize::new(0);
    // Also keeps the lines of two tests apart: it is held while one is reported.
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs.min(chosen.len()) {
            scope.spawn(|| {
                while let Some((full, claim)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = trial::run(full, *claim, options.deadline, false, false);
                    let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                    report(full, &verdict, options.quiet, &mut failed);
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn report(full: &str, verdict: &Verdict, quiet: bool, failed: &mut Vec<String>) {
    if verdict.passed {
        if !quiet {
            let took = match verdict.took {
                took if took < SLOW => String::new(),
                took => format!(" ({:.1} s)", took.as_secs_f64()),
            };
            say(&format!("ok      {full}{took}\n"));
        }
        return;
    }
    let mut text = format!("FAILED  {full}\n");
    for line in verdict.faults.iter().flat_map(|fault| fault.lines()) {
        text.push_str("        ");
        text.push_str(line);
        text.push('\n');
    }
    say(&text);
    failed.push(full.to_owned());
}

/// The last lines: which failed, and the count.
fn close(ran: usize, failed: &[String]) -> ExitCode {
    for full in failed {
        say(&format!("failed: {full}\n"));
    }
    say(&format!(
        "{} passed, {} failed\n",
        ran - failed.len(),
        failed.len()
    ));
    if failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Not `println!`, which panics when the reader of a pipe has left.
fn say(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
