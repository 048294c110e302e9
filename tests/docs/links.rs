//! Links of README.md and docs/: files exist, headings exist, and a link to a line points at the item that it names.
//!
//! The form is `[Guard::admit](../src/idempotency/guard.rs#L88)`, with or without backticks around the name.

use super::read::{Text, documents, file, none, rewrite, root, updating};
use std::path::{Component, Path, PathBuf};

struct Link {
    line: usize,
    text: String,
    /// From the top of the repository.
    path: String,
    fragment: String,
    /// Where `path#fragment` stands in the document, in bytes.
    target: std::ops::Range<usize>,
}

pub fn every_link_points_at_a_file() {
    let mut faults = Vec::new();
    for document in documents() {
        for link in links(&document) {
            let place = format!("{}:{}", document.path, link.line);
            if !root().join(&link.path).exists() {
                faults.push(format!(
                    "{place}: expected a file, found none at {}",
                    link.path
                ));
            } else if !link.fragment.is_empty() && !is_line(&link.fragment) {
                let headings = file(&link.path);
                if !headings
                    .lines()
                    .any(|(_, line)| slug(line) == link.fragment)
                {
                    faults.push(format!(
                        "{place}: expected a heading #{} in {}",
                        link.fragment, link.path
                    ));
                }
            }
        }
    }
    none(&faults);
}

pub fn every_link_to_a_line_points_at_the_item() {
    let mut faults = Vec::new();
    for document in documents() {
        let mut moved = document.text.clone();
        // From the end, so that a longer number does not move what is still to be read.
        for link in links(&document).iter().rev() {
            if !is_line(&link.fragment) {
                continue;
            }
            let number = link.fragment.trim_start_matches('L');
            let place = format!("{}:{}", document.path, link.line);
            let item = link.text.trim_matches('`').trim_end_matches("()");
            if !root().join(&link.path).exists() {
                continue; // the other claim's fault
            }
            let source = file(&link.path);
            match definitions(&source, item)[..] {
                [line] if number == line.to_string() => {}
                [line] if updating() => {
                    let target = &document.text[link.target.clone()];
                    let at_hash = target.find('#').unwrap_or(target.len());
                    moved.replace_range(link.target.clone(), &format!("{}#L{line}", &target[..at_hash]));
                }
                [line] => faults.push(format!(
                    "{place}: expected {}#L{line}, where {item} is defined, found #L{number} (UPDATE=1 moves it)",
                    link.path
                )),
                [] => faults.push(format!("{place}: expected {item} in {}, found none of that name", link.path)),
                ref lines => faults.push(format!(
                    "{place}: expected one {item} in {}, found it in lines {lines:?}", link.path
                )),
            }
        }
        if moved != document.text {
            rewrite(&document.path, &moved);
        }
    }
    none(&faults);
}

/// `L88`, which no heading of ours is called.
fn is_line(fragment: &str) -> bool {
    let number = fragment.strip_prefix('L').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Relative links; code blocks have none.
fn links(document: &Text) -> Vec<Link> {
    let mut links = Vec::new();
    let mut start = 0;
    let mut in_code = false;
    for (line, text) in (1..).zip(document.text.split_inclusive('\n')) {
        in_code ^= text.starts_with("```");
        let mut at = 0;
        while let Some(found) = text[at..].find("](").filter(|_| !in_code) {
            let middle = at + found;
            let end = text[middle..]
                .find(')')
                .map_or(text.len(), |end| middle + end);
            let target = &text[middle + 2..end];
            let name = text[..middle]
                .rfind('[')
                .map_or("", |open| &text[open + 1..middle]);
            at = end;
            if target.contains("://") {
                continue;
            }
            let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
            links.push(Link {
                line,
                text: name.to_owned(),
                path: if path.is_empty() {
                    document.path.clone()
                } else {
                    from_top(&document.path, path)
                },
                fragment: fragment.to_owned(),
                target: start + middle + 2..start + end,
            });
        }
        start += text.len();
    }
    links
}

fn from_top(document: &str, target: &str) -> String {
    let folder = Path::new(document).parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for part in folder.join(target).components() {
        if part == Component::ParentDir {
            path.pop();
        } else {
            path.push(part);
        }
    }
    path.to_string_lossy().into_owned()
}

/// A heading as a fragment: lower case, spaces as dashes, without other punctuation.
fn slug(line: &str) -> String {
    if !line.starts_with('#') {
        return String::new();
    }
    let heading = line.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The lines that define `name`, or `Type::name` inside what begins with that type's name.
fn definitions(source: &Text, item: &str) -> Vec<usize> {
    let (owner, name) = match item.split_once("::") {
        Some((owner, name)) => (Some(owner), name),
        None => (None, item),
    };
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in source.lines() {
        let top = !line.starts_with([' ', '}']) && !line.is_empty();
        if top {
            inside = owner.is_some_and(|owner| opens(line, owner));
        }
        let here = match owner {
            None => top,
            Some(_) => inside && line.starts_with("    ") && !line.starts_with("     "),
        };
        if here && defines(line.trim_start(), name, owner.is_some()) {
            found.push(number);
        }
        if line == "}" {
            inside = false;
        }
    }
    found
}

/// Whether a line at the margin begins an item of that type: `impl<P> Guard<P> {`, `pub enum Admission<'g> {`.
fn opens(line: &str, owner: &str) -> bool {
    let begins = ["impl", "enum", "struct", "trait"];
    let words: Vec<&str> = words(line).collect();
    let kind = words.iter().find(|word| begins.contains(word));
    // `impl Drop for Ticket` is of Ticket; `impl Points for Silent` is not of Points.
    let of = match words.iter().position(|word| *word == "for") {
        Some(at) => &words[at..],
        None => &words[..],
    };
    kind.is_some() && of.contains(&owner)
}

fn defines(line: &str, name: &str, member: bool) -> bool {
    let kinds = [
        "fn", "struct", "enum", "const", "static", "trait", "type", "mod",
    ];
    let mut words = words(line)
        .skip_while(|word| ["pub", "super", "crate", "in"].contains(word))
        .peekable();
    let first = words.next().unwrap_or_default();
    if kinds.contains(&first) {
        // `const fn name`
        let second = words.next().unwrap_or_default();
        return second == name || (second == "fn" && words.next() == Some(name));
    }
    // A variant or a field.
    member && first == name && !line.starts_with("//") && !line.starts_with('#')
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
}
