//! One test: on a thread of its own, with a deadline, its panic caught, what it left behind counted.

use super::held;
use super::leaks::Open;
use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// How one test ended.
pub struct Verdict {
    /// The claim holds and nothing was left behind.
    pub passed: bool,
    /// What is to be shown where it did not pass. May be empty: a test can unwind without a word (`resume_unwind`).
    pub faults: Vec<String>,
    /// How long it took.
    pub took: Duration,
    /// It did not end: its thread is still running.
    pub stuck: bool,
}

/// Runs one test. With `alone` no other test runs, so all that is new in this process is this test's.
pub fn run(
    full: &str,
    claim: fn(),
    deadline: Duration,
    alone: bool,
    look_for_leaks: bool,
) -> Verdict {
    if alone {
        drop(held::take(None)); // what an earlier test's threads said late
    }
    let before = look_for_leaks.then(Open::now);
    let begin = Instant::now();
    let (ended, end) = mpsc::channel();
    let spawned = thread::Builder::new().name(full.to_owned()).spawn(move || {
        let passed = panic::catch_unwind(claim).is_ok();
        // The runner may have given up on this test; then nobody is there to be told.
        let _ = ended.send(passed);
    });
    let thread = match spawned {
        Ok(thread) => thread,
        Err(error) => return failed(vec![format!("no thread to run it: {error}")], begin),
    };
    let said_by: Option<ThreadId> = (!alone).then(|| thread.thread().id());
    match end.recv_timeout(deadline) {
        Ok(true) => {
            let _ = thread.join(); // it has sent its last word: the join is short, and cannot be Err
            let left = before.map_or(Vec::new(), |before| before.left_since());
            drop(held::take(said_by));
            Verdict {
                passed: left.is_empty(),
                ..failed(named_as_left(&left), begin)
            }
        }
        Ok(false) | Err(RecvTimeoutError::Disconnected) => {
            let _ = thread.join();
            failed(held::take(said_by), begin)
        }
        Err(RecvTimeoutError::Timeout) => {
            let mut faults = vec![format!(
                "no end within {} ms; its thread is left behind",
                deadline.as_millis()
            )];
            faults.extend(held::take(said_by));
            Verdict {
                stuck: true,
                ..failed(faults, begin)
            }
        }
    }
}

fn named_as_left(left: &[String]) -> Vec<String> {
    left.iter().map(|it| format!("left behind: {it}")).collect()
}

fn failed(faults: Vec<String>, begin: Instant) -> Verdict {
    Verdict {
        passed: false,
        faults,
        took: begin.elapsed(),
        stuck: false,
    }
}
