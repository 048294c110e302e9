//! Claims about src/host.rs: the library as another program uses it, over real sockets.

use crate::harness::{Test, wait_until};
use crate::lifecycle::PATIENCE;
use nanoserve::app::{Exec, KeyPolicy, Reply, Route};
use nanoserve::config::Config;
use nanoserve::host::{Drain, Server};
use nanoserve::http::fields::FieldValue;
use nanoserve::http::request::{Method, Request};
use nanoserve::http::response::{Content, Response};
use nanoserve::http::status::Status;
use nanoserve::log::Log;
use nanoserve::server::listener::Drained;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

pub const TESTS: &[Test] = &[
    (
        "another_applications_handlers_run_once_per_key",
        another_applications_handlers_run_once_per_key,
    ),
    (
        "both_listeners_answer_and_know_their_ports",
        both_listeners_answer_and_know_their_ports,
    ),
    (
        "the_admin_listener_sees_and_drains_the_public_one",
        the_admin_listener_sees_and_drains_the_public_one,
    ),
    ("after_a_drain_nobody_listens", after_a_drain_nobody_listens),
    (
        "a_safe_handler_that_never_ends_does_not_hold_up_the_drain",
        a_safe_handler_that_never_ends_does_not_hold_up_the_drain,
    ),
    (
        "an_address_in_use_is_an_error_that_names_it",
        an_address_in_use_is_an_error_that_names_it,
    ),
    (
        "a_server_that_never_serves_leaves_nothing",
        a_server_that_never_serves_leaves_nothing,
    ),
];

/// Another application's state.
#[derive(Default)]
struct Library {
    loans: AtomicUsize,
    reading: AtomicUsize,
    let_go: AtomicBool,
}

#[rustfmt::skip] // a table: one route a line
const ROUTES: &[Route<Arc<Library>>] = &[
    Route { method: Method::Post, path: "/loans/{book}", key: KeyPolicy::Required, handler: lend },
    Route { method: Method::Get,  path: "/read",         key: KeyPolicy::Optional, handler: read },
];

fn lend(library: &Arc<Library>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let loan = library.loans.fetch_add(1, Ordering::SeqCst) + 1;
    let book = String::from_utf8_lossy(exec.param(0)).into_owned();
    let content = Content::Owned(format!("loan {loan}: {book}").into_bytes());
    let kind = FieldValue::from_static("text/plain");
    Reply::Done(Response::with_content(Status::CREATED, kind, content))
}

fn read(library: &Arc<Library>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    library.reading.fetch_add(1, Ordering::SeqCst);
    wait_until(PATIENCE, || library.let_go.load(Ordering::SeqCst));
    Reply::Done(Response::new(Status::NO_CONTENT))
}

/// A server at work.
struct Up {
    address: SocketAddr,
    admin: SocketAddr,
    drain: Drain,
    library: Arc<Library>,
    thread: JoinHandle<io::Result<Drained>>,
}

impl Up {
    fn start(config: &Config) -> Up {
        let library = Arc::new(Library::default());
        let server = bind(config, &library).expect("port 0 is always free");
        Up {
            address: server.address(),
            admin: server.admin_address().expect("it was asked for"),
            drain: server.drain(),
            library,
            thread: thread::spawn(move || server.serve()),
        }
    }

    fn end(self) -> Drained {
        self.drain.begin();
        let ended = self.thread.join().expect("the server does not panic");
        ended.expect("threads can be made")
    }
}

