//! The cases that any server can be held to, read off their tables in integration/contract/: a line each, as
//! `case("N-7", "a claim", Needs, check)`.

use super::read::{file, files};
use std::fmt::Write as _;

const PAGE: &str = "docs/topics/another-server.md";

pub struct Case {
    pub path: String,
    pub line: usize,
    /// `N-7`
    pub clause: String,
    pub claim: String,
    needs: String,
    pub check: String,
}

/// In the order of the clauses.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for text in files("integration/contract", ".rs") {
        let table = text
            .lines()
            .skip_while(|(_, line)| !line.starts_with("pub(super) const CASES"))
            .skip(1);
        for (line, row) in table.take_while(|(_, line)| *line != "];") {
            let case = read(row).unwrap_or_else(|| panic!("{}:{line}: expected a case", text.path));
            cases.push(Case {
                path: text.path.clone(),
                line,
                ..case
            });
        }
    }
    cases.sort_by_key(|case| case.clause[2..].parse::<u32>().unwrap_or(u32::MAX));
    cases
}

fn read(row: &str) -> Option<Case> {
    let row = row.trim().strip_prefix("case(\"")?.strip_suffix("),")?;
    let (clause, row) = row.split_once("\", \"")?;
    let (claim, row) = row.split_once("\", ")?;
    let (needs, check) = row.rsplit_once(", ")?;
    Some(Case {
        path: String::new(),
        line: 0,
        clause: clause.to_owned(),
        claim: claim.to_owned(),
        needs: needs.to_owned(),
        check: check.to_owned(),
    })
}

/// The table of the page. Its last column was found by a run against the original and is kept as it stands there.
pub fn table() -> String {
    let page = file(PAGE).text;
    let mut table = "| clause | claim | needs | the original |\n|---|---|---|---|\n".to_owned();
    for case in cases() {
        let options = case.needs.split('"').skip(1).step_by(2);
        let needs = match case.needs.split_once('(') {
            Some(_) => format!("`{}`", options.collect::<Vec<_>>().join(" ")),
            None => case.needs.to_lowercase(),
        };
        let row = format!("| {} | {} | {needs} | ", case.clause, case.claim);
        let known = page.lines().find_map(|line| line.strip_prefix(&row));
        let verdict = known.unwrap_or("not run yet |");
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{row}{verdict}");
    }
    table
}
