//! Reading the repository as text: files in order, Markdown by line, Rust with its comments and texts blanked.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the repository, its path from the top.
pub struct Text {
    pub path: String,
    pub text: String,
}

impl Text {
    /// Lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// # Panics
/// If there is no such file.
pub fn file(path: &str) -> Text {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => Text {
            path: path.to_owned(),
            text,
        },
        Err(error) => panic!("{path}: {error}"),
    }
}

/// Every file under a folder whose name ends so, in the order of their paths; none where there is no such folder.
pub fn files(folder: &str, ending: &str) -> Vec<Text> {
    let mut found = Vec::new();
    gather(&root().join(folder), ending, &mut found);
    found.sort();
    found
        .iter()
        .filter_map(|path| path.strip_prefix(root()).ok()?.to_str())
        .map(file)
        .collect()
}

fn gather(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            gather(&path, ending, found);
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
}

/// README.md and everything under docs/ that is Markdown.
pub fn documents() -> Vec<Text> {
    let mut documents = vec![file("README.md")];
    documents.extend(files("docs", ".md"));
    documents
}

pub fn updating() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| value == "1")
}

/// # Panics
/// If the file cannot be written.
pub fn rewrite(path: &str, text: &str) {
    if let Err(error) = fs::write(root().join(path), text) {
        panic!("{path}: {error}");
    }
}

/// # Panics
/// If there is a fault; the message has a line for each.
pub fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// What stands between backticks, in order.
pub fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Rust with comments and the insides of texts and characters replaced by spaces; every other byte keeps its place.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (from, to) = if rest.starts_with(b"//") {
            (at, at + until(rest, b"\n"))
        } else if rest.starts_with(b"/*") {
            (at, at + until(rest, b"*/") + 2)
        } else if let Some(hashes) = raw_text(bytes, at) {
            let end = format!("\"{}", "#".repeat(hashes));
            let inside = at + 2 + hashes;
            (inside, inside + until(&bytes[inside..], end.as_bytes()))
        } else if rest[0] == b'"' {
            (at + 1, at + 1 + end_of_text(&rest[1..]))
        } else if let Some(length) = character(rest) {
            (at + 1, at + length - 1)
        } else {
            at += 1;
            continue;
        };
        let to = to.min(bytes.len());
        for byte in &mut out[from..to] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        // Past the end mark; a comment's own end mark was blanked with it.
        at = if rest.starts_with(b"/") { to } else { to + 1 };
    }
    String::from_utf8(out).expect("whole texts and comments were blanked, so no character was cut")
}

fn until(bytes: &[u8], end: &[u8]) -> usize {
    let found = bytes.windows(end.len()).position(|window| window == end);
    found.unwrap_or(bytes.len())
}

/// At `r"` or `r#"` that begins a word (`br` counts as one): how many hashes.
fn raw_text(bytes: &[u8], at: usize) -> Option<usize> {
    let word_before = at > 0 && bytes[at - 1] != b'b' && is_word(bytes[at - 1]);
    if bytes[at] != b'r' || word_before {
        return None;
    }
    let behind = &bytes[at + 1..];
    let hashes = behind.iter().take_while(|byte| **byte == b'#').count();
    (behind.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn end_of_text(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

/// The length of a character literal with its quotes; none where the quote begins a lifetime.
fn character(bytes: &[u8]) -> Option<usize> {
    if bytes[0] != b'\'' {
        return None;
    }
    let first = *bytes.get(1)?;
    if first == b'\\' {
        return Some(3 + until(bytes.get(3..)?, b"'") + 1);
    }
    // One character of up to four bytes, and then the quote.
    (2..=5)
        .find(|&end| bytes.get(end) == Some(&b'\'') && (end == 2 || first >= 0x80))
        .map(|end| end + 1)
}

pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
