//! One verdict a case, whatever the server does: a line each, then the sum of each clause, then of all.

use super::Case;
use super::needs::Needs;
use super::target::Target;
use crate::support::Server;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// What one case may take. The longest waits out a deadline of 5 s (N-53).
pub(super) const CASE_DEADLINE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    /// What was expected, and what was found.
    Broken(String),
    /// What the server would have to have.
    Skipped(String),
}

pub(super) struct Table(Vec<Row>);

type Row = (&'static Case, Verdict);

impl Table {
    /// Holds the target to each case in turn and prints its line. An `own` server is started with the options that a case needs.
    pub(super) fn fill(
        target: &Target,
        cases: impl IntoIterator<Item = &'static Case>,
        own: bool,
    ) -> Table {
        let mut missing = BTreeMap::new();
        let mut table = Table(Vec::new());
        for case in cases {
            let verdict = match case.needs {
                Needs::Options(options) if own => {
                    let server = Server::lab(options);
                    judge(case, &target.elsewhere(server.address()), CASE_DEADLINE)
                }
                needs => {
                    let missing = missing.entry(needs);
                    match missing.or_insert_with(|| needs.missing(target)) {
                        Some(why) => Verdict::Skipped(why.clone()),
                        None => judge(case, target, CASE_DEADLINE),
                    }
                }
            };
            println!("{:<5} {verdict:<8} {}", case.clause, case.claim);
            if let Verdict::Broken(why) | Verdict::Skipped(why) = &verdict {
                println!("{:15}{}", "", on_one_line(why));
            }
            table.0.push((case, verdict));
        }
        table
    }

    /// How many are kept of those that were judged, clause by clause, and the sum of all.
    pub(super) fn summary(&self) -> String {
        let mut text = String::from("\nkept, of those not skipped:");
        let clauses = self.0.chunk_by(|a, b| a.0.clause == b.0.clause);
        for (at, cases) in clauses.enumerate() {
            let (kept, broken, _) = counts(cases);
            let sum = match kept + broken {
                0 => "-".to_owned(),
                judged => format!("{kept} of {judged}"),
            };
            text.push_str(if at % 6 == 0 { "\n" } else { "  " });
            // Writing to a String cannot fail.
            let _ = write!(text, "{:<5} {sum:<8}", cases[0].0.clause);
        }
        let (kept, broken, skipped) = counts(&self.0);
        format!("{text}\n\n{kept} kept, {broken} broken, {skipped} skipped")
    }

    /// The claims of those.
    pub(super) fn kept(&self) -> Vec<&'static str> {
        let kept = self.0.iter().filter(|row| row.1 == Verdict::Kept);
        kept.map(|(case, _)| case.claim).collect()
    }

    pub(super) fn broken(&self) -> usize {
        counts(&self.0).1
    }

    pub(super) fn skipped(&self) -> usize {
        counts(&self.0).2
    }
}

/// What a server sent may stand in it, and must not run away with the screen.
fn on_one_line(why: &str) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    why.chars().take(200).map(plain).collect()
}

/// Kept, broken, skipped.
fn counts(rows: &[Row]) -> (usize, usize, usize) {
    rows.iter()
        .fold((0, 0, 0), |(k, b, s), (_, verdict)| match verdict {
            Verdict::Kept => (k + 1, b, s),
            Verdict::Broken(_) => (k, b + 1, s),
            Verdict::Skipped(_) => (k, b, s + 1),
        })
}

/// Runs the check on a thread of its own: one that hangs is left behind, and one that panics says so.
pub(super) fn judge(case: &'static Case, target: &Target, deadline: Duration) -> Verdict {
    let was_there = target.is_there();
    let (done, verdict) = mpsc::channel();
    let of_the_case = target.clone();
    thread::spawn(move || {
        // Nobody may be waiting any more.
        let _ = done.send((case.check)(&of_the_case));
    });
    let kept = match verdict.recv_timeout(deadline) {
        Ok(kept) => kept,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("no verdict within {deadline:?}")),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("the case itself panicked".to_owned()),
    };
    let gone = was_there && !target.is_there();
    match kept {
        Ok(()) if gone => Verdict::Broken("the server was gone after it".into()),
        Ok(()) => Verdict::Kept,
        Err(why) if gone => Verdict::Broken(why + ", and the server gone"),
        Err(why) => Verdict::Broken(why),
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Kept => "kept",
            Verdict::Broken(_) => "broken",
            Verdict::Skipped(_) => "skipped",
        })
    }
}
