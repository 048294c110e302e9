//! Claims about src/server/worker_pool.rs.

use super::Scripted;
use super::listener::{PATIENCE, Up, get};
use crate::harness::{Test, wait_until};
use nanoserve::metrics::Counter;
use nanoserve::server::listener::Drained;
use std::io::{Read, Write};
use std::sync::Arc;

pub const TESTS: &[Test] = &[(
    "our_own_mistake_costs_a_connection_and_no_worker",
    our_own_mistake_costs_a_connection_and_no_worker,
)];

// N-2, N-31: a panic outside a handler
fn our_own_mistake_costs_a_connection_and_no_worker() {
    let up = Up::start(Arc::new(Scripted::default()), 2, 100, 10_000);
    for _ in 0..10 {
        let mut socket = up.connect();
        socket
            .write_all(b"GET /panic HTTP/1.1\r\nHost: h\r\n\r\n")
            .expect("the server reads");
        // Closed or reset: either way it is over.
        assert!(!matches!(socket.read(&mut [0; 1]), Ok(n) if n > 0));
    }
    let mut socket = up.connect();
    assert_eq!(get(&mut socket, "/x"), "HTTP/1.1 200 OK");
    drop(socket);
    wait_until(PATIENCE, || up.meters.total(Counter::Closed) == 11);
    assert_eq!(up.end(), Drained::Whole);
}
