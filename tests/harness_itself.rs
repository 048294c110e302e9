//! Claims about the harness, most of them made by running this very program on a suite of bad tests.
//!
//! Who tests the tests? The runner that judges the others must itself be seen to fail, or a green run says nothing.

use crate::harness::{HIDDEN_FLAG, Suite, Test, note, random::Random};
use std::fs::File;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("a_run_of_passing_tests_passes_and_says_how_many", a_run_of_passing_tests_passes_and_says_how_many),
    ("a_false_claim_fails_the_run_and_shows_its_place", a_false_claim_fails_the_run_and_shows_its_place),
    ("a_panic_in_a_passing_test_is_not_shown", a_panic_in_a_passing_test_is_not_shown),
    ("nocapture_shows_that_panic", nocapture_shows_that_panic),
    ("a_panic_of_a_started_thread_is_shown_when_the_test_fails", a_panic_of_a_started_thread_is_shown_when_the_test_fails),
    ("a_test_that_unwinds_without_a_word_fails", a_test_that_unwinds_without_a_word_fails),
    ("a_test_that_does_not_end_is_reported_and_the_run_goes_on", a_test_that_does_not_end_is_reported_and_the_run_goes_on),
    ("a_descriptor_left_open_is_a_failure", a_descriptor_left_open_is_a_failure),
    ("a_thread_left_running_is_a_failure", a_thread_left_running_is_a_failure),
    ("a_thread_that_is_about_to_end_is_none", a_thread_that_is_about_to_end_is_none),
    ("tests_side_by_side_are_all_judged", tests_side_by_side_are_all_judged),
    ("filters_skips_and_exact_names_choose", filters_skips_and_exact_names_choose),
    ("a_filter_that_matches_nothing_fails", a_filter_that_matches_nothing_fails),
    ("unknown_options_are_refused_and_cargos_own_are_not", unknown_options_are_refused_and_cargos_own_are_not),
    ("quiet_shows_what_failed_and_the_count", quiet_shows_what_failed_and_the_count),
    ("a_seed_is_shown_on_failure_and_repeats_the_values", a_seed_is_shown_on_failure_and_repeats_the_values),
];

/// What the claims above run in a child process.
#[rustfmt::skip]
pub const BAD_SUITES: &[Suite] = &[
    Suite { name: "good", tests: &[
        ("passes", || {}),
        ("passes_too", || note("never shown")),
    ] },
    Suite { name: "bad", tests: &[
        ("is_false", || assert_eq!(1 + 1, 3, "arithmetic")),
        ("says_nothing", || std::panic::resume_unwind(Box::new(()))),
        ("does_not_end", || for n in 0.. {
            if n < 100 {
                std::mem::forget(File::open("/proc/self/exe")); // what it does later is not the next test's fault
            }
            thread::park_timeout(Duration::from_millis(10));
        }),
        ("leaves_a_file_open", || std::mem::forget(File::open("/proc/self/exe"))),
        ("leaves_a_thread", || drop(thread::Builder::new().name("left-over".into()).spawn(|| loop { thread::park() }))),
        ("draws_and_fails", || panic!("drew {}", Random::new().next())),
        ("fails_after_its_thread_did", || {
            let _ = thread::spawn(|| panic!("said by the thread")).join();
            panic!("said by the test");
        }),
    ] },
    Suite { name: "odd", tests: &[
        ("survives_a_panic", || drop(thread::spawn(|| panic!("on purpose")).join())),
        ("leaves_a_thread_that_ends", || drop(thread::spawn(|| thread::sleep(Duration::from_millis(50))))),
    ] },
];

/// Runs this program on the bad suites.
fn child(words: &[&str]) -> (Option<i32>, String) {
    child_with(words, None)
}

