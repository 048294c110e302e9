//! Step 5. What the server is for: routes, each with method, path, key policy and a handler; and the demo's table of them.
//!
//! Handlers see a request's head and content, never a stream, a key or another request.

use crate::clock::Clock;
use crate::http::request::{Method, Request};
use crate::http::response::Response;
use std::sync::Mutex;

pub use problems::PROBLEMS;

pub mod echo;
pub mod front;
pub mod json;
pub mod lab;
pub mod ledger;
pub mod payments;
pub mod problems;
pub mod router;

/// Whether a route insists on a key (N-14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPolicy {
    /// Without a key: 400, nothing runs.
    Required,
    /// Without a key each request runs.
    Optional,
}

/// A handler: a plain function over the application's state.
pub type Handler<S> = fn(&S, &Request<'_>, &mut Exec<'_>) -> Reply;

/// One row of a routes table.
pub struct Route<S: 'static> {
    /// GET answers HEAD too.
    pub method: Method,
    /// `/payments/{id}`: a segment in braces matches one non-empty segment.
    pub path: &'static str,
    /// Whether a key is required.
    pub key: KeyPolicy,
    /// What runs.
    pub handler: Handler<S>,
}

// By hand: the derived ones would ask `S` to be Copy, and no `S` is in a route.
impl<S> Clone for Route<S> {
    fn clone(&self) -> Route<S> {
        *self
    }
}

impl<S> Copy for Route<S> {}

/// What a handler says of its effect; its type decides what is recorded, not its status (N-30).
#[must_use = "it says what is recorded"]
pub enum Reply {
    /// The effect happened, or may have: recorded whatever the status.
    Done(Response),
    /// A refusal before any effect: not recorded, the key is free again.
    NothingDone(Response),
    /// The answer was given to `Exec::commit`.
    Committed,
}

/// What a handler may use of the exchange it runs in.
pub struct Exec<'a> {
    params: [&'a [u8]; 2],
    request_id: &'a str,
    clock: &'a Clock,
    committed: Option<Response>,
}

impl<'a> Exec<'a> {
    /// For the lifecycle, and for tests of handlers.
    pub fn new(params: [&'a [u8]; 2], request_id: &'a str, clock: &'a Clock) -> Exec<'a> {
        Exec {
            params,
            request_id,
            clock,
            committed: None,
        }
    }

    /// The path segment that stood for the n-th `{}` of the route's path, as sent; empty where there is none.
    pub fn param(&self, n: usize) -> &'a [u8] {
        self.params.get(n).copied().unwrap_or_default()
    }

    /// The request's id, for `Problem::into_response`.
    pub fn request_id(&self) -> &'a str {
        self.request_id
    }

    /// Seconds since 1970.
    pub fn wall_seconds(&self) -> u64 {
        self.clock.wall_seconds()
    }

    /// Fixes the answer at the moment of the effect, under the lock that orders effects: whatever the handler does
    /// afterwards, a panic included, this is what is recorded and sent. The first commitment stands.
    pub fn commit(&mut self, response: Response) -> Reply {
        self.committed.get_or_insert(response);
        Reply::Committed
    }

    /// What was committed, for the lifecycle.
    pub fn take_committed(&mut self) -> Option<Response> {
        self.committed.take()
    }
}

/// The demo application's state.
pub struct App {
    /// Accounts and payments.
    pub ledger: ledger::Ledger,
    /// The lab's counters.
    pub lab: lab::Lab,
    /// Held by whoever lists more than `ACCOUNTS_LISTED_FREELY` accounts: megabytes in the making, so one at a time.
    pub large_listing: Mutex<()>,
}

impl App {
    /// A fresh ledger, an empty lab.
    pub fn new() -> App {
        App {
            ledger: ledger::Ledger::new(),
            lab: lab::Lab::new(),
            large_listing: Mutex::new(()),
        }
    }
}

impl Default for App {
    fn default() -> App {
        App::new()
    }
}

/// The demo application's routes (N-80 to N-82).
#[rustfmt::skip] // a table: one route a line
pub const ROUTES: &[Route<App>] = &[
    Route { method: Method::Get,  path: "/",                key: KeyPolicy::Optional, handler: front::get },
    Route { method: Method::Post, path: "/payments",        key: KeyPolicy::Required, handler: payments::post },
    Route { method: Method::Get,  path: "/payments",        key: KeyPolicy::Optional, handler: payments::list },
    Route { method: Method::Get,  path: "/payments/{id}",   key: KeyPolicy::Optional, handler: payments::get },
    Route { method: Method::Get,  path: "/accounts",        key: KeyPolicy::Optional, handler: payments::accounts },
    Route { method: Method::Get,  path: "/accounts/{name}", key: KeyPolicy::Optional, handler: payments::account },
    Route { method: Method::Post, path: "/echo",            key: KeyPolicy::Optional, handler: echo::post },
];

/// The lab's routes (N-83), served with `--lab`.
#[rustfmt::skip]
pub const LAB_ROUTES: &[Route<App>] = &[
    Route { method: Method::Get,    path: "/lab/runs/{name}", key: KeyPolicy::Optional, handler: lab::read },
    Route { method: Method::Post,   path: "/lab/runs/{name}", key: KeyPolicy::Optional, handler: lab::run },
    Route { method: Method::Put,    path: "/lab/runs/{name}", key: KeyPolicy::Optional, handler: lab::run },
    Route { method: Method::Patch,  path: "/lab/runs/{name}", key: KeyPolicy::Optional, handler: lab::run },
    Route { method: Method::Delete, path: "/lab/runs/{name}", key: KeyPolicy::Optional, handler: lab::run },
];

const _: () = assert!(router::params_fit(ROUTES) && router::params_fit(LAB_ROUTES));
