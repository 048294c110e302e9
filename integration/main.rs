//! Black-box tests: the contract as a client of the real program sees it, over real sockets.
//!
//! Each test starts a server of its own on ports that the system picks, so that all of them can run at once.

mod support;

mod admin;
mod answers;
mod basics;
mod command;
mod connections;
mod contract;
mod counters;
mod demo;
mod disconnects;
mod drain;
mod early_answers;
mod echo_and_pages;
mod fill;
mod fingerprint;
mod key;
mod lab;
mod limits;
mod logs;
mod malformed;
mod memory;
mod methods;
mod mixed_load;
mod payments;
mod recorded;
mod scope;
mod storm;
mod tombstone;
mod ttl;
mod under_load;
mod waiting;
mod wrapper;
