//! A client for servers of any manners: what they send is read for what it is, and judged by the cases.
//!
//! `support::Client` is the strict one, for our own server. Here nothing panics and nothing waits past its patience.

use super::expect::{Kept, differ, ensure};
use crate::support::{Request, Response, pause};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// What a head may weigh, and a whole answer: a server that never stops sending must not fill our memory.
const HEAD_MAX: usize = 64 * 1024;
const ANSWER_MAX: usize = 32 * 1024 * 1024;

/// One connection.
pub(super) struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
    patience: Duration,
}

impl Wire {
    /// A server that has just died may be started again by whoever watches it: a refused connection is tried anew.
    pub(super) fn open(address: SocketAddr, patience: Duration) -> Result<Wire, String> {
        let deadline = Instant::now() + patience;
        loop {
            match TcpStream::connect_timeout(&address, patience) {
                Ok(stream) => {
                    let timeouts = stream.set_write_timeout(Some(patience));
                    let set = timeouts.and_then(|()| stream.set_nodelay(true));
                    set.map_err(|error| format!("a socket that takes no options: {error}"))?;
                    return Ok(Wire {
                        stream,
                        held: Vec::new(),
                        patience,
                    });
                }
                Err(error) if Instant::now() >= deadline => {
                    return differ("a connection", error.kind());
                }
                Err(_) => pause(),
            }
        }
    }

    /// Errors are not told: the server may have answered and closed, and reading shows what became of it.
    pub(super) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.stream.write_all(bytes.as_ref());
    }

    pub(super) fn exchange(&mut self, request: &Request) -> Result<Response, String> {
        self.send(request.bytes());
        self.answer_to(request.is_head())
    }

    /// The next answer, which is to a request other than HEAD.
    pub(super) fn answer(&mut self) -> Result<Response, String> {
        self.answer_to(false)
    }

    /// `100 Continue`, and nothing else before it.
    pub(super) fn leave_to_continue(&mut self) -> Kept {
        let status = self.head()?.status;
        ensure(status == 100, "100", status)
    }

    /// The server has closed, and sent nothing more.
    pub(super) fn end(&mut self) -> Kept {
        let deadline = Instant::now() + self.patience;
        while self.held.is_empty() {
            match self.fill(deadline) {
                Ok(true) => {}
                Ok(false) | Err(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                    return Ok(());
                }
                Err(_) => return differ("the connection's end", "it open"),
            }
        }
        differ("the connection's end", self.beginning())
    }

    /// Closes the sending side: we have said all.
    pub(super) fn half_close(&mut self) {
        // An error means that the server closed first, which is as good.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Waits for the first byte of an answer, or the end, without taking it.
    pub(super) fn wait_readable(&self) -> Kept {
        let _ = self.stream.set_read_timeout(Some(self.patience));
        match self.stream.peek(&mut [0]) {
            Ok(1) => Ok(()),
            Ok(_) => differ("an answer", "the end of the connection"),
            Err(error) => differ("an answer", self.said(error.kind())),
        }
    }

    /// Whether the server has neither sent a byte nor closed.
    pub(super) fn is_silent(&self) -> bool {
        let _ = self.stream.set_nonblocking(true);
        let peeked = self.stream.peek(&mut [0]);
        let _ = self.stream.set_nonblocking(false);
        matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    fn answer_to(&mut self, is_head: bool) -> Result<Response, String> {
        let mut response = self.head()?;
        if response.status < 200 {
            return differ("a final answer", response.status);
        }
        if is_head || matches!(response.status, 204 | 304) {
            return Ok(response);
        }
        response.content = match (
            response.values("Transfer-Encoding").first(),
            response.values("Content-Length").first(),
        ) {
            (Some(_), _) => self.chunks()?,
            (None, Some(length)) => match length.parse() {
                Ok(length) => self.take(length)?,
                Err(_) => return differ("a Content-Length", length),
            },
            (None, None) => self.rest()?,
        };
        Ok(response)
    }

    fn head(&mut self) -> Result<Response, String> {
        let head = self.until(b"\r\n\r\n", HEAD_MAX)?;
        let head = String::from_utf8_lossy(&head).into_owned();
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default();
        let status = status_line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.get(2..5)?.parse().ok());
        let Some(status) = status else {
            return differ("a status line", format!("{status_line:.40?}"));
        };
        let fields = lines.filter_map(|line| line.split_once(':'));
        Ok(Response {
            status,
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            content: Vec::new(),
        })
    }

    fn chunks(&mut self) -> Result<Vec<u8>, String> {
        let mut content = Vec::new();
        loop {
            let line = self.until(b"\r\n", HEAD_MAX)?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let digits = line.split(';').next().unwrap_or_default().trim();
            let Ok(size) = usize::from_str_radix(digits, 16) else {
                return differ("a chunk size", format!("{line:.40?}"));
            };
            if size == 0 {
                // Trailers end with an empty line, as a head does.
                while !self.until(b"\r\n", HEAD_MAX)?.is_empty() {}
                return Ok(content);
            }
            content.extend(self.take(size)?);
            self.until(b"\r\n", 2)?;
        }
    }

    /// What comes before `mark`, which is taken too.
    fn until(&mut self, mark: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + self.patience;
        loop {
            let found = self
                .held
                .windows(mark.len())
                .position(|bytes| bytes == mark);
            if let Some(end) = found {
                let taken = self.held.drain(..end).collect();
                self.held.drain(..mark.len());
                return Ok(taken);
            }
            if self.held.len() > most {
                return differ("an answer", format!("no end of {}", self.beginning()));
            }
            self.more(deadline)?;
        }
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + self.patience;
        while self.held.len() < length {
            self.more(deadline)?;
        }
        Ok(self.held.drain(..length).collect())
    }

    fn rest(&mut self) -> Result<Vec<u8>, String> {
        let deadline = Instant::now() + self.patience;
        while self.fill(deadline).map_err(|kind| self.missed(kind))? {}
        Ok(std::mem::take(&mut self.held))
    }

    fn more(&mut self, deadline: Instant) -> Kept {
        match self.fill(deadline) {
            Ok(true) => Ok(()),
            Ok(false) if self.held.is_empty() => differ("an answer", "the end of the connection"),
            Ok(false) => differ("an answer", format!("the end behind {}", self.beginning())),
            Err(kind) => Err(self.missed(kind)),
        }
    }

    /// Reads once; false at the end of the connection.
    fn fill(&mut self, deadline: Instant) -> Result<bool, ErrorKind> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || self.held.len() > ANSWER_MAX {
            return Err(ErrorKind::TimedOut);
        }
        let _ = self.stream.set_read_timeout(Some(left));
        let mut bytes = [0; 16 * 1024];
        let read = self.stream.read(&mut bytes).map_err(|error| error.kind())?;
        self.held.extend_from_slice(&bytes[..read]);
        Ok(read > 0)
    }

    fn missed(&self, kind: ErrorKind) -> String {
        format!("expected an answer, found {}", self.said(kind))
    }

    fn said(&self, kind: ErrorKind) -> String {
        match kind {
            ErrorKind::WouldBlock | ErrorKind::TimedOut if self.held.is_empty() => {
                format!("none within {:?}", self.patience)
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                format!("no end within {:?} of {}", self.patience, self.beginning())
            }
            other => other.to_string(),
        }
    }

    fn beginning(&self) -> String {
        let text = String::from_utf8_lossy(&self.held);
        format!("{:.40?}", text.chars().take(40).collect::<String>())
    }
}
