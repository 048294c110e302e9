//! The house rules that can be read off the source: lengths, heads, no `unsafe`, no `unwrap`, a test file for each file.

use super::read::{Text, code, file, files, none, root};

/// Hard stop for a file, tests included; functions have clippy's too_many_lines.
const LINES_MAX: usize = 420;

/// Files of src/ without a test file of their own, and who tests them.
#[rustfmt::skip] // one file a line
const TESTED_ELSEWHERE: &[(&str, &str)] = &[
    ("lib.rs", "the map; nothing in it runs"),
    ("main.rs", "integration/command.rs and integration/drain.rs, as a process"),
    ("bin/demo.rs", "integration/demo.rs, as a process"),
    ("app/mod.rs", "tests/app/exec.rs"),
    ("app/problems.rs", "tests/app/exec.rs"),
    ("http/mod.rs", "a map"),
    ("http/meaning.rs", "private; tests/http/parse.rs, tests/http/framing.rs"),
    ("idempotency/mod.rs", "the state table; tests/idempotency/guard.rs plays every row"),
    ("idempotency/chain.rs", "tests/idempotency/table.rs"),
    ("idempotency/ticket.rs", "tests/idempotency/guard.rs"),
    ("lifecycle/plan.rs", "tests/lifecycle/keys.rs, refusals.rs and precedence.rs"),
    ("server/mod.rs", "a map"),
    ("server/connection/receive.rs", "tests/server/connection.rs"),
    ("server/connection/respond.rs", "tests/server/connection.rs"),
];

/// Calls of methods of ours that only share the name: here, what a head says of the Expect field.
const OWN_EXPECTS: &[&str] = &["notes.expect("];

pub fn no_file_is_too_long() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "integration", "benches"] {
        for text in files(folder, ".rs") {
            let lines = text.text.lines().count();
            if lines > LINES_MAX {
                faults.push(format!(
                    "{}:{lines}: expected at most {LINES_MAX} lines, found {lines}",
                    text.path
                ));
            }
        }
    }
    none(&faults);
}

pub fn every_file_says_what_it_is() {
    let all = files("src", ".rs");
    let silent = all.iter().filter(|text| !text.text.starts_with("//! "));
    let faults: Vec<String> = silent
        .map(|text| {
            format!(
                "{}:1: expected a first line that begins with `//! `",
                text.path
            )
        })
        .collect();
    none(&faults);
}

pub fn no_unwrap_and_no_bare_expect() {
    let mut faults = Vec::new();
    for text in files("src", ".rs") {
        let code = code(&text.text);
        for (at, _) in code.match_indices(".unwrap()") {
            faults.push(format!("{}: expected no .unwrap()", place(&text, at)));
        }
        for (at, call) in code.match_indices(".expect(") {
            if OWN_EXPECTS
                .iter()
                .any(|own| code[..at + call.len()].ends_with(own))
            {
                continue;
            }
            // What the text says is for people to judge; that there is one, and more than a word, can be read off.
            let said = text.text[at + call.len()..].trim_start();
            let says = said
                .strip_prefix('"')
                .and_then(|said| said.split('"').next());
            if !says.is_some_and(|says| says.contains(' ')) {
                faults.push(format!(
                    "{}: expected .expect(\"…\") to state its invariant",
                    place(&text, at)
                ));
            }
        }
    }
    none(&faults);
}

pub fn nothing_is_unsafe_and_nothing_is_depended_on() {
    const FORBID: &str = "#![forbid(unsafe_code)]";
    let mut faults = Vec::new();
    for path in ["src/lib.rs", "src/main.rs", "src/bin/demo.rs"] {
        if !file(path).text.lines().any(|line| line == FORBID) {
            faults.push(format!("{path}:1: expected the line {FORBID}"));
        }
    }
    for text in files("src", ".rs") {
        let code = code(&text.text);
        for (at, word) in code.match_indices("unsafe") {
            if !code[at + word.len()..].starts_with("_code") {
                faults.push(format!("{}: expected nothing unsafe", place(&text, at)));
            }
        }
    }
    let cargo = file("Cargo.toml");
    let inside = cargo
        .lines()
        .skip_while(|(_, line)| *line != "[dependencies]")
        .skip(1);
    for (number, line) in inside.take_while(|(_, line)| !line.starts_with('[')) {
        if !line.is_empty() && !line.starts_with('#') {
            faults.push(format!(
                "Cargo.toml:{number}: expected no dependency, found {line}"
            ));
        }
    }
    none(&faults);
}

pub fn every_file_has_claims() {
    let mut faults = Vec::new();
    for text in files("src", ".rs") {
        let path = text.path.trim_start_matches("src/");
        let elsewhere = TESTED_ELSEWHERE.iter().any(|(known, _)| *known == path);
        let flat = path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        let claims = [format!("tests/{flat}.rs"), format!("tests/{flat}/mod.rs")];
        let exists = claims.iter().find(|claims| root().join(claims).exists());
        match exists {
            None if elsewhere => {}
            None => faults.push(format!(
                "{}:1: expected its claims in {}",
                text.path, claims[0]
            )),
            Some(claims) if elsewhere || !is_empty(&file(claims)) => {}
            Some(claims) => faults.push(format!(
                "{claims}:1: expected claims about {}, found none",
                text.path
            )),
        }
    }
    for (path, _) in TESTED_ELSEWHERE {
        if !root().join("src").join(path).exists() {
            faults.push(format!(
                "tests/docs/source.rs: expected no exception for src/{path}, which is not there"
            ));
        }
    }
    none(&faults);
}

/// The blanking on which the claims above and the table of imports stand.
pub fn comments_and_texts_are_no_code() {
    let cases = [
        ("a // b\nc", "a     \nc"),
        ("a /* b */ c", "a         c"),
        (r#"f("x\"y", 'z')"#, r#"f("    ", ' ')"#),
        (r#"'\'' '\n' '"'"#, r"'  ' '  ' ' '"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
        ("r#\"a\"b\"# c", "r#\"   \"# c"),
        ("br\"a\\\" for", "br\"  \" for"),
        ("\"a\nb\" 'é'", "\" \n \" '  '"),
    ];
    for (text, expected) in cases {
        assert_eq!(code(text), expected, "{text}");
    }
}

fn is_empty(claims: &Text) -> bool {
    claims.text.contains("TESTS: &[Test] = &[];")
}

fn place(text: &Text, at: usize) -> String {
    let line = 1 + text.text[..at].matches('\n').count();
    format!("{}:{line}", text.path)
}
