//! Claims about src/config.rs: names, order, contradictions. How values are written is value.rs, beside this.

pub mod value;

use crate::harness::{Test, expect, random::Random};
use nanoserve::config::{
    Command, Config, Duplicates, Scope, UsageError, help_text, parse_args, settings,
};
use nanoserve::log::Level;

#[rustfmt::skip] // a claim a line
pub const TESTS: &[Test] = &[
    ("help_lists_every_option_with_its_default", help_lists_every_option_with_its_default),
    ("no_options_mean_the_defaults", no_options_mean_the_defaults),
    ("every_option_sets_its_own_field", every_option_sets_its_own_field),
    ("a_value_follows_a_space_or_an_equals_sign", a_value_follows_a_space_or_an_equals_sign),
    ("help_wins_wherever_it_stands_then_version", help_wins_wherever_it_stands_then_version),
    ("options_that_come_later_are_not_known_yet", options_that_come_later_are_not_known_yet),
    ("an_unknown_option_names_the_nearest", an_unknown_option_names_the_nearest),
    ("every_option_is_the_nearest_to_itself_misspelt", every_option_is_the_nearest_to_itself_misspelt),
    ("an_option_twice_is_refused", an_option_twice_is_refused),
    ("a_missing_value_is_refused_and_the_next_option_is_none", a_missing_value_is_refused_and_the_next_option_is_none),
    ("a_switch_takes_no_value", a_switch_takes_no_value),
    ("content_larger_than_all_content_in_flight_is_refused", content_larger_than_all_content_in_flight_is_refused),
    ("two_listeners_on_one_address_are_refused", two_listeners_on_one_address_are_refused),
    ("an_error_is_one_line_whatever_was_typed", an_error_is_one_line_whatever_was_typed),
];

fn parse(words: &[&str]) -> Result<Command, UsageError> {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    parse_args(&words)
}

