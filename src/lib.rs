//! NanoServe: an HTTP/1.1 server with idempotency in its lifecycle.
//!
//! The modules below stand in the order of a request's life; the numbers are its seven steps.
//!
//! The command serves the demo application, a payments ledger. The library hosts any handlers with the same guard around
//! them: a state, a table of routes, a `Config`.
//!
//! ```no_run
//! use nanoserve::app::{Exec, KeyPolicy, Reply, Route};
//! use nanoserve::http::request::{Method, Request};
//! use nanoserve::http::{response::Response, status::Status};
//! use nanoserve::{Config, Server, log::Log};
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! fn sell(sold: &AtomicU64, _request: &Request<'_>, _exec: &mut Exec<'_>) -> Reply {
//!     sold.fetch_add(1, Ordering::Relaxed); // once for each Idempotency-Key, however often the client asks
//!     Reply::Done(Response::new(Status::CREATED))
//! }
//!
//! let ticket = Route { method: Method::Post, path: "/tickets", key: KeyPolicy::Required, handler: sell };
//! let server = Server::bind(&Config::default(), &Log::off(), AtomicU64::new(0), vec![ticket], &[])?;
//! println!("listening on http://{}", server.address());
//! server.serve()?; // until `server.drain()`'s handle is told to begin
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

/// Every bound on one page.
pub mod limits;

/// Time in one place.
pub mod clock;

/// Lines on stderr that never block.
pub mod log;

/// Counts that no two workers share.
pub mod metrics;

/// What an operator can set.
pub mod config;

/// Steps 1, 2, 3 and 7. Sockets and threads.
pub mod server;

/// Steps 3 and 7. Bytes and values.
pub mod http;

/// Steps 4 and 6. Keys, states, opaque bytes.
pub mod idempotency;

/// Step 5. The demo application.
pub mod app;

/// `/docs/idempotency`, as this process runs it.
pub mod contract_page;

/// Steps 4 to 6. From a whole request to its answer: start reading here.
pub mod lifecycle;

/// Health, metrics, "did it run?", drain.
pub mod admin;

/// The wiring.
pub mod host;

pub use config::Config;
pub use host::Server;
