//! An application for the tests of the lifecycle: handlers that count, wait, fail, and do nothing.

use super::PATIENCE;
use crate::harness::wait_until;
use nanoserve::app::{Exec, KeyPolicy, Reply, Route};
use nanoserve::clock::Clock;
use nanoserve::http::fields::{FieldName, FieldValue};
use nanoserve::http::request::{Method, Request};
use nanoserve::http::response::{Content, Response, SharedBytes};
use nanoserve::http::status::Status;
use nanoserve::server::worker::Shared;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

/// What the handlers share with their test.
pub struct Trial {
    pub clock: Clock,
    /// Runs of the handlers that count.
    pub runs: AtomicUsize,
    /// How many handlers came to wait in `/held`.
    pub inside: AtomicUsize,
    /// Ends their wait.
    pub let_go: AtomicBool,
    /// Handlers' places taken, each time the content of `/spied` was read after its handler.
    pub spied: Mutex<Vec<usize>>,
    /// Where these places are.
    pub shared: OnceLock<Weak<Shared>>,
}

/// Content that notes who reads it when.
struct Spy(Arc<Trial>);

impl AsRef<[u8]> for Spy {
    fn as_ref(&self) -> &[u8] {
        let shared = self.0.shared.get().and_then(Weak::upgrade);
        let taken = shared.expect("the house stands").places.taken();
        let spied = self.0.spied.lock();
        spied.expect("no test panics with it").push(taken);
        b"spied"
    }
}

impl Trial {
    pub fn new(clock: Clock) -> Trial {
        Trial {
            clock,
            runs: AtomicUsize::new(0),
            inside: AtomicUsize::new(0),
            let_go: AtomicBool::new(false),
            spied: Mutex::default(),
            shared: OnceLock::new(),
        }
    }

    fn run(&self, status: Status) -> Response {
        let number = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        text(status, format!("run {number}").into_bytes())
    }
}

#[rustfmt::skip] // a table: one route a line
pub const ROUTES: &[Route<Arc<Trial>>] = &[
    Route { method: Method::Get,    path: "/run",            key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Post,   path: "/run",            key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Put,    path: "/run",            key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Patch,  path: "/run",            key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Delete, path: "/run",            key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Post,   path: "/other",          key: KeyPolicy::Optional, handler: run },
    Route { method: Method::Post,   path: "/must",           key: KeyPolicy::Required, handler: run },
    Route { method: Method::Post,   path: "/status/{code}",  key: KeyPolicy::Optional, handler: status },
    Route { method: Method::Post,   path: "/bytes/{n}",      key: KeyPolicy::Optional, handler: bytes },
    Route { method: Method::Post,   path: "/silent/{n}",     key: KeyPolicy::Optional, handler: silent },
    Route { method: Method::Post,   path: "/fields",         key: KeyPolicy::Optional, handler: fields },
    Route { method: Method::Post,   path: "/held",           key: KeyPolicy::Optional, handler: held },
    Route { method: Method::Post,   path: "/held-refuse/{n}", key: KeyPolicy::Optional, handler: held_refuse },
    Route { method: Method::Post,   path: "/spied",          key: KeyPolicy::Optional, handler: spied },
    Route { method: Method::Post,   path: "/late",           key: KeyPolicy::Optional, handler: late },
    Route { method: Method::Post,   path: "/refuse/{code}",  key: KeyPolicy::Optional, handler: refuse },
    Route { method: Method::Post,   path: "/panic",          key: KeyPolicy::Optional, handler: panic },
    Route { method: Method::Post,   path: "/panic-twice",    key: KeyPolicy::Optional, handler: panic_twice },
    Route { method: Method::Post,   path: "/commit-panic",   key: KeyPolicy::Optional, handler: commit_and_panic },
    Route { method: Method::Post,   path: "/commit-refuse",  key: KeyPolicy::Optional, handler: commit_and_refuse },
    Route { method: Method::Post,   path: "/uncommitted",    key: KeyPolicy::Optional, handler: uncommitted },
];

