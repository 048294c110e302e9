//! N-63 and N-92 with real signals: docs/service-wrapper.sh and `make run` turn them into a drain, as docs/running.md shows.

use crate::support::{Client, Request, Server, at_once, wait_for, wait_until};
use std::fmt::Display;
use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const SERVER: &str = env!("CARGO_BIN_EXE_nanoserve");
const LISTENERS: &str = "--listen 127.0.0.1:0 --admin 127.0.0.1:0";

/// How long a handler works: so long that the signal comes before its answer on a busy machine too.
const WORK_MS: u32 = 2000;

/// Name and number of the signals that ask for an end.
const SIGNALS: [(&str, u32); 3] = [("TERM", 15), ("INT", 2), ("HUP", 1)];

/// The wrapper with a server and its lab.
#[track_caller]
fn wrapped(options: &[&str]) -> Server {
    let mut command = Command::new("docs/service-wrapper.sh");
    command.current_dir(ROOT).arg(SERVER).arg("--lab");
    command.args(LISTENERS.split(' ')).args(options);
    Server::spawn(&mut command, true).reading_stderr()
}

/// `make run` with the server that the tests were built with, in a process group of its own, as a terminal gives one to each
/// command. The group is killed with the test; the server, in its own session, then sees its stdin close.
struct Made(Server);

impl Made {
    #[track_caller]
    fn run() -> Made {
        let mut make = Command::new("make");
        make.current_dir(ROOT).arg("run").process_group(0);
        make.args(["CARGO=true", &format!("SERVER={SERVER}")]);
        make.arg(format!("ARGS={LISTENERS}"));
        for inherited in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL"] {
            make.env_remove(inherited); // of the make that runs the tests
        }
        Made(Server::spawn(&mut make, true).reading_stderr())
    }
}

impl Drop for Made {
    // After a claim that held nobody is left to be killed, and this says so to nobody.
    fn drop(&mut self) {
        let _ = kill("KILL", format_args!("-{}", self.0.pid()));
    }
}

/// Sends a signal to a process, or with a minus to a process group. The shell's own kill: the program of that name is not on
/// every machine.
fn kill(signal: &str, to: impl Display) -> bool {
    let kill = format!("kill -s {signal} -- {to}");
    let told = Command::new("sh")
        .args(["-c", &kill])
        .stderr(Stdio::null())
        .status();
    told.is_ok_and(|told| told.success())
}

/// The signals that reach what is started here: what a shell was told to ignore, as under nohup, its trap cannot bring back
/// (proc(5), SigIgn).
fn heard() -> Vec<&'static str> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let mask = ignored.unwrap_or(0);
    let heard = SIGNALS
        .iter()
        .filter(|(_, number)| mask >> (number - 1) & 1 == 0);
    heard.map(|(signal, _)| *signal).collect()
}

fn is_there(program: &str) -> bool {
    let ask = format!("command -v {program}");
    let found = Command::new("sh")
        .args(["-c", &ask])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|found| found.success())
}

/// A client whose request is in its handler.
#[track_caller]
fn at_work(server: &Server, delay_ms: u32) -> Client {
    let mut client = server.connect();
    client.send(
        Request::lab(&format!("work?delay_ms={delay_ms}"))
            .key("work")
            .bytes(),
    );
    server.wait_pending("work");
    client
}

/// The client at work gets its whole answer, and then the server has gone.
#[track_caller]
fn is_finished(server: &mut Server, mut client: Client) {
    assert!(client.answer().expect(201).says_close());
    client.expect_end();
    drop(client);
    let admin = server.admin_address();
    wait_until("the server's end", || TcpStream::connect(admin).is_err());
    assert_eq!(server.rest_of_stdout(), "", "two lines and no more");
}

// N-63, N-92: an idle server ends within a moment of being told, while the wrapper is still at it. Many at once, so that some
// of them end in the middle of that.
#[test]
fn a_signal_to_an_idle_server_is_a_drain() {
    let signals = heard();
    at_once(8 * signals.len(), |n| {
        let mut server = wrapped(&["--log", "off", "--workers", "2"]);
        assert!(kill(signals[n / 8], server.pid()));
        assert_eq!(server.wait_exit().code(), Some(0), "{}", signals[n / 8]);
        assert_eq!(server.whole_stderr(), "");
    });
}

/// A folder for the wrapper's pipes, removed with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        let path = std::env::temp_dir().join(format!("nanoserve-wrapper-{}", std::process::id()));
        fs::create_dir(&path).expect("nobody else has this process's id");
        Folder(path)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(&self.0).is_ok_and(|mut left| left.next().is_none())
    }
}

