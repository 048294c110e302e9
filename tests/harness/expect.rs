//! Exact text: against a literal beside the call, or against a file under tests/expected/ that `UPDATE=1` rewrites.
//!
//! Short texts stand in the test, where they are read with it; long ones in a file, where a change shows as a diff.

use std::fs;
use std::path::{Path, PathBuf};

/// Compares with text in the source.
///
/// # Panics
/// If they differ; the message has the first line that does.
#[track_caller]
pub fn text(actual: &str, expected: &str) {
    assert!(actual == expected, "{}", difference(actual, expected));
}

/// Compares with `tests/expected/<name>`; with `UPDATE=1` in the environment writes it instead.
///
/// # Panics
/// If they differ, or the file cannot be read or written.
#[track_caller]
pub fn file(actual: &str, name: &str) {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    file_in(&expected_folder(), actual, name, update);
}

/// `file` with everything named, for the harness's tests of itself.
#[track_caller]
pub fn file_in(folder: &Path, actual: &str, name: &str, update: bool) {
    let path = folder.join(name);
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if actual == expected {
        return;
    }
    if update {
        // A folder that is already there is as good as one just made; any other failure shows in the write.
        let _ = path.parent().map(fs::create_dir_all);
        if let Err(error) = fs::write(&path, actual) {
            panic!("{}: {error}", path.display());
        }
        return;
    }
    panic!(
        "{} (UPDATE=1 rewrites it)\n{}",
        path.display(),
        difference(actual, &expected)
    );
}

fn expected_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expected")
}

/// The first line that differs, escaped so that a space at its end can be seen.
fn difference(actual: &str, expected: &str) -> String {
    // Lines with their ends, so that a missing last newline differs too.
    let mut actual = actual.split_inclusive('\n');
    let mut expected = expected.split_inclusive('\n');
    let mut number = 1;
    loop {
        match (actual.next(), expected.next()) {
            (Some(a), Some(e)) if a == e => number += 1,
            (a, e) => {
                let show = |line: Option<&str>| {
                    line.map_or("(no more lines)".to_owned(), |line| format!("{line:?}"))
                };
                return format!(
                    "line {number} differs\nexpected {}\nactual   {}",
                    show(e),
                    show(a)
                );
            }
        }
    }
}
