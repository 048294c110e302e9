//! docs/spec.md and the tests cite each other: no clause without a test, no test for a clause that is not there.
//!
//! A clause begins with `### N-10 Title`. What is not built stands in a paragraph that begins with `Open:` (a part) or
//! `Open, all of it:` (the whole clause). `Tests:` begins the paragraph of the claims that show it best, as
//! `file::claim` from tests/, or `integration/file::claim`. A test cites clauses in the comment above it: `// N-12, N-22`.

use super::contract;
use super::read::{Text, file, files, none, quoted};
use std::collections::BTreeMap;

const SPEC: &str = "docs/spec.md";

struct Clause {
    number: u32,
    line: usize,
    open: bool,
    /// Line and `file::claim`.
    tests: Vec<(usize, String)>,
}

/// A test function and the clauses cited above it.
struct Citation {
    path: String,
    line: usize,
    /// `http/parse::a_whole_head_is_what_was_sent`
    name: String,
    clauses: Vec<u32>,
}

pub fn every_clause_is_cited() {
    let citations = citations();
    let mut faults = Vec::new();
    for Clause {
        number,
        line,
        open,
        tests,
    } in clauses()
    {
        let cited = citations
            .iter()
            .any(|citation| citation.clauses.contains(&number));
        if !open && !cited {
            faults.push(format!(
                "{SPEC}:{line}: expected a test that cites N-{number}, found none"
            ));
        }
        if !open && tests.is_empty() {
            faults.push(format!(
                "{SPEC}:{line}: expected a paragraph `Tests:` for N-{number}"
            ));
        }
    }
    none(&faults);
}

pub fn every_citation_is_of_a_clause() {
    let clauses: BTreeMap<u32, bool> = clauses().iter().map(|c| (c.number, c.open)).collect();
    let mut faults = Vec::new();
    for Citation {
        path,
        line,
        clauses: cited,
        ..
    } in citations()
    {
        for number in cited {
            match clauses.get(&number) {
                Some(false) => {}
                Some(true) => faults.push(format!(
                    "{path}:{line}: expected no test of N-{number}, which {SPEC} marks as open"
                )),
                None => faults.push(format!(
                    "{path}:{line}: expected a clause of {SPEC}, found N-{number}"
                )),
            }
        }
    }
    none(&faults);
}

pub fn every_named_test_cites_its_clause() {
    let citations = citations();
    let mut faults = Vec::new();
    for clause in clauses() {
        for (line, name) in clause.tests {
            let number = clause.number;
            let found = citations.iter().find(|citation| citation.name == name);
            if !found.is_some_and(|citation| citation.clauses.contains(&number)) {
                let what = if found.is_some() {
                    "one that does not"
                } else {
                    "no such test"
                };
                faults.push(format!(
                    "{SPEC}:{line}: expected {name} to cite N-{number}, found {what}"
                ));
            }
        }
    }
    none(&faults);
}

/// Whether there is a clause of that number, and it is not open.
pub fn is_promised(number: u32) -> bool {
    clauses()
        .iter()
        .any(|clause| clause.number == number && !clause.open)
}

/// # Panics
/// If the clauses of the document do not ascend.
fn clauses() -> Vec<Clause> {
    let spec = file(SPEC);
    let mut clauses: Vec<Clause> = Vec::new();
    let mut in_tests = false;
    for (line, text) in spec.lines() {
        if let Some(number) = text.strip_prefix("### N-").and_then(leading_number) {
            let before = clauses.last().map_or(0, |clause| clause.number);
            assert!(
                before < number,
                "{SPEC}:{line}: expected clauses to ascend, found N-{number} after N-{before}"
            );
            clauses.push(Clause {
                number,
                line,
                open: false,
                tests: Vec::new(),
            });
        }
        let Some(clause) = clauses.last_mut() else {
            continue;
        };
        clause.open |= text.starts_with("Open, all of it:");
        in_tests = text.starts_with("Tests:") || (in_tests && !text.is_empty());
        if in_tests {
            clause
                .tests
                .extend(quoted(text).map(|name| (line, name.to_owned())));
        }
    }
    assert!(!clauses.is_empty(), "{SPEC}: expected clauses, found none");
    clauses
}

fn citations() -> Vec<Citation> {
    // The cases for any server have their clauses in a table. They come first: their functions cite nothing of their own.
    let cases = contract::cases().into_iter().map(|case| Citation {
        clauses: cited(&case.clause),
        name: format!("{}::{}", case.path.trim_end_matches(".rs"), case.check),
        path: case.path,
        line: case.line,
    });
    let mut citations: Vec<_> = cases.collect();
    for text in files("tests", ".rs")
        .iter()
        .chain(&files("integration", ".rs"))
    {
        add_citations(text, &mut citations);
    }
    citations
}

fn add_citations(text: &Text, citations: &mut Vec<Citation>) {
    let module = text
        .path
        .trim_start_matches("tests/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    let mut above: Vec<u32> = Vec::new();
    for (line, content) in text.lines() {
        let content = content.trim();
        // A line of prose that mentions a clause in passing, such as a `//!` or `///`, is no citation.
        if let Some(comment) = content.strip_prefix("// ") {
            above.extend(cited(comment));
        } else if let Some(name) = function(content) {
            let clauses = std::mem::take(&mut above);
            citations.push(Citation {
                path: text.path.clone(),
                line,
                name: format!("{module}::{name}"),
                clauses,
            });
        } else if !content.starts_with('#') {
            above.clear();
        }
    }
}

/// The name in a line that begins a function, whoever may call it: `pub(super) fn name(…`.
fn function(line: &str) -> Option<&str> {
    let (visibility, behind) = line.split_once("fn ")?;
    let begins = matches!(visibility, "" | "pub " | "pub(super) " | "pub(crate) ");
    begins.then(|| behind.split('(').next().unwrap_or_default())
}

/// `N-12, N-22` and `N-20 to N-23`, whose ends and what lies between them are meant.
pub fn cited(comment: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    let mut range_from = None;
    for (at, _) in comment.match_indices("N-") {
        let Some(number) = leading_number(&comment[at + 2..]) else {
            continue;
        };
        if let Some(from) = range_from.take() {
            numbers.extend(from + 1..number);
        }
        numbers.push(number);
        let behind = comment[at + 2..].trim_start_matches(|c: char| c.is_ascii_digit());
        if behind.starts_with(" to N-") {
            range_from = Some(number);
        }
    }
    numbers
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    text[..digits].parse().ok()
}
