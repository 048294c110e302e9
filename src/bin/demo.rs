//! `nanoserve-demo`: one payment, sent five times at the same moment, told on a terminal.
//!
//! It starts the server that lies beside it, plays five scenes over real connections, and drains it. It is a check
//! too: every claim it prints is compared with what happened, and the exit code is 1 if one of them is not true.

#![forbid(unsafe_code)]

use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Barrier;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

/// How often the one payment is sent at the same moment.
const COPIES: usize = 5;
/// In minor units.
const AMOUNT: i64 = 1250;
const KEY: &str = "order-4711";
/// Nothing here takes longer; a server that hangs must not hang its demo.
const PATIENCE: Duration = Duration::from_secs(10);
const OPTIONS: &str = "--listen 127.0.0.1:0 --admin off --lab --log off --drain-on-stdin-close";

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let mut story = Story::new();
    match play(&mut story) {
        Ok(()) if story.held => return ExitCode::SUCCESS,
        Ok(()) => say("\nNot everything above is true: see the lines marked FALSE."),
        Err(failure) => eprintln!("nanoserve-demo: {failure}"),
    }
    ExitCode::FAILURE
}

fn play(story: &mut Story) -> Result<(), Failure> {
    let server = Server::start()?;
    say("Alice pays Bob 12.50 EUR. The network stutters, and her client sends it again and again.");
    let first = five_copies(story, &server)?;

    story.scene("A retry, because the answer was lost on its way");
    let retry = server.pay(Some(KEY), AMOUNT)?;
    story.row("retry", &retry, retry.meaning());
    let same = retry.replayed && retry.status == first.status && retry.content == first.content;
    let bytes = first.content.len();
    story.claim(&format!("the same {bytes} bytes as the first answer"), same);

    story.scene("The same key for another amount");
    let changed = server.pay(Some(KEY), AMOUNT + 1)?;
    story.row("changed", &changed, &changed.title());
    story.claim("refused: a key means one request", changed.status == 422);

    story.scene("No key at all");
    let unkeyed = server.pay(None, AMOUNT)?;
    story.row("unkeyed", &unkeyed, &unkeyed.title());
    let refused = unkeyed.status == 400;
    story.claim(
        "refused: nothing would keep it from being made twice",
        refused,
    );

    story.scene("After all that");
    story.claim("one payment was made", server.payments()? == 1);
    story.claim("the server finished its work and stopped", server.stop()?);
    say(
        "\nThe promise: within one process life, a request that arrives whole is executed at most once",
    );
    say("for its key, and every retry gets the first answer, byte for byte.");
    say("\nNow type  make run");
    say("and open  http://127.0.0.1:8080/ and http://127.0.0.1:8080/docs/idempotency");
    say("or read   src/lifecycle.rs, where a request meets its key");
    Ok(())
}

/// One payment, `COPIES` times at the same moment; gives the answer of the copy that was executed.
fn five_copies(story: &mut Story, server: &Server) -> Result<Answer, Failure> {
    story.scene(&format!("{COPIES} copies with one key, at the same moment"));
    let before = (server.balance("alice")?, server.balance("bob")?);
    let start = Barrier::new(COPIES);
    let copy = || {
        start.wait();
        server.pay(Some(KEY), AMOUNT)
    };
    let answers: Result<Vec<Answer>, Failure> = thread::scope(|scope| {
        let copies: Vec<_> = (0..COPIES).map(|_| scope.spawn(copy)).collect();
        let panicked = |_| Err("the thread of a copy panicked".into());
        let answers = copies.into_iter().map(ScopedJoinHandle::join);
        answers
            .map(|answer| answer.unwrap_or_else(panicked))
            .collect()
    });
    let mut answers = answers?;
    // Which copy arrives first is chance; the table begins with it.
    answers.sort_by_key(|answer| (answer.replayed, answer.status));
    for (n, answer) in (1..).zip(&answers) {
        story.row(&format!("copy {n}"), answer, answer.meaning());
    }
    let after = (server.balance("alice")?, server.balance("bob")?);
    say(&format!(
        "  alice     {} -> {}",
        euros(before.0),
        euros(after.0)
    ));
    say(&format!(
        "  bob       {} -> {}",
        euros(before.1),
        euros(after.1)
    ));
    let count = |is: fn(&Answer) -> bool| answers.iter().filter(|answer| is(answer)).count();
    story.claim("one copy was executed", count(Answer::is_executed) == 1);
    let others = count(Answer::is_replay) + count(Answer::is_in_flight);
    story.claim("the others were replayed or refused", others == COPIES - 1);
    let moved = after == (before.0 - AMOUNT, before.1 + AMOUNT);
    story.claim("the money moved once", moved);
    answers
        .into_iter()
        .next()
        .ok_or_else(|| "no answer at all".into())
}

