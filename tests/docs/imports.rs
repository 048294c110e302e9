//! Who may know whom: the table of docs/architecture.md against every path that the source reaches by.
//!
//! Read are `crate::…`, `nanoserve::…`, `super::…`, `std::…` and `core::…` wherever they stand in code, in `use` lines and
//! elsewhere, with braces opened.

use super::read::{Text, code, file, files, is_word, none, quoted};

const TABLE: &str = "docs/architecture.md";
const HEADER: &str = "| module | may use of ours | std that is banned elsewhere |";

/// What a module may only use where the table says so.
const BANNED: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// A path as the source has it, resolved: `http::status::Status` of ours, `std::net::TcpStream` of std.
struct Reach {
    file: String,
    line: usize,
    module: String,
    path: String,
}

/// One cell's permission: a path, and the file to which it is limited.
struct Permission {
    line: usize,
    modules: Vec<String>,
    path: String,
    file: Option<String>,
}

pub fn every_import_is_in_the_table() {
    let permissions = permissions();
    let mut faults = Vec::new();
    for reach in reaches() {
        let ours = !reach.path.starts_with("std::");
        let banned = BANNED.iter().any(|ban| is_within(&reach.path, ban));
        if (ours || banned)
            && !permissions
                .iter()
                .any(|permission| permits(permission, &reach))
        {
            let Reach {
                file,
                line,
                module,
                path,
            } = reach;
            faults.push(format!(
                "{file}:{line}: expected what {TABLE} allows {module}, found {path}"
            ));
        }
    }
    none(&faults);
}

pub fn every_permission_is_used() {
    let reaches = reaches();
    let mut faults = Vec::new();
    for permission in permissions() {
        let used = reaches.iter().any(|reach| permits(&permission, reach));
        if !used {
            let Permission {
                line,
                modules,
                path,
                ..
            } = permission;
            faults.push(format!(
                "{TABLE}:{line}: expected something in {modules:?} that uses {path}, found nothing"
            ));
        }
    }
    none(&faults);
}

fn permits(permission: &Permission, reach: &Reach) -> bool {
    let limited = permission.file.as_ref();
    permission.modules.contains(&reach.module)
        && is_within(&reach.path, &permission.path)
        && limited.is_none_or(|file| reach.file == format!("src/{file}"))
}

fn is_within(path: &str, prefix: &str) -> bool {
    let rest = path.strip_prefix(prefix);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn permissions() -> Vec<Permission> {
    let text = file(TABLE);
    let rows = text.lines().skip_while(|(_, line)| *line != HEADER).skip(2);
    let mut permissions = Vec::new();
    for (line, row) in rows.take_while(|(_, row)| row.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let &[modules, ours, std] = &cells[..] else {
            panic!(
                "{TABLE}:{line}: expected three cells, found {}",
                cells.len()
            );
        };
        let modules: Vec<String> = quoted(modules).map(str::to_owned).collect();
        let permission = |path: &str| Permission {
            line,
            modules: modules.clone(),
            path: path.to_owned(),
            file: None,
        };
        permissions.extend(quoted(ours).map(permission));
        for word in quoted(std) {
            if word.starts_with("std::") {
                permissions.push(permission(word));
            } else if let Some(last) = permissions.last_mut() {
                last.file = Some(word.to_owned());
            }
        }
    }
    assert!(
        !permissions.is_empty(),
        "{TABLE}: expected the line {HEADER:?} and rows below it"
    );
    permissions
}

/// Every path that leads out of its own module.
fn reaches() -> Vec<Reach> {
    files("src", ".rs").iter().flat_map(reaches_of).collect()
}

fn reaches_of(text: &Text) -> Vec<Reach> {
    let code = code(&text.text);
    let bytes = code.as_bytes();
    let home = module_path(&text.path);
    let mut reaches = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let begins = is_word(bytes[at]) && (at == 0 || !is_word(bytes[at - 1]));
        let inside_a_path = at >= 2 && &bytes[at - 2..at] == b"::";
        let root = ["crate", "nanoserve", "super", "std", "core"];
        if begins && !inside_a_path && root.contains(&word(bytes, at)) {
            let line = 1 + code[..at].matches('\n').count();
            let mut paths = Vec::new();
            at = tree(bytes, at, &[], &mut paths);
            for path in paths {
                let Some(path) = resolved(&home, &path) else {
                    continue;
                };
                let module = home[0].clone();
                if path.split("::").next() != Some(&module) {
                    reaches.push(Reach {
                        file: text.path.clone(),
                        line,
                        module,
                        path,
                    });
                }
            }
        } else {
            at += 1;
        }
    }
    reaches
}

/// `src/server/connection/receive.rs` is `server`, `connection`, `receive`; the roots are modules of their own here.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_start_matches("src/").trim_start_matches("bin/");
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// From the top of the crate, or from `std`; none for paths that say nothing (`crate` alone in `pub(crate)`).
fn resolved(home: &[String], path: &[String]) -> Option<String> {
    let (root, rest) = path.split_first()?;
    let rest = rest.join("::");
    match root.as_str() {
        "std" | "core" => Some(format!("std::{rest}")),
        _ if rest.is_empty() => None,
        "super" => {
            let ups = path.iter().take_while(|step| *step == "super").count();
            let mut full = home[..home.len().saturating_sub(ups)].to_vec();
            full.extend_from_slice(&path[ups..]);
            Some(full.join("::"))
        }
        _ => Some(rest),
    }
}

fn word(bytes: &[u8], at: usize) -> &str {
    let length = bytes[at..]
        .iter()
        .take_while(|byte| is_word(**byte))
        .count();
    std::str::from_utf8(&bytes[at..at + length]).unwrap_or_default()
}

/// Reads `a::b::{c, d::e}` from `at` on, adds each path and returns where it ended.
fn tree(bytes: &[u8], mut at: usize, prefix: &[String], paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        let step = word(bytes, at);
        at += step.len();
        if step != "self" && !step.is_empty() {
            path.push(step.to_owned());
        }
        if !bytes[at..].starts_with(b"::") {
            break;
        }
        at += 2;
        if bytes.get(at) == Some(&b'{') {
            at += 1;
            loop {
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_whitespace() || **byte == b',')
                    .count();
                match bytes.get(at) {
                    None | Some(b'}') => return at + 1,
                    Some(byte) if is_word(*byte) => at = tree(bytes, at, &path, paths),
                    Some(_) => at += 1, // `*`
                }
                // `as name` says nothing about where a path leads.
                at += bytes[at..]
                    .iter()
                    .take_while(|byte| !b",{}".contains(byte))
                    .count();
            }
        }
        if !bytes.get(at).is_some_and(|byte| is_word(*byte)) {
            break; // `::<` or `::*`
        }
    }
    paths.push(path);
    at
}
