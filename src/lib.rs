//! NanoServe: an HTTP/1.1 server with idempotency in its lifecycle.
//!
//! The modules below stand in the order of a request's life; the numbers are its seven steps.

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
