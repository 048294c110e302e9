//! tests/sabotage.txt fits the source as it is: code that moves takes its mutations along, or is told which it leaves.
//!
//! Whether a mutation turns its test red is not seen here but by tests/sabotage.sh, which reads the same paragraphs.

use super::clauses;
use super::read::{file, none, root};
use crate::SUITES;
use std::collections::BTreeSet;

const DATA: &str = "tests/sabotage.txt";

/// What is promised: so many at least.
const MUTATIONS_MIN: usize = 15;
/// The column of the runner's table.
const NAME_CHARACTERS_MAX: usize = 64;

/// The order in which the lines of a mutation stand; `-` and `+` may stand there more than once.
const KEYS: &[&str] = &["name", "clauses", "file", "-", "+", "red", "ends", "why"];
/// The keys that may be missing: without `+`, lines are taken out; without `ends`, the test fails like any other.
const OPTIONAL: &[&str] = &["+", "ends"];

struct Mutation {
    /// Where it begins.
    line: usize,
    /// Keys and values in order.
    values: Vec<(String, String)>,
}

impl Mutation {
    fn all(&self, key: &'static str) -> impl Iterator<Item = &str> {
        let of_key = self.values.iter().filter(move |(found, _)| found == key);
        of_key.map(|(_, value)| value.as_str())
    }

    /// The value of a key; empty where it is missing.
    fn value(&self, key: &'static str) -> &str {
        self.all(key).next().unwrap_or_default()
    }

    fn fault(&self, text: &str) -> String {
        format!("{DATA}:{}: {}: {text}", self.line, self.value("name"))
    }
}

pub fn every_mutation_is_whole() {
    let mutations = mutations();
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    for mutation in &mutations {
        let mut keys: Vec<&str> = mutation.values.iter().map(|(key, _)| &**key).collect();
        keys.dedup(); // of neighbours: another - behind the + stays
        let expected: Vec<&str> = KEYS
            .iter()
            .copied()
            .filter(|key| keys.contains(key) || !OPTIONAL.contains(key))
            .collect();
        if keys != expected {
            faults
                .push(mutation.fault(&format!("expected the lines {expected:?}, found {keys:?}")));
        }
        let name = mutation.value("name");
        if !names.insert(name) || name.chars().count() > NAME_CHARACTERS_MAX {
            let text =
                format!("expected a name of its own of at most {NAME_CHARACTERS_MAX} characters");
            faults.push(mutation.fault(&text));
        }
        if !["", "hung", "aborted"].contains(&mutation.value("ends")) {
            faults.push(mutation.fault("expected ends: to be hung or aborted"));
        }
        let cited = clauses::cited(mutation.value("clauses"));
        if cited.is_empty() || !cited.iter().all(|number| clauses::is_promised(*number)) {
            faults.push(mutation.fault("expected clauses of docs/spec.md that are not open"));
        }
    }
    assert!(
        mutations.len() >= MUTATIONS_MIN,
        "{DATA}: expected {MUTATIONS_MIN} mutations at least, found {}",
        mutations.len()
    );
    none(&faults);
}

pub fn every_mutation_fits_the_source_once() {
    let mut faults = Vec::new();
    for mutation in mutations() {
        let path = mutation.value("file");
        if !root().join(path).is_file() {
            faults.push(mutation.fault(&format!("expected a file, found none at {path}")));
            continue;
        }
        let source = file(path);
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        let old: Vec<&str> = mutation.all("-").map(str::trim).collect();
        let new: Vec<&str> = mutation.all("+").map(str::trim).collect();
        let found = lines
            .windows(old.len().max(1))
            .filter(|window| *window == old)
            .count();
        if found != 1 || old == new {
            faults.push(mutation.fault(&format!("expected its old lines once in {path}, and others instead, found them {found} times")));
        }
    }
    none(&faults);
}

pub fn every_mutation_names_a_test_that_exists() {
    let mut faults = Vec::new();
    for mutation in mutations() {
        let red = mutation.value("red");
        let exists = if let Some(code) = red.strip_prefix("compiler E") {
            code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit())
        } else if let Some(path) = red.strip_prefix("doc ") {
            root().join(path).is_file() && file(path).text.contains("//! ```compile_fail")
        } else if red.starts_with("integration/") {
            is_integration_test(red)
        } else {
            is_unit_test(red)
        };
        if !exists {
            faults.push(mutation.fault(&format!("expected a test, found none of the name {red}")));
        }
    }
    none(&faults);
}

fn is_unit_test(full: &str) -> bool {
    SUITES.iter().any(|suite| {
        let claim = full
            .strip_prefix(suite.name)
            .and_then(|rest| rest.strip_prefix("::"));
        claim.is_some_and(|claim| suite.tests.iter().any(|(name, _)| *name == claim))
    })
}

fn is_integration_test(full: &str) -> bool {
    let Some((module, claim)) = full.split_once("::") else {
        return false;
    };
    let path = format!("{module}.rs");
    let test = format!("#[test]\nfn {claim}() {{");
    root().join(&path).is_file() && file(&path).text.contains(&test)
}

/// # Panics
/// If a line is none of a mutation's.
fn mutations() -> Vec<Mutation> {
    let data = file(DATA);
    let mut mutations: Vec<Mutation> = Vec::new();
    let mut between = true;
    for (line, text) in data.lines().filter(|(_, text)| !text.starts_with('#')) {
        if text.is_empty() {
            between = true;
            continue;
        }
        if std::mem::take(&mut between) {
            let values = Vec::new();
            mutations.push(Mutation { line, values });
        }
        let (key, value) = match text.split_at_checked(1) {
            Some((sign @ ("-" | "+"), code)) => (sign, code),
            _ => text.split_once(": ").unwrap_or((text, "")),
        };
        assert!(
            KEYS.contains(&key),
            "{DATA}:{line}: expected one of {KEYS:?}, found {key}"
        );
        if let Some(mutation) = mutations.last_mut() {
            mutation.values.push((key.to_owned(), value.to_owned()));
        }
    }
    mutations
}
