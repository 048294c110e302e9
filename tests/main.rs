//! All unit tests in one binary, one file for each source file, run by the harness beside this file.

// A binary exports nothing; here `pub` marks what a file offers to the others.
#![allow(unreachable_pub)]
// Prose here names source files, which read better without backticks.
#![allow(clippy::doc_markdown)]

mod clock;
mod config;
mod harness;
mod harness_helpers;
mod harness_itself;
mod limits;
mod log;
mod metrics;

use harness::Suite;
use std::process::ExitCode;

#[rustfmt::skip] // one suite a line, in the reading order of src/lib.rs
const SUITES: &[Suite] = &[
    Suite { name: "harness_itself", tests: harness_itself::TESTS },
    Suite { name: "harness_helpers", tests: harness_helpers::TESTS },
    Suite { name: "limits", tests: limits::TESTS },
    Suite { name: "clock", tests: clock::TESTS },
    Suite { name: "log", tests: log::TESTS },
    Suite { name: "metrics", tests: metrics::TESTS },
    Suite { name: "config", tests: config::TESTS },
    Suite { name: "config/value", tests: config::value::TESTS },
];

fn main() -> ExitCode {
    harness::run(SUITES, harness_itself::BAD_SUITES)
}
