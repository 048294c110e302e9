//! Blocks of the documents that the program itself could have written: `<!-- generated: help -->` to `<!-- end -->`.

use super::contract;
use super::read::{documents, file, none, rewrite, updating};
use nanoserve::app::{KeyPolicy, LAB_ROUTES, ROUTES, Route};
use nanoserve::http::problem::PRECEDENCE;
use nanoserve::idempotency::TRANSITIONS;
use nanoserve::{config, contract_page};
use std::fmt::Write as _;
use std::process::{Command, Stdio};

type Block = (&'static str, fn() -> String);

const BLOCKS: &[Block] = &[
    ("help", help),
    ("routes", routes),
    ("lab-routes", lab_routes),
    ("precedence", precedence),
    ("states", states),
    ("contract-cases", contract::table),
];

pub fn blocks_are_what_the_program_says() {
    let mut faults = Vec::new();
    let mut found = Vec::new();
    for document in documents() {
        let mut text = document.text.clone();
        for (name, content) in BLOCKS {
            let begin = format!("<!-- generated: {name} -->\n");
            let Some(from) = text.find(&begin).map(|at| at + begin.len()) else {
                continue;
            };
            found.push(*name);
            let line = 1 + text[..from].matches('\n').count();
            let Some(length) = text[from..].find("<!-- end -->") else {
                faults.push(format!(
                    "{}:{line}: expected <!-- end --> behind the block {name}",
                    document.path
                ));
                continue;
            };
            let (written, expected) = (&text[from..from + length], content());
            if written == expected {
                continue;
            }
            if updating() {
                text.replace_range(from..from + length, &expected);
                continue;
            }
            let differs = written
                .lines()
                .zip(expected.lines())
                .position(|(w, e)| w != e);
            let at = differs.unwrap_or(written.lines().count().min(expected.lines().count()));
            faults.push(format!(
                "{}:{}: expected {:?}, found {:?} (UPDATE=1 rewrites the block {name})",
                document.path,
                line + at,
                expected.lines().nth(at).unwrap_or_default(),
                written.lines().nth(at).unwrap_or_default(),
            ));
        }
        if text != document.text && updating() {
            rewrite(&document.path, &text);
        }
    }
    for (name, _) in BLOCKS {
        if !found.contains(name) {
            faults.push(format!(
                "docs: expected a block <!-- generated: {name} --> somewhere, found none"
            ));
        }
    }
    none(&faults);
}

/// The copies that lost the race are replayed or refused, as chance has it: of those lines only the beginning is compared.
pub fn the_first_screen_is_the_demo() {
    let demo = Command::new(env!("CARGO_BIN_EXE_nanoserve-demo"))
        .stdin(Stdio::null())
        .output()
        .expect("cargo built it before the tests");
    let printed = String::from_utf8_lossy(&demo.stdout);
    let readme = file("README.md");
    let begin = "<!-- generated: demo -->\n```text\n";
    let from = readme
        .text
        .find(begin)
        .expect("README.md has the demo's block")
        + begin.len();
    let length = readme.text[from..]
        .find("```")
        .expect("the block has an end");
    let line = 1 + readme.text[..from].matches('\n').count();
    let written = &readme.text[from..from + length];
    let compared = |text: &str| -> Vec<String> {
        text.trim()
            .lines()
            .map(|line| without_chance(line).to_owned())
            .collect()
    };
    let (expected, found) = (compared(&printed), compared(written));
    if expected == found {
        return;
    }
    if updating() {
        let mut text = readme.text.clone();
        text.replace_range(from..from + length, &format!("{}\n", printed.trim()));
        rewrite("README.md", &text);
        return;
    }
    let longer = expected.len().max(found.len());
    let at = (0..longer)
        .find(|&at| expected.get(at) != found.get(at))
        .unwrap_or(0);
    panic!(
        "README.md:{}: expected {:?}, found {:?} (UPDATE=1 rewrites it)",
        line + at,
        expected.get(at).map_or("", String::as_str),
        found.get(at).map_or("", String::as_str)
    );
}

fn without_chance(line: &str) -> &str {
    let copy = line
        .trim_start()
        .strip_prefix("copy ")
        .and_then(|rest| rest.chars().next());
    match copy {
        Some('2'..='9') => line.split("copy").next().unwrap_or(line),
        _ => line.trim_end(),
    }
}

fn help() -> String {
    format!("```text\n{}```\n", config::help_text())
}

fn routes() -> String {
    let mut table = table_of(ROUTES);
    for row in table_of(contract_page::ROUTES).lines().skip(2) {
        let _ = writeln!(table, "{row}");
    }
    table
}

fn lab_routes() -> String {
    table_of(LAB_ROUTES)
}

fn table_of<S>(routes: &[Route<S>]) -> String {
    let mut table = "| method | path | key |\n|---|---|---|\n".to_owned();
    for route in routes {
        let key = match route.key {
            KeyPolicy::Required => "required",
            KeyPolicy::Optional if route.method.is_guarded() => "optional",
            KeyPolicy::Optional => "not looked at",
        };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            table,
            "| {} | `{}` | {key} |",
            route.method.as_str(),
            route.path
        );
    }
    table
}

fn precedence() -> String {
    let mut table =
        "| status | `type` is `/docs/idempotency#` | title | Retry-After |\n|---|---|---|---|\n"
            .to_owned();
    for kind in PRECEDENCE {
        let retry = kind
            .retry_after_s
            .map_or(String::new(), |seconds| format!("{seconds} s"));
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {retry} |",
            kind.status.code(),
            kind.name,
            kind.title
        );
    }
    table
}

fn states() -> String {
    let mut table = "| from | verb | to |\n|---|---|---|\n".to_owned();
    for (from, verb, to) in TRANSITIONS {
        let name = |state: &Option<_>| match state {
            Some(status) => format!("{status:?}").to_uppercase(),
            None => "the key is free".to_owned(),
        };
        let _ = writeln!(table, "| {} | {verb} | {} |", name(from), name(to));
    }
    table
}