fn config() -> Config {
    Config {
        listen: any_port(),
        admin: Some(any_port()),
        workers: 4,
        drain_ms: 10_000,
        ..Config::default()
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn bind(config: &Config, library: &Arc<Library>) -> io::Result<Server> {
    let routes = ROUTES.to_vec();
    Server::bind(config, &Log::off(), Arc::clone(library), routes, &[])
}

/// Sends one request; `lines` are its request line and field lines. Returns all that comes back.
fn talk(address: SocketAddr, lines: &[&str]) -> String {
    let mut socket = TcpStream::connect(address).expect("somebody listens");
    let lines = lines.join("\r\n");
    let request = format!("{lines}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket
        .write_all(request.as_bytes())
        .expect("the server reads");
    let mut answer = String::new();
    socket
        .read_to_string(&mut answer)
        .expect("the answer comes whole");
    answer
}

// N-14, N-20, N-21: the promise is the server's, whatever the application
fn another_applications_handlers_run_once_per_key() {
    let up = Up::start(&config());
    let lend = ["POST /loans/ulysses HTTP/1.1", "Idempotency-Key: k"];
    for replayed in [false, true, true] {
        let answer = talk(up.address, &lend);
        assert!(answer.starts_with("HTTP/1.1 201 Created\r\n"), "{answer}");
        assert!(answer.ends_with("loan 1: ulysses"), "{answer}");
        assert_eq!(answer.contains("Idempotent-Replayed: true\r\n"), replayed);
    }
    let without = talk(up.address, &lend[..1]);
    assert!(without.contains("key-missing"), "{without}");
    let page = talk(up.address, &["GET /docs/idempotency HTTP/1.1"]);
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert_eq!(up.library.loans.load(Ordering::SeqCst), 1);
    assert_eq!(up.end(), Drained::Whole);
}

// N-61, N-90
fn both_listeners_answer_and_know_their_ports() {
    let up = Up::start(&config());
    assert_ne!(up.address.port(), 0);
    assert_ne!(up.admin.port(), 0);
    assert_ne!(up.address, up.admin);
    let healthy = talk(up.admin, &["GET /healthz HTTP/1.1"]);
    assert!(healthy.starts_with("HTTP/1.1 200 OK\r\n"), "{healthy}");
    let public = talk(up.address, &["GET /healthz HTTP/1.1"]);
    assert!(public.starts_with("HTTP/1.1 404 "), "{public}");
    assert_eq!(up.end(), Drained::Whole);
    let off = Config {
        admin: None,
        ..config()
    };
    let server = bind(&off, &Arc::default()).expect("port 0 is always free");
    assert_eq!(server.admin_address(), None);
}

// N-61, N-62, N-63
fn the_admin_listener_sees_and_drains_the_public_one() {
    let up = Up::start(&config());
    talk(
        up.address,
        &["POST /loans/emma HTTP/1.1", "Idempotency-Key: k"],
    );
    let seen = talk(up.admin, &["GET /keys/k HTTP/1.1"]);
    assert!(seen.contains("\"status\":\"completed\""), "{seen}");
    let metrics = talk(up.admin, &["GET /metrics HTTP/1.1"]);
    let line = "nanoserve_guard_answers_total{answer=\"execute\"} 1\n";
    assert!(metrics.contains(line), "{metrics}");
    let drain = ["POST /drain HTTP/1.1", "NanoServe-Admin: 1"];
    assert!(talk(up.admin, &drain).starts_with("HTTP/1.1 200 OK\r\n"));
    let ended = up.thread.join().expect("the server does not panic");
    assert_eq!(ended.expect("threads can be made"), Drained::Whole);
}

// N-63
fn after_a_drain_nobody_listens() {
    let up = Up::start(&config());
    let idle = TcpStream::connect(up.address).expect("somebody listens");
    let (address, admin) = (up.address, up.admin);
    assert_eq!(up.end(), Drained::Whole);
    assert!(TcpStream::connect(address).is_err());
    assert!(TcpStream::connect(admin).is_err());
    drop(idle);
}

// N-63: within the drain's time-out, or an end that says how many are still running
fn a_safe_handler_that_never_ends_does_not_hold_up_the_drain() {
    let up = Up::start(&Config {
        drain_ms: 50,
        ..config()
    });
    let mut socket = TcpStream::connect(up.address).expect("somebody listens");
    socket
        .write_all(b"GET /read HTTP/1.1\r\nHost: h\r\n\r\n")
        .expect("the server reads");
    let library = Arc::clone(&up.library);
    wait_until(PATIENCE, || library.reading.load(Ordering::SeqCst) == 1);
    assert_eq!(up.end(), Drained::Overdue(1));
    assert!(!library.let_go.load(Ordering::SeqCst));
    library.let_go.store(true, Ordering::SeqCst); // its thread ends, so that nothing is left to the next test
}

// N-90
fn an_address_in_use_is_an_error_that_names_it() {
    let holder = TcpListener::bind(any_port()).expect("port 0 is always free");
    let taken = holder.local_addr().expect("it is bound");
    let library = Arc::default();
    for in_use in [
        Config {
            listen: taken,
            ..config()
        },
        Config {
            admin: Some(taken),
            ..config()
        },
    ] {
        let error = bind(&in_use, &library).err().expect("the address is taken");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.contains(&taken.to_string()), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    drop(holder);
}

// The library's user may change their mind: the harness looks for threads and descriptors.
fn a_server_that_never_serves_leaves_nothing() {
    let server = bind(&config(), &Arc::default()).expect("port 0 is always free");
    let address = server.address();
    let drain = server.drain();
    drop(server);
    drain.begin(); // of nothing: no harm
    assert!(TcpStream::connect(address).is_err());
}
