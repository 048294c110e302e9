//! A client on a raw socket that takes no answer on trust: whatever it reads is checked as RFC 9112 and N-54 have it.

use super::json::Json;
use super::request::Request;
use super::{DEADLINE, wait_until};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// Bytes that were read and belong to the next answer.
    held: Vec<u8>,
    received: usize,
}

/// One answer, its content as framed.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) content: Vec<u8>,
}

impl Client {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Client {
        let stream = TcpStream::connect_timeout(&address, DEADLINE)
            .unwrap_or_else(|error| panic!("connect to {address}: {error}"));
        stream.set_nodelay(true).expect("an open socket takes it");
        stream
            .set_write_timeout(Some(DEADLINE))
            .expect("not zero, so it is taken");
        Client {
            stream,
            held: Vec::new(),
            received: 0,
        }
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_send(bytes) {
            panic!("send: {error}");
        }
    }

    /// For a server that may have closed already.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.stream.write_all(bytes.as_ref())
    }

    /// Sends a request and reads its answer.
    #[track_caller]
    pub(crate) fn exchange(&mut self, request: &Request) -> Response {
        self.send(request.bytes());
        self.read_answer(request.is_head())
    }

    /// The next answer, which is to a request other than HEAD.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Response {
        self.read_answer(false)
    }

    /// `100 Continue`, and nothing else before it.
    #[track_caller]
    pub(crate) fn expect_continue(&mut self) {
        let head = self.read_head();
        assert_eq!(head, "HTTP/1.1 100 Continue\r\n\r\n");
    }

    /// The server has closed its side, and sent nothing more.
    #[track_caller]
    pub(crate) fn expect_end(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while self.fill(deadline) {}
        let rest = String::from_utf8_lossy(&self.held);
        assert!(rest.is_empty(), "more than was to come: {rest}");
    }

    /// Closes the sending side, as a client does that has said all.
    pub(crate) fn half_close(&mut self) {
        // An error means that the server closed first, which is as good.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Waits until bytes from the server lie in this socket, without taking them.
    #[track_caller]
    pub(crate) fn wait_readable(&self) {
        wait_until("bytes from the server", || self.has_unread());
    }

    /// Closes with unread bytes in the socket, which makes the kernel send a reset (std has no linger).
    #[track_caller]
    pub(crate) fn reset(self) {
        assert!(
            self.has_unread(),
            "without unread bytes it is a plain close"
        );
    }

    /// Whether the server has neither sent a byte nor closed.
    pub(crate) fn is_silent(&self) -> bool {
        self.stream.set_nonblocking(true).expect("an open socket");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("an open socket");
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Waits for the next byte or the end; false where it is the end.
    #[track_caller]
    pub(crate) fn is_readable_before_end(&mut self) -> bool {
        !self.held.is_empty() || self.fill(Instant::now() + DEADLINE)
    }

    /// Takes what has arrived, up to `most` bytes, and forgets it.
    pub(crate) fn take_some(&mut self, most: usize) -> usize {
        self.stream
            .set_read_timeout(Some(DEADLINE))
            .expect("not zero, so it is taken");
        let mut bytes = vec![0; most];
        let taken = self.stream.read(&mut bytes).expect("bytes in time");
        self.received += taken;
        taken
    }

    /// Bytes read so far, interim answers included.
    pub(crate) fn received(&self) -> usize {
        self.received
    }

    fn has_unread(&self) -> bool {
        self.stream.set_nonblocking(true).expect("an open socket");
        let peeked = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false).expect("an open socket");
        matches!(peeked, Ok(1))
    }

    #[track_caller]
    fn read_answer(&mut self, to_head: bool) -> Response {
        let head = self.read_head();
        let mut response = parse_head(&head);
        if let Some(length) = content_length(&response, to_head) {
            let deadline = Instant::now() + DEADLINE;
            while self.held.len() < length {
                assert!(
                    self.fill(deadline),
                    "end after {} of {length} content bytes",
                    self.held.len()
                );
            }
            response.content = self.held.drain(..length).collect();
        }
        response.check();
        response
    }

    #[track_caller]
    fn read_head(&mut self) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(end) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = self.held.drain(..end + 4).collect();
                return String::from_utf8(head).expect("the heads of this server are ASCII");
            }
            assert!(
                self.fill(deadline),
                "end of connection instead of an answer, after {:?}",
                String::from_utf8_lossy(&self.held)
            );
        }
    }

    /// Reads once; false at the end of the connection.
    #[track_caller]
    fn fill(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "nothing within {DEADLINE:?}");
        self.stream
            .set_read_timeout(Some(left))
            .expect("not zero, so it is taken");
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(n) => {
                self.held.extend_from_slice(&bytes[..n]);
                self.received += n;
                true
            }
            Err(error) => panic!(
                "read: {error} (within {:?}, after {:?})",
                DEADLINE,
                String::from_utf8_lossy(&self.held)
            ),
        }
    }
}

