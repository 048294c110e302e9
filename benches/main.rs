//! What things cost: criterion benches, one file a topic.
//!
//! `cargo bench --bench benches -- FILTER` measures; `cargo test --bench benches` runs each bench once at a small size, so
//! that benches do not rot. Figures are stated, never asserted: they are the machine's as much as ours, so compare those
//! of one run. What is asserted is that each bench does what its name says.

// A binary exports nothing; here `pub` marks what a file offers to the others.
#![allow(unreachable_pub)]

mod closing;
mod growth;
mod guard;
mod keys;
mod parser;
mod runner;
mod sha256;
mod stores;
mod table;
mod timing;
mod whole_request;
mod wire;
mod writing;

use runner::Runner;
use std::process::ExitCode;

#[rustfmt::skip] // one topic a line, from the smallest part to the whole
const TOPICS: &[fn(&mut Runner)] = &[
    parser::measure,
    writing::measure,
    sha256::measure,
    guard::measure,
    table::measure,
    growth::measure,
    whole_request::measure,
];

fn main() -> ExitCode {
    let mut runner = Runner::from_args();
    for measure in TOPICS {
        measure(&mut runner);
    }
    runner.finish()
}
