//! N-90 and N-91: the command, its first lines and its exit codes.

use crate::support::{Request, Server, wait_for};
use std::collections::HashSet;
use std::io::Read;
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// What became of a command that ends by itself.
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

#[track_caller]
fn run(options: &[&str]) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nanoserve"))
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo built the server before the tests");
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        wait_for("the command's end", || {
            child.try_wait().expect("it is our child")
        })
    }));
    let _ = child.kill();
    let text = |pipe: Option<&mut dyn Read>| {
        let mut text = String::new();
        pipe.expect("piped above")
            .read_to_string(&mut text)
            .expect("UTF-8");
        text
    };
    Ended {
        code: ended
            .unwrap_or_else(|_| panic!("{options:?} should have ended"))
            .code(),
        stdout: text(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read)),
        stderr: text(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read)),
    }
}

/// Ends with this code and one plain line on stderr, which is returned.
#[track_caller]
pub(crate) fn fails(code: i32, options: &[&str]) -> String {
    let ended = run(options);
    assert_eq!(ended.code, Some(code), "{options:?}: {}", ended.stderr);
    assert_eq!(ended.stdout, "", "{options:?}");
    assert_eq!(
        ended.stderr.lines().count(),
        1,
        "{options:?}: {}",
        ended.stderr
    );
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    ended.stderr
}

// N-90
#[test]
fn the_first_lines_tell_the_real_addresses() {
    let mut server = Server::start(&[]);
    let ports = HashSet::from([server.address().port(), server.admin_address().port(), 0]);
    assert_eq!(ports.len(), 3, "two ports, neither of them 0");
    server.send(&Request::get("/")).expect(200);
    server.drain();
    server.wait_exit();
    assert_eq!(server.rest_of_stdout(), "", "two lines and no more");
}

// N-90
#[test]
fn without_an_admin_listener_there_is_one_line() {
    let mut server = Server::start(&["--admin", "off", "--drain-on-stdin-close"]);
    server.send(&Request::get("/")).expect(200);
    server.close_stdin();
    assert_eq!(server.wait_exit().code(), Some(0));
    assert_eq!(server.rest_of_stdout(), "");
}

// N-90
#[test]
fn an_ipv6_address_is_listened_on() {
    let server = Server::start(&["--listen", "[::1]:0"]);
    assert!(server.address().is_ipv6());
    server.send(&Request::get("/")).expect(200);
}

// N-90
#[test]
fn an_unknown_option_exits_2_and_names_the_nearest() {
    for (wrong, nearest) in [
        ("--listn", "--listen"),
        ("--max-key", "--max-keys"),
        ("--works", "--workers"),
        ("--drain-timout", "--drain-timeout"),
        ("--LAB", "--lab"),
        ("-help", "--help"),
    ] {
        let line = fails(2, &[wrong]);
        assert!(line.contains(wrong) && line.contains(nearest), "{line}");
    }
    for options in [&["serve"][..], &["--lab", "8080"], &[""]] {
        fails(2, options);
    }
}

// N-90, N-91
#[test]
fn a_bad_value_exits_2_and_says_what_is_valid() {
    let cases: [(&str, &str, &str); 28] = [
        ("--ttl", "0ms", "1ms"),
        ("--ttl", "soon", "1ms"),
        ("--ttl", "5", "ms"),
        ("--ttl", "-5s", "1ms"),
        ("--ttl", "99999999999999999999h", ""),
        ("--ttl", "400000h", ""),
        ("--ttl", "", ""),
        ("--workers", "0", ""),
        ("--workers", "many", ""),
        ("--workers", "1000000", "4096"),
        ("--max-connections", "0", "1"),
        ("--max-keys", "0", "1"),
        ("--max-keys", "1e6", "1"),
        ("--max-keys", "99999999999999999999999", ""),
        ("--max-bytes", "12XB", "KiB"),
        ("--max-bytes", "lots", "KiB"),
        ("--max-stored-response", "-1", ""),
        ("--max-content", "65MiB", "64MiB"),
        ("--max-inflight-content", "1KiB", ""),
        ("--scope", "everybody", "authorization"),
        ("--scope", "field:", "field:"),
        ("--scope", "field:two words", "field:"),
        ("--log", "loud", "access"),
        ("--listen", "here", ""),
        ("--listen", "127.0.0.1:99999", ""),
        ("--admin", "maybe", "off"),
        ("--drain-timeout", "x", ""),
        ("--drain-timeout", "100000h", ""),
    ];
    for (option, value, said) in cases {
        println!("case: {option} {value}");
        let line = fails(2, &[option, value]);
        assert!(line.contains(option) && line.contains(said), "{line}");
    }
    for option in ["--ttl", "--listen", "--scope"] {
        let line = fails(2, &["--lab", option]);
        assert!(line.contains(option), "a missing value: {line}");
    }
}

// N-90
#[test]
fn an_address_in_use_exits_1_in_one_plain_line() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("it is bound").to_string();
    let line = fails(1, &["--listen", &taken, "--admin", "off"]);
    assert!(line.contains(&taken), "{line}");
    let line = fails(1, &["--listen", "127.0.0.1:0", "--admin", &taken]);
    assert!(line.contains(&taken), "{line}");
    let line = fails(1, &["--listen", "203.0.113.1:8080", "--admin", "off"]);
    assert!(line.contains("203.0.113.1:8080"), "{line}");
}

// N-91
#[test]
fn help_lists_every_option_with_its_default() {
    let ended = run(&["--help"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for (option, default) in [
        ("--listen", "127.0.0.1:8080"),
        ("--admin", "127.0.0.1:8081"),
        ("--workers", ""),
        ("--max-connections", "10000"),
        ("--ttl", "24h"),
        ("--max-keys", "1000000"),
        ("--max-bytes", "512MiB"),
        ("--max-stored-response", "1MiB"),
        ("--max-content", "1MiB"),
        ("--max-inflight-content", "64MiB"),
        ("--scope", "authorization"),
        ("--lab", ""),
        ("--log", "info"),
        ("--drain-timeout", "25s"),
        ("--drain-on-stdin-close", ""),
        ("--help", ""),
        ("--version", ""),
    ] {
        let is_its_line = |line: &&str| line.split_whitespace().next() == Some(option);
        let help = &ended.stdout;
        assert!(
            help.lines().any(|line| is_its_line(&line)),
            "{option} is not listed"
        );
        assert!(help.contains(default), "{option}: no default {default}");
    }
    assert_eq!(run(&["--lab", "--help"]).stdout, ended.stdout);
}

// N-91
#[test]
fn version_is_the_packages() {
    let ended = run(&["--version"]);
    assert_eq!(ended.code, Some(0));
    assert_eq!(
        ended.stdout,
        concat!("nanoserve ", env!("CARGO_PKG_VERSION"), "\n")
    );
}

// N-90
#[test]
fn where_descriptors_are_few_fewer_connections_are_held() {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "ulimit -n 260; exec \"$0\" \"$@\"",
        env!("CARGO_BIN_EXE_nanoserve"),
    ]);
    command.args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
    let server = Server::spawn(&mut command, true).reading_stderr();
    wait_for("a word about it", || {
        server.stderr().contains("connections").then_some(())
    });
    // More than there are descriptors: older ones give way, nobody is left hanging.
    let mut held = Vec::new();
    for _ in 0..300 {
        let mut client = server.connect();
        client.exchange(&Request::get("/")).expect(200);
        held.push(client);
    }
}