impl Response {
    /// The value of a field that may have one line.
    #[track_caller]
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let values = self.values(name);
        assert!(values.len() < 2, "{name} has several lines: {values:?}");
        values.first().copied()
    }

    /// The values of every line of a field.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.fields
            .iter()
            .filter(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Whether the guard answered from a record (N-21).
    #[track_caller]
    pub(crate) fn is_replay(&self) -> bool {
        match self.field("Idempotent-Replayed") {
            None => false,
            Some("true") => true,
            Some(other) => panic!("Idempotent-Replayed: {other}"),
        }
    }

    /// Whether the server says that it closes.
    pub(crate) fn says_close(&self) -> bool {
        self.field("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Json {
        Json::parse(&self.content)
    }

    /// The lab's count, in an answer of the lab.
    #[track_caller]
    pub(crate) fn runs(&self) -> i64 {
        self.json().get("runs").number()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Response {
        let text: String = self.text().chars().take(400).collect();
        assert_eq!(self.status, status, "{:?} {text}", self.fields);
        self
    }

    /// An answer that the server worded itself, whole: N-25.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, name: &str) -> Response {
        let this = self.expect(status);
        assert_eq!(this.field("Content-Type"), Some("application/problem+json"));
        assert_eq!(this.field("Content-Language"), Some("en"));
        let link = this.field("Link").expect("N-25: a Link");
        assert!(link.starts_with("</docs/idempotency"), "{link}");
        assert!(link.ends_with(r#">; rel="describedby""#), "{link}");
        let problem = this.json();
        let kind = problem.get("type").text();
        assert_eq!(kind, format!("/docs/idempotency#{name}"), "{problem:?}");
        assert_eq!(problem.get("status").number(), i64::from(status));
        assert!(!problem.get("title").text().is_empty());
        assert!(!problem.get("detail").text().is_empty());
        assert!(
            !this.is_replay(),
            "{kind} is an answer of the server itself"
        );
        this
    }

    /// What a replay must repeat: status, field lines in order without the fresh ones, content (N-21).
    pub(crate) fn recorded(&self) -> (u16, Vec<(String, String)>, Vec<u8>) {
        const FRESH: [&str; 6] = [
            "date",
            "connection",
            "content-length",
            "transfer-encoding",
            "idempotent-replayed",
            "set-cookie", // not fresh, but never recorded
        ];
        let mut fields = self.fields.clone();
        fields.retain(|(name, _)| !FRESH.contains(&name.to_ascii_lowercase().as_str()));
        (self.status, fields, self.content.clone())
    }

    /// What holds for every answer (N-54).
    #[track_caller]
    fn check(&self) {
        let date = self.field("Date");
        assert!(date.is_some() || self.status >= 500, "N-54: a Date");
        if let Some(date) = date {
            assert!(date.len() == 29 && date.ends_with(" GMT"), "{date}");
            assert!(!date.contains(" 1970 "), "a Date must be true: {date}");
        }
        if !self.content.is_empty() {
            assert!(self.field("Content-Type").is_some(), "N-54: Content-Type");
        }
    }
}

/// Status line and field lines; anything that RFC 9112 does not have is a panic.
#[track_caller]
fn parse_head(head: &str) -> Response {
    let lines = head.trim_end_matches("\r\n");
    let mut lines = lines.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .filter(|rest| rest.as_bytes().get(3) == Some(&b' '))
        .and_then(|rest| rest[..3].parse().ok())
        .unwrap_or_else(|| panic!("no status line: {status_line:?}"));
    assert!(status >= 200, "an interim answer nobody asked for: {head}");
    let fields = lines.map(|line| {
        let (name, value) = line
            .split_once(": ")
            .unwrap_or_else(|| panic!("no field line: {line:?}"));
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        assert!(!name.is_empty() && name.chars().all(token), "{line:?}");
        assert!(value == value.trim(), "white space around {line:?}");
        assert!(!value.contains(['\r', '\n', '\0']), "{line:?}");
        (name.to_owned(), value.to_owned())
    });
    Response {
        status,
        fields: fields.collect(),
        content: Vec::new(),
    }
}

/// How many content bytes follow; none where the answer may not have content.
#[track_caller]
fn content_length(response: &Response, to_head: bool) -> Option<usize> {
    assert_eq!(response.field("Transfer-Encoding"), None);
    let declared = response.field("Content-Length");
    if matches!(response.status, 204 | 304) {
        assert_eq!(declared.filter(|_| response.status == 204), None);
        return None;
    }
    let declared = declared.expect("N-54: an answer that can have content says how long it is");
    let length = declared.parse().expect("Content-Length is a number");
    (!to_head).then_some(length)
}
