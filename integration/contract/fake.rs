//! Servers that behave badly, for the tests of the cases themselves.

use super::target::Target;
use crate::support::DEADLINE;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A server with a thread for each connection. Dropping it ends it.
pub(super) struct Fake {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// For servers that never answer: they are next door.
pub(super) const HURRY: Duration = Duration::from_millis(50);

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
pub(super) const REFUSED: &str =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno";

impl Fake {
    /// The same to whoever has sent something; where that is nothing, the connection stays and is silent.
    pub(super) fn that_says(answer: &'static str) -> Fake {
        Fake::that_answers(|_| answer.to_owned())
    }

    /// Answers what came with the first read, and closes.
    pub(super) fn that_answers(answer: impl Fn(&str) -> String + Clone + Send + 'static) -> Fake {
        Fake::run(move |_, stream| {
            let answer = answer.clone();
            thread::spawn(move || answer_once(stream, answer));
            true
        })
    }

    /// Answers one request, with nobody listening any more by then.
    pub(super) fn of_one_request() -> Fake {
        Fake::run(|listener, mut stream| {
            if stream.read(&mut [0; 4096]).unwrap_or(0) == 0 {
                return true; // somebody looked whether it is there
            }
            drop(listener.take());
            let _ = stream.write_all(OK.as_bytes());
            false
        })
    }

    /// `serve` is given each connection, and tells whether to go on.
    pub(super) fn run(
        serve: impl Fn(&mut Option<TcpListener>, TcpStream) -> bool + Send + 'static,
    ) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let mut listener = Some(listener);
        let thread = thread::spawn(move || {
            while let Some(accepted) = listener.as_ref().map(TcpListener::accept) {
                let Ok((stream, _)) = accepted else { continue };
                if told.load(Ordering::Relaxed) || !serve(&mut listener, stream) {
                    break;
                }
            }
        });
        Fake {
            address,
            over,
            thread: Some(thread),
        }
    }

    pub(super) fn target(&self) -> Target {
        Target::at(self.address, DEADLINE)
    }

    /// Not waited for.
    pub(super) fn hurried(&self) -> Target {
        Target::at(self.address, HURRY)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed); // read behind an accept, which the next line ends
        let Some(thread) = self.thread.take() else {
            return;
        };
        if !thread.is_finished() {
            let _ = TcpStream::connect(self.address);
        }
        let _ = thread.join();
    }
}

fn answer_once(mut stream: TcpStream, answer: impl Fn(&str) -> String) {
    let _ = stream.set_read_timeout(Some(DEADLINE));
    let mut bytes = vec![0; 64 * 1024];
    let read = stream.read(&mut bytes).unwrap_or(0);
    let answer = answer(&String::from_utf8_lossy(&bytes[..read]));
    if !answer.is_empty() {
        let _ = stream.write_all(answer.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
    }
    // What is left unread would make a reset of the close, and the answer might be lost.
    while matches!(stream.read(&mut bytes), Ok(1..)) {}
}