fn child_with(words: &[&str], seed: Option<&str>) -> (Option<i32>, String) {
    let program = std::env::current_exe().expect("a running program has a path");
    let mut command = Command::new(program);
    command.arg(HIDDEN_FLAG).args(words);
    command.env_remove("SEED").env_remove("RUST_BACKTRACE");
    if let Some(seed) = seed {
        command.env("SEED", seed);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program that runs can be run");
    let shown = [stdout, stderr].concat();
    (
        status.code(),
        String::from_utf8(shown).expect("names and messages are text"),
    )
}

#[track_caller]
fn assert_shows(shown: &str, part: &str) {
    assert!(shown.contains(part), "{part:?} is missing in:\n{shown}");
}

fn a_run_of_passing_tests_passes_and_says_how_many() {
    let (code, shown) = child(&["good::"]);
    assert_eq!(
        shown,
        "ok      good::passes\nok      good::passes_too\n2 passed, 0 failed\n"
    );
    assert_eq!(code, Some(0));
}

fn a_false_claim_fails_the_run_and_shows_its_place() {
    let (code, shown) = child(&["is_false", "good::passes"]);
    assert_eq!(code, Some(1));
    assert_shows(
        &shown,
        "FAILED  bad::is_false\n        panicked at tests/harness_itself.rs:",
    );
    assert_shows(&shown, "arithmetic\n          left: 2\n         right: 3\n");
    assert!(
        shown.ends_with("failed: bad::is_false\n2 passed, 1 failed\n"),
        "{shown}"
    );
}

fn a_panic_in_a_passing_test_is_not_shown() {
    let (code, shown) = child(&["survives_a_panic"]);
    assert_eq!(shown, "ok      odd::survives_a_panic\n1 passed, 0 failed\n");
    assert_eq!(code, Some(0));
}

fn nocapture_shows_that_panic() {
    let (code, shown) = child(&["survives_a_panic", "--nocapture"]);
    assert_shows(&shown, "on purpose");
    assert_eq!(code, Some(0));
}

fn a_panic_of_a_started_thread_is_shown_when_the_test_fails() {
    let (_, shown) = child(&["fails_after_its_thread_did"]);
    assert_shows(&shown, "said by the thread");
    assert_shows(&shown, "said by the test");
}

fn a_test_that_unwinds_without_a_word_fails() {
    let (code, shown) = child(&["says_nothing"]);
    assert_eq!(
        shown,
        "FAILED  bad::says_nothing\nfailed: bad::says_nothing\n0 passed, 1 failed\n"
    );
    assert_eq!(code, Some(1));
}

fn a_test_that_does_not_end_is_reported_and_the_run_goes_on() {
    let (code, shown) = child(&["does_not_end", "odd::", "--deadline-ms=300"]);
    assert_shows(
        &shown,
        "FAILED  bad::does_not_end\n        no end within 300 ms",
    );
    assert!(shown.ends_with("2 passed, 1 failed\n"), "{shown}");
    assert_eq!(code, Some(1));
}

fn a_descriptor_left_open_is_a_failure() {
    let (code, shown) = child(&["leaves_a_file_open", "good::"]);
    assert_shows(
        &shown,
        "FAILED  bad::leaves_a_file_open\n        left behind: descriptor ",
    );
    assert!(shown.ends_with("2 passed, 1 failed\n"), "{shown}");
    assert_eq!(code, Some(1));
}

fn a_thread_left_running_is_a_failure() {
    let (code, shown) = child(&["leaves_a_thread", "--skip", "that_ends"]);
    assert_shows(
        &shown,
        "FAILED  bad::leaves_a_thread\n        left behind: thread ",
    );
    assert_shows(&shown, "\"left-over\"");
    assert_eq!(code, Some(1));
}

fn a_thread_that_is_about_to_end_is_none() {
    let (code, shown) = child(&["leaves_a_thread_that_ends"]);
    assert_eq!(code, Some(0), "{shown}");
}

fn tests_side_by_side_are_all_judged() {
    let (code, shown) = child(&["--jobs", "3", "--deadline-ms", "500"]);
    for name in [
        "is_false",
        "says_nothing",
        "does_not_end",
        "draws_and_fails",
    ] {
        assert_shows(&shown, &format!("failed: bad::{name}\n"));
    }
    // The two leaks pass: with others beside them nobody can tell whose they are.
    assert!(shown.ends_with("6 passed, 5 failed\n"), "{shown}");
    assert_eq!(code, Some(1));
}

fn filters_skips_and_exact_names_choose() {
    let list = |words: &[&str]| {
        let (code, shown) = child(&[&["--list"], words].concat());
        assert_eq!(code, Some(0));
        shown
    };
    assert!(list(&[]).ends_with("11 tests\n"));
    assert_eq!(
        list(&["good", "--skip", "too"]),
        "good::passes: test\n1 tests\n"
    );
    assert_eq!(
        list(&["--exact", "good::passes"]),
        "good::passes: test\n1 tests\n"
    );
    assert_eq!(
        list(&["passes", "is_false", "--skip=too"]),
        "good::passes: test\nbad::is_false: test\n2 tests\n"
    );
    assert_eq!(
        list(&["--skip", "bad::", "--skip", "odd::"]),
        "good::passes: test\ngood::passes_too: test\n2 tests\n"
    );
    assert_eq!(list(&["--exact", "passes"]), "0 tests\n");
}

fn a_filter_that_matches_nothing_fails() {
    let (code, shown) = child(&["no_such_claim"]);
    assert!(shown.ends_with("0 passed, 0 failed\n"), "{shown}");
    assert_eq!(code, Some(1));
}

fn unknown_options_are_refused_and_cargos_own_are_not() {
    for wrong in [
        "--exactly",
        "--jobs=0",
        "--jobs",
        "--exact=yes",
        "--deadline-ms=soon",
    ] {
        let (code, shown) = child(&[wrong]);
        assert_eq!(code, Some(2), "{wrong}: {shown}");
        assert_shows(&shown, wrong.split('=').next().unwrap_or(wrong));
    }
    let (code, shown) = child(&[
        "good",
        "--test-threads=1",
        "--color",
        "never",
        "--show-output",
    ]);
    assert_eq!(code, Some(0), "{shown}");
}

fn quiet_shows_what_failed_and_the_count() {
    let (_, shown) = child(&["good::", "says_nothing", "-q"]);
    assert_eq!(
        shown,
        "FAILED  bad::says_nothing\nfailed: bad::says_nothing\n2 passed, 1 failed\n"
    );
}

fn a_seed_is_shown_on_failure_and_repeats_the_values() {
    let drawn = |seed| {
        let (_, shown) = child_with(&["draws_and_fails"], seed);
        let after = |mark: &str| {
            let rest = shown
                .split_once(mark)
                .unwrap_or_else(|| panic!("no {mark:?} in {shown}"))
                .1;
            rest.split_whitespace()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        (after("SEED="), after("drew "))
    };
    let (seed, first) = drawn(None);
    assert_eq!(drawn(Some(&seed)), (seed.clone(), first.clone()));
    assert_ne!(drawn(None).1, first);
}