/// What is told, and whether all of it was true.
struct Story {
    coloured: bool,
    held: bool,
}

impl Story {
    fn new() -> Story {
        Story {
            coloured: io::stdout().is_terminal(),
            held: true,
        }
    }

    fn scene(&self, title: &str) {
        say(&format!("\n{}", self.paint("1", title)));
    }

    fn row(&self, what: &str, answer: &Answer, meaning: &str) {
        let colour = if answer.status < 300 { "32" } else { "33" };
        let status = self.paint(colour, &answer.status.to_string());
        say(&format!("  {what:<8}  {status}  {meaning}"));
    }

    fn claim(&mut self, claim: &str, is_true: bool) {
        self.held &= is_true;
        let (colour, mark) = if is_true {
            ("32", "true ")
        } else {
            ("31", "FALSE")
        };
        say(&format!("  {}     {claim}", self.paint(colour, mark)));
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.coloured {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A closed stdout is no reason to stop: the exit code still tells.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Minor units for people: `999999987.50`.
fn euros(cents: i64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

/// The server beside this program, on ports that the system picked.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Result<Server, Failure> {
        let program = std::env::current_exe()?.with_file_name("nanoserve");
        let mut child = Command::new(&program)
            .args(OPTIONS.split(' '))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let mut server = Server {
            child,
            address: String::new(),
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.trim_end().strip_prefix("listening on http://");
        address
            .ok_or("the server did not say where it listens")?
            .clone_into(&mut server.address);
        Ok(server)
    }

    fn pay(&self, key: Option<&str>, amount: i64) -> Result<Answer, Failure> {
        let key = key.map_or(String::new(), |key| format!("Idempotency-Key: {key}\r\n"));
        let content =
            format!(r#"{{"from":"alice","to":"bob","amount":{amount},"currency":"EUR"}}"#);
        let length = content.len();
        let fields = format!("Content-Type: application/json\r\nContent-Length: {length}\r\n");
        let head = format!("POST /payments HTTP/1.1\r\n{key}{fields}");
        self.exchange(&head, &content)
    }

    fn balance(&self, name: &str) -> Result<i64, Failure> {
        let head = format!("GET /accounts/{name} HTTP/1.1\r\n");
        self.exchange(&head, "")?.number("EUR")
    }

    fn payments(&self) -> Result<i64, Failure> {
        let head = "GET /payments?limit=1 HTTP/1.1\r\n";
        self.exchange(head, "")?.number("total")
    }

    /// One request on a connection of its own; `head` ends before Host.
    fn exchange(&self, head: &str, content: &str) -> Result<Answer, Failure> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let rest = "Host: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(format!("{head}{rest}{content}").as_bytes())?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        let text = String::from_utf8(bytes)?;
        let parts = text.split_once("\r\n\r\n");
        let (head, content) = parts.ok_or("an answer without an end of its head")?;
        let status = head.get(9..12).ok_or("an answer without a status")?;
        Ok(Answer {
            status: status.parse()?,
            replayed: head.contains("\r\nIdempotent-Replayed: true"),
            content: content.to_owned(),
        })
    }

    /// Asks for a drain by closing the server's stdin; whether it ended well.
    fn stop(mut self) -> Result<bool, Failure> {
        drop(self.child.stdin.take());
        Ok(self.child.wait()?.success())
    }
}

impl Drop for Server {
    // For the ways out that do not come by `stop`; one that has ended cannot be killed, and need not be.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    status: u16,
    replayed: bool,
    content: String,
}

impl Answer {
    fn is_executed(&self) -> bool {
        self.status == 201 && !self.replayed
    }

    fn is_replay(&self) -> bool {
        self.status == 201 && self.replayed
    }

    fn is_in_flight(&self) -> bool {
        self.status == 409
    }

    fn meaning(&self) -> &'static str {
        match self {
            _ if self.is_executed() => "executed: the money moves",
            _ if self.is_replay() => "replayed: the recorded answer, nothing runs",
            _ if self.is_in_flight() => "refused: the first is still running",
            _ => "an answer that nobody should get",
        }
    }

    /// The number behind `"name":` in the content.
    fn number(&self, name: &str) -> Result<i64, Failure> {
        let behind = self.content.split_once(&format!("\"{name}\":"));
        let (_, behind) = behind.ok_or_else(|| format!("no {name} in {}", self.content))?;
        let digits = behind.split(|c: char| !c.is_ascii_digit()).next();
        Ok(digits.unwrap_or_default().parse()?)
    }

    /// A problem's title.
    fn title(&self) -> String {
        let behind = self.content.split_once("\"title\":\"");
        let title = behind.and_then(|(_, behind)| behind.split('"').next());
        title.unwrap_or_default().to_owned()
    }
}
