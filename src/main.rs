//! The command: arguments, the server with its demo application, exit codes.

#![forbid(unsafe_code)]

use nanoserve::app::{App, LAB_ROUTES, PROBLEMS, ROUTES};
use nanoserve::config::{self, Command, Config};
use nanoserve::host::{Drain, Server};
use nanoserve::limits::{DESCRIPTORS_RESERVED, LAST_LINES_MS};
use nanoserve::log::{Level, Log};
use nanoserve::server::listener::Drained;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;
use std::{env, fs, panic, thread};

fn main() -> ExitCode {
    let args: Vec<String> = env::args_os()
        .skip(1)
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    match config::parse_args(&args) {
        Ok(Command::Help) => say(&config::help_text()),
        Ok(Command::Version) => say(concat!("nanoserve ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Run(config)) => run(config),
        Err(error) => complain(&error.0, 2),
    }
}

fn run(mut config: Config) -> ExitCode {
    if let Err(error) = share_one_arena() {
        let detail = "set MALLOC_ARENA_MAX=1, and it need not";
        return complain(
            &format!("cannot execute itself again: {error}; {detail}"),
            1,
        );
    }
    let log = match Log::start(config.log) {
        Ok(log) => log,
        Err(error) => return complain(&format!("cannot start the log's thread: {error}"), 1),
    };
    fit_connections(&mut config, &log);
    log_panics(&log);
    let lab: &[_] = if config.lab { LAB_ROUTES } else { &[] };
    let routes = ROUTES.iter().chain(lab).copied().collect();
    let server = match Server::bind(&config, &log, App::new(), routes, PROBLEMS) {
        Ok(server) => server,
        Err(error) => return complain(&error.to_string(), 1),
    };
    let mut lines = format!("listening on http://{}\n", server.address());
    if let Some(admin) = server.admin_address() {
        // Writing to a String cannot fail.
        let _ = writeln!(lines, "admin on http://{admin}");
    }
    say(&lines);
    if config.drain_on_stdin_close && drain_when_stdin_closes(server.drain(), log.clone()).is_err()
    {
        return complain("cannot start the thread that watches stdin", 1);
    }
    let ended = server.serve();
    log.flush(LAST_LINES_MS);
    match ended {
        Ok(Drained::Whole) => ExitCode::SUCCESS,
        Ok(Drained::Overdue(handlers)) => complain(
            &format!("the drain timed out with {handlers} handlers still running"),
            1,
        ),
        Err(error) => complain(&format!("cannot serve: {error}"), 1),
    }
}

/// glibc's malloc gives threads arenas of their own, eight for each core, and memory that one has freed is of no use to
/// the others: keys that expire in one and come back in another make the process grow far beyond what it holds. One arena
/// for all keeps resident memory near what is counted (N-43). glibc reads the setting when a process starts and std cannot
/// change it later, so the program replaces itself once, with the same id, arguments and descriptors. Whoever sets the
/// variable himself is left alone.
///
/// # Errors
/// Executing failed. The process is then not as it was (std has given SIGPIPE its default back), so it must not go on.
fn share_one_arena() -> io::Result<()> {
    const SETTING: &str = "MALLOC_ARENA_MAX";
    if env::var_os(SETTING).is_some() {
        return Ok(());
    }
    let Ok(program) = env::current_exe() else {
        return Ok(()); // no /proc: then there is more memory, and nothing else is different
    };
    let mut again = std::process::Command::new(program);
    again.args(env::args_os().skip(1)).env(SETTING, "1");
    // Blocks of 128 KiB and more come from the system and go back to it: without this, freeing a few large answers would
    // teach malloc to keep all that are smaller, megabytes each.
    again
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .env("MALLOC_TRIM_THRESHOLD_", "8388608");
    // Small blocks are joined with their free neighbours one by one, as they are freed. Otherwise malloc puts that off to
    // the next large allocation: after a million keys have expired, a request would wait a second for two million blocks,
    // and everyone else with it. What stands there already, and may say otherwise, comes last and wins.
    let mut tunables = OsString::from("glibc.malloc.mxfast=0");
    if let Some(others) = env::var_os("GLIBC_TUNABLES") {
        tunables.push(":");
        tunables.push(others);
    }
    again.env("GLIBC_TUNABLES", tunables);
    Err(again.exec())
}

/// std cannot raise the limit on descriptors, so the limit on connections bows to it (N-90).
fn fit_connections(config: &mut Config, log: &Log) {
    let Some(descriptors) = fs::read_to_string("/proc/self/limits")
        .ok()
        .and_then(|text| open_files(&text))
    else {
        return;
    };
    let room = descriptors
        .saturating_sub(DESCRIPTORS_RESERVED)
        .max(descriptors / 2)
        .max(1);
    if room < config.connections_max {
        let fields: &[(&str, &dyn std::fmt::Display)] = &[
            ("max-connections", &room),
            ("asked-for", &config.connections_max),
            ("ulimit-n", &descriptors),
        ];
        log.event(Level::Info, "connections-lowered", fields);
        config.connections_max = room;
    }
}

/// The soft limit in the line `Max open files  20000  20000  files`.
fn open_files(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The default hook writes to stderr itself and would block on one that nobody reads (N-64).
fn log_panics(log: &Log) {
    let log = log.clone();
    panic::set_hook(Box::new(move |panic| log.panicked(panic)));
}

/// A parent that holds our stdin asks for a drain by closing it, or by ending (N-92).
fn drain_when_stdin_closes(drain: Drain, log: Log) -> io::Result<()> {
    let watch = move || {
        let mut ignored = [0; 256];
        loop {
            match io::stdin().read(&mut ignored) {
                Ok(n) if n > 0 => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => break,
            }
        }
        log.event(Level::Info, "drain", &[("asked-by", &"stdin")]);
        drain.begin();
    };
    thread::Builder::new()
        .name("stdin".into())
        .spawn(watch)
        .map(|_| ())
}

/// A closed stdout is no reason to end (N-64), so the error is passed over.
fn say(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

/// One line on stderr. A thread of its own writes it, for at most `LAST_LINES_MS`: nobody may be reading (N-64).
fn complain(text: &str, code: u8) -> ExitCode {
    let line = format!("nanoserve: {text}\n");
    let (done, written) = mpsc::channel();
    let write = move || {
        let _ = io::stderr().write_all(line.as_bytes());
        let _ = done.send(()); // nobody waits any more: then nobody minds
    };
    if thread::Builder::new().spawn(write).is_ok() {
        let _ = written.recv_timeout(Duration::from_millis(LAST_LINES_MS));
    }
    ExitCode::from(code)
}