#[track_caller]
fn config(words: &[&str]) -> Config {
    match parse(words) {
        Ok(Command::Run(config)) => config,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[track_caller]
fn refused(words: &[&str]) -> String {
    match parse(words) {
        Err(UsageError(line)) => line,
        other => panic!("{words:?}: {other:?}"),
    }
}

// N-91
fn help_lists_every_option_with_its_default() {
    expect::file(&help_text(), "help.txt");
    for (name, default) in settings(&Config::default()) {
        let line = help_text()
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{name} ")))
            .map(str::to_owned);
        assert!(
            line.is_some_and(|line| line.ends_with(&format!("[{default}]"))),
            "{name}"
        );
    }
}

// N-91
fn no_options_mean_the_defaults() {
    let config = config(&[]);
    assert_eq!(config, Config::default());
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.admin.map(|a| a.to_string()).as_deref(),
        Some("127.0.0.1:8081")
    );
    assert_eq!(
        (config.ttl_ms, config.keys_max, config.bytes_max),
        (86_400_000, 1_000_000, 512 << 20)
    );
    assert_eq!(
        (config.content_max, config.inflight_content_max),
        (1 << 20, 64 << 20)
    );
    assert_eq!((config.connections_max, config.drain_ms), (10_000, 25_000));
}

// N-91
fn every_option_sets_its_own_field() {
    let all = config(&[
        "--listen",
        "0.0.0.0:80",
        "--admin",
        "off",
        "--workers",
        "3",
        "--max-connections",
        "4",
        "--ttl",
        "2s",
        "--max-keys",
        "5",
        "--max-bytes",
        "64KiB",
        "--max-stored-response",
        "6",
        "--max-content",
        "7",
        "--max-inflight-content",
        "8",
        "--duplicates",
        "wait",
        "--wait-timeout",
        "9s",
        "--scope",
        "none",
        "--lab",
        "--log",
        "access",
        "--drain-timeout",
        "15m",
        "--drain-on-stdin-close",
    ]);
    let expected = Config {
        listen: ([0, 0, 0, 0], 80).into(),
        admin: None,
        workers: 3,
        connections_max: 4,
        ttl_ms: 2_000,
        keys_max: 5,
        bytes_max: 65_536,
        stored_response_max: 6,
        content_max: 7,
        inflight_content_max: 8,
        duplicates: Duplicates::Wait,
        wait_timeout_ms: 9_000,
        scope: Scope::None,
        lab: true,
        log: Level::Access,
        drain_ms: 900_000,
        drain_on_stdin_close: true,
    };
    assert_eq!(all, expected);
}

// N-91
fn a_value_follows_a_space_or_an_equals_sign() {
    assert_eq!(config(&["--ttl", "500ms"]), config(&["--ttl=500ms"]));
    assert_eq!(
        config(&["--scope=field:x-client"]).scope,
        Scope::Field("x-client".into())
    );
}

// N-91
fn help_wins_wherever_it_stands_then_version() {
    for words in [
        &["--help"][..],
        &["--lab", "--help"],
        &["--wrong", "--version", "--help"],
        &["--ttl", "--help"],
    ] {
        assert_eq!(parse(words), Ok(Command::Help), "{words:?}");
    }
    assert_eq!(parse(&["--version", "--wrong"]), Ok(Command::Version));
    assert_eq!(refused(&["--help=more"]), "--help: takes no value");
}

// N-91
fn options_that_come_later_are_not_known_yet() {
    for name in ["--journal", "--accept-loss"] {
        assert!(refused(&[name, "x"]).starts_with(&format!("{name}: no such option")));
        assert!(!help_text().contains(name));
    }
}

// N-90
fn an_unknown_option_names_the_nearest() {
    for (typed, nearest) in [
        ("--wrokers", "--workers"),
        ("--tll", "--ttl"),
        ("-ttl", "--ttl"),
        ("--max-inf=1", "--max-inflight-content"),
        ("--maxkeys", "--max-keys"),
        ("--verison", "--version"),
        ("--LAB", "--lab"),
        ("-h", "--help"),
    ] {
        let name = typed.split('=').next().unwrap_or(typed);
        assert_eq!(
            refused(&[typed]),
            format!("{name}: no such option; the nearest is {nearest}")
        );
    }
    assert_eq!(
        refused(&["serve"]),
        "serve: not an option; they begin with --"
    );
    assert_eq!(refused(&[""]), ": not an option; they begin with --");
}

// N-90
fn every_option_is_the_nearest_to_itself_misspelt() {
    let mut random = Random::new();
    for (name, _) in settings(&Config::default()) {
        let mut typed: Vec<char> = name.chars().collect();
        typed[random.within(2..=name.len() - 1)] = 'Z';
        let typed: String = typed.into_iter().collect();
        let line = refused(&[&typed]);
        assert_eq!(line.rsplit(' ').next(), Some(name), "{line}");
    }
}

// N-91
fn an_option_twice_is_refused() {
    assert_eq!(refused(&["--ttl", "1s", "--ttl=1s"]), "--ttl: given twice");
    assert_eq!(refused(&["--lab", "--lab"]), "--lab: given twice");
}

// N-90
fn a_missing_value_is_refused_and_the_next_option_is_none() {
    assert_eq!(refused(&["--ttl"]), "--ttl: needs a value, DURATION");
    assert_eq!(
        refused(&["--listen", "--lab"]),
        "--listen: needs a value, ADDR:PORT"
    );
    assert!(refused(&["--ttl="]).starts_with("--ttl : give a duration from 1ms"));
}

// N-91
fn a_switch_takes_no_value() {
    assert_eq!(refused(&["--lab=yes"]), "--lab: takes no value");
    assert_eq!(
        refused(&["--lab", "yes"]),
        "yes: not an option; they begin with --"
    );
}

// N-91
fn content_larger_than_all_content_in_flight_is_refused() {
    config(&["--max-content=64KiB", "--max-inflight-content=64KiB"]);
    assert_eq!(
        refused(&["--max-content=65537", "--max-inflight-content=64KiB"]),
        "--max-content 65537: at most --max-inflight-content, which is 64KiB"
    );
    // The default of one beside a value of the other.
    assert_eq!(
        refused(&["--max-inflight-content=1023KiB"]),
        "--max-content 1MiB: at most --max-inflight-content, which is 1023KiB"
    );
}

// N-90
fn two_listeners_on_one_address_are_refused() {
    assert_eq!(
        refused(&["--listen", "127.0.0.1:8081"]),
        "--admin 127.0.0.1:8081: --listen has the same address"
    );
    config(&["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
}

// N-90
fn an_error_is_one_line_whatever_was_typed() {
    for typed in [
        "--a\nb",
        "x\r\n",
        "--ttl=\u{1b}[2J",
        "--scope=field:\0",
        "--=",
        "--",
        "-",
        "=",
        "--ttl==2s",
    ] {
        let line = refused(&[typed]);
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}
