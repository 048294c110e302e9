//! Claims about src/server/listener.rs, over real sockets: it serves, and it ends as it says.

use super::Scripted;
use crate::harness::{Test, wait_until};
use nanoserve::clock::Clock;
use nanoserve::http::request::Request;
use nanoserve::http::response::Response;
use nanoserve::http::status::Status;
use nanoserve::log::Log;
use nanoserve::metrics::Meters;
use nanoserve::server::listener::{Drained, Listener, ListenerConfig, View};
use nanoserve::server::service::{Exchange, Refusal, Served, Service};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub const TESTS: &[Test] = &[
    (
        "a_listener_serves_over_real_sockets",
        a_listener_serves_over_real_sockets,
    ),
    (
        "a_drain_lets_the_running_handler_finish",
        a_drain_lets_the_running_handler_finish,
    ),
    (
        "a_drain_says_how_many_handlers_it_left_behind",
        a_drain_says_how_many_handlers_it_left_behind,
    ),
    (
        "a_drain_does_not_wait_for_idle_connections",
        a_drain_does_not_wait_for_idle_connections,
    ),
];

pub const PATIENCE: Duration = Duration::from_secs(10);

/// A listener at work.
pub struct Up {
    pub address: SocketAddr,
    pub view: View,
    pub meters: Arc<Meters>,
    thread: JoinHandle<Drained>,
}

impl Up {
    pub fn start(
        service: Arc<dyn Service>,
        workers: usize,
        connections_max: usize,
        drain_ms: u64,
    ) -> Up {
        let config = ListenerConfig {
            name: "test",
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            workers,
            connections_max,
            content_max: 1000,
            inflight_content_max: 10_000,
        };
        let meters = Arc::new(Meters::new(vec!["connections-full"]));
        let listener = Listener::start(&config, service, Clock::system(), Log::off(), &meters)
            .expect("it starts");
        let (address, view) = (listener.address(), listener.view());
        let thread = thread::spawn(move || listener.serve(drain_ms));
        Up {
            address,
            view,
            meters,
            thread,
        }
    }

    pub fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.address).expect("the listener is up");
        socket
            .set_read_timeout(Some(PATIENCE))
            .expect("a time-out can be set");
        socket
    }

    pub fn end(self) -> Drained {
        self.view.drain();
        self.thread.join().expect("the listener does not panic")
    }
}

/// One request on a connection that is kept; returns the answer's first line.
pub fn get(socket: &mut TcpStream, path: &str) -> String {
    socket
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())
        .expect("the server reads");
    first_line(socket)
}

pub fn first_line(socket: &mut TcpStream) -> String {
    let mut answer = [0; 2048];
    let count = socket.read(&mut answer).expect("the server answers");
    String::from_utf8_lossy(&answer[..count])
        .lines()
        .next()
        .unwrap_or_default()
        .to_string()
}

/// Holds its handlers until it is told to let go.
#[derive(Default)]
pub struct Held {
    pub let_go: AtomicBool,
}

impl Service for Held {
    fn check_head(&self, _request: &Request<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn serve(&self, request: &Request<'_>, exchange: &mut Exchange<'_>) -> Served {
        let _place = exchange.places.take();
        if request.path() == b"/held" {
            wait_until(PATIENCE, || self.let_go.load(Ordering::Relaxed));
        }
        Response::new(Status::OK).into()
    }
}

// N-2, N-7
fn a_listener_serves_over_real_sockets() {
    let up = Up::start(Arc::new(Scripted::default()), 4, 100, 1000);
    let mut sockets: Vec<_> = (0..20).map(|_| up.connect()).collect();
    for _ in 0..5 {
        for socket in &mut sockets {
            assert_eq!(get(socket, "/x"), "HTTP/1.1 200 OK");
        }
    }
    assert_eq!(up.view.connections().0, 20);
    drop(sockets);
    wait_until(PATIENCE, || up.view.connections().0 == 0);
    assert_eq!(up.end(), Drained::Whole);
}

// N-63
fn a_drain_lets_the_running_handler_finish() {
    let service = Arc::new(Held::default());
    let up = Up::start(Arc::clone(&service) as Arc<dyn Service>, 4, 100, 10_000);
    let mut socket = up.connect();
    socket
        .write_all(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
        .expect("the server reads");
    wait_until(PATIENCE, || up.view.handlers() == 1);
    up.view.drain();
    assert!(up.view.is_draining());
    wait_until(PATIENCE, || TcpStream::connect(up.address).is_err());
    service.let_go.store(true, Ordering::Relaxed);
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .expect("the answer comes whole");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("Connection: close\r\n"),
        "{answer}"
    );
    drop(socket);
    assert_eq!(up.end(), Drained::Whole);
}

// N-63
fn a_drain_says_how_many_handlers_it_left_behind() {
    let service = Arc::new(Held::default());
    let up = Up::start(Arc::clone(&service) as Arc<dyn Service>, 4, 100, 50);
    let mut sockets = [up.connect(), up.connect()];
    for socket in &mut sockets {
        socket
            .write_all(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
            .expect("the server reads");
    }
    wait_until(PATIENCE, || up.view.handlers() == 2);
    let view = up.view.clone();
    assert_eq!(up.end(), Drained::Overdue(2));
    // The handlers' threads outlive the listener; they end here, so that nothing is left to the next test.
    service.let_go.store(true, Ordering::Relaxed);
    wait_until(PATIENCE, || view.handlers() == 0);
}

// N-63
fn a_drain_does_not_wait_for_idle_connections() {
    let up = Up::start(Arc::new(Scripted::default()), 2, 100, 10_000);
    let mut sockets: Vec<_> = (0..50).map(|_| up.connect()).collect();
    for socket in &mut sockets {
        get(socket, "/x");
    }
    let clock = Clock::system();
    assert_eq!(up.end(), Drained::Whole);
    assert!(
        clock.now_ms() < 5_000,
        "idle connections held up the drain for {} ms",
        clock.now_ms()
    );
}
