//! The demo is a check too: it exits 0 only if everything it tells happened.

use std::process::{Command, Stdio};

// N-20 to N-23
#[test]
fn the_demo_tells_the_truth_and_no_colours_into_a_pipe() {
    let demo = Command::new(env!("CARGO_BIN_EXE_nanoserve-demo"))
        .stdin(Stdio::null())
        .output()
        .expect("cargo built it before the tests");
    let text = String::from_utf8(demo.stdout).expect("UTF-8");
    let stderr = String::from_utf8_lossy(&demo.stderr);
    assert_eq!(demo.status.code(), Some(0), "{text}{stderr}");
    assert!(!text.contains('\x1b'), "{text}");
    assert!(
        text.contains("201") && text.contains("422") && text.contains("400"),
        "{text}"
    );
}
