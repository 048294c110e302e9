//! The contract as cases that any server can be held to: `make contract NANOSERVE_URL=http://…` (docs/topics/another-server.md).
//!
//! A case is a clause, a claim, what it needs of a server, and a check that sends and reads bytes and knows nothing else of it.
//! Without NANOSERVE_URL the server is our own, and then none may be broken and none skipped.
//! Invariant: the table is whole, whatever the server does: each case has its verdict within a deadline.

mod answers;
mod demo;
mod expect;
mod fake;
mod framing;
mod http;
mod itself;
mod key;
mod life;
mod limits;
mod naive;
mod needs;
mod recorded;
mod table;
mod target;
mod wire;

use crate::support::{DEADLINE, Server};
use expect::Kept;
use needs::Needs;
use std::panic::resume_unwind;
use std::time::Duration;
use table::Table;
use target::Target;

/// How long another server may be silent where an answer is due.
const PATIENCE: Duration = Duration::from_secs(5);

struct Case {
    clause: &'static str,
    claim: &'static str,
    needs: Needs,
    check: fn(&Target) -> Kept,
}

/// In the order of the contract.
const SECTIONS: &[&[Case]] = &[
    life::CASES,
    key::CASES,
    answers::CASES,
    recorded::CASES,
    framing::CASES,
    http::CASES,
    limits::CASES,
    demo::CASES,
];

const fn case(
    clause: &'static str,
    claim: &'static str,
    needs: Needs,
    check: fn(&Target) -> Kept,
) -> Case {
    Case {
        clause,
        claim,
        needs,
        check,
    }
}

fn all() -> impl Iterator<Item = &'static Case> {
    SECTIONS.iter().copied().flatten()
}

/// Those of NANOSERVE_CASES, which is a clause or words of a claim; otherwise all.
fn chosen() -> Vec<&'static Case> {
    let wanted = std::env::var("NANOSERVE_CASES").unwrap_or_default();
    let is_wanted = |case: &&Case| case.clause == wanted || case.claim.contains(&wanted);
    let cases: Vec<_> = all().filter(is_wanted).collect();
    assert!(!cases.is_empty(), "no clause or claim: {wanted}");
    cases
}

// What it proves, clause by clause, is in the tables of the cases.
#[test]
fn every_case_is_kept() {
    let Ok(url) = std::env::var("NANOSERVE_URL") else {
        let server = Server::lab(&[]);
        let table = Table::fill(&Target::at(server.address(), DEADLINE), chosen(), true);
        println!("{}", table.summary());
        assert_eq!((table.broken(), table.skipped()), (0, 0));
        return;
    };
    let target = Target::at_url(&url, PATIENCE).unwrap_or_else(|why| panic!("{why}"));
    let table = Table::fill(&target, chosen(), false);
    println!("{}", table.summary());
    if table.broken() > 0 {
        // The table is the message: a panic's own, and its backtrace, would only bury the last line.
        resume_unwind(Box::new("some are broken"));
    }
}