fn run(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    Reply::Done(trial.run(Status::CREATED))
}

fn status(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    Reply::Done(trial.run(code(exec)))
}

fn bytes(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    trial.runs.fetch_add(1, Ordering::SeqCst);
    Reply::Done(text(Status::CREATED, vec![b'x'; number(exec)]))
}

/// A 204 with content that never goes out.
fn silent(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    trial.runs.fetch_add(1, Ordering::SeqCst);
    Reply::Done(text(Status::NO_CONTENT, vec![b'x'; number(exec)]))
}

/// Several lines of one name between others, a cookie among them.
fn fields(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    let lines = [
        ("Location", "/here"),
        ("X-Part", "one"),
        ("Set-Cookie", "session=1"),
        ("x-other", "between"),
        ("X-Part", "two"),
        ("set-cookie", "session=2"),
    ];
    let response = trial.run(Status::CREATED);
    let response = lines.into_iter().fold(response, |response, (name, value)| {
        let name = FieldName::new(name).expect("a token");
        response.field(name, FieldValue::new(value).expect("a value"))
    });
    Reply::Done(response)
}

fn held(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    trial.inside.fetch_add(1, Ordering::SeqCst);
    wait_until(PATIENCE, || trial.let_go.load(Ordering::SeqCst));
    Reply::Done(trial.run(Status::CREATED))
}

/// Waits as `/held` does; the first n runs then say that nothing was done.
fn held_refuse(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let before = trial.inside.fetch_add(1, Ordering::SeqCst);
    wait_until(PATIENCE, || trial.let_go.load(Ordering::SeqCst));
    if before < number(exec) {
        Reply::NothingDone(trial.run(Status::SERVICE_UNAVAILABLE))
    } else {
        Reply::Done(trial.run(Status::CREATED))
    }
}

fn spied(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    let content = SharedBytes::new(Arc::new(Spy(Arc::clone(trial))));
    let kind = FieldValue::from_static("text/plain");
    let response = Response::with_content(Status::CREATED, kind, Content::Shared(content));
    let spied = trial.spied.lock();
    spied.expect("no test panics with it").clear(); // from here on it is not the handler who reads
    Reply::Done(response)
}

/// Takes half a TTL.
fn late(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    trial.clock.advance_ms(super::TTL_MS / 2);
    Reply::Done(trial.run(Status::CREATED))
}

fn refuse(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    Reply::NothingDone(trial.run(code(exec)))
}

fn panic(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    trial.runs.fetch_add(1, Ordering::SeqCst);
    panic!("the handler was asked to panic");
}

/// Its panic's payload panics when it is dropped.
fn panic_twice(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("the payload was asked to panic");
        }
    }
    trial.runs.fetch_add(1, Ordering::SeqCst);
    std::panic::panic_any(Bomb);
}

fn commit_and_panic(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let _ = exec.commit(trial.run(Status::CREATED));
    panic!("the handler was asked to panic after its commitment");
}

fn commit_and_refuse(trial: &Arc<Trial>, _: &Request<'_>, exec: &mut Exec<'_>) -> Reply {
    let _ = exec.commit(trial.run(Status::CREATED));
    Reply::NothingDone(Response::new(Status::SERVICE_UNAVAILABLE))
}

fn uncommitted(trial: &Arc<Trial>, _: &Request<'_>, _: &mut Exec<'_>) -> Reply {
    trial.runs.fetch_add(1, Ordering::SeqCst);
    Reply::Committed
}

fn text(status: Status, content: Vec<u8>) -> Response {
    let kind = FieldValue::from_static("text/plain");
    Response::with_content(status, kind, Content::Owned(content))
}

fn number(exec: &Exec<'_>) -> usize {
    let text = std::str::from_utf8(exec.param(0)).expect("a test's path is ASCII");
    text.parse().expect("a test's number is one")
}

fn code(exec: &Exec<'_>) -> Status {
    let code = u16::try_from(number(exec)).expect("a status is small");
    Status::new(code).expect("a test's status is one")
}
