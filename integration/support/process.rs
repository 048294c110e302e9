//! The server as its users meet it: a process with options, two addresses on its first lines, and an exit code.

use super::json::Json;
use super::metrics::Metrics;
use super::request::Request;
use super::wire::{Client, Response};
use super::{DEADLINE, wait_for, wait_until};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A running server. Dropping it kills it, and shows its stderr if the test failed.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    admin: Option<SocketAddr>,
    stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Stderr,
}

enum Stderr {
    /// A thread reads it into this.
    Read(Arc<Mutex<String>>),
    /// Nobody reads it.
    Unread(#[allow(dead_code)] Option<ChildStderr>), // held so that the pipe stays open
}

/// One record of a key, as the admin listener tells it (N-61).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) scope: String,
    pub(crate) pending: bool,
    pub(crate) age_ms: i64,
    pub(crate) ttl_ms: Option<i64>,
    pub(crate) answer: Option<i64>,
}

impl Server {
    /// Both listeners on ports that the system picks; `options` may say `--admin off`.
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Server {
        Server::start_unread(options).reading_stderr()
    }

    /// With the lab, and these options besides.
    #[track_caller]
    pub(crate) fn lab(options: &[&str]) -> Server {
        Server::start(&[&["--lab"], options].concat())
    }

    /// Nobody reads its stderr.
    #[track_caller]
    pub(crate) fn start_unread(options: &[&str]) -> Server {
        // The one cargo built for the tests, unless another is named: `make load` names the release build.
        let built = env!("CARGO_BIN_EXE_nanoserve");
        let mut command = Command::new(std::env::var("NANOSERVE_BIN").unwrap_or(built.into()));
        for listener in ["--listen", "--admin"] {
            if !options.contains(&listener) {
                command.args([listener, "127.0.0.1:0"]);
            }
        }
        command.args(options);
        Server::spawn(&mut command, !options.contains(&"off"))
    }

