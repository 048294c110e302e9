//! Claims about src/server/acceptor.rs, over real sockets: who is let in and what the others are told.

use super::listener::{Held, PATIENCE, Up, first_line, get};
use crate::harness::{Test, wait_until};
use nanoserve::server::listener::Drained;
use nanoserve::server::service::Service;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub const TESTS: &[Test] = &[
    (
        "a_full_server_says_so_and_the_client_can_read_it",
        a_full_server_says_so_and_the_client_can_read_it,
    ),
    (
        "the_longest_idle_gives_way_before_anyone_is_refused",
        the_longest_idle_gives_way_before_anyone_is_refused,
    ),
];

// N-1
fn a_full_server_says_so_and_the_client_can_read_it() {
    let service = Arc::new(Held::default());
    let up = Up::start(Arc::clone(&service) as Arc<dyn Service>, 4, 2, 10_000);
    let mut busy = [up.connect(), up.connect()];
    for socket in &mut busy {
        socket
            .write_all(b"GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
            .expect("the server reads");
    }
    wait_until(PATIENCE, || up.view.handlers() == 2);
    let mut refused = up.connect();
    // The client has sent a request that nobody will read, and must see the answer all the same.
    refused
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .expect("the kernel takes it");
    let mut answer = String::new();
    refused
        .read_to_string(&mut answer)
        .expect("the answer is not lost to a reset");
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("Retry-After: ") && answer.contains("connections-full"),
        "{answer}"
    );
    assert_eq!(up.meters.refusals("connections-full"), 1);
    service.let_go.store(true, Ordering::Relaxed);
    drop((busy, refused));
    assert_eq!(up.end(), Drained::Whole);
}

// N-53
fn the_longest_idle_gives_way_before_anyone_is_refused() {
    let up = Up::start(Arc::new(Held::default()), 4, 3, 10_000);
    let mut sockets: Vec<_> = (0..3).map(|_| up.connect()).collect();
    for socket in &mut sockets {
        assert_eq!(get(socket, "/x"), "HTTP/1.1 200 OK");
    }
    wait_until(PATIENCE, || up.view.connections().2 == 3);
    let mut fourth = up.connect();
    assert_eq!(get(&mut fourth, "/x"), "HTTP/1.1 200 OK");
    assert_eq!(
        sockets[0].read(&mut [0; 1]).expect("an orderly close"),
        0,
        "the longest idle is closed"
    );
    sockets[1]
        .write_all(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        .expect("the others are kept");
    assert_eq!(first_line(&mut sockets[1]), "HTTP/1.1 200 OK");
    drop((sockets, fourth));
    assert_eq!(up.end(), Drained::Whole);
}