impl Drop for Folder {
    // What cannot be removed is not worth a second panic.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A process that does not outlive its test.
struct Started(Child);

impl Drop for Started {
    // After a claim that held both calls only find that the process has gone.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// N-92: whenever the signal comes, before the trap is set, before there is a server, or just then.
#[test]
fn a_signal_during_the_start_leaves_nothing_behind() {
    let folder = Folder::new();
    for step in 0..24 {
        let mut command = Command::new("docs/service-wrapper.sh");
        command.current_dir(ROOT).env("TMPDIR", &folder.0);
        command.args([SERVER, "--listen", "127.0.0.1:0", "--admin", "off"]);
        command.args(["--log", "off", "--workers", "2"]);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut wrapper = Started(quiet.spawn().expect("the wrapper may be run"));
        // Not a wait for anything: each step meets another moment of the first few milliseconds.
        let moment = Instant::now() + Duration::from_micros(400) * step;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        assert!(kill("TERM", wrapper.0.id()));
        let ended = wait_for("the wrapper's end", || wrapper.0.try_wait().ok().flatten());
        assert!(matches!(ended.code(), None | Some(0)), "{step}: {ended}");
        assert!(folder.is_empty(), "{step}: {ended}");
    }
}

// N-63, N-92
#[test]
fn a_signal_lets_a_running_handler_finish() {
    let signals = heard();
    at_once(signals.len(), |n| {
        println!("case: {}", signals[n]);
        let mut server = wrapped(&[]);
        let client = at_work(&server, WORK_MS);
        assert!(kill(signals[n], server.pid()));
        is_finished(&mut server, client);
        assert_eq!(server.wait_exit().code(), Some(0));
    });
}

// N-63, N-92
#[test]
fn a_signal_during_the_drain_changes_nothing() {
    let mut server = wrapped(&[]);
    let client = at_work(&server, WORK_MS);
    assert!(kill("TERM", server.pid()));
    wait_until("the drain to begin", || {
        server.admin(&Request::get("/readyz")).status == 503
    });
    for signal in heard() {
        assert!(kill(signal, server.pid()));
    }
    is_finished(&mut server, client);
    assert_eq!(server.wait_exit().code(), Some(0));
}

// N-63, N-92
#[test]
fn a_handler_that_outlasts_the_drain_is_told_of_by_the_exit_code() {
    let mut server = wrapped(&["--drain-timeout", "200ms"]);
    let _client = at_work(&server, 30_000);
    assert!(kill("TERM", server.pid()));
    assert_eq!(server.wait_exit().code(), Some(1));
    is_on_the_page(&server.whole_stderr());
}

// N-63, N-92: nothing is left to ask for the drain but the kernel, which closes what the wrapper held.
#[test]
fn a_killed_wrapper_leaves_a_server_that_drains() {
    let mut server = wrapped(&[]);
    let client = at_work(&server, WORK_MS);
    assert!(kill("KILL", server.pid()));
    is_finished(&mut server, client);
    assert_eq!(server.wait_exit().code(), None, "the wrapper's own end");
}

// N-92: what the wrapper is there to keep away.
#[test]
fn a_signal_to_the_server_itself_ends_it_at_once() {
    let mut server = wrapped(&[]);
    let wrapper = server.pid();
    let Ok(children) = fs::read_to_string(format!("/proc/{wrapper}/task/{wrapper}/children"))
    else {
        println!("passed over: this kernel does not tell a process's children");
        return;
    };
    let mut client = at_work(&server, 30_000);
    assert!(kill("TERM", children.trim()));
    assert_eq!(server.wait_exit().code(), Some(128 + 15));
    client.expect_end();
}

// N-92: Ctrl-C goes to all processes of the terminal's foreground group, and so does the end of a terminal; a service manager
// sends SIGTERM to make alone, or to all.
#[test]
fn make_run_ends_in_a_drain() {
    if !is_there("make") || !is_there("setsid") {
        println!("passed over: there is no make, or no setsid");
        return;
    }
    let mut cases: Vec<_> = heard().into_iter().map(|signal| (signal, "-")).collect();
    cases.push(("TERM", ""));
    at_once(cases.len(), |n| {
        let (signal, group) = cases[n];
        println!("case: {signal} to {group}make");
        let mut made = Made::run();
        let client = at_work(&made.0, WORK_MS);
        assert!(kill(signal, format_args!("{group}{}", made.0.pid())));
        is_finished(&mut made.0, client);
        made.0.wait_exit(); // make ends as the signal says: its exit code is its own
        is_on_the_page(&made.0.whole_stderr());
    });
}

/// What is said on stderr is shown in docs/running.md, line by line.
#[track_caller]
fn is_on_the_page(stderr: &str) {
    let page = fs::read_to_string(format!("{ROOT}/docs/running.md"));
    let page = page.expect("docs/running.md is there");
    assert!(stderr.contains("event=drain"), "{stderr}");
    // What make says of its own end differs from one make to the next.
    for line in stderr.lines().filter(|line| !line.starts_with("make")) {
        let timeless = match line.split_once(' ') {
            Some((time, rest)) if time.starts_with("ts=") => rest,
            _ => line,
        };
        assert!(
            page.lines().any(|shown| shown.ends_with(timeless)),
            "not shown: {line}"
        );
    }
}