    /// Runs any command that becomes a server, and waits for its first lines (N-90).
    #[track_caller]
    pub(crate) fn spawn(command: &mut Command, with_admin: bool) -> Server {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo built the server before the tests");
        let stdout = child.stdout.take().expect("piped above");
        let (lines, arrived) = mpsc::channel();
        thread::spawn(move || {
            let mut stdout = BufReader::new(stdout);
            let listening = read_address(&mut stdout, "listening on http://");
            let admin = with_admin.then(|| read_address(&mut stdout, "admin on http://"));
            // The test may have given up: then nobody listens.
            let _ = lines.send((listening, admin, stdout));
        });
        let Ok((Ok(address), admin, stdout)) = arrived.recv_timeout(DEADLINE) else {
            let _ = child.kill();
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                let _ = stderr.read_to_string(&mut said);
            }
            panic!("no address on the server's first line; it said: {said}");
        };
        Server {
            address,
            admin: admin.map(|line| line.expect("the second line is the admin listener's")),
            stdin: child.stdin.take(),
            stdout: Some(stdout),
            stderr: Stderr::Unread(child.stderr.take()),
            child,
        }
    }

    /// From here on a thread reads its stderr.
    pub(crate) fn reading_stderr(mut self) -> Server {
        let pipe = match &mut self.stderr {
            Stderr::Unread(pipe) => pipe.take(),
            Stderr::Read(_) => None,
        };
        if let Some(mut pipe) = pipe {
            let text = Arc::new(Mutex::new(String::new()));
            let kept = Arc::clone(&text);
            thread::spawn(move || {
                let mut bytes = [0; 4096];
                while let Ok(n @ 1..) = pipe.read(&mut bytes) {
                    let mut text = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    text.push_str(&String::from_utf8_lossy(&bytes[..n]));
                }
            });
            self.stderr = Stderr::Read(text);
        }
        self
    }

    /// Its process id, for /proc.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A number that the kernel tells of the process: `Threads`, or `VmRSS` in KiB.
    #[track_caller]
    pub(crate) fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the server runs");
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let value = value.expect("the kernel tells it");
        let number = value.split_whitespace().next().map(str::parse);
        number.and_then(Result::ok).expect("a number")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn admin_address(&self) -> SocketAddr {
        self.admin.expect("this server was started with --admin")
    }

    /// For reqwest.
    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    #[track_caller]
    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Response {
        self.connect().exchange(request)
    }

    /// One request to the admin listener.
    #[track_caller]
    pub(crate) fn admin(&self, request: &Request) -> Response {
        Client::connect(self.admin_address()).exchange(request)
    }

    /// How often the lab ran under this name.
    #[track_caller]
    pub(crate) fn runs(&self, name: &str) -> i64 {
        let count = self.send(&Request::get(&format!("/lab/runs/{name}")));
        count.expect(200).runs()
    }

    /// Every scope's record of a key, which is given as it stands in a path.
    #[track_caller]
    pub(crate) fn records(&self, key: &str) -> Vec<Sighting> {
        let answer = self.admin(&Request::get(&format!("/keys/{key}")));
        let records = answer.expect(200).json().get("records").clone();
        let number = |json: &Json| match json {
            Json::Null => None,
            json => Some(json.number()),
        };
        let sighting = |record: &Json| Sighting {
            scope: record.get("scope").text().to_owned(),
            pending: match record.get("status").text() {
                "pending" => true,
                "completed" => false,
                other => panic!("status {other}"),
            },
            age_ms: record.get("age_ms").number(),
            ttl_ms: number(record.get("ttl_ms")),
            answer: number(record.get("answer")),
        };
        records.list().iter().map(sighting).collect()
    }

    /// Waits until the first attempt with this key is in its handler.
    #[track_caller]
    pub(crate) fn wait_pending(&self, key: &str) {
        wait_until("the key to be pending", || {
            self.records(key).iter().any(|record| record.pending)
        });
    }

    /// Waits until the outcome is recorded under this key.
    #[track_caller]
    pub(crate) fn wait_completed(&self, key: &str) {
        wait_until("the key to be completed", || {
            self.records(key).iter().any(|record| !record.pending)
        });
    }

    #[track_caller]
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::parse(&self.admin(&Request::get("/metrics")).expect(200).text())
    }

    /// Asks for a drain (N-63).
    #[track_caller]
    pub(crate) fn drain(&self) -> Response {
        self.admin(&Request::post("/drain").field("NanoServe-Admin", "1"))
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// What stands on stdout behind the first lines, once the server has ended.
    #[track_caller]
    pub(crate) fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        let stdout = self.stdout.as_mut().expect("not closed by this test");
        stdout
            .read_to_string(&mut rest)
            .expect("UTF-8 until the end");
        rest
    }

    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    pub(crate) fn close_stderr(&mut self) {
        self.stderr = Stderr::Unread(None);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.exited().is_none()
    }

    #[track_caller]
    pub(crate) fn wait_exit(&mut self) -> ExitStatus {
        wait_for("the server's end", || self.exited())
    }

    fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// All that it has logged, once it has ended.
    #[track_caller]
    pub(crate) fn whole_stderr(&self) -> String {
        wait_until("the end of stderr", || match &self.stderr {
            // The reading thread lets go of its share at the end of the pipe.
            Stderr::Read(text) => Arc::strong_count(text) == 1,
            Stderr::Unread(_) => true,
        });
        self.stderr()
    }

    /// What it has logged so far.
    pub(crate) fn stderr(&self) -> String {
        match &self.stderr {
            Stderr::Read(text) => text.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Stderr::Unread(_) => String::new(),
        }
    }
}

impl Drop for Server {
    // Runs on a panic too: no server outlives its test. One that has exited cannot be killed, and need not be.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the server's stderr\n{}---", self.stderr());
        }
    }
}

/// The address on the next line of stdout; the line itself where it is another.
fn read_address(stdout: &mut impl BufRead, prefix: &str) -> Result<SocketAddr, String> {
    let mut line = String::new();
    let read = stdout.read_line(&mut line);
    let address = line.trim_end().strip_prefix(prefix).map(str::parse);
    match (read, address) {
        (Ok(_), Some(Ok(address))) => Ok(address),
        _ => Err(line),
    }
}
