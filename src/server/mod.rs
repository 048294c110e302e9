//! Steps 1, 2, 3 and 7. Sockets and threads: everything between the listener and a `Service`. Knows no key and no payment.
//!
//! In the order of a connection's life: `acceptor` takes it from the listener, `task_queue` and `run_queue` hold it until
//! its turn, `worker_pool` drives it, `connection` (with `content` and `output`) is its state machine, `service` the wall to
//! what is served; `budget` bounds what all connections hold together; `listener` puts it all together and ends it.

pub mod service;

pub mod budget;

pub mod run_queue;

pub mod task_queue;

pub mod worker;

pub mod content;

pub mod output;

pub mod connection;

pub mod worker_pool;

pub mod acceptor;

pub mod listener;
